//! The packages an image says it holds.

use super::Share;
use serde::{Deserialize, Serialize};

/// A database of packages that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// `dpkg`, `apk`, `portage`, `buildroot`; `rpm` and others are named but not read.
    pub kind: String,
    /// How many packages it names; `None` if it could not be read.
    pub packages: Option<u64>,
}

/// One package that the image says it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// Its name, unique in the image; where two share one, with what tells them apart (`libc6:i386`, `sys-devel/gcc:14`).
    pub name: String,
    /// Its version, in its own notation.
    pub version: String,
    /// Its architecture, in its own notation.
    pub arch: Option<String>,
    /// The source package it was made from; often its own name.
    pub source: Option<String>,
    /// Position in [`Footprint::inventories`](super::Footprint::inventories) of the database that names it.
    pub inventory: u32,
    /// Licences, as SPDX identifiers where the package uses these; sorted.
    pub licences: Vec<String>,
    /// The files it lists and that are there. A file listed by several packages counts for the last that has it.
    #[serde(flatten)]
    pub own: Share,
    /// Files that came to be because of it and that it does not list: bytecode beside its modules, its part of the
    /// database.
    pub generated: Share,
    /// What it says it takes; `None` if it does not say.
    pub installed_bytes: Option<u64>,
    /// How many of the files it lists are not in the image: removed by a prune profile or a filter.
    pub missing_files: u64,
    /// What it needs to work.
    pub needs: Vec<Need>,
    /// Whether the system cannot be without it.
    pub essential: bool,
    /// `required`, `important`, …; only where packages have one.
    pub priority: Option<String>,
    /// Whether it was installed only because another needs it; `None` where nothing says so.
    pub automatic: Option<bool>,
    /// What would leave with it, itself included: all that only it keeps. `None` until the function that
    /// finds it was called, and where packages do not say what they need.
    pub retained: Option<Retained>,
}

impl Package {
    /// All that is there because of it: its own files and those generated.
    pub fn share(&self) -> Share {
        let mut share = self.own;
        share += self.generated;
        share
    }
}

/// One thing a package needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Need {
    /// As the package says it, one clause: `usrmerge | usr-is-merged`, `so:libc.musl-x86_64.so.1`.
    pub text: String,
    /// The alternatives' names, without versions, in the package's order.
    pub alternatives: Vec<String>,
    /// The packages of the image that are or provide one of them, as positions in
    /// [`Footprint::packages`](super::Footprint::packages), in the order of the alternatives; empty if none does.
    pub met_by: Vec<u32>,
}

/// What would leave an image with one package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retained {
    /// How many packages, itself included.
    pub packages: u64,
    /// Their files, own and generated.
    #[serde(flatten)]
    pub share: Share,
}

/// A licence, and how much is under it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Licence {
    /// Its name, as packages write it.
    pub name: String,
    /// How many packages name it.
    pub packages: u64,
    /// All their files.
    #[serde(flatten)]
    pub share: Share,
}
