//! The tree itself as an output.

mod place;
mod remove;
#[cfg(test)]
mod tests;

pub(super) use place::PendingDirectory;

use super::{header, xattr};
use boot_kit::{Context, Entry, Error, ErrorKind, Event, Kind, Report, Result, RootPath, Sink};
use rustix::{
    fs::{
        self, AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid,
        XattrFlags,
    },
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

/// Writes entries as files below a directory.
///
/// Times, owners, modes and attributes are those the same entries have in a tar. Every path is resolved without
/// following links, so nothing is written elsewhere. Entries must come with directories before what is in them.
pub struct DirectoryWriter<'a> {
    top: OwnedFd,
    epoch: i64,
    /// Who hears of devices that cannot be made; `None`: that is an error.
    report: Option<&'a dyn Report>,
    buffer: Vec<u8>,
    /// The directory of the last entry: neighbours come together.
    parent: Option<(RootPath, OwnedFd)>,
    /// Finished last, because what comes into a directory changes its time and needs its permissions.
    directories: Vec<Entry>,
    entries: u64,
    bytes: u64,
}

impl<'a> DirectoryWriter<'a> {
    /// Starts writing into the directory `top`; no time will be after `epoch`, seconds since the Unix epoch.
    ///
    /// Devices that only real root can make are left out, and `report` hears of it.
    pub fn new(top: &Path, epoch: i64, report: &'a dyn Report) -> Result<Self> {
        let writer = Self::exact(top, epoch)?;
        Ok(Self {
            report: Some(report),
            ..writer
        })
    }

    /// The same, but a device that cannot be made is an error: what is to come on top must find all.
    pub fn exact(top: &Path, epoch: i64) -> Result<Self> {
        let top = fs::open(top, directory_flags(), Mode::empty()).map_err(io::Error::from)?;
        Ok(Self {
            top,
            epoch,
            report: None,
            buffer: vec![0; 256 << 10],
            parent: None,
            directories: Vec::new(),
            entries: 0,
            bytes: 0,
        })
    }

    /// Counts the entries, and the bytes of their contents.
    pub fn written(&self) -> (u64, u64) {
        (self.entries, self.bytes)
    }

    /// Gives all directories their attributes, the deepest first.
    pub fn finish(self) -> Result<()> {
        for entry in self.directories.iter().rev() {
            let fd = self.open_directory(&entry.path).map_err(io::Error::from);
            fd.map_err(Error::from)
                .and_then(|fd| describe(fd.as_fd(), entry, self.epoch))
                .context(|| format!("cannot finish directory `{}`", entry.path))?;
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let Some((parent, name)) = entry.path.split() else {
            self.directories.push(entry.clone());
            return Ok(());
        };
        if self.parent.as_ref().is_none_or(|(last, _)| *last != parent) {
            let fd = self.open_directory(&parent).map_err(io::Error::from)?;
            self.parent = Some((parent, fd));
        }
        let Some((_, parent)) = &self.parent else {
            return Ok(());
        };
        match &entry.kind {
            Kind::Directory => {
                fs::mkdirat(parent, name, Mode::from_raw_mode(0o700)).map_err(io::Error::from)?;
                self.directories.push(entry.clone());
                return Ok(());
            }
            Kind::File { size } => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                let fd = fs::openat(parent, name, flags, Mode::from_raw_mode(0o600));
                let mut file = File::from(fd.map_err(io::Error::from)?);
                copy(&mut file, &entry.path, *size, content, &mut self.buffer)?;
                self.bytes += size;
                return describe(file.as_fd(), entry, self.epoch);
            }
            Kind::Hardlink(first) => {
                let Some((above, first)) = first.split() else {
                    return Ok(());
                };
                let above = self.open_directory(&above).map_err(io::Error::from)?;
                let linked = fs::linkat(above, first, parent, name, AtFlags::empty());
                return Ok(linked.map_err(io::Error::from)?);
            }
            Kind::Symlink(target) => {
                fs::symlinkat(target.as_slice(), parent, name).map_err(io::Error::from)?;
            }
            Kind::Character { major, minor } | Kind::Block { major, minor } => {
                let character = matches!(entry.kind, Kind::Character { .. });
                let kind = if character {
                    FileType::CharacterDevice
                } else {
                    FileType::BlockDevice
                };
                let mode = Mode::from_raw_mode(entry.mode);
                match fs::mknodat(parent, name, kind, mode, fs::makedev(*major, *minor)) {
                    Err(Errno::PERM) => return self.leave_out(&entry.path),
                    other => other.map_err(io::Error::from)?,
                }
            }
            Kind::Fifo => {
                let mode = Mode::from_raw_mode(entry.mode);
                fs::mknodat(parent, name, FileType::Fifo, mode, 0).map_err(io::Error::from)?;
            }
        }
        describe_unopened(parent.as_fd(), name, entry, self.epoch)
    }

