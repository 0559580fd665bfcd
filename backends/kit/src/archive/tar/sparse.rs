//! Sparse files: which pieces of a file an archive holds; the rest are holes.

use super::{header, number};
use crate::{Error, ErrorKind, Result};
use std::io::Read;

/// The most pieces a file may have: their list is kept in memory.
const MAX_PIECES: usize = 1 << 20;

/// The pieces of a sparse file, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces(Vec<Piece>);

/// `length` bytes at `offset`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    offset: u64,
    length: u64,
}

impl Pieces {
    /// Adds a piece behind the others.
    pub(super) fn push(&mut self, offset: u64, length: u64) -> Result<()> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::Parse, format!("sparse map {why}")));
        if self.0.len() == MAX_PIECES {
            return refuse("has too many pieces");
        }
        let end = self.0.last().map_or(0, |last| last.offset + last.length);
        if offset < end {
            return refuse("is out of order");
        }
        if offset.checked_add(length).is_none() {
            return refuse("ends beyond any file");
        }
        self.0.push(Piece { offset, length });
        Ok(())
    }

    /// Adds the pieces of an old GNU header, 24 bytes each; one without a length field ends them.
    pub(super) fn push_old_gnu(&mut self, fields: &[u8]) -> Result<()> {
        for field in fields.chunks_exact(24) {
            if field[0] == 0 || field[12] == 0 {
                break;
            }
            let offset = header::length("sparse map", &field[..12])?;
            self.push(offset, header::length("sparse map", &field[12..])?)?;
        }
        Ok(())
    }

    /// Reads the map at the start of a file of version 1.0: decimal numbers, one a line.
    ///
    /// Reads no more than it needs; the map is filled up to whole blocks, which is left to the caller.
    pub(super) fn read(content: &mut dyn Read) -> Result<Self> {
        let mut pieces = Self::default();
        let count = line(content)?;
        for _ in 0..count {
            let offset = line(content)?;
            pieces.push(offset, line(content)?)?;
        }
        Ok(pieces)
    }

    /// Makes the map of a file that is `size` bytes long with its holes and `stored` without.
    pub(super) fn fill(self, size: u64, stored: u64) -> Result<Map> {
        let held: u64 = self.0.iter().map(|piece| piece.length).sum();
        let end = self.0.last().map_or(0, |last| last.offset + last.length);
        if held != stored || end > size {
            let message = "sparse map does not fit what the archive holds";
            return Err(Error::new(ErrorKind::Parse, message));
        }
        Ok(Map {
            pieces: self.0,
            next: 0,
            position: 0,
            size,
        })
    }
}

/// One line of a map of version 1.0.
fn line(content: &mut dyn Read) -> Result<u64> {
    let mut digits = Vec::with_capacity(20);
    let mut byte = [0];
    while digits.len() <= 20 && content.read(&mut byte)? == 1 {
        match byte {
            [b'\n'] => return number::decimal("sparse map", &digits),
            [byte] => digits.push(byte),
        }
    }
    Err(Error::new(ErrorKind::Parse, "sparse map is malformed"))
}

/// A place in a sparse file that is being read.
#[derive(Debug)]
pub(super) struct Map {
    pieces: Vec<Piece>,
    next: usize,
    position: u64,
    size: u64,
}

/// What is at a place of a sparse file.
pub(super) enum Run {
    /// So many bytes that the archive holds.
    Data(u64),
    /// So many zeros.
    Hole(u64),
}

impl Map {
    /// Tells what comes next; nothing at the end.
    pub(super) fn run(&mut self) -> Option<Run> {
        loop {
            let Some(piece) = self.pieces.get(self.next) else {
                let hole = self.size - self.position;
                return (hole > 0).then_some(Run::Hole(hole));
            };
            if self.position < piece.offset {
                return Some(Run::Hole(piece.offset - self.position));
            }
            let end = piece.offset + piece.length;
            if self.position < end {
                return Some(Run::Data(end - self.position));
            }
            self.next += 1;
        }
    }

    /// Goes `count` bytes on.
    pub(super) fn advance(&mut self, count: u64) {
        self.position += count;
    }
}
