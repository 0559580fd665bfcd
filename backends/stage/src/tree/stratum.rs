//! One layer of an image, laid over those below.
//!
//! What the layers come to is what unpacking them one after the other inside the root gives: a path is followed through
//! the links that are there, never out of the root; whatever is no directory takes the place of what had its name, with
//! all below it; a directory keeps what is in it. Names that begin with `.wh.` stand for what is gone, and only for what
//! the layers below have: so it makes no difference where in the layer they are.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets>.

use super::{FILE_MEMORY, IMPLIED, MAX_NAME, Tree, cannot_take, links, malformed};
use boot_kit::{Context, Entry, Kind, Result, RootPath, Sink};
use std::{collections::HashMap, io::Read};

/// Begins the name of what says that another name is gone.
const WHITEOUT: &[u8] = b".wh.";
/// Says that all is gone that the layers below have in this directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Begins the names of what AUFS kept for itself, which no layer means.
const AUFS: &[u8] = b".wh..wh.";
/// A layer while it is taken; [`finish`](Self::finish) ends it.
pub(crate) struct Stratum<'a> {
    tree: &'a mut Tree,
    /// The names that this layer has and the directories they are in, and whether it describes them.
    touched: HashMap<RootPath, bool>,
    /// What these take of the tree's memory.
    memory: u64,
}

/// What an entry's name says.
enum Said {
    /// The entry is a file.
    File,
    /// A name in a directory is gone.
    Gone(RootPath, Vec<u8>),
    /// All in a directory is gone.
    Emptied(RootPath),
    /// Nothing.
    Nothing,
}

impl<'a> Stratum<'a> {
    /// Begins a layer over what `tree` holds.
    pub(crate) fn new(tree: &'a mut Tree) -> Self {
        Self {
            tree,
            touched: HashMap::new(),
            memory: 0,
        }
    }

    /// Ends the layer: every link must have its target now.
    pub(crate) fn finish(self) -> Result<()> {
        self.tree.memory -= self.memory;
        self.tree.settle()
    }

    fn take(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        match said(&entry.path)? {
            Said::File => self.place(entry, content),
            Said::Gone(directory, name) => {
                let path = self.tree.landing(&directory)?.join(&name);
                self.hide(&path, true);
                Ok(())
            }
            Said::Emptied(directory) => {
                let directory = self.tree.landing(&directory)?;
                self.hide(&directory, false);
                Ok(())
            }
            Said::Nothing => Ok(()),
        }
    }

    /// Takes a file to where its path leads.
    fn place(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut entry = Entry {
            path: self.tree.inside(&entry.path)?,
            ..entry.clone()
        };
        if let Kind::Hardlink(target) = &entry.kind {
            let target = self.tree.inside(target)?;
            if target == entry.path && self.tree.names.contains_key(&target) {
                return self.touch(&target);
            }
            entry.kind = Kind::Hardlink(target);
        }
        self.touch(&entry.path)?;
        let replaced = match &entry.kind {
            // What its file is called must be known before names go.
            Kind::Hardlink(target) if self.tree.names.contains_key(target) => {
                let file = self.tree.target(target)?;
                self.tree.remove(&entry.path)?;
                return self.tree.place(&entry.path, file);
            }
            Kind::Directory => !self.tree.is_directory(&entry.path),
            _ => true,
        };
        if replaced {
            self.tree.remove(&entry.path)?;
        }
        self.tree.take(&entry, content)
    }

    /// Notes what the layer has.
    fn touch(&mut self, path: &RootPath) -> Result<()> {
        for above in path.ancestors() {
            if self.touched.contains_key(&above) {
                break;
            }
            self.note(above, false)?;
        }
        self.note(path.clone(), true)
    }

    fn note(&mut self, path: RootPath, is_described: bool) -> Result<()> {
        let weight = path.bytes().len();
        self.tree.remember(weight)?;
        self.memory += FILE_MEMORY + weight as u64;
        self.touched.insert(path, is_described);
        Ok(())
    }

    /// Takes away what the layers below have under a path, perhaps with the path itself.
    fn hide(&mut self, path: &RootPath, itself: bool) {
        let below = self.tree.below(path).map(|(path, _)| path.clone());
        let mut paths: Vec<RootPath> = below.collect();
        if itself && self.tree.names.contains_key(path) {
            paths.push(path.clone());
        }
        for path in paths {
            match self.touched.get(&path) {
                None => {
                    self.tree.names.remove(&path);
                }
                // It is there only for what this layer has in it.
                Some(false) => {
                    if let Some(file) = self.tree.names.get(&path) {
                        self.tree.files[*file] = IMPLIED;
                    }
                }
                Some(true) => {}
            }
        }
    }
}

impl Sink for Stratum<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.take(entry, content)
            .context(|| cannot_take(&entry.path))
    }
}

/// Reads the names in a path.
fn said(path: &RootPath) -> Result<Said> {
    let Some((directory, name)) = path.split() else {
        return Ok(Said::File);
    };
    for above in directory.bytes().split(|byte| *byte == b'/') {
        if above.starts_with(AUFS) {
            return Ok(Said::Nothing);
        }
        if above.starts_with(WHITEOUT) {
            return Err(malformed("it is in a directory that stands for no file"));
        }
    }
    Ok(match name.strip_prefix(WHITEOUT) {
        None => Said::File,
        Some(_) if name == OPAQUE => Said::Emptied(directory),
        Some(_) if name.starts_with(AUFS) => Said::Nothing,
        Some(b"" | b"." | b"..") => return Err(malformed("it stands for the absence of no name")),
        Some(gone) => Said::Gone(directory, gone.to_vec()),
    })
}

impl Tree {
    /// Counts the files that have no name any more because something took its place: how many, and their bytes.
    pub(crate) fn nameless(&self) -> (u64, u64) {
        let mut is_named = vec![false; self.files.len()];
        for file in self.names.values() {
            is_named[*file] = true;
        }
        let nameless = self.files.iter().zip(is_named);
        let nameless =
            nameless.filter(|(node, is_named)| !is_named && node.kind != Kind::Directory);
        nameless.fold((0, 0), |(files, bytes), (node, _)| {
            let size = match node.kind {
                Kind::File { size } => size,
                _ => 0,
            };
            (files + 1, bytes + size)
        })
    }

    /// Finds where a path is, through the links that its directories are.
    fn inside(&self, path: &RootPath) -> Result<RootPath> {
        match path.split() {
            Some((directory, name)) => Ok(self.landing(&directory)?.join(name)),
            None => Ok(RootPath::default()),
        }
    }

    /// Finds the directory that a path leads to, through all links, never out of the root; what is not there yet is
    /// where its name says.
    fn landing(&self, directory: &RootPath) -> Result<RootPath> {
        if self.is_directory(directory) {
            return Ok(directory.clone());
        }
        let link = |path: &RootPath| {
            if path.bytes().len() > MAX_NAME {
                return Err(malformed("it leads to a longer name than any system takes"));
            }
            let file = self.names.get(path);
            Ok(match file.map(|file| &self.files[*file].kind) {
                Some(Kind::Symlink(target)) => Some(&target[..]),
                _ => None,
            })
        };
        let endless = || malformed("its directory is behind too many links");
        links::resolve(directory, link, endless)
    }
}
