//! Which image was measured, how large it is and what it consists of.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Which image was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// A short name for headings: the recipe, the reference of an OCI image, or the file's name without its ending.
    pub name: String,
    /// What was asked for, as it was typed.
    pub source: String,
    /// What that was.
    pub form: Form,
    /// The name and tag it carries in itself (`debian:bookworm`).
    pub reference: Option<String>,
    /// The OCI platform: what its configuration says, else what its programs are for (`linux/amd64`).
    pub platform: Option<String>,
    /// `ID` of its `os-release` (`debian`).
    pub os_id: Option<String>,
    /// `VERSION_ID` of the same (`12`).
    pub os_version: Option<String>,
    /// `PRETTY_NAME` of the same (`Debian GNU/Linux 12 (bookworm)`).
    pub os_title: Option<String>,
    /// The time of its newest file, seconds since the Unix epoch; directories do not count.
    pub newest: Option<i64>,
    /// The layers it is stored in, the lowest first; none for what has none.
    pub layers: Vec<StoredLayer>,
}

/// What kind of input an image was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A tar of any compression.
    #[default]
    Tar,
    /// An OCI image in a tar.
    OciArchive,
    /// An OCI image in a directory.
    OciDirectory,
    /// What `docker save` writes.
    DockerArchive,
    /// A directory that holds the tree itself.
    Directory,
    /// A recipe, built for this.
    Recipe,
}

/// One layer as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredLayer {
    /// SHA-256 of the stored blob, `sha256:…`.
    pub digest: String,
    /// Length of the stored blob.
    pub bytes: u64,
}

/// How large an image is, by several measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sizes {
    /// Content of all regular files; a file with several names counts once.
    pub content: u64,
    /// Room on a disk with blocks of 4 KiB: the content of each file rounded up, and one block for each directory.
    pub disk: u64,
    /// The tree as one tar of boot's format.
    pub tar: u64,
    /// That tar compressed by zstd at level 3.
    pub zstd: u64,
    /// That tar compressed by gzip at level 6; measured on request only, since it takes much longer than all the rest.
    pub gzip: Option<u64>,
    /// What was read, as it is stored; `None` for directories and recipes.
    pub stored: Option<u64>,
}

/// How many entries of each kind there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entries {
    /// All of them, the root itself not among them.
    pub total: u64,
    /// Regular files; a file with several names counts once.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Further names of files.
    pub hardlinks: u64,
    /// Character and block devices.
    pub devices: u64,
    /// Named pipes.
    pub fifos: u64,
    /// Symbolic links that lead to nothing in the image.
    pub dangling: u64,
    /// Regular files without content.
    pub empty: u64,
    /// Length of the longest path, without a leading slash.
    pub longest_path: u64,
}

/// A part of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Share {
    /// Regular files.
    pub files: u64,
    /// Their content.
    pub bytes: u64,
    /// Their part of [`Sizes::zstd`]. The compressor works on blocks of 128 KiB; files of one block share its compressed
    /// size by their lengths, those that were compressed before at their full length.
    pub zstd_bytes: u64,
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.zstd_bytes += other.zstd_bytes;
    }
}

/// What files are for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Class {
    /// Its name in `configs/footprint/classes.toml` (`translations`), or `structure`: the headers of directories, links and
    /// devices, which have no content but are part of an archive.
    pub name: String,
    /// Its files.
    #[serde(flatten)]
    pub share: Share,
}

/// How files divide into those of packages and others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ownership {
    /// Files that packages list.
    pub owned: Share,
    /// Files that came to be because of one package: see [`Package::generated`](super::Package::generated).
    pub generated: Share,
    /// Files of no package.
    pub unowned: Share,
    /// What no file is: see [`Class::name`].
    pub structure: Share,
}

/// Files of one class that belong to one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// Position in [`Footprint::packages`](super::Footprint::packages), of the package that lists them or that they came
    /// from.
    pub package: Option<u32>,
    /// Position in [`Footprint::classes`](super::Footprint::classes).
    pub class: u32,
    /// What is in both.
    #[serde(flatten)]
    pub share: Share,
}
