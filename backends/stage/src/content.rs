//! The bytes of a file, at any place of it.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
};

/// A file, or a part of one, that can be read in any order.
pub struct Content<'a> {
    file: Handle<'a>,
    start: u64,
    size: u64,
    /// How much [`Read`] has given.
    position: u64,
}

enum Handle<'a> {
    Own(File),
    Lent(&'a File),
}

impl<'a> Content<'a> {
    /// Takes all of a file.
    pub fn of_file(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self {
            file: Handle::Own(file),
            start: 0,
            size,
            position: 0,
        })
    }

    /// Takes `size` bytes of a file from `start` on.
    pub(crate) fn of_part(file: &'a File, start: u64, size: u64) -> Self {
        Self {
            file: Handle::Lent(file),
            start,
            size,
            position: 0,
        }
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn file(&self) -> &File {
        match &self.file {
            Handle::Own(file) => file,
            Handle::Lent(file) => file,
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let room = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let place = self.start + self.position;
        let count = self.file().read_at(&mut buffer[..room], place)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}

/// Bytes that are read by their places.
pub trait Bytes {
    /// How many there are.
    fn length(&self) -> u64;

    /// Reads exactly `length` bytes from `offset` on, all of which must be there: see [`part`].
    fn exactly(&self, offset: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// Reads `length` bytes from `offset` on; nothing if not all of them are there.
pub(crate) fn part(bytes: &dyn Bytes, offset: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
    let is_there = offset
        .checked_add(length)
        .is_some_and(|end| end <= bytes.length());
    match usize::try_from(length) {
        Ok(length) if is_there => bytes.exactly(offset, length).map(Some),
        _ => Ok(None),
    }
}

impl Bytes for Content<'_> {
    fn length(&self) -> u64 {
        self.size
    }

    fn exactly(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; length];
        self.file()
            .read_exact_at(&mut buffer, self.start + offset)?;
        Ok(buffer)
    }
}

impl Bytes for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn exactly(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(length);
        let part = self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(part.to_vec())
    }
}
