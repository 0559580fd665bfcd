//! One pass over a tree: every entry is weighed, hashed and looked into as it comes.

#[cfg(test)]
mod tests;

use super::{
    elf,
    finish::{Seen, finish},
    model::{FileKind, Footprint, Image},
    rules::{Rules, any},
    table::Record,
    weigh::{Scales, Span},
};
use crate::export::header;
use boot_kit::{
    Context, Entry, Error, ErrorKind, Inventory, Kind, Result, RootPath, Sink, digest::Hashing,
    inventory::Package,
};
use std::io::{self, Read, Write};

/// How much of the beginning of a file is looked at.
const HEAD: usize = 4096;
/// The largest ELF file that is looked into, in bytes: all of it is in memory meanwhile.
const MAX_ELF: u64 = 64 << 20;
/// The largest file of a database that is kept, in bytes.
const MAX_CONTENT: u64 = 32 << 20;
/// How much is kept of all of them; of licence texts at most half, since they come before databases.
const MAX_CONTENTS: u64 = 96 << 20;
/// The longest path, in bytes: what the kernel takes.
const MAX_PATH: usize = 4096;

/// Files that say what an image is, who may log in and where libraries are.
const KNOWN: [&str; 5] = [
    "etc/passwd",
    "etc/shadow",
    "etc/os-release",
    "usr/lib/os-release",
    "etc/ld.so.conf",
];
const KNOWN_BELOW: &str = "etc/ld.so.conf.d/";

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that compress, at least one.
    pub jobs: usize,
    /// Whether the size as gzip is wanted, which takes several times as long as all the rest.
    pub gzip: bool,
    /// Programs whose closure is wanted: paths, or names in the usual directories.
    pub closures: Vec<String>,
    /// Packages that a list beside the image names, and whose list that is; for images without a database of their own.
    pub listed: Option<(&'static str, Vec<Package>)>,
}

/// Measures the tree that is sent to it.
///
/// Entries may come in any order. An entry of a path that came before replaces it, as when an archive is unpacked.
pub struct Measure {
    seen: Seen,
    scales: Scales,
    inventories: Vec<Box<dyn Inventory>>,
    rules: Rules,
    options: Options,
    header: Vec<u8>,
    /// Whether the root's own header has been weighed.
    has_top: bool,
    /// The beginning of the file that is passing, or all of it. Never gets smaller: at most [`MAX_ELF`].
    kept: Vec<u8>,
    /// How much may be kept of all files.
    most: u64,
    contents_bytes: u64,
    licence_bytes: u64,
    /// Files that were to be kept and were not: the first, and how many.
    skipped: Option<(RootPath, u64)>,
}

impl Measure {
    /// Begins; threads are started.
    pub fn new(inventories: Vec<Box<dyn Inventory>>, options: Options) -> Result<Self> {
        Ok(Self {
            seen: Seen::default(),
            scales: Scales::new(options.jobs, options.gzip),
            inventories,
            rules: Rules::builtin()?,
            options,
            header: Vec::new(),
            has_top: false,
            kept: Vec::new(),
            most: MAX_CONTENTS,
            contents_bytes: 0,
            licence_bytes: 0,
            skipped: None,
        })
    }

    /// Ends, and says what was found.
    pub fn finish(mut self, image: Image) -> Result<Footprint> {
        self.weigh_top(None)?;
        self.scales.push(&[0; 2 * header::BLOCK])?;
        let end = self.scales.written();
        if let Some(last) = self.seen.records.last_mut() {
            last.span.end = end;
        }
        let skipped = self.skipped.take().map(|(path, count)| match count {
            1 => format!("`{path}` is too large to be read"),
            count => format!(
                "`{path}` and {} more are not read: they and what was read before are too large together",
                count - 1
            ),
        });
        self.seen.notes.extend(skipped);
        let weights = self.scales.finish()?;
        finish(
            image,
            self.seen,
            &weights,
            &self.inventories,
            &self.rules,
            self.options,
        )
    }

    /// Weighs the header of the root before all others: that of its entry, or the usual one.
    fn weigh_top(&mut self, own: Option<&Entry>) -> Result<()> {
        if std::mem::replace(&mut self.has_top, true) {
            return Ok(());
        }
        let usual = Entry::root(0);
        self.push_header(own.unwrap_or(&usual))
    }

    fn push_header(&mut self, entry: &Entry) -> Result<()> {
        self.header.clear();
        // The time is the file's own: how the image will be dated is not known here.
        header::append(
            &mut self.header,
            entry,
            &header::attributes(entry),
            entry.mtime,
        )?;
        self.scales.push(&self.header)
    }

    fn take(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        if entry.path.is_root() {
            return self.weigh_top(Some(entry));
        }
        self.weigh_top(None)?;
        if entry.path.bytes().len() > MAX_PATH {
            let message = format!("its path has more than {MAX_PATH} bytes");
            return Err(Error::new(ErrorKind::Parse, message));
        }
        // The first entry has the root's header, so that all parts make up the whole.
        let start = match self.seen.records.last() {
            Some(last) => last.span.end,
            None => 0,
        };
        self.push_header(entry)?;
        let content_start = self.scales.written();
        let mut record = record(entry);
        record.header_bytes = self.header.len() as u64;
        if let Kind::File { size } = entry.kind {
            let digest = self.content(entry, size, content)?;
            record.digest = Some(digest);
            self.look(&mut record);
        }
        record.span = Span {
            start,
            content: content_start,
            length: record.size,
            end: self.scales.written(),
            is_dense: record.size > 0 && is_compressed(&self.kept),
        };
        self.seen.records.push(record);
        Ok(())
    }

