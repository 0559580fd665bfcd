//! A root as its archive describes it.
//!
//! An archive names files in any order, twice, or after links to them; our tar wants each name once, sorted. So the
//! names are kept in memory and the contents in a temporary file, in the order in which they came, and both are read
//! back in the order of names. Two passes over the archive would need one that can be read again, would decompress it
//! twice, and could not go to a place in it: contents are needed in another order than they come.
//!
//! Nothing is made on disk, so owners, devices and attributes need no privileges, and there is nothing that a link
//! could lead out of. What the entries add up to is what extracting them one after the other would give; what would be
//! written through a link, or below a file, is refused.

mod change;
mod links;
mod stratum;
#[cfg(test)]
mod tests;
mod walk;

pub use links::resolve;
pub(crate) use links::{MAX_LINKS, parts};
pub(crate) use stratum::Stratum;

use crate::spool::Spool;
use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use std::{collections::BTreeMap, io::Read, ops::Bound, path::Path};

/// The most memory names and attributes may take, in bytes: several million files.
const MAX_MEMORY: u64 = 1 << 30;
/// How much a file takes besides its name and attributes, in bytes, about.
const FILE_MEMORY: u64 = 256;
/// The longest name and link target, in bytes: `PATH_MAX`.
const MAX_NAME: usize = 4096;
/// How many links to links that come later are followed.
const MAX_LATE: usize = 40;
/// How much of its file system the temporary file leaves free, in bytes.
const MARGIN: u64 = 64 << 20;

/// A root in memory, but for the contents of its files.
///
/// Takes entries in any order as a [`Sink`]; [`settle`](Self::settle) ends that.
pub struct Tree {
    names: BTreeMap<RootPath, usize>,
    files: Vec<Node>,
    spool: Spool,
    /// Links to names that had not come yet: name and target.
    late: BTreeMap<RootPath, RootPath>,
    memory: u64,
}

/// What one or several names stand for.
#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: i64,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Where a file's content is.
    start: u64,
}

/// A directory no entry describes.
const IMPLIED: Node = Node {
    kind: Kind::Directory,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    xattrs: BTreeMap::new(),
    start: 0,
};

impl Tree {
    /// Makes an empty root whose contents will be in memory, or in a nameless file below `directory` if they are more
    /// than 32 MiB.
    pub fn new(directory: &Path) -> Result<Self> {
        Ok(Self {
            names: BTreeMap::from([(RootPath::default(), 0)]),
            files: vec![IMPLIED],
            spool: Spool::new(directory)?,
            late: BTreeMap::new(),
            memory: 0,
        })
    }

    /// Ends the tree: every link must have its target now.
    pub fn settle(&mut self) -> Result<()> {
        let late = std::mem::take(&mut self.late);
        for (path, mut target) in &late {
            for _ in 0..MAX_LATE {
                match late.get(target) {
                    Some(further) if !self.names.contains_key(target) => target = further,
                    _ => break,
                }
            }
            let linked = self.target(target).and_then(|file| self.place(path, file));
            linked.context(|| cannot_take(path))?;
        }
        self.spool.write_out()
    }

    fn take(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let xattrs = entry
            .xattrs
            .iter()
            .map(|(name, value)| name.len() + value.len());
        let target = match &entry.kind {
            Kind::Symlink(target) => target.as_slice(),
            _ => b"",
        };
        if entry.path.bytes().len().max(target.len()) > MAX_NAME {
            return Err(malformed(
                "its name or target is longer than any system takes",
            ));
        }
        let weight = entry.path.bytes().len() + target.len() + xattrs.sum::<usize>();
        self.remember(weight)?;
        let file = match &entry.kind {
            Kind::Hardlink(target) if self.names.contains_key(target) => self.target(target)?,
            Kind::Hardlink(target) => {
                self.late.insert(entry.path.clone(), target.clone());
                return Ok(());
            }
            Kind::Directory => return self.directory(entry),
            kind => {
                let mut node = node(entry);
                if let Kind::File { size } = kind {
                    self.require_room(*size)?;
                    node.start = self.spool.append(content, *size)?;
                }
                self.files.push(node);
                self.files.len() - 1
            }
        };
        self.place(&entry.path, file)
    }

