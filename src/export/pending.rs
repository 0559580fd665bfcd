//! A file that appears whole, under its name, or not at all.

use super::output::parent;
use boot_kit::{Error, ErrorKind, Result};
use rustix::{
    fs::{self, AtFlags, CWD, Mode, OFlags, Timespec, Timestamps},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Write},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process,
};
use tempfile::NamedTempFile;

/// A file being written.
///
/// It has no name until [`commit`](Self::commit) where the file system can do that (`O_TMPFILE`), so that not even a
/// killed run leaves it behind; elsewhere it has a temporary one beside its own, removed on drop.
pub(super) struct PendingFile {
    path: PathBuf,
    file: Unnamed,
}

enum Unnamed {
    Nameless(File),
    Temporary(NamedTempFile),
}

impl PendingFile {
    /// Starts a file that is to be `path`.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: match nameless(parent(path)) {
                Ok(file) => Unnamed::Nameless(file),
                // What the error is differs by file system; a real problem shows here again.
                Err(_) => Unnamed::Temporary(temporary(path)?),
            },
        })
    }

    /// Gives the file its name and its modification time; replaces what has the name only by `force`.
    pub(super) fn commit(self, mtime: i64, force: bool) -> Result<()> {
        let time = Timespec {
            tv_sec: mtime,
            tv_nsec: 0,
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        let file = match &self.file {
            Unnamed::Nameless(file) => file,
            Unnamed::Temporary(file) => file.as_file(),
        };
        fs::futimens(file, &times).map_err(io::Error::from)?;
        match self.file {
            Unnamed::Nameless(file) => link(&file, &self.path, force),
            Unnamed::Temporary(file) if force => {
                file.persist(&self.path).map(drop).map_err(|e| e.error)
            }
            Unnamed::Temporary(file) => file
                .persist_noclobber(&self.path)
                .map(drop)
                .map_err(|e| e.error),
        }
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::new(ErrorKind::Usage, "it has come into being meanwhile")
                    .with_hint("use --force to replace it, or choose another place with -o")
            }
            _ => error.into(),
        })
    }
}

impl Write for PendingFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Unnamed::Nameless(file) => file.write(buffer),
            Unnamed::Temporary(file) => file.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The start of a temporary name beside `path`, of a file.
pub(super) fn prefix(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or(OsStr::new("root"));
    [OsStr::new("."), name, OsStr::new(".boot-")]
        .into_iter()
        .collect()
}

fn nameless(directory: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = File::from(fs::open(directory, flags, Mode::from_raw_mode(0o666))?);
    // Linking it later goes through here: without /proc it could never get its name.
    Path::new("/proc/self/fd")
        .join(file.as_raw_fd().to_string())
        .symlink_metadata()?;
    Ok(file)
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new()
        .prefix(&prefix(path))
        .permissions(PermissionsExt::from_mode(0o666))
        .tempfile_in(parent(path))
}

/// Links a nameless file to `path`. Replacing takes two steps, as no system call does it in one.
fn link(file: &File, path: &Path, force: bool) -> io::Result<()> {
    match link_once(file, path) {
        Err(Errno::EXIST) if force => {}
        other => return Ok(other?),
    }
    for number in 0.. {
        let mut name = prefix(path);
        name.push(format!("{}-{number}", process::id()));
        let temporary = parent(path).join(name);
        match link_once(file, &temporary) {
            Err(Errno::EXIST) => continue,
            other => other?,
        }
        let renamed = fs::rename(&temporary, path);
        if renamed.is_err() {
            let _ = fs_err::remove_file(&temporary);
        }
        return Ok(renamed?);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn link_once(file: &File, path: &Path) -> rustix::io::Result<()> {
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::linkat(CWD, nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn names(directory: &Path) -> Vec<OsString> {
        let entries = fs_err::read_dir(directory).expect("readable");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("readable").file_name())
            .collect();
        names.sort();
        names
    }

    /// Both ways of making a file, whatever the file system under the temporary directory can do.
    fn both(path: &Path) -> [PendingFile; 2] {
        let nameless = PendingFile::create(path).expect("writable");
        let temporary = Unnamed::Temporary(temporary(path).expect("writable"));
        [
            nameless,
            PendingFile {
                path: path.to_owned(),
                file: temporary,
            },
        ]
    }

    #[test]
    fn a_file_appears_whole_with_its_time_and_usual_permissions() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let usual = directory.path().join("usual");
        fs_err::write(&usual, "").expect("writable");
        for number in 0..2 {
            let path = directory.path().join(format!("{number}.tar"));
            let mut file = both(&path).into_iter().nth(number).expect("there are two");
            file.write_all(b"content").expect("writable");
            assert!(!path.exists());
            file.commit(1234, false).expect("nothing is in the way");
            let (made, usual) = (fs_err::metadata(&path), fs_err::metadata(&usual));
            let (made, usual) = (made.expect("there"), usual.expect("there"));
            assert_eq!(
                (made.mtime(), made.mtime_nsec(), made.mode()),
                (1234, 0, usual.mode())
            );
            assert_eq!(fs_err::read(&path).expect("readable"), b"content");
        }
        assert_eq!(names(directory.path()), ["0.tar", "1.tar", "usual"]);
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        drop(both(&directory.path().join("x.tar")));
        assert_eq!(names(directory.path()), Vec::<OsString>::new());
    }

    #[test]
    fn what_is_there_is_replaced_by_force_only() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("x.tar");
        for number in 0..2 {
            fs_err::write(&path, "old").expect("writable");
            let [first, second] = [(); 2].map(|()| both(&path).into_iter().nth(number));
            let error = first
                .expect("there are two")
                .commit(1, false)
                .expect_err("in the way");
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert_eq!(fs_err::read(&path).expect("readable"), b"old");
            second
                .expect("there are two")
                .commit(1, true)
                .expect("forced");
            assert_eq!(fs_err::read(&path).expect("readable"), b"");
            assert_eq!(names(directory.path()), ["x.tar"]);
        }
    }
}
