//! What a profile does to a root, on disk or not.

use boot_kit::{Entry, Result, Root, RootPath, Sink};
use boot_stage::Tree;

/// A root that a profile can act on.
pub trait Prunable {
    /// Sends every entry but the root itself, sorted.
    fn walk(&self, sink: &mut dyn Sink) -> Result<()>;
    /// Describes what is at a path; nothing if there is nothing.
    fn entry(&self, path: &RootPath) -> Result<Option<Entry>>;
    /// Lists the names in a directory.
    fn list(&self, directory: &RootPath) -> Result<Vec<Vec<u8>>>;
    /// Removes what is at a path.
    fn remove(&mut self, path: &RootPath) -> Result<()>;
    /// Writes a file with this mode; what was there goes.
    fn write(&mut self, path: &RootPath, content: &[u8], mode: u32) -> Result<()>;
    /// Changes owner, group and mode.
    fn set_owner(&mut self, path: &RootPath, uid: u32, gid: u32, mode: u32) -> Result<()>;
}

impl Prunable for &Root {
    fn walk(&self, sink: &mut dyn Sink) -> Result<()> {
        Root::walk(self, sink)
    }

    fn entry(&self, path: &RootPath) -> Result<Option<Entry>> {
        Root::entry(self, path)
    }

    fn list(&self, directory: &RootPath) -> Result<Vec<Vec<u8>>> {
        Root::list(self, directory)
    }

    fn remove(&mut self, path: &RootPath) -> Result<()> {
        Root::remove(self, path)
    }

    fn write(&mut self, path: &RootPath, content: &[u8], mode: u32) -> Result<()> {
        Root::write(self, path, content, mode)
    }

    fn set_owner(&mut self, path: &RootPath, uid: u32, gid: u32, mode: u32) -> Result<()> {
        Root::set_owner(self, path, uid, gid, mode)
    }
}

impl Prunable for Tree {
    fn walk(&self, sink: &mut dyn Sink) -> Result<()> {
        Tree::walk(self, sink)
    }

    fn entry(&self, path: &RootPath) -> Result<Option<Entry>> {
        Ok(self.find(path))
    }

    fn list(&self, directory: &RootPath) -> Result<Vec<Vec<u8>>> {
        Ok(Tree::list(self, directory))
    }

    fn remove(&mut self, path: &RootPath) -> Result<()> {
        Tree::remove(self, path)
    }

    fn write(&mut self, path: &RootPath, content: &[u8], mode: u32) -> Result<()> {
        Tree::write(self, path, content, mode)
    }

    fn set_owner(&mut self, path: &RootPath, uid: u32, gid: u32, mode: u32) -> Result<()> {
        Tree::set_owner(self, path, uid, gid, mode)
    }
}
