//! All entries of an image, found by path.

use super::{elf::Facts, model::FileKind, weigh::Span};
use boot_kit::{Digest, Error, ErrorKind, Result, RootPath};
use boot_stage::tree;
use std::collections::HashMap;

/// How many names of one file are followed to its first.
const MAX_LINKS: usize = 40;
/// How long the paths of directories that no entry describes may be together, in bytes.
const MAX_IMPLIED: usize = 64 << 20;

/// One entry, with what was seen of its content as it passed.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub path: RootPath,
    pub kind: FileKind,
    /// Length of its content.
    pub size: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    /// Where a link leads.
    pub target: Vec<u8>,
    /// The attribute `security.capability`.
    pub capability: Option<Vec<u8>>,
    /// SHA-256 of a file's content.
    pub digest: Option<Digest>,
    /// Length of its header in a tar.
    pub header_bytes: u64,
    /// Where it was in the stream that was weighed.
    pub span: Span,
    /// Its part of the compressed stream.
    pub zstd_bytes: u64,
    /// What an ELF file says.
    pub elf: Option<Box<Facts>>,
    /// What a script names as its interpreter, the line after `#!`.
    pub script: Option<Box<str>>,
    /// Whether the content begins like a private key.
    pub is_key: bool,
}

impl Record {
    /// A directory that no entry describes.
    pub fn implied(path: RootPath) -> Self {
        let nowhere = Span {
            start: 0,
            content: 0,
            length: 0,
            end: 0,
            is_dense: false,
        };
        Self {
            path,
            kind: FileKind::Directory,
            size: 0,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: 0,
            target: Vec::new(),
            capability: None,
            digest: None,
            header_bytes: 0,
            span: nowhere,
            zstd_bytes: 0,
            elf: None,
            script: None,
            is_key: false,
        }
    }

    /// Its path with a leading slash, as patterns see it.
    pub fn absolute(&self) -> Vec<u8> {
        [b"/", self.path.bytes()].concat()
    }
}

/// All entries but the root, sorted by path, each once.
pub(super) struct Table {
    pub records: Vec<Record>,
    by_path: HashMap<RootPath, usize>,
}

impl Table {
    /// Sorts entries that came in any order; of several with one path the last counts, and directories that are missing
    /// are added. Returns the number of entries that did not count, too.
    ///
    /// Errors with [`ErrorKind::Parse`] if more directories are missing than any image lacks.
    pub fn new(mut records: Vec<Record>) -> Result<(Self, usize)> {
        let came = records.len();
        let mut last: HashMap<RootPath, usize> = HashMap::with_capacity(came);
        for (number, record) in records.iter().enumerate() {
            last.insert(record.path.clone(), number);
        }
        let mut number = 0;
        records.retain(|record| {
            number += 1;
            last.get(&record.path) == Some(&(number - 1))
        });
        let hidden = came - records.len();
        let (mut implied, mut implied_bytes) = (Vec::<RootPath>::new(), 0);
        for record in &records {
            for above in record.path.ancestors() {
                if last.contains_key(&above) {
                    break;
                }
                implied_bytes += above.bytes().len();
                if implied_bytes > MAX_IMPLIED {
                    let message = "it has too many directories that no entry describes";
                    return Err(Error::new(ErrorKind::Parse, message));
                }
                last.insert(above.clone(), 0);
                implied.push(above);
            }
        }
        records.extend(implied.into_iter().map(Record::implied));
        records.sort_by(|a, b| a.path.cmp(&b.path));
        let by_path = records
            .iter()
            .enumerate()
            .map(|(number, record)| (record.path.clone(), number))
            .collect();
        Ok((Self { records, by_path }, hidden))
    }

    /// Finds the entry of exactly this path.
    pub fn get(&self, path: &RootPath) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Finds what a path names, through links in its directories but not through itself.
    pub fn find(&self, path: &RootPath) -> Option<usize> {
        if let Some(found) = self.get(path) {
            return Some(found);
        }
        let (parent, name) = path.split()?;
        self.get(&self.resolve(&parent)?.join(name))
    }

    /// Finds the file or directory a path leads to, through all links, never out of this root.
    pub fn resolve(&self, path: &RootPath) -> Option<RootPath> {
        let link = |path: &RootPath| {
            let record = &self.records[self.get(path).ok_or(())?];
            Ok((record.kind == FileKind::Symlink).then_some(&record.target[..]))
        };
        tree::resolve(path, link, || ()).ok()
    }

    /// Finds the regular file a path leads to, through all links and other names.
    pub fn file(&self, path: &RootPath) -> Option<usize> {
        let found = self.first(self.get(&self.resolve(path)?)?);
        (self.records[found].kind == FileKind::File).then_some(found)
    }

    /// The entry that has the content of a further name of a file, or the entry itself.
    pub fn first(&self, number: usize) -> usize {
        let mut number = number;
        for _ in 0..MAX_LINKS {
            let record = &self.records[number];
            if record.kind != FileKind::Hardlink {
                break;
            }
            let target = RootPath::parse(&record.target).ok();
            match target.and_then(|target| self.get(&target)) {
                Some(next) if next != number => number = next,
                _ => break,
            }
        }
        number
    }

    /// Goes through the entries below a directory.
    pub fn below(&self, directory: &RootPath) -> impl Iterator<Item = usize> + '_ {
        let prefix = directory.join(b"").bytes().to_vec();
        let start = self
            .records
            .partition_point(|record| record.path.bytes() < &prefix[..]);
        (start..self.records.len())
            .take_while(move |number| self.records[*number].path.bytes().starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_nothing_describes_are_bounded() {
        let deep = |number: usize| {
            let path = format!("{number}/{}x", "a/".repeat(2000));
            Record::implied(RootPath::parse(path).expect("a path"))
        };
        let records = |count| (0..count).map(deep).collect::<Vec<_>>();
        let (table, hidden) = Table::new(records(1)).expect("one is little");
        assert_eq!((table.records.len(), hidden), (2002, 0));
        let error = Table::new(records(40)).err().expect("each takes 4 MB");
        assert_eq!(error.kind(), ErrorKind::Parse);
    }
}
