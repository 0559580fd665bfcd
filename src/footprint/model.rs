//! What was measured of one image: the schema `boot.inspect/1`, described for its readers in
//! `docs/reference/inspect-json.md`.
//!
//! All sizes are bytes. Where a part refers to a class or a package, it does so by its position in
//! [`Footprint::classes`] or [`Footprint::packages`]. Lists are sorted as their field says, so that the same image gives
//! the same text. What could not be known is absent (`None`, an empty list and a line in [`Footprint::notes`]), never
//! guessed. Within version 1, fields are added and never renamed or removed.

use boot_kit::Digest;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// The schema's name and version, the value of [`Footprint::schema`].
pub const SCHEMA: &str = "boot.inspect/1";

/// Everything that was measured of one image.
///
/// [`sizes`](Self::sizes)`.content` is what these add up to, each for itself: the bytes of
/// [`classes`](Self::classes), of [`ownership`](Self::ownership), of [`cells`](Self::cells), the first of
/// [`tree`](Self::tree), and of [`files`](Self::files). Likewise for `zstd_bytes` and `sizes.zstd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Footprint {
    /// [`SCHEMA`].
    pub schema: String,
    /// Which image it is.
    pub image: Image,
    /// How large it is.
    pub sizes: Sizes,
    /// What it consists of.
    pub entries: Entries,
    /// What its files are for, largest first; every file is in exactly one class.
    pub classes: Vec<Class>,
    /// Which databases of packages were found: none, or mostly one.
    pub inventories: Vec<Inventory>,
    /// Its packages, sorted by name.
    pub packages: Vec<Package>,
    /// How its files divide into those of packages and others.
    pub ownership: Ownership,
    /// Bytes by package and class together, sorted by both; the files of no package have none.
    pub cells: Vec<Cell>,
    /// Content that is there more than once.
    pub duplicates: Duplicates,
    /// What gives more rights than its caller has.
    pub privilege: Privilege,
    /// Shells, sorted by path.
    pub shells: Vec<Program>,
    /// Interpreters of programming languages, sorted by path.
    pub interpreters: Vec<Program>,
    /// Programs that install packages, sorted by path.
    pub package_managers: Vec<Program>,
    /// Its accounts.
    pub accounts: Accounts,
    /// Private keys and what identifies one machine, sorted by path.
    pub secrets: Vec<Finding>,
    /// Its C libraries, sorted by path; statically linked images have none.
    pub libc: Vec<Libc>,
    /// Programs and shared libraries.
    pub elf: Elf,
    /// Licences that packages name, sorted by name; a package of several licences counts for each.
    pub licences: Vec<Licence>,
    /// How many packages name no licence in what was read.
    pub unlicensed_packages: u64,
    /// The directories and the larger files; the first is the root. A node comes after its parent, brothers are sorted
    /// largest first.
    pub tree: Vec<Node>,
    /// What could not be read or is not known, in sentences.
    pub notes: Vec<String>,
    /// Every entry by itself: always there in memory, written only on request (`--files`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// Which image was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
pub struct StoredLayer {
    /// SHA-256 of the stored blob, `sha256:…`.
    pub digest: String,
    /// Length of the stored blob.
    pub bytes: u64,
}

/// How large an image is, by several measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
pub struct Class {
    /// Its name in `configs/classes.toml` (`translations`), or `structure`: the headers of directories, links and
    /// devices, which have no content but are part of an archive.
    pub name: String,
    /// Its files.
    #[serde(flatten)]
    pub share: Share,
}

/// A database of packages that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// `dpkg`, `apk`, `portage`, `buildroot`; `rpm` and others are named but not read.
    pub kind: String,
    /// How many packages it names; `None` if it could not be read.
    pub packages: Option<u64>,
}

/// One package that the image says it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Its name, unique in the image; where two share one, with what tells them apart (`libc6:i386`, `sys-devel/gcc:14`).
    pub name: String,
    /// Its version, in its own notation.
    pub version: String,
    /// Its architecture, in its own notation.
    pub arch: Option<String>,
    /// The source package it was made from; often its own name.
    pub source: Option<String>,
    /// Position in [`Footprint::inventories`] of the database that names it.
    pub inventory: u32,
    /// Licences, as SPDX identifiers where the package uses these; sorted.
    pub licences: Vec<String>,
    /// The files it lists and that are there. A file listed by several packages counts for the last that has it.
    #[serde(flatten)]
    pub own: Share,
    /// Files that came to be because of it and that it does not list: bytecode beside its modules, its part of the
    /// database.
    pub generated: Share,
    /// What it says it takes; `None` if it does not say.
    pub installed_bytes: Option<u64>,
    /// How many of the files it lists are not in the image: removed by a prune profile or a filter.
    pub missing_files: u64,
    /// What it needs to work.
    pub needs: Vec<Need>,
    /// Whether the system cannot be without it.
    pub essential: bool,
    /// `required`, `important`, …; only where packages have one.
    pub priority: Option<String>,
    /// Whether it was installed only because another needs it; `None` where nothing says so.
    pub automatic: Option<bool>,
    /// What would leave with it, itself included: all that only it keeps. `None` until the function that
    /// finds it was called, and where packages do not say what they need.
    pub retained: Option<Retained>,
}

impl Package {
    /// All that is there because of it: its own files and those generated.
    pub fn share(&self) -> Share {
        let mut share = self.own;
        share += self.generated;
        share
    }
}

/// One thing a package needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// As the package says it, one clause: `usrmerge | usr-is-merged`, `so:libc.musl-x86_64.so.1`.
    pub text: String,
    /// The alternatives' names, without versions, in the package's order.
    pub alternatives: Vec<String>,
    /// The packages of the image that are or provide one of them, as positions in [`Footprint::packages`], in the order
    /// of the alternatives; empty if none does.
    pub met_by: Vec<u32>,
}

