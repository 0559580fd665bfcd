//! Whether a root is one that Buildroot made.

use crate::{About, Tree};
use boot_kit::RootPath;

/// The `ID` that Buildroot writes into `os-release`.
pub const ID: &str = "buildroot";
/// What Buildroot puts into the directory that looks like a root and is none: without owners and devices.
const WARNING: &str = "THIS_IS_NOT_YOUR_ROOT_FILESYSTEM";

/// What a root seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Buildroot's.
    Buildroot,
    /// Buildroot's `target` directory, which is a root without owners and devices.
    Target,
    /// It does not say what it is.
    Nameless,
    /// Another system's; its name.
    Other(String),
}

/// Tells what a root says it is; `about` is what [`About::of`] found in it.
pub fn likeness(tree: &Tree, about: &About) -> Likeness {
    if tree.find(&RootPath::from(WARNING)).is_some() {
        return Likeness::Target;
    }
    match about.id.as_deref() {
        Some(ID) => Likeness::Buildroot,
        Some(other) => Likeness::Other(other.to_owned()),
        None => Likeness::Nameless,
    }
}
