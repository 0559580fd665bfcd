//! One artifact's files before they land in the root.
//!
//! Artifacts arrive and unpack in any order, from many threads; the tree must not depend on it. So each is unpacked into
//! a parcel, a private directory beside the root on the same file system, where files have numbers instead of names.
//! It lands by renaming, in the plan's order, so nothing is written twice and no path of an archive is looked up before
//! the root is in the state the plan says.

use crate::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

/// One artifact's unpacked files, in archive order.
pub struct Parcel {
    path: PathBuf,
    items: Vec<Item>,
}

/// One entry; `stored` says that a file under its number is in the parcel's directory.
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) stored: bool,
}

/// Where an entry of a parcel goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where its path says.
    Own,
    /// Elsewhere.
    At(RootPath),
    /// Nowhere: something else keeps the path.
    Nowhere,
}

impl Parcel {
    /// The entries, in archive order; those the filter dropped are not among them.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.items.iter().map(|item| &item.entry)
    }

    /// Gives entries another owner and group, where `owner` names one; owners start as the archive had them.
    ///
    /// For formats whose archives name owners that only the root can number, once its scripts have made them.
    pub fn change_owners(
        &mut self,
        owner: &mut dyn FnMut(&Entry) -> Option<(u32, u32)>,
    ) -> Result<()> {
        let directory = self.open()?;
        for (number, item) in self.items.iter_mut().enumerate() {
            let Some((uid, gid)) = owner(&item.entry) else {
                continue;
            };
            (item.entry.uid, item.entry.gid) = (uid, gid);
            // Another name of a file is that file: it has its owner already, and another chown would strip it again.
            if item.stored && !matches!(item.entry.kind, Kind::Hardlink(_)) {
                change_owner(&directory, &number.to_string(), &item.entry)
                    .context(|| format!("cannot set the owner of `{}`", item.entry.path))?;
            }
        }
        Ok(())
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) fn open(&self) -> Result<OwnedFd> {
        open_directory(&self.path)
    }

    /// Removes the parcel's directory, empty once everything has landed.
    pub(crate) fn discard(self) -> Result<()> {
        fs_err::remove_dir_all(&self.path)?;
        Ok(())
    }
}

/// Decides which paths are worth writing at all.
pub type Filter<'a> = &'a (dyn Fn(&RootPath, &Kind) -> bool + Sync);

/// A parcel being filled.
pub struct Packing<'a> {
    directory: OwnedFd,
    parcel: Parcel,
    numbers: HashMap<RootPath, usize>,
    keep: Filter<'a>,
    lost_target: bool,
    buffer: Vec<u8>,
}

impl<'a> Packing<'a> {
    /// Makes the empty directory `path` and starts filling it with the entries that `keep` approves of.
    pub fn new(path: &Path, keep: Filter<'a>) -> Result<Self> {
        fs_err::create_dir(path)?;
        Ok(Self {
            directory: open_directory(path)?,
            parcel: Parcel {
                path: path.to_owned(),
                items: Vec::new(),
            },
            numbers: HashMap::new(),
            keep,
            lost_target: false,
            buffer: vec![0; 64 << 10],
        })
    }

    /// Ends filling. `Err` holds the directory, emptied, if a hard link's first name was dropped by the filter:
    /// the artifact must then be unpacked again without one.
    pub fn finish(self) -> Result<std::result::Result<Parcel, PathBuf>> {
        if self.lost_target {
            fs_err::remove_dir_all(&self.parcel.path)?;
            return Ok(Err(self.parcel.path));
        }
        Ok(Ok(self.parcel))
    }

    fn store(&mut self, entry: &Entry, name: &str, content: &mut dyn Read) -> Result<bool> {
        let directory = self.directory.as_fd();
        match &entry.kind {
            Kind::Directory => return Ok(false),
            Kind::File { size } => self.write(entry, name, *size, content)?,
            Kind::Symlink(target) => {
                fs::symlinkat(target.as_slice(), directory, name).map_err(io::Error::from)?;
                let owner = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
                fs::chownat(
                    directory,
                    name,
                    Some(owner.0),
                    Some(owner.1),
                    AtFlags::SYMLINK_NOFOLLOW,
                )
                .map_err(io::Error::from)?;
                fs::utimensat(
                    directory,
                    name,
                    &times(entry.mtime),
                    AtFlags::SYMLINK_NOFOLLOW,
                )
                .map_err(io::Error::from)?;
            }
            Kind::Hardlink(target) => {
                let Some(number) = self.numbers.get(target) else {
                    self.lost_target = true;
                    return Ok(false);
                };
                fs::linkat(
                    directory,
                    number.to_string(),
                    directory,
                    name,
                    AtFlags::empty(),
                )
                .map_err(io::Error::from)?;
            }
            Kind::Character { major, minor } => {
                self.make_node(
                    entry,
                    name,
                    fs::FileType::CharacterDevice,
                    fs::makedev(*major, *minor),
                )?;
            }
            Kind::Block { major, minor } => {
                self.make_node(
                    entry,
                    name,
                    fs::FileType::BlockDevice,
                    fs::makedev(*major, *minor),
                )?;
            }
            Kind::Fifo => self.make_node(entry, name, fs::FileType::Fifo, 0)?,
        }
        Ok(true)
    }

