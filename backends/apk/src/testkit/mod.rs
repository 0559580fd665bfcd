//! What tests share: keys, packages and indexes made on the spot; for those of this crate also a network without one,
//! and the genuine packages.

#![allow(
    clippy::return_self_not_must_use,
    reason = "a builder whose result is not used is a test that does nothing"
)]

#[cfg(test)]
mod fetch;
#[cfg(test)]
mod genuine;
mod key;
mod v2;
mod v3;
mod v3_package;

#[cfg(test)]
pub use fetch::{Files, Warnings};
#[cfg(test)]
pub use genuine::{alpine_keys, data, key_files, openwrt_keys};
pub use key::{EcKey, Key, Signer};
pub use v2::{Apk, index};
pub use v3::{Adb, Built, block, compressed, package, signature};
pub use v3_package::{V3Apk, v3_index};
