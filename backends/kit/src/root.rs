//! The staging tree; the only state between unpack and export.

use crate::{Entry, Result, RootPath, Sink};
use std::{fs::File, path::Path};

/// A directory that is to become an image. Every path is resolved inside it, whatever links it holds.
pub struct Root {}

impl Root {
    /// Opens an existing directory.
    pub fn open(_path: &Path) -> Result<Self> {
        todo!()
    }

    /// Where it is on the host.
    pub fn path(&self) -> &Path {
        todo!()
    }

    /// Sends every entry but the root itself to `sink`, sorted by the bytes of its path.
    ///
    /// A file with several names is a [`Kind::File`](crate::Kind::File) under the first of them, a `Hardlink` to that
    /// under the others.
    pub fn walk(&self, _sink: &mut dyn Sink) -> Result<()> {
        todo!()
    }

    /// Describes what is at `path` itself, not following a last symbolic link; `None` if there is nothing.
    pub fn entry(&self, _path: &RootPath) -> Result<Option<Entry>> {
        todo!()
    }

    /// Opens a regular file for reading, following links inside the root.
    pub fn open_file(&self, _path: &RootPath) -> Result<File> {
        todo!()
    }

    /// Reads a regular file; `None` if there is none.
    pub fn read(&self, _path: &RootPath) -> Result<Option<Vec<u8>>> {
        todo!()
    }

    /// Writes a regular file whole, by rename, making missing parents (0755); owner root, given mode.
    pub fn write(&self, _path: &RootPath, _content: &[u8], _mode: u32) -> Result<()> {
        todo!()
    }

    /// Makes a directory and its missing parents; an existing directory, or a link to one, stays as it is.
    pub fn create_directory(&self, _path: &RootPath, _mode: u32) -> Result<()> {
        todo!()
    }

    /// Makes a symbolic link.
    pub fn symlink(&self, _path: &RootPath, _target: &[u8]) -> Result<()> {
        todo!()
    }

    /// Removes a file, link or device, or an empty directory; nothing there is fine.
    pub fn remove(&self, _path: &RootPath) -> Result<()> {
        todo!()
    }
}
