//! The trees of the treemaps: by package, by class, by directory.

use super::{
    aligned::Aligned,
    facts::is_known,
    nodes::{Part, tree},
    report::Map,
};
use crate::footprint::{
    Footprint,
    model::{Cell, Share},
};
use std::collections::BTreeMap;

/// What the files of no package are called.
const NO_PACKAGE: &str = "(no package)";
/// What all files are called where no database tells of packages.
const NOT_KNOWN: &str = "(packages not known)";

/// Divides every image in each way that its data allow.
pub(super) fn maps(images: &[&Footprint], aligned: &Aligned) -> Vec<Map> {
    let has_packages = images.iter().any(|image| !image.packages.is_empty());
    let map = |by: &str, divide: &dyn Fn(usize) -> Part| Map {
        by: by.to_owned(),
        roots: (0..images.len()).map(|i| tree(divide(i))).collect(),
    };
    let mut maps = Vec::new();
    if has_packages {
        maps.push(map("package", &|i| by_cells(images[i], i, aligned, true)));
    }
    maps.push(map("class", &|i| {
        if has_packages {
            by_cells(images[i], i, aligned, false)
        } else {
            by_class(images[i], i, aligned)
        }
    }));
    if images.iter().any(|image| image.tree.len() > 1) {
        maps.push(map("directory", &|i| by_directory(images[i], i, aligned)));
    }
    maps
}

/// Divides by package and within by class, or the other way around.
fn by_cells(image: &Footprint, i: usize, aligned: &Aligned, package_first: bool) -> Part {
    let no_package = if is_known(image) {
        NO_PACKAGE
    } else {
        NOT_KNOWN
    };
    let mut sums = BTreeMap::<(&str, &str), (Share, usize)>::new();
    for Cell {
        package,
        class,
        share,
    } in &image.cells
    {
        let package = package.map_or(no_package, |package| {
            &aligned.package_of[i][package as usize]
        });
        let class = aligned.class_of[i][*class as usize];
        let name = aligned.classes[class].as_str();
        let key = if package_first {
            (package, name)
        } else {
            (name, package)
        };
        sums.entry(key).or_insert((Share::default(), class)).0 += *share;
    }
    let mut whole = whole(image);
    for ((outer, inner), (share, class)) in sums {
        if whole.parts.last().is_none_or(|part| part.name != outer) {
            whole.parts.push(Part {
                name: outer.to_owned(),
                ..Part::default()
            });
        }
        let part = whole.parts.last_mut().expect("one was just pushed");
        part.share += share;
        part.parts.push(Part {
            name: inner.to_owned(),
            share,
            class: Some(class),
            parts: Vec::new(),
        });
    }
    for part in &mut whole.parts {
        let largest = part.parts.iter().max_by_key(|part| part.share.bytes);
        part.class = largest.and_then(|part| part.class);
    }
    whole
}

fn by_class(image: &Footprint, i: usize, aligned: &Aligned) -> Part {
    let mut whole = whole(image);
    for (class, place) in image.classes.iter().zip(&aligned.class_of[i]) {
        whole.parts.push(Part {
            name: class.name.clone(),
            share: class.share,
            class: Some(*place),
            parts: Vec::new(),
        });
    }
    whole
}

fn by_directory(image: &Footprint, i: usize, aligned: &Aligned) -> Part {
    // A node comes after its parent, so from the end every node is whole when it is put into its parent.
    let mut parts: Vec<Part> = image
        .tree
        .iter()
        .map(|node| Part {
            // What is left of a directory's files.
            name: match node.name.as_str() {
                "…" => String::new(),
                name => name.to_owned(),
            },
            share: node.share,
            class: node.class.map(|class| aligned.class_of[i][class as usize]),
            parts: Vec::new(),
        })
        .collect();
    for place in (1..parts.len()).rev() {
        let part = parts.pop().expect("there is one for each place");
        if let Some(parent) = image.tree[place].parent {
            parts[parent as usize].parts.push(part);
        }
    }
    parts.pop().unwrap_or_else(|| whole(image))
}

fn whole(image: &Footprint) -> Part {
    Part {
        share: Share {
            files: image.entries.files,
            bytes: image.sizes.content,
            zstd_bytes: image.sizes.zstd,
        },
        ..Part::default()
    }
}
