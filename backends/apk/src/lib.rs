//! Alpine's packages: indexes, apk's choices, packages, the installed database.
//!
//! | step | modules |
//! | --- | --- |
//! | prove the indexes | [`trust`], [`index`] |
//! | read them | [`package`], [`relation`], [`version`], [`adb`] |
//! | choose what apk would | [`world`], [`solve`] |
//! | open a package | [`archive`], [`adb`], [`checksum`] |

pub mod adb;
pub mod archive;
pub mod checksum;
pub mod index;
pub mod package;
pub mod relation;
pub mod solve;
#[cfg(test)]
mod testkit;
pub mod trust;
pub mod version;
pub mod world;
