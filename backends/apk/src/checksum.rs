//! apk's own spellings of hashes: `Q1` and base64 in indexes and the database.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use boot_kit::{Error, ErrorKind, Result};
use std::{fmt, str::FromStr};

/// The 20 bytes by which apk knows a file's content: its SHA-1, or in v3 the first 20 bytes of its SHA-256.
///
/// Written `Q1` and 28 letters of base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum(pub [u8; 20]);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Q1{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What proves a package: the hash of the part of its file that holds the hashes of all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `Q1…`: SHA-1 of a v2 package's compressed control member, or the first 20 bytes of the SHA-256 of a v3
    /// package's ADB block.
    Short([u8; 20]),
    /// `Q2…`: SHA-256 of the same.
    Long([u8; 32]),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(bytes) => write!(f, "Q1{}", STANDARD.encode(bytes)),
            Self::Long(bytes) => write!(f, "Q2{}", STANDARD.encode(bytes)),
        }
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let decode = |digits: &str| STANDARD.decode(digits).ok();
        let identity = match text.split_at_checked(2) {
            Some(("Q1", digits)) => decode(digits)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Self::Short),
            Some(("Q2", digits)) => decode(digits)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Self::Long),
            _ => None,
        };
        identity.ok_or_else(|| {
            let message = format!("`{text}` is not a package checksum");
            Error::new(ErrorKind::Parse, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_survive_their_text_and_nothing_else_is_one() {
        for identity in [Identity::Short([7; 20]), Identity::Long([9; 32])] {
            let text = identity.to_string();
            assert_eq!(text.parse::<Identity>().expect("valid"), identity);
            assert!(text[..text.len() - 4].parse::<Identity>().is_err());
        }
        let long = Identity::Long([9; 32]).to_string();
        for bad in [
            "",
            "Q",
            "Q1",
            "Q1=",
            "é1",
            &long.replace("Q2", "Q1"),
            "X1aa",
        ] {
            assert!(bad.parse::<Identity>().is_err(), "{bad}");
        }
    }
}
