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

/// The ending of an OCI image in one file.
const OCI_ARCHIVE: &str = ".oci.tar";
/// The ending of an OCI image in a directory.
const OCI_LAYOUT: &str = ".oci";
/// The file that marks a directory as an image layout.
const LAYOUT_MARK: &str = "oci-layout";

/// What a fresh file system holds and no image does.
pub(super) const LOST_AND_FOUND: &str = "lost+found";

/// How the name of a directory begins that is not finished yet; behind its own name, unless it is inside.
pub(super) const UNFINISHED: &str = ".boot-unfinished-";

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
    /// An OCI image.
    Oci(OciOutput),
    /// An uncompressed tar on standard output.
    Stdout,
}

/// Where an OCI image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OciOutput {
    /// The file's or directory's name, without trailing slash.
    pub path: PathBuf,
    /// What it is put into.
    pub form: OciForm,
}

/// What an OCI image is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OciForm {
    /// A tar that `docker load` and `podman load` take as it is.
    Archive,
    /// A directory, an image layout.
    Layout,
}

impl Output {
    /// Reads what `-o` was given: `-` is standard output, `.oci` with or without a trailing `/` an OCI layout, another
    /// trailing `/` a directory, else the ending chooses.
    ///
    /// Looks at nothing but the text. Errors with [`ErrorKind::Usage`] if the ending is unknown.
    pub fn parse(text: &OsStr) -> Result<Self> {
        let bytes = text.as_bytes();
        if bytes == b"-" {
            return Ok(Self::Stdout);
        }
        let kept = bytes
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(1, |last| last + 1);
        let path = PathBuf::from(OsStr::from_bytes(&bytes[..kept.min(bytes.len())]));
        let name = path
            .file_name()
            .map(|name| name.as_bytes().to_ascii_lowercase())
            .unwrap_or_default();
        let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending.as_bytes());
        if ends(OCI_LAYOUT) {
            let form = OciForm::Layout;
            return Ok(Self::Oci(OciOutput { path, form }));
        }
        if bytes.ends_with(b"/") {
            return Ok(Self::Directory { path });
        }
        if ends(OCI_ARCHIVE) {
            let form = OciForm::Archive;
            return Ok(Self::Oci(OciOutput { path, form }));
        }
        let ending = ENDINGS.iter().find(|(ending, _)| ends(ending));
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
            Self::File { path, .. } => check_file(path, force),
            Self::Oci(oci) => oci.check(force),
            Self::Directory { path } => check_directory(path, force),
        }
    }
}

impl OciOutput {
    /// As [`Output::check`]; of directories only an image layout is replaced.
    pub fn check(&self, force: bool) -> Result<()> {
        if self.form == OciForm::Archive {
            return check_file(&self.path, force);
        }
        check_directory(&self.path, force)?;
        let is_ours = |path: &Path| path.join(LAYOUT_MARK).is_file();
        if self.path.is_dir() && !is_empty(&self.path)? && !is_ours(&self.path) {
            let message = format!(
                "`{}` holds something else than an OCI image, so it is not replaced",
                self.path.display()
            );
            let hint = "empty it yourself, or choose another place with -o";
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
        Ok(())
    }
}

fn check_file(path: &Path, force: bool) -> Result<()> {
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

/// Tells whether a directory holds nothing, or what a fresh file system or a killed run does.
pub(super) fn is_empty(path: &Path) -> Result<bool> {
    for entry in fs_err::read_dir(path)? {
        let name = entry?.file_name();
        if name != LOST_AND_FOUND && !name.as_bytes().starts_with(UNFINISHED.as_bytes()) {
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
        "end it in {}, in `{OCI_ARCHIVE}` or `{OCI_LAYOUT}/` for an OCI image, in `/` for a directory, or use `-` for \
         standard output",
        endings.join(", ")
    )
}
