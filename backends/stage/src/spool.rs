//! The contents of files in the order in which they came, to be read back in another.

use crate::content::Content;
use boot_kit::{Context, Error, ErrorKind, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// How much is gathered before it is written.
const BUFFER: usize = 1 << 20;
/// How much stays in memory: a small root never touches the disk, and a large one takes no more than this of memory.
const IN_MEMORY: u64 = 32 << 20;

/// A file without a name, which ends with the program however that ends: in memory while it is small.
pub(crate) struct Spool {
    file: File,
    is_in_memory: bool,
    directory: PathBuf,
    buffer: Vec<u8>,
    written: u64,
}

impl Spool {
    /// Makes an empty one, which is on the file system of `directory` once it is large.
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let memory = memfd_create("contents", MemfdFlags::CLOEXEC);
        let is_in_memory = memory.is_ok();
        let file = match memory {
            Ok(memory) => File::from(memory),
            // Some sandboxes have no such call.
            Err(_) => on_disk(directory)?,
        };
        Ok(Self {
            file,
            is_in_memory,
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
        let is_large = self.is_in_memory && self.end() > IN_MEMORY;
        let moved = if is_large { self.move_out() } else { Ok(()) };
        moved
            .and_then(|()| Ok(self.file.write_all(&self.buffer)?))
            .context(|| {
                format!(
                    "cannot write a temporary file in `{}`",
                    self.directory.display()
                )
            })?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Goes on on disk.
    fn move_out(&mut self) -> Result<()> {
        let mut file = on_disk(&self.directory)?;
        self.file.rewind()?;
        io::copy(&mut self.file, &mut file)?;
        (self.file, self.is_in_memory) = (file, false);
        Ok(())
    }

    /// How much is in it.
    pub(crate) fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// How many bytes the file system has left that it is on once it is large, what is not there yet taken off.
    pub(crate) fn room(&self) -> Result<u64> {
        let system = rustix::fs::statvfs(&self.directory)
            .map_err(io::Error::from)
            .context(|| cannot_make(&self.directory))?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        let still = if self.is_in_memory { self.written } else { 0 };
        Ok(free.saturating_sub(still + self.buffer.len() as u64))
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

fn on_disk(directory: &Path) -> Result<File> {
    tempfile::tempfile_in(directory).context(|| cannot_make(directory))
}

fn cannot_make(directory: &Path) -> String {
    format!("cannot make a temporary file in `{}`", directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_needs_no_directory_and_what_is_large_does() {
        let nowhere = Path::new("/nowhere/at/all");
        let mut spool = Spool::new(nowhere).expect("in memory");
        let start = spool.append(&mut &b"hello"[..], 5).expect("room");
        spool.write_out().expect("in memory");
        let mut read = String::new();
        let mut content = spool.content(start, 5);
        content.read_to_string(&mut read).expect("written out");
        assert_eq!(read, "hello");

        let mut endless = io::repeat(7);
        let written = spool
            .append(&mut endless, IN_MEMORY)
            .and_then(|_| spool.write_out());
        let error = written.expect_err("there is no directory");
        assert_eq!(
            error.to_string(),
            "cannot write a temporary file in `/nowhere/at/all`"
        );
    }

    #[test]
    fn what_becomes_large_stays_what_it_was() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut spool = Spool::new(directory.path()).expect("in memory");
        let mut starts = Vec::new();
        let size = IN_MEMORY / 4 + 13;
        for letter in *b"abcdef" {
            let content = &mut io::repeat(letter);
            starts.push((letter, spool.append(content, size).expect("room")));
        }
        spool.write_out().expect("room");
        assert!(!spool.is_in_memory);
        assert_eq!(spool.end(), 6 * size);
        for (letter, start) in starts {
            let mut read = Vec::new();
            let mut content = spool.content(start, size);
            content.read_to_end(&mut read).expect("written out");
            assert_eq!(read.len() as u64, size);
            assert!(read.iter().all(|byte| *byte == letter));
        }
    }
}