    /// Goes on without a device, if that is allowed.
    fn leave_out(&self, path: &RootPath) -> Result<()> {
        let Some(report) = self.report else {
            let error = Error::new(ErrorKind::Io, "only real root can make devices");
            return Err(error.with_hint("run the same command as root"));
        };
        let message = format!("device `{path}` is left out: only real root can make devices");
        report.event(Event::Warning { message });
        Ok(())
    }

    fn open_directory(&self, path: &RootPath) -> rustix::io::Result<OwnedFd> {
        let path = if path.is_root() {
            Path::new(".")
        } else {
            path.as_path()
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        fs::openat2(&self.top, path, directory_flags(), Mode::empty(), resolve)
    }
}

impl Sink for DirectoryWriter<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.entries += 1;
        self.write(entry, content)
            .context(|| format!("cannot make `{}`", entry.path))
    }
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn copy(
    file: &mut File,
    path: &RootPath,
    size: u64,
    content: &mut dyn Read,
    buffer: &mut [u8],
) -> Result<()> {
    let mut content = content.take(size);
    let mut left = size;
    while left > 0 {
        let count = content.read(buffer)?;
        if count == 0 {
            let message = format!("`{path}` has become shorter while it was read");
            return Err(Error::new(ErrorKind::Io, message));
        }
        file.write_all(&buffer[..count])?;
        left -= count as u64;
    }
    Ok(())
}

/// Sets owner, mode, attributes and time, in this order: each undoes part of the later ones.
fn describe(fd: BorrowedFd<'_>, entry: &Entry, epoch: i64) -> Result<()> {
    let set = || -> io::Result<()> {
        fs::fchown(
            fd,
            Some(Uid::from_raw(entry.uid)),
            Some(Gid::from_raw(entry.gid)),
        )?;
        fs::fchmod(fd, Mode::from_raw_mode(entry.mode & 0o7777))?;
        Ok(())
    };
    set()?;
    for (name, value) in xattr::allowed(&entry.xattrs) {
        fs::fsetxattr(fd, name.as_slice(), &value, XattrFlags::empty())
            .map_err(|error| refused(&name, error))?;
    }
    fs::futimens(fd, &times(entry, epoch)).map_err(io::Error::from)?;
    Ok(())
}

/// The same for what cannot be opened for writing: links, devices, pipes. They have no attributes we keep.
fn describe_unopened(parent: BorrowedFd<'_>, name: &[u8], entry: &Entry, epoch: i64) -> Result<()> {
    let set = || -> io::Result<()> {
        let owner = (
            Some(Uid::from_raw(entry.uid)),
            Some(Gid::from_raw(entry.gid)),
        );
        fs::chownat(parent, name, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW)?;
        if !matches!(entry.kind, Kind::Symlink(_)) {
            let mode = Mode::from_raw_mode(entry.mode & 0o7777);
            fs::chmodat(parent, name, mode, AtFlags::empty())?;
        }
        Ok(fs::utimensat(
            parent,
            name,
            &times(entry, epoch),
            AtFlags::SYMLINK_NOFOLLOW,
        )?)
    };
    Ok(set()?)
}

fn times(entry: &Entry, epoch: i64) -> Timestamps {
    let seconds = i64::try_from(header::time(entry, epoch)).unwrap_or(0);
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

fn refused(name: &[u8], error: Errno) -> Error {
    let message = format!("attribute `{}` cannot be set", name.escape_ascii());
    let error = Error::new(ErrorKind::Io, message).caused_by(io::Error::from(error));
    error.with_hint(
        "choose a directory on a file system with extended attributes, or a tar, with -o",
    )
}
