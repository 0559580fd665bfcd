//! What signed files say that others hash to.

use boot_kit::{Digest, Error, ErrorKind, Proof, Result, digest, hex};
use std::{fmt, io::Read, str::FromStr};

/// What a [`Sum::Sha512`] is called where it proves an artifact.
const PREFIX: &str = "sha512:";

/// SHA-256, or SHA-512 where an archive lists nothing else, as Ubuntu's do from 26.10 on. MD5 and SHA-1 prove nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Of 32 bytes.
    Sha256(Digest),
    /// Of 64 bytes.
    Sha512([u8; 64]),
}

impl Sum {
    /// The fields that hold one, by which `by-hash` directories are called, too; the one to use first.
    pub const FIELDS: [&str; 2] = ["SHA256", "SHA512"];

    /// Reads the text of the field `field`, one of [`FIELDS`](Self::FIELDS).
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        if field == Self::FIELDS[0] {
            return Ok(Self::Sha256(text.parse()?));
        }
        let bytes = hex::decode(text).map(Self::Sha512);
        bytes.ok_or_else(|| {
            Error::new(
                ErrorKind::Parse,
                format!("`{text}` is not a SHA-512 digest"),
            )
        })
    }

    /// Finds the first of [`FIELDS`](Self::FIELDS) that `find` has; returns its name, too.
    pub fn first<T>(find: impl Fn(&str) -> Option<T>) -> Option<(&'static str, T)> {
        let mut found = Self::FIELDS.into_iter();
        found.find_map(|name| Some((name, find(name)?)))
    }

    /// The field it is read from.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Sha256(_) => Self::FIELDS[0],
            Self::Sha512(_) => Self::FIELDS[1],
        }
    }

    /// The SHA-256, if that is what it is.
    pub fn sha256(&self) -> Option<Digest> {
        match self {
            Self::Sha256(digest) => Some(*digest),
            Self::Sha512(_) => None,
        }
    }

    /// A name for what it proves: the SHA-256 itself, or one of the SHA-512.
    pub fn name(&self) -> Digest {
        match self {
            Self::Sha256(digest) => *digest,
            Self::Sha512(bytes) => Digest::of(bytes),
        }
    }

    /// Checks that all of `reader` hashes to it.
    ///
    /// Errors with [`ErrorKind::Trust`] if it does not.
    pub fn check(&self, reader: &mut dyn Read) -> Result<()> {
        let found = match self {
            Self::Sha256(_) => Self::Sha256(Digest::of_reader(reader)?.0),
            Self::Sha512(_) => Self::Sha512(digest::sha512(reader)?),
        };
        if found == *self {
            return Ok(());
        }
        let name = match self {
            Self::Sha256(_) => "SHA-256",
            Self::Sha512(_) => "SHA-512",
        };
        let message = format!("the {name} is {found}, the signed one is {self}");
        Err(Error::new(ErrorKind::Trust, message))
    }
}

/// As hexadecimal digits.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => digest.fmt(f),
            Self::Sha512(bytes) => f.write_str(&hex::encode(bytes)),
        }
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Sum> for Proof {
    fn from(sum: Sum) -> Self {
        match sum {
            Sum::Sha256(digest) => Self::Sha256(digest),
            Sum::Sha512(_) => Self::Identity(format!("{PREFIX}{sum}")),
        }
    }
}

/// Reads what proves an artifact by a SHA-512.
impl FromStr for Sum {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix(PREFIX) {
            Some(digits) => Self::parse(Self::FIELDS[1], digits),
            None => Err(Error::new(
                ErrorKind::Parse,
                format!("`{text}` proves no package of this format"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example: of `abc`.
    const ABC: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                       2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

    #[test]
    fn a_sum_proves_its_own_bytes_only() {
        let sha256 = Sum::Sha256(Digest::of("abc"));
        let sha512 = Sum::parse("SHA512", ABC).expect("is one");
        for sum in [sha256, sha512] {
            sum.check(&mut &b"abc"[..]).expect("the same");
            let error = sum.check(&mut &b"abd"[..]).expect_err("others");
            assert_eq!(error.kind(), ErrorKind::Trust);
            let again = Sum::parse(sum.field(), &sum.to_string());
            assert_eq!(again.expect("is one"), sum);
        }
        assert_eq!(sha512.to_string(), ABC);
        assert_ne!(sha256.name(), sha512.name());
    }

    #[test]
    fn a_sha_512_proves_artifacts_by_a_name() {
        let sum = Sum::parse("SHA512", ABC).expect("is one");
        let proof = Proof::from(sum);
        assert_eq!(proof, Proof::Identity(format!("sha512:{ABC}")));
        assert_eq!(proof.to_string().parse::<Sum>().expect("is one"), sum);
        for bad in [
            ABC,
            "sha512:",
            "Q1abc=",
            &format!("sha512:{}", &ABC[1..]),
            &format!("sha512:+{}", &ABC[1..]),
            &format!("sha512:{}é", &ABC[2..]),
        ] {
            assert_eq!(bad.parse::<Sum>().expect_err(bad).kind(), ErrorKind::Parse);
        }
    }
}
