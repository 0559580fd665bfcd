//! The staging tree; the only state between unpack and export.

mod land;
#[cfg(test)]
mod tests;
mod walk;

pub use walk::Stamp;

use crate::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath};
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// A directory that is to become an image.
///
/// Every path is resolved by `openat2(2)` inside the directory, as if it were `/`: no link, whatever it says, leads out.
/// Needs Linux 5.6.
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens an existing directory.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty()).map_err(io::Error::from);
        Ok(Self {
            fd: fd.context(|| format!("cannot open `{}`", path.display()))?,
            path: path.to_owned(),
        })
    }

    /// Where it is on the host.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Describes what is at `path` itself, not following a last symbolic link; `None` if there is nothing.
    pub fn entry(&self, path: &RootPath) -> Result<Option<Entry>> {
        let Some(fd) = absent(self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW))
            .context(|| looking(path))?
        else {
            return Ok(None);
        };
        let stat = fs::fstat(&fd)
            .map_err(io::Error::from)
            .context(|| looking(path))?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => Kind::Symlink(read_link(&fd).context(|| looking(path))?),
            other => match plain_kind(other, &stat) {
                Some(kind) => kind,
                None => return Ok(None),
            },
        };
        Ok(Some(describe(path.clone(), kind, &stat, BTreeMap::new())))
    }

    /// Tells whether a directory is at `path`, following links inside the root.
    pub fn is_directory(&self, path: &RootPath) -> Result<bool> {
        let directory = absent(self.resolve(path, OFlags::PATH | OFlags::DIRECTORY));
        Ok(directory.context(|| looking(path))?.is_some())
    }

    /// Opens a regular file for reading, following links inside the root.
    pub fn open_file(&self, path: &RootPath) -> Result<File> {
        self.regular_file(path)
            .context(|| format!("cannot open `{path}` in the root"))
    }

    /// Reads a regular file, following links inside the root; `None` if there is none.
    pub fn read(&self, path: &RootPath) -> Result<Option<Vec<u8>>> {
        let reading = || format!("cannot read `{path}` in the root");
        let mut file = match self.regular_file(path) {
            Err(error) if is_absent(&error) => return Ok(None),
            other => other.context(reading)?,
        };
        let mut content = Vec::new();
        file.read_to_end(&mut content).context(reading)?;
        Ok(Some(content))
    }

    /// Lists the names in a directory, sorted; nothing there is an empty list.
    pub fn list(&self, path: &RootPath) -> Result<Vec<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let Some(fd) = absent(self.resolve(path, flags)).context(|| looking(path))? else {
            return Ok(Vec::new());
        };
        let mut names = walk::names(&fd).context(|| looking(path))?;
        names.sort();
        Ok(names)
    }

    /// Writes a regular file whole, by rename, making missing parents (0755); owner root, given mode.
    pub fn write(&self, path: &RootPath, content: &[u8], mode: u32) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        let temporary = [&name[..], b".boot-new"].concat();
        let flags = OFlags::CREATE
            | OFlags::TRUNC
            | OFlags::WRONLY
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        let write = || -> io::Result<()> {
            let fd = fs::openat(&parent, &temporary, flags, Mode::from_raw_mode(0o600))?;
            fs::fchmod(&fd, Mode::from_raw_mode(mode))?;
            File::from(fd).write_all(content)?;
            Ok(fs::renameat(&parent, &temporary, &parent, &name)?)
        };
        write().context(|| format!("cannot write `{path}` in the root"))
    }

    /// Sets owner, then mode, of what is at `path`, following links inside the root.
    pub fn set_owner(&self, path: &RootPath, uid: u32, gid: u32, mode: u32) -> Result<()> {
        let set = || -> io::Result<()> {
            let fd = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
            fs::fchown(
                &fd,
                Some(fs::Uid::from_raw(uid)),
                Some(fs::Gid::from_raw(gid)),
            )?;
            Ok(fs::fchmod(&fd, Mode::from_raw_mode(mode))?)
        };
        set().context(|| format!("cannot set the owner of `{path}` in the root"))
    }

    /// Sets the modification time of what is at `path` itself, seconds since the epoch.
    pub fn set_mtime(&self, path: &RootPath, mtime: i64) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        let time = fs::Timespec {
            tv_sec: mtime,
            tv_nsec: 0,
        };
        let times = fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        fs::utimensat(&parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(io::Error::from)
            .context(|| format!("cannot set the time of `{path}` in the root"))
    }

    /// Makes a directory and its missing parents; an existing directory, or a link to one, stays as it is.
    pub fn create_directory(&self, path: &RootPath, mode: u32) -> Result<()> {
        if path.is_root() {
            return Ok(());
        }
        let (parent, name) = self.parent(path)?;
        let make = || -> io::Result<()> {
            match fs::mkdirat(&parent, &name, Mode::from_raw_mode(0o700)) {
                Ok(()) => {}
                Err(Errno::EXIST) => return self.require_directory(path),
                Err(error) => return Err(error.into()),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = fs::openat(&parent, &name, flags, Mode::empty())?;
            Ok(fs::fchmod(fd, Mode::from_raw_mode(mode))?)
        };
        make().context(|| format!("cannot make directory `{path}` in the root"))
    }

    /// Makes a symbolic link; errors if the path exists.
    pub fn symlink(&self, path: &RootPath, target: &[u8]) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        fs::symlinkat(target, &parent, name)
            .map_err(io::Error::from)
            .context(|| format!("cannot make link `{path}` in the root"))
    }

    /// Gives a file another name, replacing what is there.
    pub fn rename(&self, from: &RootPath, to: &RootPath) -> Result<()> {
        let (old, new) = (self.parent(from)?, self.parent(to)?);
        fs::renameat(&old.0, old.1, &new.0, new.1)
            .map_err(io::Error::from)
            .context(|| format!("cannot rename `{from}` to `{to}` in the root"))
    }

    /// Removes a file, link or device, or an empty directory; nothing there is fine.
    pub fn remove(&self, path: &RootPath) -> Result<()> {
        let Some((parent, name)) = path.split() else {
            return Ok(());
        };
        let remove = || {
            let parent = self.resolve(&parent, OFlags::PATH | OFlags::DIRECTORY)?;
            match fs::unlinkat(&parent, name, AtFlags::empty()) {
                Err(Errno::ISDIR) => fs::unlinkat(&parent, name, AtFlags::REMOVEDIR),
                other => other,
            }
        };
        absent(remove()).context(|| format!("cannot remove `{path}` in the root"))?;
        Ok(())
    }

    /// Opens a file to read, refusing what could block or never end: a package or script may put a pipe or a device
    /// anywhere.
    fn regular_file(&self, path: &RootPath) -> io::Result<File> {
        let fd = self.resolve(path, OFlags::PATH)?;
        if FileType::from_raw_mode(fs::fstat(&fd)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(File::from(self.resolve(path, flags)?))
    }

    /// Opens `path` inside the root with `openat2`, never crossing a mount.
    fn resolve(&self, path: &RootPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let path = if path.is_root() {
            Path::new(".")
        } else {
            path.as_path()
        };
        loop {
            let flags = flags | OFlags::CLOEXEC;
            match fs::openat2(&self.fd, path, flags, Mode::empty(), resolve) {
                // Somebody, anywhere on the machine, renamed or mounted something while a link led through `..`:
                // openat2(2) asks to try again.
                Err(Errno::AGAIN) => {}
                other => return other,
            }
        }
    }

    /// Opens the directory that holds `path`, making it (0755) if it is missing; returns it with the last name.
    fn parent(&self, path: &RootPath) -> Result<(OwnedFd, Vec<u8>)> {
        let Some((parent, name)) = path.split() else {
            return Err(Error::new(
                ErrorKind::Parse,
                "the root itself cannot be replaced",
            ));
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let fd = match self.resolve(&parent, flags) {
            Err(Errno::NOENT) => {
                self.create_directory(&parent, 0o755)?;
                self.resolve(&parent, flags)
            }
            other => other,
        };
        let fd = fd.map_err(io::Error::from);
        Ok((
            fd.context(|| format!("cannot open directory `{parent}` in the root"))?,
            name.to_vec(),
        ))
    }

    fn require_directory(&self, path: &RootPath) -> io::Result<()> {
        self.resolve(path, OFlags::PATH | OFlags::DIRECTORY)?;
        Ok(())
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOENT | Errno::NOTDIR)
    )
}

/// Turns "there is nothing" into `None`.
fn absent<T>(result: rustix::io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn looking(path: &RootPath) -> String {
    format!("cannot look at `{path}` in the root")
}

fn read_link(fd: &OwnedFd) -> io::Result<Vec<u8>> {
    Ok(fs::readlinkat(fd, "", Vec::new())?.into_bytes())
}

/// The kinds that need no more than a stat; `None` for sockets and links.
fn plain_kind(file_type: FileType, stat: &Stat) -> Option<Kind> {
    let (major, minor) = (fs::major(stat.st_rdev), fs::minor(stat.st_rdev));
    Some(match file_type {
        FileType::RegularFile => Kind::File {
            size: u64::try_from(stat.st_size).unwrap_or(0),
        },
        FileType::Directory => Kind::Directory,
        FileType::CharacterDevice => Kind::Character { major, minor },
        FileType::BlockDevice => Kind::Block { major, minor },
        FileType::Fifo => Kind::Fifo,
        _ => return None,
    })
}

fn describe(path: RootPath, kind: Kind, stat: &Stat, xattrs: BTreeMap<Vec<u8>, Vec<u8>>) -> Entry {
    Entry {
        path,
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stat.st_mtime,
        xattrs,
    }
}
