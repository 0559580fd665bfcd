//! Content named by its digest, and the tree an image layout is.

use super::layer::{LayerSource, Stored, Verified};
use boot_kit::{Context, Digest, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use rustix::process::{getgid, getuid};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
};

/// Content to be written under its digest.
pub(super) struct Blob<'a> {
    pub digest: Digest,
    pub size: u64,
    pub content: Content<'a>,
}

/// Where a blob's bytes come from.
pub(super) enum Content<'a> {
    Bytes(Vec<u8>),
    /// Just made or just proven, at offset 0.
    File(File),
    /// A layer without compression, proven while it is read.
    Layer(&'a LayerSource<'a>),
    /// A layer as it lies in the store.
    Stored(&'a Stored<'a>),
}

impl Blob<'_> {
    /// Makes a blob of `bytes`.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            content: Content::Bytes(bytes),
        }
    }
}

impl Content<'_> {
    fn send(self, entry: &Entry, sink: &mut dyn Sink) -> Result<()> {
        match self {
            Self::Bytes(bytes) => sink.entry(entry, &mut &bytes[..]),
            Self::File(mut file) => sink.entry(entry, &mut file),
            Self::Stored(stored) => sink.entry(entry, &mut (stored.open)()?),
            Self::Layer(layer) => {
                let mut content = Verified::open(layer)?;
                sink.entry(entry, &mut content)?;
                content.finish()
            }
        }
    }
}

/// An image layout: its files by path, which are the digests of the blobs and three names.
#[derive(Default)]
pub(super) struct Layout<'a> {
    files: BTreeMap<RootPath, (u64, Content<'a>)>,
}

impl<'a> Layout<'a> {
    /// Adds a file at the top.
    pub fn add_file(&mut self, name: &'static str, bytes: Vec<u8>) {
        let size = bytes.len() as u64;
        self.files
            .insert(name.into(), (size, Content::Bytes(bytes)));
    }

    /// Adds a blob; one that is there already, such as a second empty layer, is written once.
    pub fn add_blob(&mut self, blob: Blob<'a>) {
        let path = RootPath::from("blobs/sha256").join(blob.digest.to_string().as_bytes());
        self.files.entry(path).or_insert((blob.size, blob.content));
    }

    /// Sends the tree, sorted, with everything dated `epoch`.
    pub fn send(self, sink: &mut dyn Sink, permissions: &Permissions, epoch: i64) -> Result<()> {
        if permissions.with_top {
            let top = permissions.entry(RootPath::default(), Kind::Directory, epoch);
            sink.entry(&top, &mut io::empty())?;
        }
        for directory in ["blobs", "blobs/sha256"] {
            let entry = permissions.entry(directory.into(), Kind::Directory, epoch);
            sink.entry(&entry, &mut io::empty())?;
        }
        for (path, (size, content)) in self.files {
            let entry = permissions.entry(path, Kind::File { size }, epoch);
            content.send(&entry, sink)?;
        }
        Ok(())
    }
}

/// Whose the files are, and who may read them.
pub(super) struct Permissions {
    uid: u32,
    gid: u32,
    umask: u32,
    /// Whether the top directory is an entry as well.
    with_top: bool,
}

impl Permissions {
    /// In an archive: root's and readable, whoever makes it.
    pub const ANYWHERE: Self = Self {
        uid: 0,
        gid: 0,
        umask: 0o022,
        with_top: false,
    };

    /// In a directory: those a file would have that our user made.
    pub fn here() -> Result<Self> {
        Ok(Self {
            uid: getuid().as_raw(),
            gid: getgid().as_raw(),
            umask: umask()?,
            with_top: true,
        })
    }

    fn entry(&self, path: RootPath, kind: Kind, epoch: i64) -> Entry {
        let mode = if kind == Kind::Directory {
            0o777
        } else {
            0o666
        };
        Entry {
            path,
            kind,
            mode: mode & !self.umask,
            uid: self.uid,
            gid: self.gid,
            mtime: epoch,
            xattrs: BTreeMap::new(),
        }
    }
}

/// Reads the umask; the system call can only be asked by setting another, which other threads would notice.
fn umask() -> Result<u32> {
    let mut status = String::new();
    File::open("/proc/self/status")
        .and_then(|mut file| file.read_to_string(&mut status))
        .context(|| "cannot read `/proc/self/status`")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok())
        .ok_or_else(|| Error::new(ErrorKind::Io, "`/proc/self/status` has no umask"))
}
