//! Where the bytes of a list are.

use super::compact::Compact;
use std::iter;

/// The bytes of a list: all of them in memory, or those that are looked at.
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// The file itself, uncompressed.
    Plain(&'a [u8]),
    /// What was kept of it.
    Compact(&'a Compact),
}

impl<'a> Text<'a> {
    /// The bytes at an address, as records have it; none if there are not so many.
    pub(super) fn slice(self, start: u32, length: u32) -> &'a [u8] {
        match self {
            Self::Plain(text) => {
                let end = (start as usize).saturating_add(length as usize);
                text.get(start as usize..end).unwrap_or_default()
            }
            Self::Compact(compact) => compact.slice(start, length),
        }
    }

    /// The stanzas in order, in pieces with their first addresses; none is cut in two.
    pub(super) fn pieces(self) -> Box<dyn Iterator<Item = (u32, &'a [u8])> + 'a> {
        match self {
            Self::Plain(text) => Box::new(iter::once((0, text))),
            Self::Compact(compact) => Box::new(compact.pieces()),
        }
    }
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self::Plain(&[])
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Plain(text)
    }
}
