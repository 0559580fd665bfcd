//! OpenPGP signatures: proving that a file is what the holder of a pinned key signed.
//!
//! Only verification: the program never holds a secret key. Formats are those of RFC 9580; which algorithms are
//! strong enough at the time of the run is sequoia's standard policy.

mod clearsigned;
mod keyring;
mod verdict;

#[cfg(test)]
mod tests;

pub use keyring::Keyring;
pub use verdict::Terms;