/// What would leave an image with one package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retained {
    /// How many packages, itself included.
    pub packages: u64,
    /// Their files, own and generated.
    #[serde(flatten)]
    pub share: Share,
}

/// How files divide into those of packages and others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ownership {
    /// Files that packages list.
    pub owned: Share,
    /// Files that came to be because of one package: see [`Package::generated`].
    pub generated: Share,
    /// Files of no package.
    pub unowned: Share,
    /// What no file is: see [`Class::name`].
    pub structure: Share,
}

/// Files of one class that belong to one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Position in [`Footprint::packages`], of the package that lists them or that they came from.
    pub package: Option<u32>,
    /// Position in [`Footprint::classes`].
    pub class: u32,
    /// What is in both.
    #[serde(flatten)]
    pub share: Share,
}

/// Content that is there more than once, in files of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// How many contents there are more than once.
    pub groups: u64,
    /// How many files could go.
    pub files: u64,
    /// What would be saved if each content were there once.
    pub bytes: u64,
    /// The groups that waste most, largest first; at most 50.
    pub largest: Vec<Duplicate>,
}

/// Files of the same content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Length of one.
    pub bytes: u64,
    /// How many there are.
    pub count: u64,
    /// What would be saved if there were one.
    pub wasted_bytes: u64,
    /// Where they are, sorted; at most 10.
    pub paths: Vec<String>,
}

/// What gives more rights than its caller has. Lists are sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Privilege {
    /// Files with the setuid bit; every name of a file counts.
    pub setuid: Vec<Special>,
    /// Files with the setgid bit (not directories), those that are setuid as well among them.
    pub setgid: Vec<Special>,
    /// Files with capabilities.
    pub capabilities: Vec<Special>,
    /// Files that anybody may write to, and directories without the sticky bit in which anybody may.
    pub world_writable: Vec<Special>,
}

/// An entry with a special mode or attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Special {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Its package, as a position in [`Footprint::packages`].
    pub package: Option<u32>,
    /// The capabilities, as `getcap` writes them (`cap_net_raw=ep`).
    pub capabilities: Option<String>,
}

/// A program of note.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Its package, as a position in [`Footprint::packages`].
    pub package: Option<u32>,
}

/// The accounts of `etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    /// How many there are; `None` if the file is not there.
    pub total: Option<u64>,
    /// Those that can log in: with a password or without any, and a shell that is one. In the order of the file.
    pub login: Vec<Account>,
}

/// An account that can log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its shell.
    pub shell: String,
    /// Whether no password is asked for.
    pub without_password: bool,
}

/// Something that should be in no image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Where it is, without a leading slash.
    pub path: String,
    /// What it is: `private key`, `SSH host key`, `authorized keys`, `machine id`, `random seed`.
    pub what: String,
}

/// A C library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Libc {
    /// `glibc`, `musl`, `uclibc`, `bionic`.
    pub name: String,
    /// Where it is, without a leading slash.
    pub path: String,
    /// What it says its version is.
    pub version: Option<String>,
}

/// Programs and shared libraries in the ELF format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Elf {
    /// All ELF files.
    pub files: u64,
    /// Those that a program can be linked with: position-independent, without an interpreter.
    pub libraries: u64,
    /// Programs: with an interpreter, or linked statically.
    pub programs: u64,
    /// Those with a symbol table, which `strip` would remove, sorted by path.
    pub unstripped: Vec<Unstripped>,
    /// What programs asked for by name need.
    pub closures: Vec<Closure>,
}

/// A file with a symbol table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unstripped {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Length of its symbol tables and debugging sections.
    pub symbol_bytes: u64,
}

/// What a program is linked with, all in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Closure {
    /// The program as it was asked for.
    pub program: String,
    /// The program, its interpreter and libraries: links are followed, each file counts once.
    #[serde(flatten)]
    pub share: Share,
    /// Their paths, sorted.
    pub paths: Vec<String>,
    /// Names of libraries that are not there, sorted.
    pub missing: Vec<String>,
}

/// A licence, and how much is under it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Licence {
    /// Its name, as packages write it.
    pub name: String,
    /// How many packages name it.
    pub packages: u64,
    /// All their files.
    #[serde(flatten)]
    pub share: Share,
}

/// A directory, a file, or what is left of a directory's smaller files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The last part of its path; empty for the root; for what is left, `…`.
    pub name: String,
    /// Position of the directory it is in; `None` for the root.
    pub parent: Option<u32>,
    /// All files in and below it.
    #[serde(flatten)]
    pub share: Share,
    /// The class of most of its bytes, as a position in [`Footprint::classes`].
    pub class: Option<u32>,
    /// The package that has most of its bytes, as a position in [`Footprint::packages`].
    pub package: Option<u32>,
    /// Whether it is a directory.
    pub directory: bool,
}

/// Every entry by itself, and what packages list in vain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
pub struct File {
    /// Where it is, without a leading slash; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Length of its content; 0 for all but regular files.
    pub bytes: u64,
    /// Its part of [`Sizes::zstd`], with its header.
    pub zstd_bytes: u64,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Position in [`Footprint::classes`].
    pub class: u32,
    /// Its package, as a position in [`Footprint::packages`].
    pub package: Option<u32>,
    /// Whether that package does not list it: see [`Package::generated`].
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
pub struct Missing {
    /// The path, without a leading slash.
    pub path: String,
    /// Position in [`Footprint::packages`].
    pub package: u32,
}

/// What an ELF file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
