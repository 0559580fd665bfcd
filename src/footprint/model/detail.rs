//! An image part by part: directories for maps, every entry by itself.

use super::Share;
use boot_kit::Digest;
use serde::{Deserialize, Serialize};

/// A directory, a file, or what is left of a directory's smaller files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// The last part of its path; empty for the root; for what is left, `…`.
    pub name: String,
    /// Position of the directory it is in; `None` for the root.
    pub parent: Option<u32>,
    /// All files in and below it.
    #[serde(flatten)]
    pub share: Share,
    /// The class of most of its bytes, as a position in [`Footprint::classes`](super::Footprint::classes).
    pub class: Option<u32>,
    /// The package that has most of its bytes, as a position in [`Footprint::packages`](super::Footprint::packages).
    pub package: Option<u32>,
    /// Whether it is a directory.
    pub directory: bool,
}

/// Every entry by itself, and what packages list in vain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// All entries but the root, sorted by path.
    pub files: Vec<File>,
    /// Paths that packages list and that are not there, sorted.
    pub missing: Vec<Missing>,
    /// What ELF files say of themselves, sorted by path.
    pub objects: Vec<Object>,
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// Where it is, without a leading slash; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Length of its content; 0 for all but regular files.
    pub bytes: u64,
    /// Its part of [`Sizes::zstd`](super::Sizes::zstd), with its header.
    pub zstd_bytes: u64,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Position in [`Footprint::classes`](super::Footprint::classes).
    pub class: u32,
    /// Its package, as a position in [`Footprint::packages`](super::Footprint::packages).
    pub package: Option<u32>,
    /// Whether that package does not list it: see [`Package::generated`](super::Package::generated).
    pub generated: bool,
    /// SHA-256 of its content; of regular files only.
    pub sha256: Option<Digest>,
    /// Where a link leads: what a symbolic link says, or the first name of a file.
    pub target: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    #[default]
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A further name of a file.
    Hardlink,
    /// A character or block device.
    Device,
    /// A named pipe.
    Fifo,
}

/// A path that a package lists and that is not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Missing {
    /// The path, without a leading slash.
    pub path: String,
    /// Position in [`Footprint::packages`](super::Footprint::packages).
    pub package: u32,
}

/// What an ELF file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Object {
    /// Position in [`Detail::files`].
    pub file: u32,
    /// The machine it is for, as an OCI platform; `None` if it has none.
    pub platform: Option<String>,
    /// The name others ask for it by, `DT_SONAME`.
    pub soname: Option<String>,
    /// Names of the libraries it asks for, `DT_NEEDED`, in order.
    pub needed: Vec<String>,
    /// Where it looks for them first: `DT_RUNPATH`, else `DT_RPATH`.
    pub search: Vec<String>,
    /// The program that loads it, `PT_INTERP`.
    pub interpreter: Option<String>,
    /// Length of its symbol tables and debugging sections; 0 if it is stripped.
    pub symbol_bytes: u64,
}
