//! What was measured of one image: the schema `boot.inspect/1`, described for its readers in
//! `docs/reference/inspect-json.md`.
//!
//! All sizes are bytes. Where a part refers to a class or a package, it does so by its position in
//! [`Footprint::classes`] or [`Footprint::packages`]. Lists are sorted as their field says, so that the same image gives
//! the same text. What could not be known is absent (`None`, an empty list and a line in [`Footprint::notes`]), never
//! guessed. Within version 1, fields are added and never renamed or removed.

mod detail;
mod findings;
mod image;
mod packages;

pub use detail::{Detail, File, FileKind, Missing, Node, Object};
pub use findings::{
    Account, Accounts, Closure, Duplicate, Duplicates, Elf, Finding, Libc, Privilege, Program,
    Special, Unstripped,
};
pub use image::{Cell, Class, Entries, Form, Image, Ownership, Share, Sizes, StoredLayer};
pub use packages::{Inventory, Licence, Need, Package, Retained};

use serde::{Deserialize, Serialize};

/// The schema's name and version, the value of [`Footprint::schema`].
pub const SCHEMA: &str = "boot.inspect/1";

/// Everything that was measured of one image.
///
/// [`sizes`](Self::sizes)`.content` is what these add up to, each for itself: the bytes of
/// [`classes`](Self::classes), of [`ownership`](Self::ownership), of [`cells`](Self::cells), of the files in
/// [`detail`](Self::detail), and the first of [`tree`](Self::tree). Likewise for `zstd_bytes` and `sizes.zstd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}
