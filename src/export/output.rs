//! Where an image goes, and in what form: what `-o` says.

use super::compress::Compression;
use boot_kit::{Error, ErrorKind, Result};
use rustix::fs::{self, Access};
use std::{
    ffi::OsStr,
    io::{self, IsTerminal},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

/// The endings that choose a form, the most common first.
const ENDINGS: [(&str, Compression); 7] = [
    (".tar", Compression::None),
    (".tar.gz", Compression::Gzip),
    (".tar.xz", Compression::Xz),
    (".tar.zst", Compression::Zstd),
    (".tgz", Compression::Gzip),
    (".txz", Compression::Xz),
    (".tzst", Compression::Zstd),
];

/// What a fresh file system holds and no image does.
pub(super) const LOST_AND_FOUND: &str = "lost+found";

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A tar in a file.
    File {
        /// The file's name.
        path: PathBuf,
        /// What the tar is wrapped in.
        compression: Compression,
    },
    /// The tree itself.
    Directory {
        /// The directory's name, without trailing slash unless it is the root.
        path: PathBuf,
    },
    /// An uncompressed tar on standard output.
    Stdout,
}

impl Output {
    /// Reads what `-o` was given: `-` is standard output, a trailing `/` a directory, else the ending chooses.
    ///
    /// Looks at nothing but the text. Errors with [`ErrorKind::Usage`] if the ending is unknown.
    pub fn parse(text: &OsStr) -> Result<Self> {
        let bytes = text.as_bytes();
        if bytes == b"-" {
            return Ok(Self::Stdout);
        }
        if bytes.ends_with(b"/") {
            let kept = bytes
                .iter()
                .rposition(|byte| *byte != b'/')
                .map_or(1, |last| last + 1);
            return Ok(Self::Directory {
                path: OsStr::from_bytes(&bytes[..kept]).into(),
            });
        }
        let path = PathBuf::from(text);
        let name = path.file_name().map(OsStr::as_bytes).unwrap_or_default();
        if name.ends_with(b".oci.tar") {
            let message = format!(
                "`{}` names an OCI archive, a form not yet known",
                path.display()
            );
            return Err(Error::new(ErrorKind::Usage, message).with_hint(known()));
        }
        let ending = ENDINGS.iter().find(|(ending, _)| {
            name.len() > ending.len() && name.to_ascii_lowercase().ends_with(ending.as_bytes())
        });
        let Some((_, compression)) = ending else {
            let message = format!("`{}` has no ending that names a form", path.display());
            return Err(Error::new(ErrorKind::Usage, message).with_hint(known()));
        };
        Ok(Self::File {
            path,
            compression: *compression,
        })
    }

    /// Checks before any work starts that the image can be put here; `force` lets it replace what is there.
    ///
    /// Errors with [`ErrorKind::Usage`]. What it promises may change until the export, which checks again.
    pub fn check(&self, force: bool) -> Result<()> {
        match self {
            Self::Stdout => check_terminal(io::stdout().is_terminal()),
            Self::File { path, .. } => {
                check_parent(path)?;
                match fs_err::symlink_metadata(path) {
                    Ok(found) if found.is_dir() => {
                        let message = format!("`{}` is a directory", path.display());
                        let hint = "name a file, or end the name in `/` to fill the directory";
                        Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
                    }
                    Ok(_) if !force => Err(exists(path, "exists already")),
                    _ => Ok(()),
                }
            }
            Self::Directory { path } => check_directory(path, force),
        }
    }
}

/// Refuses to fill a terminal with a tar.
fn check_terminal(is_terminal: bool) -> Result<()> {
    if is_terminal {
        let error = Error::new(ErrorKind::Usage, "standard output is a terminal");
        return Err(error.with_hint(
            "pipe it, as in `boot … -o - | docker import - name`, or name a file with -o",
        ));
    }
    Ok(())
}

fn check_directory(path: &Path, force: bool) -> Result<()> {
    let found = match fs_err::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return check_parent(path),
        Err(error) => return Err(error.into()),
    };
    if !found.is_dir() {
        let message = format!("`{}` is not a directory", path.display());
        let hint = "remove it, or choose another place with -o";
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    if is_empty(path)? {
        return check_writable(path);
    }
    if !force {
        return Err(exists(path, "is not empty"));
    }
    if let Some(why) = precious(path)? {
        let message = format!("`{}` {why}, so it is not replaced", path.display());
        let hint = "empty it yourself, or choose another place with -o";
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    check_parent(path)
}

/// Tells whether a directory holds nothing, or what a fresh file system does.
pub(super) fn is_empty(path: &Path) -> Result<bool> {
    for entry in fs_err::read_dir(path)? {
        if entry?.file_name() != LOST_AND_FOUND {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Tells whether a directory cannot give its place to another: something is mounted on it, or we stand in it.
pub(super) fn must_stay(path: &Path) -> Result<bool> {
    let lost_and_found = path.join(LOST_AND_FOUND).symlink_metadata().is_ok();
    Ok(lost_and_found || is_mount_point(path)? || is_ancestor_of(path, Path::new(".")))
}

/// Says why not even `--force` may remove what is in a directory.
fn precious(path: &Path) -> Result<Option<&'static str>> {
    if is_mount_point(path)? {
        return Ok(Some("is a mount point"));
    }
    if is_ancestor_of(path, Path::new(".")) {
        return Ok(Some("holds the current directory"));
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let holds_home = home.is_some_and(|home| is_ancestor_of(path, Path::new(&home)));
    Ok(holds_home.then_some("holds your home directory"))
}

fn is_mount_point(path: &Path) -> Result<bool> {
    let here = fs_err::metadata(path)?;
    let above = fs_err::metadata(path.join(".."))?;
    Ok(here.dev() != above.dev() || here.ino() == above.ino())
}

/// Tells whether `path` is `below` or a directory above it; a `below` that is not there is below nothing.
fn is_ancestor_of(path: &Path, below: &Path) -> bool {
    match (fs_err::canonicalize(path), fs_err::canonicalize(below)) {
        (Ok(path), Ok(below)) => below.starts_with(path),
        _ => false,
    }
}

/// The directory that holds `path`.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

fn check_parent(path: &Path) -> Result<()> {
    let parent = parent(path);
    if parent.is_dir() {
        return check_writable(parent);
    }
    let message = format!("directory `{}` does not exist", parent.display());
    let hint = format!(
        "make it with `mkdir -p {}`, or choose another place with -o",
        parent.display()
    );
    Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
}

fn check_writable(directory: &Path) -> Result<()> {
    fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
        let message = format!("cannot write in `{}`", directory.display());
        let error = Error::new(ErrorKind::Usage, message).caused_by(io::Error::from(error));
        error.with_hint("choose another place with -o")
    })
}

fn exists(path: &Path, what: &str) -> Error {
    let message = format!("`{}` {what}", path.display());
    let hint = "use --force to replace it, or choose another place with -o";
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

fn known() -> String {
    let endings: Vec<_> = ENDINGS
        .iter()
        .map(|(ending, _)| format!("`{ending}`"))
        .collect();
    format!(
        "end it in {}, in `/` for a directory, or use `-` for standard output",
        endings.join(", ")
    )
}
