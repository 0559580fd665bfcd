//! Directories and larger files, for maps: what is too small to be seen is one node for each directory.

use super::{
    finish::View,
    model::{FileKind, Node, Share},
    packages::position,
};
use boot_kit::RootPath;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

/// What has less than this part of the image, by either size, gets no node of its own: 0.05 %.
const PARTS: u64 = 2000;
/// The name of what is left of a directory.
const REST: &str = "…";

/// One node before it is placed.
#[derive(Default)]
struct Sum {
    share: Share,
    classes: BTreeMap<u32, u64>,
    packages: BTreeMap<Option<u32>, u64>,
    is_directory: bool,
    children: Vec<RootPath>,
}

impl Sum {
    fn add(&mut self, view: &View<'_>, number: usize) {
        let share = view.share(number);
        self.share += share;
        // Without content, something is still of the class of its header.
        let weight = share.bytes * 1024 + share.zstd_bytes;
        *self.classes.entry(view.classes[number]).or_default() += weight;
        let package = view.owners.of[number].package();
        *self.packages.entry(package).or_default() += weight;
    }

    fn is_large(&self, whole: Share) -> bool {
        self.share.bytes * PARTS >= whole.bytes.max(1)
            || self.share.zstd_bytes * PARTS >= whole.zstd_bytes.max(1)
    }

    fn node(&self, name: String, parent: Option<u32>) -> Node {
        let most = |classes: &BTreeMap<u32, u64>| {
            let most = classes
                .iter()
                .max_by_key(|(class, weight)| (**weight, Reverse(**class)));
            most.map(|(class, _)| *class)
        };
        let package = self.packages.iter().max_by_key(|(_, weight)| **weight);
        Node {
            name,
            parent,
            share: self.share,
            class: most(&self.classes),
            package: package.and_then(|(package, _)| *package),
            directory: self.is_directory,
        }
    }
}

/// Makes the nodes: parents first, brothers largest first, the rest of a directory after them.
pub(super) fn nodes(view: &View<'_>) -> Vec<Node> {
    let sums = sums(view);
    let whole = sums[&RootPath::default()].share;
    let mut nodes = Vec::new();
    let mut open = vec![(RootPath::default(), None)];
    while let Some((path, parent)) = open.pop() {
        let sum = &sums[&path];
        let name = path
            .split()
            .map(|(_, name)| String::from_utf8_lossy(name).into_owned());
        nodes.push(sum.node(name.unwrap_or_default(), parent));
        let here = Some(position(nodes.len() - 1));
        let (mut large, small): (Vec<_>, Vec<_>) = sum
            .children
            .iter()
            .partition(|child| sums[child].is_large(whole));
        if let Some(rest) = rest(&sums, sum, &large, &small) {
            nodes.push(rest.node(REST.to_owned(), here));
        }
        // The last is taken first.
        large.sort_by_key(|child| (sums[child].share.bytes, Reverse((*child).clone())));
        open.extend(large.into_iter().map(|child| (child.clone(), here)));
    }
    nodes
}

/// Sums every entry into itself and all directories above it.
fn sums(view: &View<'_>) -> HashMap<RootPath, Sum> {
    let mut sums: HashMap<RootPath, Sum> = HashMap::new();
    let root = sums.entry(RootPath::default()).or_default();
    root.is_directory = true;
    for (number, record) in view.table.records.iter().enumerate() {
        let own = sums.entry(record.path.clone()).or_default();
        own.is_directory = record.kind == FileKind::Directory;
        own.add(view, number);
        let parent = record
            .path
            .split()
            .map(|(parent, _)| parent)
            .unwrap_or_default();
        sums.entry(parent)
            .or_default()
            .children
            .push(record.path.clone());
        for above in record.path.ancestors().chain([RootPath::default()]) {
            sums.entry(above).or_default().add(view, number);
        }
    }
    sums
}

/// What of a directory has no node of its own: small entries, and its own header.
fn rest(
    sums: &HashMap<RootPath, Sum>,
    directory: &Sum,
    large: &[&RootPath],
    small: &[&RootPath],
) -> Option<Sum> {
    if small.is_empty() {
        return None;
    }
    let mut rest = Sum::default();
    for path in small {
        let sum = &sums[*path];
        rest.share += sum.share;
        for (class, weight) in &sum.classes {
            *rest.classes.entry(*class).or_default() += weight;
        }
        for (package, weight) in &sum.packages {
            *rest.packages.entry(*package).or_default() += weight;
        }
    }
    let shown: u64 = large.iter().map(|path| sums[*path].share.zstd_bytes).sum();
    rest.share.zstd_bytes = directory.share.zstd_bytes.saturating_sub(shown);
    Some(rest)
}
