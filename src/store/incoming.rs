//! A blob whose bytes are still to come.

use boot_kit::{Digest, Error, ErrorKind, Result, digest::Hashing};
use fs_err::{self as fs, os::unix::fs::OpenOptionsExt};
use std::{
    io::{self, Seek, Write},
    path::{Path, PathBuf},
};

/// Takes bytes, hashing them as they come; removed on drop unless it was kept.
pub struct Incoming {
    file: Option<fs::File>,
    path: PathBuf,
    hashing: Hashing<io::Sink>,
}

impl Incoming {
    /// Makes an empty one at `path`.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&path)?;
        Ok(Self {
            file: Some(file),
            path,
            hashing: Hashing::new(io::sink()),
        })
    }

    /// Counts the bytes so far.
    pub fn bytes(&self) -> u64 {
        self.hashing.bytes()
    }

    /// Forgets all bytes so far.
    pub fn restart(&mut self) -> Result<()> {
        self.hashing = Hashing::new(io::sink());
        let file = self.file();
        file.rewind()?;
        file.set_len(0)?;
        Ok(())
    }

    /// Lets the bytes so far be read from offset 0, by a handle that shares its offset with this one.
    pub fn reader(&mut self) -> Result<std::fs::File> {
        let file = self.file();
        file.rewind()?;
        Ok(file.file().try_clone()?)
    }

    /// The digest of the bytes so far.
    pub fn digest(&self) -> Digest {
        self.hashing.digest()
    }

    /// Gives the bytes, from offset 0, without keeping them for later runs.
    pub fn into_file(mut self) -> Result<std::fs::File> {
        let mut file = self.file.take().expect("taken only when consumed");
        file.rewind()?;
        Ok(file.into_file())
    }

    /// Moves the file to `blob` if its digest is the one given; returns it readable from offset 0.
    pub(super) fn keep(mut self, digest: &Digest, blob: &Path) -> Result<std::fs::File> {
        let hashing = std::mem::replace(&mut self.hashing, Hashing::new(io::sink()));
        let (found, _) = hashing.finish();
        if found != *digest {
            return Err(Error::new(
                ErrorKind::Trust,
                format!("the SHA-256 is {found}, the signed one is {digest}"),
            ));
        }
        fs::rename(&self.path, blob)?;
        self.into_file()
    }

    fn file(&mut self) -> &mut fs::File {
        self.file.as_mut().expect("taken only when consumed")
    }
}

impl Write for Incoming {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file().write(buffer)?;
        self.hashing.write_all(&buffer[..count])?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Already renamed when it was kept. What stays here, the run's directory takes with it.
        let _ = std::fs::remove_file(&self.path);
    }
}
