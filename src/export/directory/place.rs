//! A directory that appears whole, under its name, or not at all.

use super::remove::remove_tree;
use crate::{export::output, work::Directory};
use boot_kit::{Context, Error, ErrorKind, Result};
use rustix::{
    fs::{self, CWD, RenameFlags},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// What is in the name of a directory that is being replaced, where two cannot be swapped.
const REPLACED: &str = ".boot-replaced-";

/// A directory being filled, in a temporary place on the file system where it will be; removed on drop, or by the next
/// run that goes to the same place if this one is killed.
///
/// The place is beside the final one. Where a directory must stay what it is, because something is mounted on it or
/// somebody stands in it, the place is inside, and the last step is as many renames as the tree has entries at its top.
pub(in crate::export) struct PendingDirectory {
    path: PathBuf,
    building: Directory,
    inside: bool,
    /// Whether there is nothing more to remove.
    is_done: bool,
}

impl PendingDirectory {
    /// Starts a directory that is to be `path`.
    pub(in crate::export) fn create(path: &Path) -> Result<Self> {
        let inside = path.is_dir() && output::must_stay(path)?;
        let holder = if inside { path } else { output::parent(path) };
        let mut prefix = OsString::new();
        if !inside {
            if path.is_dir() {
                // A killed run may have thought otherwise.
                Directory::remove_abandoned(path, output::UNFINISHED.as_ref())?;
            }
            prefix.push(".");
            prefix.push(path.file_name().unwrap_or("root".as_ref()));
        }
        prefix.push(output::UNFINISHED);
        Ok(Self {
            path: path.to_owned(),
            building: Directory::make(holder, &prefix)?,
            inside,
            is_done: false,
        })
    }

    /// Where it is filled.
    pub(in crate::export) fn building(&self) -> &Path {
        self.building.path()
    }

    /// Gives the directory its name; replaces one that is not empty only by `force`, and if `check` still allows it.
    pub(in crate::export) fn commit(
        mut self,
        force: bool,
        check: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        if self.inside {
            return self.move_up();
        }
        match fs::rename(self.building(), &self.path) {
            Ok(()) => {
                // Nothing has the temporary name any more.
                self.is_done = true;
                Ok(())
            }
            Err(Errno::NOTEMPTY | Errno::EXIST) if force => self.replace(check),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {
                let error = Error::new(ErrorKind::Usage, "it has come into being meanwhile");
                Err(error.with_hint("use --force to replace it, or choose another place with -o"))
            }
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// Swaps the directory with what has its name, then removes that.
    fn replace(mut self, check: &dyn Fn() -> Result<()>) -> Result<()> {
        check()?;
        let old = self.building.path().to_owned();
        let swapped = fs::renameat_with(CWD, &old, CWD, &self.path, RenameFlags::EXCHANGE);
        let old = match swapped {
            Ok(()) => old,
            Err(Errno::INVAL | Errno::NOSYS) => swap(&old, &self.path)?,
            Err(error) => return Err(io::Error::from(error).into()),
        };
        self.is_done = true;
        let removed = remove_tree(&old);
        removed.context(|| format!("cannot remove what was there, now `{}`", old.display()))
    }

    /// Moves everything from inside to where it belongs. The directory's own attributes come last.
    fn move_up(mut self) -> Result<()> {
        if !is_only(&self.path, self.building())? {
            let error = Error::new(ErrorKind::Usage, "it has come to hold something meanwhile");
            return Err(error.with_hint("empty it, or choose another place with -o"));
        }
        let attributes = fs_err::metadata(self.building())?;
        for entry in fs_err::read_dir(self.building())? {
            let entry = entry?;
            let target = self.path.join(entry.file_name());
            fs::renameat_with(CWD, entry.path(), CWD, target, RenameFlags::NOREPLACE)
                .map_err(io::Error::from)?;
        }
        fs::rmdir(self.building()).map_err(io::Error::from)?;
        self.is_done = true;
        copy_attributes(&attributes, &self.path)
    }
}

impl Drop for PendingDirectory {
    fn drop(&mut self) {
        if !self.is_done {
            // What stays now is what the next run removes.
            let _ = self.building.remove();
        }
    }
}

/// Swaps two directories on a file system that cannot: for a moment the name is nobody's. Returns where the old one is;
/// on error all is as before.
pub(super) fn swap(new: &Path, path: &Path) -> Result<PathBuf> {
    let aside = aside(new, path);
    fs::rename(path, &aside).map_err(io::Error::from)?;
    if let Err(error) = fs::rename(new, path) {
        let error = Error::from(io::Error::from(error));
        return Err(match fs::rename(&aside, path) {
            Ok(()) => error,
            Err(_) => error.with_hint(format!("what was there is now `{}`", aside.display())),
        });
    }
    // Where the next run removes it if this one is killed.
    let is_back = fs::rename(&aside, new).is_ok();
    Ok(if is_back { new.to_owned() } else { aside })
}

/// Where the old directory waits until the new one is in its place: under a name that has the six characters which are
/// made for the new one, and that no run takes for unfinished.
fn aside(new: &Path, path: &Path) -> PathBuf {
    let random = new.file_name().unwrap_or_default().as_bytes();
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or("root".as_ref()));
    name.push(REPLACED);
    name.push(OsStr::from_bytes(&random[random.len().saturating_sub(6)..]));
    new.with_file_name(name)
}

/// Tells whether `path` holds nothing but `building`, and perhaps what a fresh file system holds.
fn is_only(path: &Path, building: &Path) -> Result<bool> {
    for entry in fs_err::read_dir(path)? {
        let name = entry?.file_name();
        if Some(name.as_os_str()) != building.file_name() && name != output::LOST_AND_FOUND {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives a directory the owner, mode and time of another.
fn copy_attributes(from: &std::fs::Metadata, to: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let set = || -> io::Result<()> {
        fs::chown(
            to,
            Some(fs::Uid::from_raw(from.uid())),
            Some(fs::Gid::from_raw(from.gid())),
        )?;
        fs::chmod(to, fs::Mode::from_raw_mode(from.mode() & 0o7777))?;
        let time = fs::Timespec {
            tv_sec: from.mtime(),
            tv_nsec: 0,
        };
        let times = fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        Ok(fs::utimensat(CWD, to, &times, fs::AtFlags::empty())?)
    };
    Ok(set()?)
}
