//! What the page shows, in the shape of its JSON block.
//!
//! It is read by the script of the same page and nobody else, and so may change with it; for programs there is
//! `--format json`. Lists that are long have keys of one letter.

use super::{aligned::Aligned, facts, maps, tables};
use crate::footprint::Footprint;
use serde::{Deserialize, Serialize};

/// Everything a page shows of one image, or of several side by side.
///
/// Where something has one value for each image, the values are in the order of [`images`](Self::images), and `None`
/// where an image has no such thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// What made the page, and from what.
    pub made_by: String,
    /// The images, in the order they were named.
    pub images: Vec<Image>,
    /// Names of classes; others name one by its position here.
    pub classes: Vec<String>,
    /// Single numbers and words.
    pub facts: Vec<Fact>,
    /// Why images differ, in words, largest first within each pair.
    pub reasons: Vec<Reason>,
    /// What the treemaps can show.
    pub maps: Vec<Map>,
    /// Packages under names the images share, sorted by these.
    pub packages: Vec<Package>,
    /// Every other list.
    pub tables: Vec<Table>,
    /// Bytes for each pair of images.
    pub matrices: Vec<Matrix>,
}

impl Report {
    /// Says what the images are, and what their measures show side by side.
    ///
    /// Why they differ, what could go and what they share is for the caller to add.
    pub fn of(images: &[&Footprint]) -> Self {
        let names = headings(images);
        let aligned = Aligned::of(images);
        let image = |(name, image): (&String, &&Footprint)| Image {
            name: name.clone(),
            z: Some(image.sizes.zstd),
        };
        Self {
            title: format!("The footprint of {}", names.join(", ")),
            made_by: format!("Made by boot {}.", env!("CARGO_PKG_VERSION")),
            images: names.iter().zip(images).map(image).collect(),
            facts: facts::facts(images),
            reasons: Vec::new(),
            maps: maps::maps(images, &aligned),
            packages: aligned.packages(images),
            tables: tables::tables(images, &names),
            matrices: Vec::new(),
            classes: aligned.classes,
        }
    }
}

/// Names the images; those of one name by what was typed, and by a number if that is the same too.
fn headings(images: &[&Footprint]) -> Vec<String> {
    let mut headings = Vec::<String>::new();
    for Footprint { image, .. } in images {
        let same = images.iter().filter(|other| other.image.name == image.name);
        let base = if same.count() > 1 {
            &image.source
        } else {
            &image.name
        };
        let numbers = (2..).map(|number| format!("{base} ({number})"));
        let mut names = std::iter::once(base.clone()).chain(numbers);
        headings.extend(names.find(|name| !headings.contains(name)));
    }
    headings
}

/// One image of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its heading, which no other image has.
    pub name: String,
    /// Its compressed size, if known: without it, maps have only raw sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<u64>,
}

/// Where on the page something is; the page has them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// How large the images are.
    Size,
    /// What takes the room, and why.
    Growth,
    /// What could go.
    Advice,
    /// How much there is of everything.
    Counts,
    /// Who may do what.
    Privilege,
    /// Where the images come from.
    Origin,
    /// What images have in common.
    Sharing,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As a size.
    Bytes,
    /// As a number.
    Count,
    /// As it is.
    Text,
    /// As it is, in the letters of programs.
    Path,
    /// Likewise: something to type.
    Code,
}

/// One value: of an image, or in a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Bytes or a count.
    Number(i64),
    /// Anything else.
    Text(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One measure of every image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Where it is shown.
    pub section: Section,
    /// What was measured.
    pub label: String,
    /// How it is written.
    pub kind: Kind,
    /// Which value is marked as the best one, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better: Option<Better>,
    /// What one must know to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The values.
    pub values: Vec<Option<Value>>,
}

/// Which of several values is the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The smallest.
    Lower,
    /// The largest.
    Higher,
}

/// One reason why an image is as large as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The image it is compared with, by its position; `None` if with none.
    pub from: Option<usize>,
    /// The image, by its position.
    pub image: usize,
    /// The reason.
    pub text: String,
    /// What it adds or saves.
    pub bytes: Option<i64>,
}

/// One way to divide the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// By what: `package`, `class`, `directory`.
    pub by: String,
    /// The whole of every image.
    pub roots: Vec<Node>,
}

/// A part of an image, and its parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name, unique among its brothers and the same for the same part of every image; of the whole and of what was
    /// merged it is empty.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Of what was merged because it is small: how many files that is.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<u64>,
    /// Bytes of content.
    #[serde(rename = "r")]
    pub raw: u64,
    /// Compressed bytes.
    #[serde(rename = "z")]
    pub compressed: u64,
    /// The class of most of it.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
    /// Its parts, which add up to it; empty for what is not divided.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Node>,
}

/// A package, or those that are the same in different images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The name in common.
    #[serde(rename = "n")]
    pub name: String,
    /// What each image has of it.
    #[serde(rename = "i")]
    pub images: Vec<Option<Held>>,
}

/// What one image has of a package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Names where they differ from the common one, and versions.
    #[serde(rename = "v")]
    pub versions: String,
    /// Bytes of content.
    #[serde(rename = "r")]
    pub raw: u64,
    /// Compressed bytes.
    #[serde(rename = "z")]
    pub compressed: u64,
    /// Bytes that would leave with it.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub retained: Option<u64>,
    /// Files. Like the source and licences, it is only known to pages of one image.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The source package.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Licences.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub licences: Option<String>,
}

/// A list that can be searched and sorted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Where it is shown.
    pub section: Section,
    /// The element's name in the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What one must know to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its columns; the first names the row.
    pub columns: Vec<Column>,
    /// One value for each column.
    pub rows: Vec<Vec<Option<Value>>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub label: String,
    /// How its values are written.
    pub kind: Kind,
}

impl Column {
    /// Makes a column.
    pub fn new(label: impl Into<String>, kind: Kind) -> Self {
        let label = label.into();
        Self { label, kind }
    }
}

/// Bytes for each pair of images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Its heading.
    pub title: String,
    /// What a row and a column of it mean.
    pub note: String,
    /// A row for each image, a column for each image.
    pub rows: Vec<Vec<Option<u64>>>,
}
