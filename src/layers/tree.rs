//! What a stack of layers holds, file by file.

use crate::export::as_written;
use boot_kit::{Digest, Entry, Kind, Result, RootPath, Sink, digest::Hashing};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
};

/// Every file as an image has it, with the digest of its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<RootPath, Held>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// All but its content, as an image has it.
    pub entry: Entry,
    /// Digest of the content of a [`Kind::File`].
    pub content: Option<Digest>,
}

impl Tree {
    /// Looks one path up.
    pub fn get(&self, path: &RootPath) -> Option<&Held> {
        self.files.get(path)
    }

    /// Lays a layer over this tree: what it holds, and what is gone with it.
    #[must_use]
    pub fn overlaid(&self, above: Tree, removed: &BTreeSet<RootPath>) -> Tree {
        let hides = |path: &RootPath| {
            let held = above.get(path);
            removed.contains(path) || held.is_some_and(|held| held.entry.kind != Kind::Directory)
        };
        let is_hidden = |path: &RootPath| hides(path) || path.ancestors().any(|path| hides(&path));
        let mut files: BTreeMap<_, _> = self
            .files
            .iter()
            .filter(|(path, _)| !is_hidden(path))
            .map(|(path, held)| (path.clone(), held.clone()))
            .collect();
        files.extend(above.files);
        Tree { files }
    }

    /// Goes through everything, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.files.values()
    }
}

/// Notes what passes on its way to a sink.
pub struct Recorder<'a> {
    sink: &'a mut dyn Sink,
    epoch: i64,
    below: Option<&'a Tree>,
    tree: Tree,
}

impl<'a> Recorder<'a> {
    /// Starts noting what goes to `sink`, with times as an image of that date has them.
    pub fn new(sink: &'a mut dyn Sink, epoch: i64) -> Self {
        Self {
            sink,
            epoch,
            below: None,
            tree: Tree::default(),
        }
    }

    /// Starts noting what goes nowhere, to compare it with `below`: no content is read of what differs anyway.
    pub fn beside(below: &'a Tree, nowhere: &'a mut Nowhere, epoch: i64) -> Self {
        Self {
            below: Some(below),
            ..Self::new(nowhere, epoch)
        }
    }

    /// Ends it.
    pub fn finish(self) -> Tree {
        self.tree
    }
}

impl Sink for Recorder<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let is_file = matches!(entry.kind, Kind::File { .. });
        let written = as_written(entry, self.epoch);
        let differs = |below: &Tree| {
            below
                .get(&entry.path)
                .is_none_or(|held| held.entry != written)
        };
        if self.below.is_some_and(differs) {
            let held = Held {
                entry: written,
                content: None,
            };
            self.tree.files.insert(entry.path.clone(), held);
            return Ok(());
        }
        let mut listened = Listened {
            content,
            hashing: Hashing::new(io::sink()),
        };
        self.sink.entry(entry, &mut listened)?;
        // A sink need not read to the end; the digest is that of all of it.
        io::copy(&mut listened, &mut io::sink())?;
        let (digest, _) = listened.hashing.finish();
        let held = Held {
            entry: written,
            content: is_file.then_some(digest),
        };
        self.tree.files.insert(entry.path.clone(), held);
        Ok(())
    }
}

struct Listened<'a> {
    content: &'a mut dyn Read,
    hashing: Hashing<io::Sink>,
}

impl Read for Listened<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.hashing.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// Takes everything and keeps nothing.
pub struct Nowhere;

impl Sink for Nowhere {
    fn entry(&mut self, _entry: &Entry, _content: &mut dyn Read) -> Result<()> {
        Ok(())
    }
}
