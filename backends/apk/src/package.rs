//! What an index says of one package.

use crate::relation::{Dependency, Provide};

/// One package of an index, v2 (`APKINDEX`) or v3 (`Packages.adb`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// `P:`
    pub name: String,
    /// `V:`
    pub version: String,
    /// `A:`, the directory of its file below the repository.
    pub arch: String,
    /// `C:` as written, e.g. `Q1…`: what proves the package; for v3 the hash of the index in apk's own spelling.
    pub identity: String,
    /// `S:`, length of the file in bytes.
    pub size: u64,
    /// `I:`, bytes when installed.
    pub installed_size: u64,
    /// `T:`
    pub description: String,
    /// `U:`
    pub url: String,
    /// `L:`
    pub license: String,
    /// `o:`, the source package.
    pub origin: String,
    /// `m:`
    pub maintainer: String,
    /// `t:`, seconds since the Unix epoch.
    pub build_time: i64,
    /// `c:`, the commit it was built from.
    pub commit: String,
    /// `k:`
    pub provider_priority: u32,
    /// `D:`
    pub depends: Vec<Dependency>,
    /// `p:`
    pub provides: Vec<Provide>,
    /// `i:`
    pub install_if: Vec<Dependency>,
    /// Which repository of the recipe it is in, the first being 0.
    pub repository: usize,
    /// The lines of its stanza in an `APKINDEX`, as they stand, without the blank line: the database repeats them.
    pub stanza: String,
}
