//! The tree as a source of entries.

use super::{Node, Tree, links};
use crate::content::Content;
use boot_kit::{Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use std::{
    collections::HashMap,
    io::{self, Read},
};

impl Tree {
    /// The root itself.
    pub fn top(&self) -> Entry {
        let path = RootPath::default();
        let file = self.names[&path];
        self.files[file].entry(path)
    }

    /// Sends every entry but the root itself to `sink`, sorted by the bytes of its path.
    ///
    /// A file with several names is a file under the first of them, a hard link to that under the others.
    pub fn walk(&self, sink: &mut dyn Sink) -> Result<()> {
        let mut names = vec![0_u32; self.files.len()];
        for file in self.names.values() {
            names[*file] += 1;
        }
        let mut first_names: HashMap<usize, &RootPath> = HashMap::new();
        for (path, file) in self.below(&RootPath::default()) {
            let node = &self.files[file];
            let mut entry = node.entry(path.clone());
            if names[file] > 1 {
                if let Some(first) = first_names.get(&file) {
                    entry.kind = Kind::Hardlink((*first).clone());
                    entry.xattrs.clear();
                } else {
                    first_names.insert(file, path);
                }
            }
            match entry.kind {
                Kind::File { size } => {
                    sink.entry(&entry, &mut self.spool.content(node.start, size))?;
                }
                _ => sink.entry(&entry, &mut io::empty())?,
            }
        }
        Ok(())
    }

    /// Describes what a path leads to, through links in its directories but not through itself, as a system call would
    /// in this root.
    pub fn find(&self, path: &RootPath) -> Option<Entry> {
        let Some((parent, name)) = path.split() else {
            return Some(self.top());
        };
        let path = self.resolve(&parent)?.join(name);
        let file = self.names.get(&path)?;
        Some(self.files[*file].entry(path))
    }

    /// Finds the file or directory a path leads to, through all links, never out of this root.
    pub fn resolve(&self, path: &RootPath) -> Option<RootPath> {
        let link = |path: &RootPath| {
            let file = self.names.get(path).ok_or(())?;
            Ok(match &self.files[*file].kind {
                Kind::Symlink(target) => Some(&target[..]),
                _ => None,
            })
        };
        links::resolve(path, link, || ()).ok()
    }

    /// Opens a file that a path leads to, through all links; nothing if it leads to none.
    pub fn follow(&self, path: &RootPath) -> Option<Content<'_>> {
        self.open(&self.resolve(path)?)
    }

    /// Reads a file that a path leads to, through all links; nothing if it leads to none.
    ///
    /// Errors if the file has more than `limit` bytes.
    pub fn read(&self, path: &RootPath, limit: u64) -> Result<Option<Vec<u8>>> {
        let Some(mut reader) = self.follow(path) else {
            return Ok(None);
        };
        let size = reader.size();
        if size > limit {
            let message = format!("`{path}` has {size} bytes, more than the {limit} it may have");
            return Err(Error::new(ErrorKind::Parse, message));
        }
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Reads the first few bytes of a file that a path leads to, through all links; none if it leads to no file.
    pub fn start(&self, path: &RootPath) -> Result<Vec<u8>> {
        let mut start = Vec::new();
        if let Some(content) = self.follow(path) {
            content.take(64).read_to_end(&mut start)?;
        }
        Ok(start)
    }

    /// Opens the file that has this very name, which is not a link; nothing if it is something else.
    ///
    /// Everything must have been written out: see [`settle`](Tree::settle).
    pub fn open(&self, path: &RootPath) -> Option<Content<'_>> {
        let node = &self.files[*self.names.get(path)?];
        match node.kind {
            Kind::File { size } => Some(self.spool.content(node.start, size)),
            _ => None,
        }
    }

    /// Lists the names in a directory, sorted.
    pub fn list(&self, directory: &RootPath) -> Vec<Vec<u8>> {
        let names = self.below(directory).filter_map(|(path, _)| {
            let (parent, name) = path.split()?;
            (parent == *directory).then(|| name.to_vec())
        });
        names.collect()
    }

    /// The latest time of any file that is not a directory, seconds since the Unix epoch; not below 0.
    pub fn newest(&self) -> i64 {
        let files = self.names.values().map(|file| &self.files[*file]);
        let times = files.filter(|node| node.kind != Kind::Directory);
        times.map(|node| node.mtime).max().unwrap_or(0).max(0)
    }
}

impl Node {
    pub(super) fn entry(&self, path: RootPath) -> Entry {
        Entry {
            path,
            kind: self.kind.clone(),
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            mtime: self.mtime,
            xattrs: self.xattrs.clone(),
        }
    }
}
