//! What an image's own database says of the packages in it.

use crate::{Result, RootPath};
use std::collections::BTreeMap;

/// The contents of some files of an image, by path.
pub type Contents = BTreeMap<RootPath, Vec<u8>>;

/// Reads the database of one kind of package, of an image that comes as a stream of entries.
///
/// First [`wants`](Self::wants) is asked of every file, then [`read`](Self::read) gets the contents of those it said yes
/// to. The two may not depend on any order of the entries.
pub trait Inventory: Send + Sync {
    /// The database's name: `dpkg`, `apk`, `portage`.
    fn name(&self) -> &'static str;

    /// Tells whether the content of the file at `path` is needed.
    fn wants(&self, path: &RootPath) -> bool;

    /// Reads the packages, in any order; `None` if the image has no such database.
    ///
    /// `contents` may hold other files as well, and lack files that are too large. Errors if the database is malformed.
    fn read(&self, contents: &Contents) -> Result<Option<Vec<Package>>>;
}

/// One installed package, as its database describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name, in the database's own notation.
    pub name: String,
    /// What tells it from another of the same name: an architecture, a slot. Shown only where that is needed.
    pub qualifier: String,
    /// Its version; empty if the database does not know.
    pub version: String,
    /// Its architecture.
    pub arch: Option<String>,
    /// The name of the source package it was made from.
    pub source: Option<String>,
    /// Its licences, sorted, each once.
    pub licences: Vec<String>,
    /// What it says it takes, in bytes.
    pub installed_bytes: Option<u64>,
    /// Whether the system cannot be without it.
    pub essential: bool,
    /// `required`, `important`, …
    pub priority: Option<String>,
    /// Whether it was installed only because another needs it; `None` if nothing says so.
    pub automatic: Option<bool>,
    /// What it provides besides its name, without versions.
    pub provides: Vec<String>,
    /// What must be there for it to work.
    pub needs: Vec<Clause>,
    /// The files, links and directories it lists, where the database says they are: with links in their directories,
    /// as they were installed.
    pub files: Vec<RootPath>,
    /// What came to be because of it and is not listed: files, and directories with all that is below them. Those that
    /// are not there do not matter.
    pub generated: Vec<RootPath>,
}

/// One thing a package needs: any of the alternatives will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clause {
    /// As the package says it.
    pub text: String,
    /// Names of packages, or of what they provide, in the package's order.
    pub alternatives: Vec<String>,
}
