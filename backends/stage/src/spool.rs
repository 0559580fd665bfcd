//! The contents of files in the order in which they came, to be read back in another.

use crate::content::Content;
use boot_kit::{Context, Error, ErrorKind, Result};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// How much is gathered before it is written.
const BUFFER: usize = 1 << 20;

/// A file without a name, which ends with the program however that ends.
pub(crate) struct Spool {
    file: File,
    directory: PathBuf,
    buffer: Vec<u8>,
    written: u64,
}

impl Spool {
    /// Makes an empty one on the file system of `directory`.
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(directory)
            .context(|| format!("cannot make a temporary file in `{}`", directory.display()))?;
        Ok(Self {
            file,
            directory: directory.to_owned(),
            buffer: Vec::with_capacity(BUFFER),
            written: 0,
        })
    }

    /// Appends `size` bytes of `content` and tells where they are.
    pub(crate) fn append(&mut self, content: &mut dyn Read, size: u64) -> Result<u64> {
        let start = self.end();
        let mut left = size;
        while left > 0 {
            if self.buffer.len() == BUFFER {
                self.write_out()?;
            }
            let room = (BUFFER - self.buffer.len()).min(usize::try_from(left).unwrap_or(BUFFER));
            let filled = self.buffer.len();
            self.buffer.resize(filled + room, 0);
            let read = content.read(&mut self.buffer[filled..]);
            self.buffer
                .truncate(filled + read.as_ref().map_or(0, |count| *count));
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
                Ok(0) => {
                    let message = "content is shorter than its size says";
                    return Err(Error::new(ErrorKind::Parse, message));
                }
                Ok(count) => left -= count as u64,
            }
        }
        Ok(start)
    }

    /// Writes out what is gathered, so that all can be read back.
    pub(crate) fn write_out(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).context(|| {
            format!(
                "cannot write a temporary file in `{}`",
                self.directory.display()
            )
        })?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// How much is in it.
    pub(crate) fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// How many bytes its file system has left for it, what is gathered taken off.
    pub(crate) fn room(&self) -> Result<u64> {
        let system = rustix::fs::fstatvfs(&self.file).map_err(io::Error::from)?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        Ok(free.saturating_sub(self.buffer.len() as u64))
    }

    /// Where it is, for messages.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The `size` bytes from `start` on, all of which must have been written out.
    pub(crate) fn content(&self, start: u64, size: u64) -> Content<'_> {
        Content::of_part(&self.file, start, size)
    }
}
