//! The parts of images side by side.

use super::model::{Breakdown, Part};
use crate::footprint::{Footprint, model::FileKind, names};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// By what images are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Packages; those of one family are one part
    Package,
    /// What files are for
    Class,
    /// Directories, two levels deep
    Dir,
    /// Layers as they are stored
    Layer,
    /// Licences
    Licence,
    /// Every file
    File,
}

impl By {
    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Class => "class",
            Self::Dir => "dir",
            Self::Layer => "layer",
            Self::Licence => "licence",
            Self::File => "file",
        }
    }
}

/// Bytes and compressed bytes of each part of one image.
type Sizes = BTreeMap<String, (u64, Option<u64>)>;

/// What a package that no database lists is called here.
const NO_PACKAGE: &str = "(no package)";

/// Puts the parts of `images` side by side, the largest in any of them first.
pub fn breakdown(images: &[Footprint], by: By) -> Breakdown {
    let sizes: Vec<Sizes> = match by {
        By::Package => packages(images),
        By::Class => images.iter().map(classes).collect(),
        By::Dir => images.iter().map(directories).collect(),
        By::Layer => images.iter().map(layers).collect(),
        By::Licence => images.iter().map(licences).collect(),
        By::File => images.iter().map(files).collect(),
    };
    let names: BTreeSet<&String> = sizes.iter().flat_map(Sizes::keys).collect();
    let row = |name: &String| Part {
        name: name.clone(),
        bytes: sizes.iter().map(|sizes| Some(sizes.get(name)?.0)).collect(),
        zstd_bytes: sizes.iter().map(|sizes| sizes.get(name)?.1).collect(),
    };
    let mut rows: Vec<Part> = names.into_iter().map(row).collect();
    rows.sort_by_key(|row| Reverse(row.bytes.iter().copied().flatten().max()));
    Breakdown {
        by: by.name().to_owned(),
        rows,
    }
}

/// Says which images cannot be taken apart so, if any: in a report without `--files` no file is named.
pub fn unknown(images: &[Footprint], by: By) -> Option<String> {
    let unknown = images.iter().filter(|image| image.detail.is_none());
    let names: Vec<&str> = unknown.map(|image| image.image.name.as_str()).collect();
    (by == By::File && !names.is_empty()).then(|| {
        format!(
            "by {} is not known: {} without a list of files (--files)",
            by.name(),
            names.join(", ")
        )
    })
}

fn add(sizes: &mut Sizes, name: &str, bytes: u64, zstd_bytes: Option<u64>) {
    let sum = sizes.entry(name.to_owned()).or_insert((0, Some(0)));
    sum.0 += bytes;
    sum.1 = sum.1.zip(zstd_bytes).map(|(left, right)| left + right);
}

fn packages(images: &[Footprint]) -> Vec<Sizes> {
    let mut holders = BTreeMap::<&str, usize>::new();
    for package in images.iter().flat_map(|image| &image.packages) {
        *holders.entry(&package.name).or_default() += 1;
    }
    let one = |image: &Footprint| {
        let mut sizes = Sizes::new();
        for package in &image.packages {
            let is_everywhere = images.len() == 1 || holders[package.name.as_str()] > 1;
            let family = names::family(&package.name);
            let name = if is_everywhere {
                &package.name
            } else {
                &family
            };
            let share = package.share();
            add(&mut sizes, name, share.bytes, Some(share.zstd_bytes));
        }
        let none = image.cells.iter().filter(|cell| cell.package.is_none());
        for cell in none {
            add(
                &mut sizes,
                NO_PACKAGE,
                cell.share.bytes,
                Some(cell.share.zstd_bytes),
            );
        }
        sizes
    };
    images.iter().map(one).collect()
}

fn classes(image: &Footprint) -> Sizes {
    let classes = image.classes.iter();
    classes
        .map(|it| (it.name.clone(), (it.share.bytes, Some(it.share.zstd_bytes))))
        .collect()
}

fn directories(image: &Footprint) -> Sizes {
    let mut sizes = Sizes::new();
    let mut rest = (image.sizes.content, image.sizes.zstd);
    for node in &image.tree {
        let Some(parent) = node.parent else {
            continue;
        };
        let above = &image.tree[parent as usize];
        // Two levels; what is directly in a directory of the first is put together.
        let is_second = above.parent == Some(0);
        let is_first_alone = above.parent.is_none() && !node.directory;
        let is_shown = is_second && node.directory || is_first_alone;
        if !is_shown {
            continue;
        }
        let name = match above.parent {
            Some(_) => format!("{}/{}", above.name, node.name),
            None => node.name.clone(),
        };
        rest.0 = rest.0.saturating_sub(node.share.bytes);
        rest.1 = rest.1.saturating_sub(node.share.zstd_bytes);
        add(
            &mut sizes,
            &name,
            node.share.bytes,
            Some(node.share.zstd_bytes),
        );
    }
    if rest.0 > 0 {
        add(&mut sizes, "(elsewhere)", rest.0, Some(rest.1));
    }
    sizes
}

fn layers(image: &Footprint) -> Sizes {
    let mut sizes = Sizes::new();
    for layer in &image.image.layers {
        add(&mut sizes, &layer.digest, layer.bytes, None);
    }
    sizes
}

fn licences(image: &Footprint) -> Sizes {
    let licences = image.licences.iter();
    licences
        .map(|it| (it.name.clone(), (it.share.bytes, Some(it.share.zstd_bytes))))
        .collect()
}

fn files(image: &Footprint) -> Sizes {
    let mut sizes = Sizes::new();
    let detail = image.detail.iter().flat_map(|detail| &detail.files);
    for file in detail.filter(|file| file.kind == FileKind::File) {
        add(&mut sizes, &file.path, file.bytes, Some(file.zstd_bytes));
    }
    sizes
}
