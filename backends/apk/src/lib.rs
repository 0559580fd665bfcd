//! Alpine's packages: indexes, apk's choices, packages, the installed database.
//!
//! | step | modules |
//! | --- | --- |
//! | find and prove the indexes | [`repositories`], [`acquire`], [`trust`], [`index`] |
//! | read them | [`package`], [`relation`], [`version`], [`adb`] |
//! | choose what apk would | [`world`], [`solve`] |
//! | make the plan | [`resolve`], [`settings`], [`notes`] |
//! | open a package | [`archive`], [`adb`], [`checksum`] |

pub mod acquire;
pub mod adb;
pub mod archive;
pub mod checksum;
pub mod index;
pub mod notes;
pub mod package;
pub mod relation;
pub mod repositories;
pub mod resolve;
pub mod settings;
pub mod solve;
#[cfg(test)]
mod testkit;
pub mod trust;
pub mod version;
pub mod world;
