//! Public keys, and whether one of them signed something.
//!
//! v2 names the key by its file in `/etc/apk/keys` and signs hashes of compressed bytes with RSA; v3 names it by the
//! beginning of a hash of the key itself, and signs with whatever the key is for. Neither has an end of validity.

pub(crate) mod key;
#[cfg(test)]
mod tests;

pub use key::PublicKey;

use crate::archive::member::Hashers;
use boot_kit::{Context, Error, ErrorKind, Result, recipe::Key};

/// The keys of a recipe.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    keys: Vec<PublicKey>,
}

/// One v2 signature: a file `.SIGN.<algorithm>.<key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `RSA`, `RSA256`, `RSA512` or what else it says.
    pub algorithm: String,
    /// The key's file name.
    pub key: String,
    /// The signature itself.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Takes a file of the signature member apart; `None` if it is no signature.
    pub fn parse(name: &str, bytes: Vec<u8>) -> Option<Self> {
        let (algorithm, key) = name.strip_prefix(".SIGN.")?.split_once('.')?;
        Some(Self {
            algorithm: algorithm.to_owned(),
            key: key.to_owned(),
            bytes,
        })
    }
}

/// Where one sees a key's name and what to do if it is missing.
const UNKNOWN: &str = "name the file of its public key with --keyring, if you trust it";

impl Keys {
    /// Reads the keys of a recipe; each file holds one, PEM.
    pub fn of(keys: &[Key]) -> Result<Self> {
        let keys = keys.iter().map(|key| {
            PublicKey::parse(key).context(|| format!("cannot use the key `{}`", key.name))
        });
        Ok(Self {
            keys: keys.collect::<Result<_>>()?,
        })
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Proves v2 signatures over bytes whose hashes are given: one by a key that is known must be good.
    ///
    /// As apk does, takes the first whose key is known; that it is wrong is not mended by another.
    pub fn verify_v2(&self, signatures: &[Signature], hashes: &Hashers) -> Result<()> {
        let Some(first) = signatures.first() else {
            return Err(unsigned());
        };
        let mut known = signatures.iter().filter_map(|signature| {
            let mut keys = self.keys.iter();
            Some((keys.find(|key| key.name() == signature.key)?, signature))
        });
        let Some((key, signature)) = known.next() else {
            return Err(self.unknown(&first.key));
        };
        let is_good = match signature.algorithm.as_str() {
            "RSA" => key.is_rsa_signature(hashes.finish_sha1(), &key::SHA1, &signature.bytes),
            "RSA256" => {
                key.is_rsa_signature(hashes.finish_sha256(), &key::SHA256, &signature.bytes)
            }
            "RSA512" => {
                key.is_rsa_signature(hashes.finish_sha512(), &key::SHA512, &signature.bytes)
            }
            other => {
                let message = format!("it is signed with `{other}`, which is not supported");
                return Err(Error::new(ErrorKind::Trust, message));
            }
        };
        if is_good {
            Ok(())
        } else {
            Err(bad(&signature.key))
        }
    }

    /// Proves a v3 signature by the key of that id over `message`.
    ///
    /// Returns whether the key is known; errors if it is and the signature is wrong.
    pub fn verify_v3(&self, id: [u8; 16], message: &[u8], signature: &[u8]) -> Result<bool> {
        let mut same = self.keys.iter().filter(|key| key.id() == id).peekable();
        let Some(first) = same.peek() else {
            return Ok(false);
        };
        if first.is_signature_of(message, signature) {
            Ok(true)
        } else {
            Err(bad(first.name()))
        }
    }

    /// Says that a signature's key is none of these.
    pub fn unknown(&self, name: &str) -> Error {
        let mut known: Vec<&str> = self.keys.iter().map(PublicKey::name).collect();
        known.sort_unstable();
        let message = match known[..] {
            [] => format!("it is signed by `{name}`, and no key is known"),
            [one] => format!("it is signed by `{name}`, not by the known key `{one}`"),
            _ => format!(
                "it is signed by `{name}`, not by one of the known keys `{}`",
                known.join("`, `")
            ),
        };
        Error::new(ErrorKind::Trust, message).with_hint(UNKNOWN)
    }
}

/// Says that there is no signature.
pub fn unsigned() -> Error {
    Error::new(ErrorKind::Trust, "it is not signed")
        .with_hint("the signature was never made, or was taken off on the way: use another mirror")
}

fn bad(key: &str) -> Error {
    let message = format!("the signature by `{key}` is bad: it was altered after signing");
    Error::new(ErrorKind::Trust, message).with_hint("use another mirror")
}
