//! What a comparison found: the schema `boot.compare/1`, described for its readers in
//! `docs/reference/compare-json.md`.
//!
//! All sizes are bytes. Images are referred to by their position in [`Comparison::images`]; the first is the one that all
//! others are held against. What could not be known is absent, never guessed. Within version 1, fields are added and
//! never renamed or removed.

use crate::footprint::Footprint;
use serde::{Deserialize, Serialize};

/// The schema's name and version, the value of [`Comparison::schema`].
pub const SCHEMA: &str = "boot.compare/1";

/// Several images, what differs and why, and what could be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was measured of each, in the order of the command line; with `--against`, the old one first.
    pub images: Vec<Footprint>,
    /// The decisive figures, in the order in which they are shown.
    pub metrics: Vec<Metric>,
    /// Which content the images have in common; `None` where files are not known one by one.
    pub sharing: Option<Sharing>,
    /// Parts side by side: by class, and by whatever `--by` says.
    pub breakdowns: Vec<Breakdown>,
    /// Why each of the others differs from the first, in the order of the images.
    pub differences: Vec<Difference>,
    /// What could be done, for each image the largest gain first.
    pub advice: Vec<Advice>,
    /// What `--budget` allows.
    pub budget: Vec<Limit>,
    /// Where an image takes more than that.
    pub breaches: Vec<Breach>,
    /// Whether the first image is an older one that the others take the place of (`--against`); it need keep no limit.
    pub against: bool,
    /// With `--against`: what a machine that has the old image must fetch for each of the others.
    pub updates: Vec<Update>,
    /// What could not be compared, in sentences.
    pub notes: Vec<String>,
}

/// One figure of all images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metric {
    /// Its name, as in `--budget` (`size`, `setuid`).
    pub name: String,
    /// What it is, for people (`content`, `setuid files`).
    pub title: String,
    /// In what it is counted.
    pub unit: Unit,
    /// The figure of each image; `None` where it is not known.
    pub values: Vec<Option<u64>>,
    /// Which images have the lowest; none if all have the same, or if less is not better.
    pub best: Vec<u32>,
}

/// In what a figure is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    #[default]
    Bytes,
    /// Things.
    Count,
}

/// Which content images have in common, by the digest of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharing {
    /// Bytes of each image that at least one other has too; with `unique_bytes` this is all of its content.
    pub shared_bytes: Vec<u64>,
    /// Bytes of each image that no other has.
    pub unique_bytes: Vec<u64>,
    /// `between_bytes[a][b]`: bytes of files of image `a` whose content image `b` has too; for `a` itself, all of them.
    pub between_bytes: Vec<Vec<u64>>,
}

/// The parts of the images, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breakdown {
    /// By what: `package`, `class`, `dir`, `layer`, `licence`, `file`.
    pub by: String,
    /// The parts, the largest in any image first.
    pub rows: Vec<Part>,
}

/// One part of all images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// Its name; for packages of different names in the images, their family.
    pub name: String,
    /// Its bytes in each image; `None` where it is not there.
    pub bytes: Vec<Option<u64>>,
    /// Its bytes compressed; `None` where it is not there, or not measured.
    pub zstd_bytes: Vec<Option<u64>>,
}

/// Why one image differs from the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Difference {
    /// Which one.
    pub image: u32,
    /// How much more content it has than the first.
    pub bytes: i64,
    /// How much larger it is compressed.
    pub zstd_bytes: i64,
    /// What makes the difference, largest first; together they are `bytes`.
    pub contributors: Vec<Contributor>,
    /// The largest of them in words, as the table shows them.
    pub reasons: Vec<String>,
}

/// One part of a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contributor {
    /// What it is.
    pub kind: ContributorKind,
    /// A package's name, or that of its family if the images have it under several; the name of a class.
    pub name: String,
    /// Its packages in the first image, sorted.
    pub before: Vec<String>,
    /// Its packages in the other, sorted.
    pub after: Vec<String>,
    /// Its bytes in the first image.
    pub bytes_before: u64,
    /// Its bytes in the other.
    pub bytes_after: u64,
    /// How it came there: from what was asked for to what needs it, the package itself left out. Only of what the first
    /// image does not have.
    pub via: Vec<String>,
    /// The same in words: `systemd +16.1 MiB (new, via udev)`.
    pub text: String,
}

/// What a part of a difference is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContributorKind {
    /// A package, with the files that came to be because of it.
    #[default]
    Package,
    /// Files of no package, by their class; all files, where an image does not tell of packages.
    Class,
}

/// Something that makes an image smaller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Advice {
    /// Which image.
    pub image: u32,
    /// What to type after the command, each word by itself: `--include`, `systemd-standalone-sysusers`.
    pub flags: Vec<String>,
    /// What that does, in a few words.
    pub text: String,
    /// What sort it is.
    pub kind: AdviceKind,
    /// What should be saved.
    pub predicted: Gain,
    /// What was saved when the image was made so; `None` if it was not tried.
    pub measured: Option<Gain>,
    /// Packages that would leave, sorted.
    pub leaves: Vec<String>,
    /// Packages that would come, sorted.
    pub comes: Vec<String>,
    /// The packages whose demand can be met otherwise, sorted, and that demand.
    pub wanted_by: Vec<String>,
    /// The demand as they put it: `systemd | systemd-standalone-sysusers`.
    pub demand: Option<String>,
}

/// What sort of advice it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdviceKind {
    /// Leave files out.
    #[default]
    Prune,
    /// Meet a demand by another package.
    Alternative,
}

/// How much smaller an image gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gain {
    /// Content.
    pub bytes: i64,
    /// Compressed; `None` if that is not known.
    pub zstd_bytes: Option<i64>,
}

/// The most that an image may have of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limit {
    /// The name of a [`Metric`].
    pub metric: String,
    /// The most, in its unit.
    pub most: u64,
}

/// A limit that an image does not keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breach {
    /// Which image.
    pub image: u32,
    /// The name of the [`Metric`].
    pub metric: String,
    /// The most it may be.
    pub most: u64,
    /// What it is; `None` if it is not known, which is a breach as well.
    pub value: Option<u64>,
    /// Which one, by how much, and what of it is the most, in words.
    pub text: String,
}

/// What a machine that has the old image must fetch for the new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Update {
    /// The new image.
    pub image: u32,
    /// How that is known.
    pub basis: Basis,
    /// What must be fetched.
    pub fetch_bytes: u64,
    /// What would have to be fetched without the old image.
    pub whole_bytes: u64,
    /// Layers, or files, that must be fetched.
    pub fetched: u64,
    /// How many there are.
    pub total: u64,
}

/// What the cost of an update is known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The layers as they are stored: those of the same digest are there already.
    #[default]
    Layers,
    /// The files, by the digest of their content, uncompressed.
    Files,
}
