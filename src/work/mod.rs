//! The staging area: where a root and the parcels on their way into it live while an image is made.
//!
//! In memory if it fits, in a file system that only this program sees and that ends with it. Else in a
//! locked directory on disk: what a killed run leaves there, the next run removes.

mod disk;
mod memory;

use crate::sandbox::{Entered, HIDDEN};
use boot_kit::{Context, Error, ErrorKind, Result};
pub(crate) use disk::Directory;
use rustix::{
    fs::Mode,
    io::Errno,
    mount::{MountFlags, UnmountFlags, mount, unmount},
};
use std::{
    ffi::{CString, OsStr},
    io,
    path::{Path, PathBuf},
};

/// How names of staging areas on disk begin.
const PREFIX: &str = ".boot-staging-";

/// Where to stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In memory if it fits, else in the directory `TMPDIR` names, or `/var/tmp`.
    #[default]
    Auto,
    /// In memory, come what may.
    Memory,
    /// Under this directory.
    Directory(PathBuf),
}

/// How to stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where.
    pub place: Place,
    /// How many bytes the root and the parcels may come to; an estimate from above.
    pub needed_bytes: u64,
}

/// A staging area; what is in it goes when this is dropped.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Memory,
    Directory(Directory),
}

impl Staging {
    /// Makes an empty one, with the directories `root` (0755) and `parcels`.
    ///
    /// Removes what killed runs left beside it. One staging area in memory may exist at a time.
    pub fn new(_: &Entered, options: &Options) -> Result<Self> {
        let staging = match &options.place {
            Place::Memory => Self::in_memory(memory::available())?,
            Place::Directory(directory) => Self::on_disk(directory)?,
            Place::Auto => match memory::room_for(options.needed_bytes) {
                Some(bytes) => Self::in_memory(bytes)?,
                None => Self::on_disk(&temporary_directory())?,
            },
        };
        for (name, mode) in [("root", 0o755), ("parcels", 0o700)] {
            let path = staging.path.join(name);
            rustix::fs::mkdir(&path, Mode::from(mode))
                // The caller's umask may hide more than these modes say.
                .and_then(|()| rustix::fs::chmod(&path, Mode::from(mode)))
                .map_err(io::Error::from)
                .context(|| format!("cannot make `{}`", path.display()))?;
        }
        Ok(staging)
    }

    /// Where the root is to be.
    pub fn root_path(&self) -> PathBuf {
        self.path.join("root")
    }

    /// Where parcels wait to be landed.
    pub fn parcels_path(&self) -> PathBuf {
        self.path.join("parcels")
    }

    /// The directory that holds both: a place for other temporary files.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether it is in memory.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.kind, Kind::Memory)
    }

    /// `bytes` is a limit, taken only as needed.
    fn in_memory(bytes: u64) -> Result<Self> {
        mount_tmpfs(bytes).map_err(|errno| {
            Error::new(ErrorKind::Io, "cannot stage in memory")
                .caused_by(io::Error::from(errno))
                .with_hint("stage on disk with --staging and a directory")
        })?;
        Ok(Self {
            path: PathBuf::from(HIDDEN),
            kind: Kind::Memory,
        })
    }

    fn on_disk(parent: &Path) -> Result<Self> {
        let directory = Directory::make(parent, OsStr::new(PREFIX))
            .context(|| format!("cannot stage in `{}`", parent.display()))?;
        Ok(Self {
            path: directory.path().to_path_buf(),
            kind: Kind::Directory(directory),
        })
    }
}

/// What a file system in memory is given, the best first; old kernels know less of it.
///
/// Large pages make writing half as expensive. A limit of inodes is only needed inside a user namespace of old kernels.
const TMPFS_OPTIONS: [&str; 3] = [",nr_inodes=0,huge=within_size", ",nr_inodes=0", ""];

fn mount_tmpfs(bytes: u64) -> Result<(), Errno> {
    let mut mounted = Err(Errno::INVAL);
    for further in TMPFS_OPTIONS {
        let options = format!("mode=0700,size={bytes}{further}");
        let options = CString::new(options).map_err(|_| Errno::INVAL)?;
        // Setuid programs must work for the scripts: nobody outside can get at them.
        let flags = MountFlags::NODEV;
        mounted = mount("boot", HIDDEN, "tmpfs", flags, options.as_c_str());
        if mounted.is_ok() {
            break;
        }
    }
    mounted
}

/// Where temporary files go on disk: what `TMPDIR` names, or `/var/tmp`.
pub fn temporary_directory() -> PathBuf {
    std::env::var_os("TMPDIR")
        .filter(|path| !path.is_empty())
        .map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from)
}

impl Drop for Staging {
    fn drop(&mut self) {
        match &self.kind {
            // Frees the memory as soon as nobody uses it; at the latest it goes with the process.
            Kind::Memory => drop(unmount(&self.path, UnmountFlags::DETACH)),
            // What stays now is what the next run removes.
            Kind::Directory(directory) => drop(directory.remove()),
        }
    }
}
