//! Trees as text, a line for each path, so that they can be compared whole.
//!
//! `dir MODE UID:GID`, `file MODE UID:GID SIZE HASH` (the first 16 digits of the SHA-256), `link UID:GID -> TARGET`, and
//! for anything else its kind. Another name of a file is described as that file.

use crate::{Digest, Entry, Kind, Result, Root, RootPath, Sink, archive::send_tar};
use std::{collections::BTreeMap, io::Read};

/// Descriptions by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, String>);

impl Tree {
    /// Describes a root.
    pub fn of_root(root: &Root) -> Self {
        let mut tree = Self::default();
        root.walk(&mut tree).expect("the root can be read");
        tree
    }

    /// Describes what is in a tar, which is not compressed.
    pub fn of_tar(mut tar: &[u8]) -> Self {
        let mut tree = Self::default();
        send_tar(&mut tar, &mut tree).expect("the archive can be read");
        tree
    }

    /// Reads lines of a path, a tab and its description; directories may end in a slash.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let lines =
            lines.map(|(path, said)| (path.trim_end_matches('/').to_owned(), said.to_owned()));
        Self(lines.collect())
    }

    /// Finds what differs: the description here and in `other`, empty where there is none.
    pub fn differences(&self, other: &Self) -> BTreeMap<String, [String; 2]> {
        let paths = self.0.keys().chain(other.0.keys());
        let pairs = paths.map(|path| (path.clone(), [self.says(path), other.says(path)]));
        pairs.filter(|(_, [ours, theirs])| ours != theirs).collect()
    }

    fn says(&self, path: &str) -> String {
        self.0.get(path).cloned().unwrap_or_default()
    }
}

impl Sink for Tree {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let Entry { mode, uid, gid, .. } = entry;
        let said = match &entry.kind {
            Kind::Directory => format!("dir {mode:04o} {uid}:{gid}"),
            Kind::Symlink(target) => {
                format!("link {uid}:{gid} -> {}", String::from_utf8_lossy(target))
            }
            Kind::File { size } => {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                let hash = Digest::of(&bytes).to_string();
                format!("file {mode:04o} {uid}:{gid} {size} {}", &hash[..16])
            }
            Kind::Hardlink(first) => self.says(&first.to_string()),
            other => format!("{other:?} {mode:04o} {uid}:{gid}"),
        };
        if entry.path != RootPath::default() {
            self.0.insert(entry.path.to_string(), said);
        }
        Ok(())
    }
}