    fn write(
        &mut self,
        entry: &Entry,
        name: &str,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<()> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = fs::openat(&self.directory, name, flags, Mode::from_raw_mode(0o600))
            .map_err(io::Error::from)?;
        let mut file = File::from(fd);
        let mut left = size;
        while left > 0 {
            let room = self
                .buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = content.read(&mut self.buffer[..room])?;
            if count == 0 {
                return Err(Error::new(
                    ErrorKind::Parse,
                    format!("the archive ends {left} bytes short"),
                ));
            }
            file.write_all(&self.buffer[..count])?;
            left -= count as u64;
        }
        // Owner first: chown clears setuid and setgid, and capabilities.
        set_owner_and_mode(&file, entry)?;
        for (key, value) in &entry.xattrs {
            fs::fsetxattr(&file, key.as_slice(), value, XattrFlags::empty())
                .map_err(io::Error::from)?;
        }
        fs::futimens(&file, &times(entry.mtime)).map_err(io::Error::from)?;
        Ok(())
    }

    fn make_node(
        &self,
        entry: &Entry,
        name: &str,
        kind: fs::FileType,
        device: fs::Dev,
    ) -> Result<()> {
        let mode = Mode::from_raw_mode(entry.mode);
        fs::mknodat(&self.directory, name, kind, mode, device).map_err(io::Error::from)?;
        let owner = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
        fs::chownat(
            &self.directory,
            name,
            Some(owner.0),
            Some(owner.1),
            AtFlags::SYMLINK_NOFOLLOW,
        )
        .and_then(|()| fs::chmodat(&self.directory, name, mode, AtFlags::empty()))
        .and_then(|()| {
            fs::utimensat(
                &self.directory,
                name,
                &times(entry.mtime),
                AtFlags::SYMLINK_NOFOLLOW,
            )
        })
        .map_err(io::Error::from)?;
        Ok(())
    }
}

impl Sink for Packing<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        if !matches!(entry.kind, Kind::Directory) && !(self.keep)(&entry.path, &entry.kind) {
            return Ok(());
        }
        let number = self.parcel.items.len();
        let stored = self
            .store(entry, &number.to_string(), content)
            .context(|| format!("cannot unpack `{}`", entry.path))?;
        if stored {
            self.numbers.insert(entry.path.clone(), number);
        }
        self.parcel.items.push(Item {
            entry: entry.clone(),
            stored,
        });
        Ok(())
    }
}

/// Sets owner, then mode, of an open file or directory.
pub(crate) fn set_owner_and_mode(fd: impl AsFd, entry: &Entry) -> Result<()> {
    if (entry.uid, entry.gid) != (0, 0) {
        let owner = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
        fs::fchown(&fd, Some(owner.0), Some(owner.1)).map_err(io::Error::from)?;
    }
    fs::fchmod(&fd, Mode::from_raw_mode(entry.mode)).map_err(io::Error::from)?;
    Ok(())
}

/// Sets the owner of a name in a parcel, and its mode again, of which the system takes away some bits with it.
fn change_owner(directory: &OwnedFd, name: &str, entry: &Entry) -> io::Result<()> {
    let owner = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    fs::chownat(directory, name, Some(owner.0), Some(owner.1), flags)?;
    if !matches!(entry.kind, Kind::Symlink(_)) {
        fs::chmodat(
            directory,
            name,
            Mode::from_raw_mode(entry.mode),
            AtFlags::empty(),
        )?;
    }
    if !entry.xattrs.is_empty() && matches!(entry.kind, Kind::File { .. }) {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(directory, name, flags, Mode::empty())?;
        for (key, value) in &entry.xattrs {
            fs::fsetxattr(&fd, key.as_slice(), value, XattrFlags::empty())?;
        }
    }
    Ok(())
}

fn times(mtime: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: mtime,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let fd = fs::open(path, flags, Mode::empty()).map_err(io::Error::from);
    fd.context(|| format!("cannot open directory `{}`", path.display()))
}