    /// Passes the content on, and keeps what is to be looked into.
    fn content(
        &mut self,
        entry: &Entry,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<boot_kit::Digest> {
        let is_wanted = self.wants(&entry.path, size);
        let mut hashing = Hashing::new(io::sink());
        let mut left = size;
        self.kept.clear();
        while left > 0 {
            let room = self.scales.room()?;
            let most = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match content.read(&mut room[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if count == 0 {
                let message = "it has become shorter while it was read";
                return Err(Error::new(ErrorKind::Io, message));
            }
            self.scales.fill(count);
            let passed = self.scales.last(count);
            hashing.write_all(passed)?;
            let begin = if self.kept.is_empty() {
                passed
            } else {
                &self.kept[..]
            };
            let is_elf = begin.len() < 4 || elf::is_elf(begin);
            let keep = if is_wanted || is_elf && size <= MAX_ELF {
                // At most the file's length, which is bounded.
                self.kept
                    .reserve_exact(usize::try_from(left).unwrap_or(count));
                count
            } else {
                count.min(HEAD.saturating_sub(self.kept.len()))
            };
            self.kept.extend_from_slice(&passed[..keep]);
            left -= count as u64;
        }
        let over = usize::try_from(size % header::BLOCK as u64).unwrap_or(0);
        if over > 0 {
            self.scales.push(&[0; header::BLOCK][over..])?;
        }
        Ok(hashing.finish().0)
    }

    /// Looks into what was kept of a file.
    fn look(&mut self, record: &mut Record) {
        let path = &record.path;
        if elf::is_elf(&self.kept) {
            if record.size > MAX_ELF {
                self.seen.notes.push(format!(
                    "`{path}` is larger than what is looked into: what it needs is not known"
                ));
            }
            record.elf = elf::read(&self.kept).map(Box::new);
            if let Some(facts) = &record.elf {
                let version = super::libc::version(&self.kept, facts);
                self.seen
                    .libc_versions
                    .extend(version.map(|version| (path.clone(), version)));
            }
        }
        record.script = script(&self.kept);
        record.is_key = is_private_key(&self.kept);
        if self.wants(path, record.size) {
            self.contents_bytes += record.size;
            if is_licence(path) {
                self.licence_bytes += record.size;
            }
            self.seen.contents.insert(path.clone(), self.kept.clone());
        } else if self.is_wanted(path) {
            let skipped = self.skipped.get_or_insert_with(|| (path.clone(), 0));
            skipped.1 += 1;
        }
    }

    fn wants(&self, path: &RootPath, size: u64) -> bool {
        let is_room = size <= MAX_CONTENT
            && self.contents_bytes + size <= self.most
            && (!is_licence(path) || self.licence_bytes + size <= self.most / 2);
        is_room && self.is_wanted(path)
    }

    fn is_wanted(&self, path: &RootPath) -> bool {
        let bytes = path.bytes();
        KNOWN.iter().any(|known| known.as_bytes() == bytes)
            || bytes.starts_with(KNOWN_BELOW.as_bytes())
            || self.inventories.iter().any(|it| it.wants(path))
            || {
                let absolute = [b"/", bytes].concat();
                let mut secrets = self.rules.secrets.iter();
                secrets.any(|it| !it.except.is_empty() && any(&it.paths, &absolute))
            }
    }
}

impl Sink for Measure {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.take(entry, content)
            .context(|| format!("cannot measure `{}`", entry.path))
    }
}

/// Tells whether a file is where packages have their licences.
fn is_licence(path: &RootPath) -> bool {
    let bytes = path.bytes();
    bytes.starts_with(b"usr/share/doc/") && bytes.ends_with(b"/copyright")
}

/// Describes an entry before its content has come.
fn record(entry: &Entry) -> Record {
    let (kind, size, target) = match &entry.kind {
        Kind::File { size } => (FileKind::File, *size, Vec::new()),
        Kind::Directory => (FileKind::Directory, 0, Vec::new()),
        Kind::Symlink(target) => (FileKind::Symlink, 0, target.clone()),
        Kind::Hardlink(first) => (FileKind::Hardlink, 0, first.bytes().to_vec()),
        Kind::Character { .. } | Kind::Block { .. } => (FileKind::Device, 0, Vec::new()),
        Kind::Fifo => (FileKind::Fifo, 0, Vec::new()),
    };
    let capability = entry.xattrs.get(&b"security.capability"[..]);
    Record {
        kind,
        size,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        mtime: entry.mtime,
        target,
        capability: capability.cloned(),
        ..Record::implied(entry.path.clone())
    }
}

/// Tells whether a file begins like one of the usual compressed formats.
fn is_compressed(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 9] = [
        b"\x1f\x8b",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"BZh",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"PK\x03\x04",
        b"wOF2",
        b"7z\xbc\xaf\x27\x1c",
    ];
    MAGIC.iter().any(|magic| head.starts_with(magic))
}

/// What a script names as its interpreter.
fn script(head: &[u8]) -> Option<Box<str>> {
    let rest = head.strip_prefix(b"#!")?;
    let line = rest.split(|byte| *byte == b'\n').next()?;
    let line = &line[..line.len().min(256)];
    Some(String::from_utf8_lossy(line).trim().into())
}

/// Tells whether a text has a private key near its beginning: PEM (RFC 7468), OpenSSH, `PuTTY`.
fn is_private_key(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    if memchr::memchr(0, head).is_some() {
        return false;
    }
    head.split(|byte| *byte == b'\n').any(|line| {
        let pem = line.strip_prefix(b"-----BEGIN ");
        let label = pem.and_then(|rest| rest.trim_ascii_end().strip_suffix(b"-----"));
        label.is_some_and(|label| {
            label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")
        }) || line.starts_with(b"PuTTY-User-Key-File-")
    })
}
