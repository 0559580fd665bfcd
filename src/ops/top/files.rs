//! A team's own files: as they are on the host, and on their way into a root.

use crate::{export::oci::whiteout, recipe::top::Addition};
use boot_kit::{
    Digest, Entry, Error, ErrorKind, Kind, Place, Result, Root, RootPath, Sink, digest::Hashing,
    parcel::Packing,
};
use fs_err::File;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::FileType,
    io::{self, Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

/// Everything that is added, in the order in which it lands: the last of several that come to one path counts.
#[derive(Debug, Default)]
pub(in crate::ops) struct Files(Vec<Added>);

/// One file.
#[derive(Debug)]
struct Added {
    source: PathBuf,
    path: RootPath,
    what: What,
}

/// What of the host's file counts: nothing that differs between two checkouts of the same files.
#[derive(Debug)]
enum What {
    File {
        size: u64,
        content: Digest,
        is_program: bool,
    },
    Symlink(Vec<u8>),
    Directory,
}

impl Files {
    /// Finds and hashes everything.
    ///
    /// Errors with [`ErrorKind::Usage`] if something cannot be read or be in an image.
    pub fn read(add: &[Addition]) -> Result<Self> {
        let mut files = Self::default();
        for addition in add {
            files
                .collect(&addition.source, &addition.target)
                .map_err(|error| {
                    let message = format!("cannot add `{}`", addition.source.display());
                    Error::new(ErrorKind::Usage, message).caused_by(error)
                })?;
        }
        files.check()?;
        Ok(files)
    }

    /// The size of all together.
    pub fn bytes(&self) -> u64 {
        let size = |added: &Added| match added.what {
            What::File { size, .. } => size,
            _ => 0,
        };
        self.0.iter().map(size).sum()
    }

    /// Everything that an image shows of them.
    pub fn facts(&self) -> Vec<Value> {
        let fact = |added: &Added| {
            let path = added.path.bytes().escape_ascii().to_string();
            let mode = added.what.mode();
            match &added.what {
                What::File { content, .. } => json!([path, "file", mode, content.to_string()]),
                What::Symlink(target) => json!([path, "link", target.escape_ascii().to_string()]),
                What::Directory => json!([path, "directory", mode]),
            }
        };
        self.0.iter().map(fact).collect()
    }

    /// Copies them into `root` by way of the parcel `parcel`, which is not there yet.
    ///
    /// Errors with [`ErrorKind::Usage`] where a file comes to the path of a directory or the reverse, or if the host's
    /// files are no more what they were.
    pub fn land(&self, root: &Root, parcel: &Path, epoch: i64) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut packing = Packing::new(parcel, &|_, _| true)?;
        for added in &self.0 {
            added.send(&mut packing, epoch)?;
        }
        // Only hard links can be without their target.
        let packed = packing.finish()?;
        let Ok(packed) = packed else { return Ok(()) };
        root.land(packed, &mut |entry| {
            check_place(root, entry)?;
            Ok(Place::Own)
        })
    }

    /// Sends them to `sink`, in the order in which they land.
    ///
    /// Errors with [`ErrorKind::Usage`] if the host's files are no more what they were.
    pub fn send(&self, sink: &mut dyn Sink, epoch: i64) -> Result<()> {
        self.0.iter().try_for_each(|added| added.send(sink, epoch))
    }

    /// The regular files: path in the image, path on the host, whether they may be run.
    pub fn regular(&self) -> impl Iterator<Item = (&RootPath, &Path, bool)> {
        self.0.iter().filter_map(|added| match added.what {
            What::File { is_program, .. } => Some((&added.path, &*added.source, is_program)),
            _ => None,
        })
    }

    fn collect(&mut self, source: &Path, path: &RootPath) -> Result<()> {
        whiteout::refuse(path)?;
        let metadata = match fs_err::symlink_metadata(source) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let missing = Error::new(ErrorKind::Usage, "there is no such file");
                return Err(missing.with_hint("name a file, link or directory of this machine"));
            }
            other => other?,
        };
        let kind = metadata.file_type();
        let what = if kind.is_dir() {
            What::Directory
        } else if kind.is_symlink() {
            let target = fs_err::read_link(source)?;
            What::Symlink(target.into_os_string().into_vec())
        } else if kind.is_file() {
            let (content, size) = Digest::of_reader(&mut File::open(source)?)?;
            What::File {
                size,
                content,
                is_program: metadata.mode() & 0o100 != 0,
            }
        } else {
            return Err(of_no_kind(source, kind));
        };
        if path.is_root() && !kind.is_dir() {
            let message = "only a directory can be the root of an image";
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("end the path with `/` to put it into a directory"));
        }
        self.0.push(Added {
            source: source.to_owned(),
            path: path.clone(),
            what,
        });
        if !kind.is_dir() {
            return Ok(());
        }
        let mut names = Vec::new();
        for entry in fs_err::read_dir(source)? {
            names.push(entry?.file_name());
        }
        names.sort();
        for name in names {
            self.collect(&source.join(&name), &path.join(name.as_bytes()))?;
        }
        Ok(())
    }

    /// Finds clashes that do not depend on what is in the image.
    fn check(&self) -> Result<()> {
        let mut known: BTreeMap<RootPath, Sort> = BTreeMap::new();
        for added in &self.0 {
            let sort = added.what.sort();
            let above = added.path.ancestors().map(|path| (path, Sort::Directory));
            for (path, sort) in above.chain([(added.path.clone(), sort)]) {
                match (known.get(&path), sort) {
                    (Some(Sort::File), Sort::Directory) => {
                        return Err(clash(&path, "file", "a directory"));
                    }
                    (Some(Sort::Directory), Sort::File | Sort::Symlink) => {
                        return Err(clash(&path, "directory", "a file"));
                    }
                    // Whatever the link leads to in the image is what counts.
                    (Some(Sort::Symlink), Sort::Directory) => {}
                    _ => {
                        known.insert(path, sort);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What can take whose place.
#[derive(Clone, Copy)]
enum Sort {
    File,
    Symlink,
    Directory,
}

impl What {
    fn sort(&self) -> Sort {
        match self {
            Self::File { .. } => Sort::File,
            Self::Symlink(_) => Sort::Symlink,
            Self::Directory => Sort::Directory,
        }
    }

    fn mode(&self) -> u32 {
        match self {
            Self::File {
                is_program: false, ..
            } => 0o644,
            Self::File { .. } | Self::Directory => 0o755,
            Self::Symlink(_) => 0o777,
        }
    }
}

impl Added {
    fn send(&self, sink: &mut dyn Sink, epoch: i64) -> Result<()> {
        let kind = match &self.what {
            What::File { size, .. } => Kind::File { size: *size },
            What::Symlink(target) => Kind::Symlink(target.clone()),
            What::Directory => Kind::Directory,
        };
        let entry = Entry {
            path: self.path.clone(),
            kind,
            mode: self.what.mode(),
            uid: 0,
            gid: 0,
            mtime: epoch,
            xattrs: BTreeMap::new(),
        };
        let What::File { size, content, .. } = &self.what else {
            return sink.entry(&entry, &mut io::empty());
        };
        let mut hashed = Hashed {
            // Shorter now: nothing follows, and the digest tells.
            file: File::open(&self.source)?.chain(io::repeat(0).take(*size)),
            hashing: Hashing::new(io::sink()),
        };
        sink.entry(&entry, &mut hashed)?;
        if hashed.hashing.finish().0 == *content {
            return Ok(());
        }
        let message = format!("`{}` has changed since it was read", self.source.display());
        Err(Error::new(ErrorKind::Usage, message)
            .with_hint("build again when nothing writes to it any more"))
    }
}

/// A file that is hashed while it is read.
struct Hashed<R> {
    file: R,
    hashing: Hashing<io::Sink>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hashing.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// Refuses what would take the place of something else than a file of its own sort.
fn check_place(root: &Root, entry: &Entry) -> Result<()> {
    for above in entry.path.ancestors() {
        if root.is_directory(&above)? {
            break;
        }
        if root.entry(&above)?.is_some() {
            return Err(clash(&above, "file", "a directory"));
        }
    }
    let is_directory = root.is_directory(&entry.path)?;
    let there = root.entry(&entry.path)?.map(|there| there.kind);
    match (&entry.kind, there) {
        (Kind::Directory, Some(_)) if !is_directory => {
            Err(clash(&entry.path, "file", "a directory"))
        }
        // A link takes the place of a link, wherever that leads.
        (Kind::Symlink(_), Some(Kind::Symlink(_))) | (Kind::Directory, _) => Ok(()),
        _ if is_directory => Err(clash(&entry.path, "directory", "a file")
            .with_hint("end the path with `/` to put it into that directory")),
        _ => Ok(()),
    }
}

fn clash(path: &RootPath, is: &str, comes: &str) -> Error {
    let message = format!("`/{path}` is a {is} in the image, where {comes} is to be added");
    Error::new(ErrorKind::Usage, message)
}

fn of_no_kind(source: &Path, kind: FileType) -> Error {
    use std::os::unix::fs::FileTypeExt;
    let name = if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a named pipe"
    } else {
        "a device"
    };
    let message = format!("`{}` is {name}", source.display());
    Error::new(ErrorKind::Usage, message).with_hint("add files, links and directories only")
}
