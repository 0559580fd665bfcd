//! One header block.

use super::number;
use crate::{Error, ErrorKind, Result};

/// The unit of a tar: headers take one, contents are filled up to a whole number.
pub(super) const BLOCK: usize = 512;

const CHECKSUM: std::ops::Range<usize> = 148..156;

/// One header block whose checksum is right.
pub(super) struct Header([u8; BLOCK]);

impl Header {
    /// Proves the checksum of a block that is not all zeros.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self> {
        let wanted = number::field("checksum", &block[CHECKSUM])?;
        let unsigned: i64 = block.iter().map(|byte| i64::from(*byte)).sum();
        let field: i64 = block[CHECKSUM].iter().map(|byte| i64::from(*byte)).sum();
        let sum = unsigned - field + 8 * i64::from(b' ');
        // Some old writers summed bytes with a sign, where those from 128 count 256 less.
        let signed = || sum - 256 * high(block) + 256 * high(&block[CHECKSUM]);
        if wanted != sum && wanted != signed() {
            let message = "header has a wrong checksum";
            return Err(Error::new(ErrorKind::Parse, message));
        }
        Ok(Self(*block))
    }

    /// The name without what extended headers say of it.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let prefix = match (&self.0[257..263], &self.0[508..512]) {
            // star keeps times at the end of the prefix.
            (b"ustar\0", b"tar\0") => text(&self.0[345..476]),
            (b"ustar\0", _) => text(&self.0[345..500]),
            _ => b"",
        };
        match prefix {
            b"" => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }

    pub(super) fn link(&self) -> &[u8] {
        text(&self.0[157..257])
    }

    pub(super) fn type_flag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn mode(&self) -> Result<u32> {
        let mode = number::field("mode", &self.0[100..108])?;
        Ok(u32::try_from(mode & 0o7777).expect("twelve bits"))
    }

    pub(super) fn uid(&self) -> Result<i64> {
        number::field("owner", &self.0[108..116])
    }

    pub(super) fn gid(&self) -> Result<i64> {
        number::field("group", &self.0[116..124])
    }

    pub(super) fn size(&self) -> Result<u64> {
        length("size", &self.0[124..136])
    }

    pub(super) fn mtime(&self) -> Result<i64> {
        number::field("time", &self.0[136..148])
    }

    /// The device number; v7 had none.
    pub(super) fn device(&self) -> Result<(i64, i64)> {
        if self.0[257..262] != *b"ustar" {
            return Ok((0, 0));
        }
        let major = number::field("device number", &self.0[329..337])?;
        Ok((major, number::field("device number", &self.0[337..345])?))
    }

    /// The names of owner and group; v7 had none.
    pub(super) fn owners(&self) -> (&[u8], &[u8]) {
        if self.0[257..262] != *b"ustar" {
            return (b"", b"");
        }
        (text(&self.0[265..297]), text(&self.0[297..329]))
    }

    /// The parts of old GNU that other dialects use otherwise; none if the header is not old GNU's.
    pub(super) fn old_gnu(&self) -> Option<OldGnu<'_>> {
        (self.0[257..265] == *b"ustar  \0").then_some(OldGnu(&self.0))
    }
}

/// What old GNU keeps where USTAR has the prefix.
pub(super) struct OldGnu<'a>(&'a [u8; BLOCK]);

impl OldGnu<'_> {
    /// The first four pieces of a sparse file.
    pub(super) fn pieces(&self) -> &[u8] {
        &self.0[386..482]
    }

    /// Tells whether a block of more pieces follows.
    pub(super) fn is_extended(&self) -> bool {
        self.0[482] != 0
    }

    /// The length of a sparse file with its holes.
    pub(super) fn real_size(&self) -> Result<u64> {
        length("size", &self.0[483..495])
    }
}

/// Counts the bytes from 128.
fn high(bytes: &[u8]) -> i64 {
    bytes.iter().map(|byte| i64::from(byte >> 7)).sum()
}

/// Reads a field that cannot be negative.
pub(super) fn length(what: &str, field: &[u8]) -> Result<u64> {
    let number = number::field(what, field)?;
    u64::try_from(number)
        .map_err(|_| Error::new(ErrorKind::Parse, format!("{what} {number} is negative")))
}

/// A text field up to its NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    &field[..end]
}
