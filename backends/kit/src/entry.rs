//! One file of a tree, and whatever receives it.

use crate::{Error, ErrorKind, Result};
use std::{
    collections::BTreeMap, ffi::OsStr, fmt, io::Read, iter, os::unix::ffi::OsStrExt, path::Path,
};

/// A path inside a root: relative, normalised, without `.`, `..`, doubled or trailing slashes.
///
/// The root itself is the empty path. Paths are bytes; they need not be UTF-8. The order is that of the bytes,
/// so a directory comes before what is in it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootPath(Vec<u8>);

impl RootPath {
    /// Normalises a path found in an archive or a package's file list: `./a/b/`, `/a/b` and `a//b` are `a/b`.
    ///
    /// Errors if it has a `..` component or a NUL byte.
    pub fn parse(raw: impl AsRef<[u8]>) -> Result<Self> {
        let raw = raw.as_ref();
        let refuse = |why| Error::new(ErrorKind::Parse, format!("`{}` {why}", raw.escape_ascii()));
        if raw.contains(&0) {
            return Err(refuse("has a NUL byte in its name"));
        }
        let mut path = Vec::with_capacity(raw.len());
        for part in raw
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty() && *part != b".")
        {
            if part == b".." {
                return Err(refuse("points out of its tree with `..`"));
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
        Ok(Self(path))
    }

    /// The bytes, without leading or trailing slash.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same as a relative [`Path`].
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// Tells whether this is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Splits into the parent directory and the last name; the root has neither.
    pub fn split(&self) -> Option<(RootPath, &[u8])> {
        if self.is_root() {
            return None;
        }
        Some(match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (Self(self.0[..slash].to_vec()), &self.0[slash + 1..]),
            None => (Self::default(), &self.0),
        })
    }

    /// The directories it is in, the nearest first, without the root.
    pub fn ancestors(&self) -> impl Iterator<Item = RootPath> + use<> {
        let parent = |path: &RootPath| path.split().map(|(parent, _)| parent);
        iter::successors(parent(self), parent).take_while(|path| !path.is_root())
    }

    /// Appends one name.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> RootPath {
        let mut path = self.0.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self(path)
    }

    /// Adds a suffix to the last name, as in `etc/passwd` and `.dpkg-new`.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> RootPath {
        let mut path = self.0.clone();
        path.extend_from_slice(suffix.as_bytes());
        Self(path)
    }
}

impl From<&'static str> for RootPath {
    /// Takes a path known when the program was written.
    fn from(path: &'static str) -> Self {
        Self::parse(path).expect("paths in the source are well-formed")
    }
}

impl fmt::Display for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

/// One file of a tree, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: RootPath,
    /// What it is.
    pub kind: Kind,
    /// Permission, setuid, setgid and sticky bits: at most `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time, seconds since the Unix epoch.
    pub mtime: i64,
    /// Extended attributes by name, e.g. `security.capability`.
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Entry {
    /// The root itself as images have it: a directory of root's, mode 0755.
    pub fn root(mtime: i64) -> Self {
        Self {
            path: RootPath::default(),
            kind: Kind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime,
            xattrs: BTreeMap::new(),
        }
    }
}

/// What an [`Entry`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of `size` bytes, its content read from the reader beside the entry.
    File {
        /// Length in bytes.
        size: u64,
    },
    /// A directory.
    Directory,
    /// A symbolic link to these bytes.
    Symlink(Vec<u8>),
    /// Another name of a file that came before it in the same tree.
    Hardlink(RootPath),
    /// A character device.
    Character {
        /// Device number, major part.
        major: u32,
        /// Device number, minor part.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Device number, major part.
        major: u32,
        /// Device number, minor part.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// Receives the files of a tree: a root, a tar, a footprint, a dump.
pub trait Sink {
    /// Takes one entry. `content` yields exactly the bytes of a [`Kind::File`], nothing for every other kind.
    ///
    /// A sink need not read `content` to its end.
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised() {
        for (raw, path) in [
            ("./", ""),
            (".", ""),
            ("./a//b/", "a/b"),
            ("/a/./b", "a/b"),
            ("a", "a"),
        ] {
            assert_eq!(
                RootPath::parse(raw).expect(raw).bytes(),
                path.as_bytes(),
                "{raw}"
            );
        }
        for raw in ["..", "a/../b", "/..", "a\0b"] {
            assert!(RootPath::parse(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn paths_split_at_the_last_slash() {
        let path = RootPath::from("usr/bin/sh");
        let (parent, name) = path.split().expect("not the root");
        assert_eq!((parent.bytes(), name), (&b"usr/bin"[..], &b"sh"[..]));
        assert_eq!(
            RootPath::from("a").split().expect("not the root").0,
            RootPath::default()
        );
        assert!(RootPath::default().split().is_none());
    }

    #[test]
    fn a_path_is_in_its_parent_and_in_what_that_is_in() {
        let ancestors = |path| RootPath::from(path).ancestors().collect::<Vec<_>>();
        assert_eq!(
            ancestors("usr/bin/sh"),
            ["usr/bin", "usr"].map(RootPath::from)
        );
        assert_eq!(ancestors("usr"), []);
        assert_eq!(ancestors(""), []);
    }
}
