//! The root as a source of entries.

use super::{Root, describe, plain_kind, read_link};
use crate::{Context, Entry, Kind, Result, RootPath, Sink};
use rustix::{
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
};

/// What the kernel says of the last change of a file: the same stamp, the same file.
///
/// The time of the last change of status (`st_ctime`) cannot be set, and covers content, owner, mode, attributes and links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The inode's number.
    pub inode: u64,
    /// The last change of anything about it: seconds since the Unix epoch, and nanoseconds.
    pub changed: (i64, i64),
    /// The last change of its content, as anybody may set it: seconds since the Unix epoch, and nanoseconds.
    pub modified: (i64, i64),
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Whether it is a file with several names.
    pub is_linked: bool,
    /// Whether it is a socket, which no archive can hold.
    pub is_socket: bool,
}

impl Root {
    /// Sends every entry but the root itself to `sink`, sorted by the bytes of its path.
    ///
    /// A file with several names is a [`Kind::File`] under the first of them, a [`Kind::Hardlink`] to that under the
    /// others. Sockets are left out. Mounts are not entered.
    pub fn walk(&self, sink: &mut dyn Sink) -> Result<()> {
        self.walk_some(&|_| true, sink)
    }

    /// Sends the entries whose paths are `wanted`, as [`walk`](Self::walk) would.
    ///
    /// The first name of a file is then the first that is wanted: want all names of a file, or none.
    pub fn walk_some(&self, wanted: &dyn Fn(&RootPath) -> bool, sink: &mut dyn Sink) -> Result<()> {
        let mut first_names = HashMap::new();
        for (path, stat) in self.find()? {
            if !wanted(&path) {
                continue;
            }
            let read = self.read_entry(&path, &stat, &mut first_names);
            let read = read.context(|| format!("cannot read `{path}` in the root"))?;
            match read {
                Some((entry, Some(file))) => {
                    let Kind::File { size } = entry.kind else {
                        continue;
                    };
                    sink.entry(&entry, &mut file.take(size))?;
                }
                Some((entry, None)) => sink.entry(&entry, &mut io::empty())?,
                None => {}
            }
        }
        Ok(())
    }

    /// Tells when everything in the tree was changed last, sockets included, without opening any file.
    pub fn stamps(&self) -> Result<BTreeMap<RootPath, Stamp>> {
        let stamp = |stat: &Stat| Stamp {
            inode: stat.st_ino,
            changed: (
                stat.st_ctime,
                i64::try_from(stat.st_ctime_nsec).unwrap_or(0),
            ),
            modified: (
                stat.st_mtime,
                i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
            ),
            is_directory: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
            is_linked: stat.st_nlink > 1
                && FileType::from_raw_mode(stat.st_mode) != FileType::Directory,
            is_socket: FileType::from_raw_mode(stat.st_mode) == FileType::Socket,
        };
        let found = self.find()?;
        Ok(found
            .into_iter()
            .map(|(path, stat)| (path, stamp(&stat)))
            .collect())
    }

    /// Lists everything below the root, sorted.
    fn find(&self) -> Result<Vec<(RootPath, Stat)>> {
        let mut found = Vec::new();
        let top =
            fs::openat(&self.fd, ".", directory_flags(), Mode::empty()).map_err(io::Error::from)?;
        let device = fs::fstat(&top).map_err(io::Error::from)?.st_dev;
        collect(&top, &RootPath::default(), device, &mut found)?;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// Describes one entry, and opens it if it has content; `None` for sockets.
    fn read_entry(
        &self,
        path: &RootPath,
        stat: &Stat,
        first_names: &mut HashMap<u64, RootPath>,
    ) -> Result<Option<(Entry, Option<File>)>> {
        let file_type = FileType::from_raw_mode(stat.st_mode);
        if stat.st_nlink > 1 && file_type != FileType::Directory {
            if let Some(first) = first_names.get(&stat.st_ino) {
                let kind = Kind::Hardlink(first.clone());
                return Ok(Some((
                    describe(path.clone(), kind, stat, BTreeMap::new()),
                    None,
                )));
            }
            first_names.insert(stat.st_ino, path.clone());
        }
        let flags = match file_type {
            FileType::RegularFile => OFlags::RDONLY,
            FileType::Directory => directory_flags(),
            _ => OFlags::PATH,
        };
        let resolve = match file_type {
            FileType::Symlink => ResolveFlags::IN_ROOT,
            _ => ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS,
        };
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat2(&self.fd, path.as_path(), flags, Mode::empty(), resolve)
            .map_err(io::Error::from)?;
        let kind = match file_type {
            FileType::Symlink => Kind::Symlink(read_link(&fd)?),
            other => match plain_kind(other, stat) {
                Some(kind) => kind,
                None => return Ok(None),
            },
        };
        let xattrs = match kind {
            Kind::File { .. } | Kind::Directory => read_xattrs(&fd)?,
            _ => BTreeMap::new(),
        };
        let has_content = matches!(kind, Kind::File { .. });
        let entry = describe(path.clone(), kind, stat, xattrs);
        Ok(Some((entry, has_content.then(|| File::from(fd)))))
    }
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn collect(
    directory: &OwnedFd,
    path: &RootPath,
    device: u64,
    found: &mut Vec<(RootPath, Stat)>,
) -> Result<()> {
    for name in names(directory)? {
        let below = path.join(&name);
        let stat = fs::statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from);
        let stat = stat.context(|| format!("cannot look at `{below}` in the root"))?;
        let enter =
            FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stat.st_dev == device;
        found.push((below.clone(), stat));
        if enter {
            let fd = fs::openat(directory, &name, directory_flags(), Mode::empty())
                .map_err(io::Error::from);
            let fd = fd.context(|| format!("cannot open `{below}` in the root"))?;
            collect(&fd, &below, device, found)?;
        }
    }
    Ok(())
}

/// Lists the names in an open directory, in no order.
pub(super) fn names(directory: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}

fn read_xattrs(fd: &OwnedFd) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut list = vec![0; 4096];
    let length = match fs::flistxattr(fd, &mut list[..]) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => 0,
        Err(Errno::RANGE) => {
            list.resize(64 << 10, 0);
            fs::flistxattr(fd, &mut list[..])?
        }
        Err(error) => return Err(error.into()),
    };
    let mut xattrs = BTreeMap::new();
    for name in list[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = vec![0; 64 << 10];
        let length = fs::fgetxattr(fd, name, &mut value[..])?;
        value.truncate(length);
        xattrs.insert(name.to_vec(), value);
    }
    Ok(xattrs)
}