    /// Takes a directory: one that is there gets the new owner, mode and attributes and keeps what is in it.
    fn directory(&mut self, entry: &Entry) -> Result<()> {
        if let Some(file) = self.names.get(&entry.path)
            && self.files[*file].kind == Kind::Directory
        {
            self.files[*file] = node(entry);
            return Ok(());
        }
        self.files.push(node(entry));
        self.place(&entry.path, self.files.len() - 1)
    }

    /// Gives a file a name, and makes the directories it is in; the name's former file goes.
    fn place(&mut self, path: &RootPath, file: usize) -> Result<()> {
        let Some((parent, _)) = path.split() else {
            return Err(malformed("the root is not a directory"));
        };
        self.require_directory(&parent)?;
        if self.is_directory(path) && self.has_children(path) {
            return Err(malformed("a directory that is not empty has this name"));
        }
        self.late.remove(path);
        self.names.insert(path.clone(), file);
        Ok(())
    }

    /// Sees to it that `path` is a directory.
    fn require_directory(&mut self, path: &RootPath) -> Result<()> {
        if let Some(file) = self.names.get(path) {
            let what = match &self.files[*file].kind {
                Kind::Directory => return Ok(()),
                Kind::Symlink(_) => "a symbolic link",
                _ => "not a directory",
            };
            return Err(malformed(format!(
                "`{path}` is {what}, so nothing can be below it"
            )));
        }
        if let Some((parent, _)) = path.split() {
            self.require_directory(&parent)?;
        }
        self.remember(path.bytes().len())?;
        self.files.push(IMPLIED);
        self.names.insert(path.clone(), self.files.len() - 1);
        Ok(())
    }

    /// The file another name of which is wanted.
    fn target(&self, target: &RootPath) -> Result<usize> {
        let refuse = |why| Err(malformed(format!("its target `{target}` {why}")));
        match self.names.get(target) {
            None => refuse("is not in the archive"),
            Some(_) if self.is_directory(target) => refuse("is a directory"),
            Some(file) => Ok(*file),
        }
    }

    /// Counts the memory of one more file, `weight` bytes of which are its own.
    fn remember(&mut self, weight: usize) -> Result<()> {
        self.memory += FILE_MEMORY + weight as u64;
        if self.memory > MAX_MEMORY {
            return Err(malformed("there are more files than any root has"));
        }
        Ok(())
    }

    fn is_directory(&self, path: &RootPath) -> bool {
        let file = self.names.get(path);
        file.is_some_and(|file| self.files[*file].kind == Kind::Directory)
    }

    fn has_children(&self, path: &RootPath) -> bool {
        self.below(path).next().is_some()
    }

    /// All names below a directory, sorted.
    fn below<'a>(
        &'a self,
        path: &RootPath,
    ) -> impl Iterator<Item = (&'a RootPath, usize)> + use<'a> {
        let mut prefix = path.bytes().to_vec();
        if !path.is_root() {
            prefix.push(b'/');
        }
        // Names such as `a-b` are between `a` and `a/b`.
        let start = path.join(b"");
        self.names
            .range((Bound::Excluded(start), Bound::Unbounded))
            .take_while(move |(name, _)| name.bytes().starts_with(&prefix))
            .map(|(name, file)| (name, *file))
    }

    /// Refuses what would fill the disk before any of it is written.
    fn require_room(&self, size: u64) -> Result<()> {
        if size < MARGIN || size.saturating_add(MARGIN) < self.spool.room()? {
            return Ok(());
        }
        let directory = self.spool.directory().display();
        let message = format!("its {size} bytes are more than there is room for in `{directory}`");
        let error = Error::new(ErrorKind::Io, message);
        Err(error.with_hint("set TMPDIR to a directory with more room"))
    }
}

impl Sink for Tree {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.take(entry, content)
            .context(|| cannot_take(&entry.path))
    }
}

fn node(entry: &Entry) -> Node {
    Node {
        kind: entry.kind.clone(),
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        mtime: entry.mtime,
        xattrs: entry.xattrs.clone(),
        start: 0,
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

fn cannot_take(path: &RootPath) -> String {
    format!("cannot take entry `{path}`")
}
