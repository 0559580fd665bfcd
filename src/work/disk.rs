//! A directory that is there for as long as its process, or until the next run finds it.

use boot_kit::{Context, Result};
use rustix::{
    fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, ResolveFlags, flock},
    io::Errno,
    process::geteuid,
};
use std::{
    ffi::{CStr, OsStr},
    fs::Permissions,
    io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::PermissionsExt},
    },
    path::{Path, PathBuf},
};

/// What the name of a directory is called that is moved up because it is too deep to be removed where it is.
const MOVED: &str = ".boot-moved-";

/// A directory nobody else may look into, locked as long as this lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Open, and locked.
    handle: OwnedFd,
}

impl Directory {
    /// Makes one in `parent`, after removing those there that belong to no living process.
    ///
    /// Their names begin with `prefix`, which nobody else may use; six random characters follow.
    pub fn make(parent: &Path, prefix: &OsStr) -> Result<Self> {
        let parent = fs_err::canonicalize(parent)?;
        Self::remove_abandoned(&parent, prefix)?;
        loop {
            // Mode 0700: setuid programs of a root are for nobody else.
            let made = tempfile::Builder::new()
                .prefix(prefix)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(&parent);
            let path = made?.keep();
            // Between the two calls another run may take it for abandoned: then try again.
            if let Some(handle) = lock(&path).map_err(io::Error::from)? {
                return Ok(Self { path, handle });
            }
        }
    }

    /// Removes the directories in `parent` whose names begin with `prefix` and that belong to no living process.
    pub fn remove_abandoned(parent: &Path, prefix: &OsStr) -> Result<()> {
        let tidy = || -> Result<()> {
            for entry in fs_err::read_dir(parent)? {
                let entry = entry?;
                if entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
                    remove_if_abandoned(entry.path());
                }
            }
            Ok(())
        };
        tidy().context(|| format!("cannot tidy `{}`", parent.display()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with all it holds.
    pub fn remove(&self) -> Result<(), Errno> {
        remove_tree(&self.handle)?;
        rustix::fs::rmdir(&self.path)
    }
}

/// Opens and locks a directory; `None` if another process holds it, or it is gone.
fn lock(path: &Path) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(handle) => handle,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(error),
    }
    // Who held it before may have removed it.
    let locked = rustix::fs::fstat(&handle)?;
    let named = match rustix::fs::statat(rustix::fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(named) => named,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok((locked.st_ino == named.st_ino && locked.st_dev == named.st_dev).then_some(handle))
}

/// Removes a directory that a killed run has left; what resists is not ours to complain about.
fn remove_if_abandoned(path: PathBuf) {
    let stat = rustix::fs::statat(rustix::fs::CWD, &path, AtFlags::SYMLINK_NOFOLLOW);
    // Another user's are another user's.
    let is_ours = stat.is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode).is_dir() && stat.st_uid == geteuid().as_raw()
    });
    if is_ours && let Ok(Some(handle)) = lock(&path) {
        let _ = Directory { path, handle }.remove();
    }
}

/// How deep to go with a descriptor for each level; deeper trees are moved up first.
const DEEPEST: usize = 64;

/// Empties a directory, never following links and never leaving its file system.
///
/// Goes on after an error, and gives the first.
fn remove_tree(top: &OwnedFd) -> Result<(), Errno> {
    let mut sweep = Sweep {
        top,
        moved: 0,
        first: None,
    };
    loop {
        let before = sweep.moved;
        sweep.empty(top, 0);
        if sweep.moved == before || sweep.first.is_some() {
            return sweep.first.map_or(Ok(()), Err);
        }
    }
}

struct Sweep<'a> {
    top: &'a OwnedFd,
    /// Directories moved to the top because they were too deep.
    moved: u64,
    first: Option<Errno>,
}

impl Sweep<'_> {
    fn empty(&mut self, directory: &OwnedFd, depth: usize) {
        let names = match list(directory) {
            Ok(names) => names,
            Err(error) => return self.note(error),
        };
        for (name, is_directory) in names {
            if let Err(error) = self.remove(directory, &name, is_directory, depth) {
                self.note(error);
            }
        }
    }

    fn remove(
        &mut self,
        directory: &OwnedFd,
        name: &CStr,
        is_directory: bool,
        depth: usize,
    ) -> Result<(), Errno> {
        if !is_directory {
            return rustix::fs::unlinkat(directory, name, AtFlags::empty());
        }
        if depth == DEEPEST {
            let up = format!("{MOVED}{}", self.moved);
            self.moved += 1;
            return rustix::fs::renameat(directory, name, self.top, up);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
        let inner = rustix::fs::openat2(directory, name, flags, Mode::empty(), within)?;
        self.empty(&inner, depth + 1);
        drop(inner);
        rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)
    }

    fn note(&mut self, error: Errno) {
        self.first.get_or_insert(error);
    }
}

/// All names in a directory, and which are directories.
fn list(directory: &OwnedFd) -> Result<Vec<(std::ffi::CString, bool)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => FileType::from_raw_mode(
                rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode,
            ),
            kind => kind,
        };
        names.push((name.to_owned(), kind.is_dir()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const PREFIX: &str = ".boot-test-";

    fn make(parent: &Path) -> Directory {
        Directory::make(parent, OsStr::new(PREFIX)).expect("made")
    }

    fn names(path: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs_err::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<_> = fs_err::read_dir(path)
            .expect("readable")
            .map(name)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_next_run_removes_what_a_killed_one_left_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a directory");
        let parent = parent.path();
        let living = make(parent);
        fs_err::write(living.path().join("file"), "x").expect("written");
        let abandoned = parent.join(format!("{PREFIX}abcdef"));
        fs_err::create_dir_all(abandoned.join("root/etc")).expect("made");
        fs_err::write(abandoned.join("root/etc/passwd"), "x").expect("written");
        fs_err::create_dir(parent.join("other")).expect("made");
        symlink("other", parent.join(format!("{PREFIX}link"))).expect("linked");
        let second = make(parent);
        let mode = fs_err::metadata(second.path())
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o700);
        let name = |path: &Path| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        };
        let mut expected = vec![
            name(living.path()),
            name(second.path()),
            format!("{PREFIX}link"),
            "other".to_string(),
        ];
        expected.sort();
        assert_eq!(names(parent), expected);
        assert_eq!(names(living.path()), ["file"]);
        living.remove().expect("removed");
        second.remove().expect("removed");
        assert_eq!(
            names(parent),
            [format!("{PREFIX}link"), "other".to_string()]
        );
    }

    #[test]
    fn removal_follows_no_link_and_goes_any_depth() {
        let parent = tempfile::tempdir().expect("a directory");
        fs_err::create_dir(parent.path().join("precious")).expect("made");
        fs_err::write(parent.path().join("precious/file"), "x").expect("written");
        let directory = make(parent.path());
        symlink("../precious", directory.path().join("link")).expect("linked");
        symlink("nowhere", directory.path().join("dangling")).expect("linked");
        // Longer than any path may be, so that it takes steps.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut at = rustix::fs::open(directory.path(), flags, Mode::empty()).expect("opened");
        let name = "d".repeat(20);
        for _ in 0..300 {
            rustix::fs::mkdirat(&at, &name, Mode::from(0o755)).expect("made");
            at = rustix::fs::openat(&at, &name, flags, Mode::empty()).expect("opened");
        }
        rustix::fs::symlinkat("/", &at, "up").expect("linked");
        drop(at);
        directory.remove().expect("removed");
        assert_eq!(names(parent.path()), ["precious"]);
        assert_eq!(names(&parent.path().join("precious")), ["file"]);
    }
}
