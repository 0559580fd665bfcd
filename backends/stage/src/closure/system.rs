//! Where programs and libraries are looked up: this machine, a directory, an archive.

use crate::{
    content::Content,
    tree::{MAX_LINKS, Tree, parts},
};
use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, Root, RootPath};

/// A tree of files.
///
/// Paths given to it have no links among their directories: [`follow`] is what follows them.
pub trait System {
    /// Describes what is at `path` itself; nothing if there is nothing, or a socket.
    fn look(&self, path: &RootPath) -> Result<Option<Entry>>;

    /// Opens a file.
    fn open(&self, path: &RootPath) -> Result<Content<'_>>;

    /// Lists the names in a directory, sorted.
    fn list(&self, path: &RootPath) -> Result<Vec<Vec<u8>>>;
}

impl System for Root {
    fn look(&self, path: &RootPath) -> Result<Option<Entry>> {
        self.entry(path)
    }

    fn open(&self, path: &RootPath) -> Result<Content<'_>> {
        Ok(Content::of_file(self.open_file(path)?)?)
    }

    fn list(&self, path: &RootPath) -> Result<Vec<Vec<u8>>> {
        self.list(path)
    }
}

impl System for Tree {
    fn look(&self, path: &RootPath) -> Result<Option<Entry>> {
        Ok(self.find(path))
    }

    fn open(&self, path: &RootPath) -> Result<Content<'_>> {
        let absent = || Error::new(ErrorKind::NotFound, format!("`{path}` is no file"));
        self.open(path).ok_or_else(absent)
    }

    fn list(&self, path: &RootPath) -> Result<Vec<Vec<u8>>> {
        Ok(self.list(path))
    }
}

/// Finds what a path leads to through all links, never out of the tree; nothing if it leads to nothing.
pub fn follow(system: &dyn System, path: &RootPath) -> Result<Option<Entry>> {
    let mut left = parts(path.bytes());
    let mut here = RootPath::default();
    let mut links = 0;
    let mut found = None;
    while let Some(name) = left.pop() {
        if name == b".." {
            here = parent(&here);
            found = None;
            continue;
        }
        let next = here.join(&name);
        let Some(entry) = system
            .look(&next)
            .context(|| format!("cannot look at `/{next}`"))?
        else {
            return Ok(None);
        };
        match &entry.kind {
            Kind::Symlink(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(None);
                }
                if target.starts_with(b"/") {
                    here = RootPath::default();
                }
                left.extend(parts(target));
                found = None;
                continue;
            }
            Kind::Directory => {}
            _ if !left.is_empty() => return Ok(None),
            _ => {}
        }
        here = next;
        found = Some(entry);
    }
    match found {
        Some(entry) => Ok(Some(entry)),
        None if here.is_root() => Ok(None),
        None => system.look(&here),
    }
}

/// Finds the file a path leads to; nothing if it leads to something else.
pub fn file(system: &dyn System, path: &RootPath) -> Result<Option<Entry>> {
    let found = follow(system, path)?;
    Ok(found.filter(|entry| matches!(entry.kind, Kind::File { .. })))
}

/// The directory something is in; that of the root is itself.
pub(super) fn parent(path: &RootPath) -> RootPath {
    path.split().map(|(parent, _)| parent).unwrap_or_default()
}
