//! What a repository offers: `APKINDEX.tar.gz` (v2) or `Packages.adb` (v3), told apart by the first bytes.

mod v2;
mod v3;

#[cfg(test)]
mod tests;

use crate::{package::Package, trust::Keys};
use boot_kit::Result;

/// A repository's index, proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Its packages, in its order.
    pub packages: Vec<Package>,
    /// What it says it is, e.g. `3.19.1`.
    pub description: String,
    /// The pattern of its packages' file names, if it has one; v3 only.
    pub pkgname_spec: Option<String>,
    /// Its date, seconds since the Unix epoch: when it was made, or its newest package if that is newer.
    ///
    /// Both are signed. Alpine's indexes of repositories know when they were made, those of its release media say
    /// something older, v3 ones nothing. 0 if no package is dated either.
    pub date: i64,
}

impl Index {
    /// Proves `bytes` by one of `keys`, then reads them as the index of the recipe's repository of that number.
    ///
    /// Errors with [`ErrorKind::Trust`](boot_kit::ErrorKind::Trust) if it is not signed, signed by another key, or not as
    /// it was signed.
    pub fn read(bytes: &[u8], keys: &Keys, repository: usize) -> Result<Self> {
        let mut index = if bytes.starts_with(b"ADB") {
            v3::read(bytes, keys, repository)?
        } else {
            v2::read(bytes, keys, repository)?
        };
        let newest = index
            .packages
            .iter()
            .map(|package| package.build_time)
            .max();
        index.date = index.date.max(newest.unwrap_or(0));
        Ok(index)
    }
}
