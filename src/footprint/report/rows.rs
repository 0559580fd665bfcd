//! One breakdown of an image as rows that add up to the whole.

use crate::footprint::model::{Detail, FileKind, Footprint, Share};
use std::{cmp::Reverse, collections::BTreeMap};

/// What files belong to no package under.
const UNOWNED: &str = "(no package)";
/// What directories and links are under where rows are of files.
const STRUCTURE: &str = "(directories, links)";
/// How many directories deep a breakdown by directory goes.
const DEPTH: usize = 2;

/// What to break an image down by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// What files are for
    #[default]
    Class,
    /// Whose they are
    Package,
    /// Which source packages these were made from
    Source,
    /// Where they are, two directories deep
    Dir,
    /// Every file by itself
    File,
    /// Licences; packages of several count for each, so these do not add up
    Licence,
}

impl By {
    /// What a row stands for.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Package => "package",
            Self::Source => "source",
            Self::Dir => "directory",
            Self::File => "file",
            Self::Licence => "licence",
        }
    }
}

/// One part of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// More about it: a version.
    pub note: String,
    /// What is in it.
    pub share: Share,
}

/// Breaks an image down, largest first.
///
/// By directory and by file needs [`Footprint::detail`]; without it there are no such rows.
pub fn rows(footprint: &Footprint, by: By) -> Vec<Row> {
    let mut rows = match by {
        By::Class => classes(footprint),
        By::Package => packages(footprint, false),
        By::Source => packages(footprint, true),
        By::Dir => footprint
            .detail
            .as_ref()
            .map(directories)
            .unwrap_or_default(),
        By::File => footprint.detail.as_ref().map(files).unwrap_or_default(),
        By::Licence => licences(footprint),
    };
    rows.sort_by(|a, b| {
        let key = |row: &Row| (Reverse(row.share.bytes), Reverse(row.share.zstd_bytes));
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    rows
}

fn row(name: impl Into<String>, share: Share) -> Row {
    Row {
        name: name.into(),
        note: String::new(),
        share,
    }
}

fn classes(footprint: &Footprint) -> Vec<Row> {
    let classes = footprint.classes.iter();
    classes.map(|it| row(it.name.clone(), it.share)).collect()
}

fn packages(footprint: &Footprint, by_source: bool) -> Vec<Row> {
    let mut rows: BTreeMap<(&str, &str), Share> = BTreeMap::new();
    for package in &footprint.packages {
        let key = match (&package.source, by_source) {
            (Some(source), true) => (source.as_str(), ""),
            (None, true) => (package.name.as_str(), ""),
            (_, false) => (package.name.as_str(), package.version.as_str()),
        };
        *rows.entry(key).or_default() += package.share();
    }
    *rows.entry((UNOWNED, "")).or_default() += footprint.ownership.unowned;
    *rows.entry((STRUCTURE, "")).or_default() += footprint.ownership.structure;
    rows.into_iter()
        .map(|((name, version), share)| Row {
            note: version.to_owned(),
            ..row(name, share)
        })
        .collect()
}

fn directories(detail: &Detail) -> Vec<Row> {
    let mut rows: BTreeMap<String, Share> = BTreeMap::new();
    for file in &detail.files {
        let mut parts: Vec<&str> = file.path.split('/').collect();
        if file.kind != FileKind::Directory {
            parts.pop();
        }
        parts.truncate(DEPTH);
        *rows.entry(format!("/{}", parts.join("/"))).or_default() += Share {
            files: u64::from(file.kind == FileKind::File),
            bytes: file.bytes,
            zstd_bytes: file.zstd_bytes,
        };
    }
    rows.into_iter()
        .map(|(name, share)| row(name, share))
        .collect()
}

fn files(detail: &Detail) -> Vec<Row> {
    let mut structure = Share::default();
    let mut rows = Vec::new();
    for file in &detail.files {
        let share = Share {
            files: u64::from(file.kind == FileKind::File),
            bytes: file.bytes,
            zstd_bytes: file.zstd_bytes,
        };
        match file.kind {
            FileKind::File => rows.push(row(format!("/{}", file.path), share)),
            _ => structure += share,
        }
    }
    rows.push(row(STRUCTURE, structure));
    rows
}

fn licences(footprint: &Footprint) -> Vec<Row> {
    let licence = |it: &crate::footprint::model::Licence| Row {
        note: format!("{} packages", it.packages),
        ..row(it.name.clone(), it.share)
    };
    footprint.licences.iter().map(licence).collect()
}
