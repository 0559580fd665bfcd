//! Packages and classes of several images under the names that they share.

use super::report::{Held, Package};
use crate::footprint::{Footprint, model, names::family};
use std::collections::{BTreeMap, BTreeSet};

/// Names that mean the same in all images.
pub(super) struct Aligned {
    /// Names of classes, the largest over all images first.
    pub classes: Vec<String>,
    /// For each image: where its classes are in `classes`.
    pub class_of: Vec<Vec<usize>>,
    /// For each image: the common names of its packages.
    pub package_of: Vec<Vec<String>>,
}

impl Aligned {
    /// Finds what the images have in common.
    pub fn of(images: &[&Footprint]) -> Self {
        let classes = classes(images);
        let class_of = images
            .iter()
            .map(|image| {
                let place = |class: &model::Class| {
                    let found = classes.iter().position(|name| *name == class.name);
                    found.expect("the classes of all images are there")
                };
                image.classes.iter().map(place).collect()
            })
            .collect();
        Self {
            classes,
            class_of,
            package_of: packages(images),
        }
    }

    /// Lists the packages by their common names.
    pub fn packages(&self, images: &[&Footprint]) -> Vec<Package> {
        let mut rows = BTreeMap::<&str, Vec<Option<Held>>>::new();
        for (i, image) in images.iter().enumerate() {
            for (package, name) in image.packages.iter().zip(&self.package_of[i]) {
                let row = rows.entry(name).or_insert_with(|| vec![None; images.len()]);
                let is_only = images.len() == 1;
                add(row[i].get_or_insert_default(), package, name, is_only);
            }
        }
        let row = |(name, images): (&str, _)| Package {
            name: name.to_owned(),
            images,
        };
        rows.into_iter().map(row).collect()
    }
}

/// Adds a package to what an image has under a common name; of several, what leaves is not the sum and so not known.
fn add(held: &mut Held, package: &model::Package, name: &str, is_only: bool) {
    let share = package.share();
    let is_first = held.versions.is_empty();
    if !is_first {
        held.versions.push_str(", ");
    }
    if package.name != name {
        held.versions.push_str(&package.name);
        held.versions.push(' ');
    }
    held.versions.push_str(&package.version);
    held.raw += share.bytes;
    held.compressed += share.zstd_bytes;
    let retained = package.retained.map(|retained| retained.share.bytes);
    held.retained = retained.filter(|_| is_first);
    if is_only {
        *held.files.get_or_insert_default() += share.files;
        held.source.clone_from(&package.source);
        held.licences = (!package.licences.is_empty()).then(|| package.licences.join(", "));
    }
}

fn classes(images: &[&Footprint]) -> Vec<String> {
    let mut sums = BTreeMap::<&str, u64>::new();
    for class in images.iter().flat_map(|image| &image.classes) {
        *sums.entry(&class.name).or_default() += class.share.bytes;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    sums.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Finds the common names: the packages' own where all images have it or it is the only one of its family, else that of
/// the family.
fn packages(images: &[&Footprint]) -> Vec<Vec<String>> {
    let named = |image: &&Footprint| -> BTreeSet<String> {
        let names = image.packages.iter().map(|package| package.name.clone());
        names.collect()
    };
    let sets: Vec<BTreeSet<String>> = images.iter().map(named).collect();
    let mut families = BTreeMap::<String, BTreeSet<&str>>::new();
    for name in sets.iter().flatten() {
        families.entry(family(name)).or_default().insert(name);
    }
    let common = |name: &String| {
        let family = family(name);
        let is_common = sets.iter().all(|set| set.contains(name));
        if is_common || families[&family].len() == 1 {
            name.clone()
        } else {
            family
        }
    };
    let all = |image: &&Footprint| {
        let packages = image.packages.iter();
        packages.map(|package| common(&package.name)).collect()
    };
    images.iter().map(all).collect()
}
