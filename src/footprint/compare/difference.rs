//! Why one image is larger than another, in words.

use super::model::{Contributor, ContributorKind, Difference};
use crate::footprint::{
    Footprint,
    amount::{amount, signed},
    graph::way_to,
    model::Package,
    names,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many reasons are told in words.
const REASONS: usize = 8;

/// Smaller differences than this are not told in words.
const TELLING: u64 = 20_000;

/// How many packages are named in one sentence.
const NAMED: usize = 2;

/// Explains what image number `image` has more or less than the first.
///
/// By source packages, which come and go together; by classes, where one of the two does not tell of packages.
pub fn difference(image: u32, first: &Footprint, other: &Footprint) -> Difference {
    let mut contributors = Vec::new();
    let by_packages = !first.packages.is_empty() && !other.packages.is_empty();
    if by_packages {
        contributors.extend(Sources::of(first).against(&Sources::of(other), first, other));
    }
    contributors.extend(classes(first, other, by_packages));
    contributors.sort_by(|left, right| {
        let key = |it: &Contributor| (std::cmp::Reverse(it.growth().unsigned_abs()), it.kind as u8);
        key(left)
            .cmp(&key(right))
            .then_with(|| left.name.cmp(&right.name))
    });
    let telling = contributors
        .iter()
        .filter(|it| it.growth().unsigned_abs() >= TELLING);
    Difference {
        image,
        bytes: difference_of(other.sizes.content, first.sizes.content),
        zstd_bytes: difference_of(other.sizes.zstd, first.sizes.zstd),
        reasons: telling.take(REASONS).map(|it| it.text.clone()).collect(),
        contributors,
    }
}

/// How much more `left` is than `right`.
pub(super) fn difference_of(left: u64, right: u64) -> i64 {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    signed(left) - signed(right)
}

impl Contributor {
    /// How many bytes more the other image has.
    pub fn growth(&self) -> i64 {
        difference_of(self.bytes_after, self.bytes_before)
    }
}

/// The packages of an image, by the source they were made from.
struct Sources<'a>(BTreeMap<&'a str, Vec<usize>>, &'a Footprint);

impl<'a> Sources<'a> {
    fn of(footprint: &'a Footprint) -> Self {
        let mut sources = BTreeMap::<&str, Vec<usize>>::new();
        for (place, package) in footprint.packages.iter().enumerate() {
            let source = package.source.as_deref().unwrap_or(&package.name);
            sources.entry(source).or_default().push(place);
        }
        Self(sources, footprint)
    }

    fn bytes(&self) -> impl Iterator<Item = (&'a str, u64)> {
        let sum = |places: &Vec<usize>| {
            let packages = places.iter().map(|place| &self.1.packages[*place]);
            packages.map(|package| package.share().bytes).sum()
        };
        self.0
            .iter()
            .map(move |(source, places)| (*source, sum(places)))
    }

    /// The packages of some sources.
    fn packages(&self, sources: &[String]) -> Vec<(usize, &'a Package)> {
        let places = sources
            .iter()
            .filter_map(|source| self.0.get(source.as_str()));
        let mut found: Vec<_> = places
            .flatten()
            .map(|place| (*place, &self.1.packages[*place]))
            .collect();
        found.sort_by(|left, right| left.1.name.cmp(&right.1.name));
        found
    }

    fn against(&self, other: &Self, first: &Footprint, second: &Footprint) -> Vec<Contributor> {
        debug_assert!(std::ptr::eq(self.1, first) && std::ptr::eq(other.1, second));
        let changes = names::changes(self.bytes(), other.bytes());
        let told = changes.into_iter().filter(|change| change.growth() != 0);
        told.map(|change| {
            let before = self.packages(&change.before);
            let after = other.packages(&change.after);
            contributor(change, &before, &after, second)
        })
        .collect()
    }
}

type Placed<'a> = (usize, &'a Package);

fn contributor(
    change: names::Change,
    before: &[Placed],
    after: &[Placed],
    second: &Footprint,
) -> Contributor {
    let names = |packages: &[Placed]| -> Vec<String> {
        packages
            .iter()
            .map(|(_, package)| package.name.clone())
            .collect()
    };
    let came = only_in(after, before);
    let mut contributor = Contributor {
        kind: ContributorKind::Package,
        name: change.family,
        before: names(before),
        after: names(after),
        bytes_before: change.bytes_before,
        bytes_after: change.bytes_after,
        ..Contributor::default()
    };
    let all: BTreeSet<&String> = contributor
        .before
        .iter()
        .chain(&contributor.after)
        .collect();
    if let [only] = Vec::from_iter(all)[..] {
        contributor.name = only.clone();
    }
    if let Some((place, _)) = came.first() {
        let mut way = way_to(second, *place);
        way.pop();
        // The nearest that is not of the same source: a source explains nothing about itself.
        let is_own = |at: &usize| after.iter().any(|(place, _)| place == at);
        while way.last().is_some_and(is_own) {
            way.pop();
        }
        contributor.via = way
            .into_iter()
            .map(|place| second.packages[place].name.clone())
            .collect();
    }
    contributor.text = text(&contributor, &came, &only_in(before, after));
    contributor
}

/// The packages whose family is not among the others, largest first.
fn only_in<'a>(packages: &[Placed<'a>], others: &[Placed]) -> Vec<Placed<'a>> {
    let families: BTreeSet<String> = others
        .iter()
        .map(|(_, it)| names::family(&it.name))
        .collect();
    let is_only = |placed: &&Placed| !families.contains(&names::family(&placed.1.name));
    let mut only: Vec<Placed> = packages.iter().filter(is_only).copied().collect();
    only.sort_by_key(|(_, package)| std::cmp::Reverse(package.share().bytes));
    only
}

fn text(contributor: &Contributor, came: &[Placed], gone: &[Placed]) -> String {
    let via = match contributor.via.last() {
        Some(name) => format!(", via {name}"),
        None => String::new(),
    };
    let sum = |packages: &[Placed]| -> u64 {
        packages
            .iter()
            .map(|(_, package)| package.share().bytes)
            .sum()
    };
    let growth = contributor.growth();
    // New packages explain a growth if they are most of it.
    let explains = |packages: &[Placed]| sum(packages) * 2 > growth.unsigned_abs();
    let asked = came
        .iter()
        .any(|(_, package)| package.automatic == Some(false));
    let why = if contributor.before.is_empty() && via.is_empty() && asked {
        "new, asked for".to_owned()
    } else if contributor.before.is_empty() {
        format!("new{via}")
    } else if contributor.after.is_empty() {
        "gone".to_owned()
    } else if growth > 0 && explains(came) {
        format!("with {}{via}", listed(came))
    } else if growth < 0 && explains(gone) {
        format!("without {}", listed(gone))
    } else {
        format!(
            "{} → {}",
            amount(contributor.bytes_before),
            amount(contributor.bytes_after)
        )
    };
    format!("{} {} ({why})", contributor.name, signed(growth))
}

fn listed(packages: &[Placed]) -> String {
    let named: Vec<&str> = packages
        .iter()
        .take(NAMED)
        .map(|(_, package)| package.name.as_str())
        .collect();
    match packages.len().saturating_sub(NAMED) {
        0 => named.join(" and "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The files of each class: those of no package, or all of them.
fn classes(first: &Footprint, other: &Footprint, only_unowned: bool) -> Vec<Contributor> {
    let sums = |footprint: &Footprint| -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for cell in &footprint.cells {
            if only_unowned && cell.package.is_some() {
                continue;
            }
            if let Some(class) = footprint.classes.get(cell.class as usize) {
                *sums.entry(class.name.clone()).or_default() += cell.share.bytes;
            }
        }
        sums
    };
    let (before, after) = (sums(first), sums(other));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let contributors = names.into_iter().map(|name| {
        let of = |sums: &BTreeMap<String, u64>| sums.get(name).copied().unwrap_or_default();
        let (bytes_before, bytes_after) = (of(&before), of(&after));
        let suffix = if only_unowned { " of no package" } else { "" };
        let growth = signed(difference_of(bytes_after, bytes_before));
        Contributor {
            kind: ContributorKind::Class,
            name: name.clone(),
            bytes_before,
            bytes_after,
            text: format!(
                "{name}{suffix} {growth} ({} → {})",
                amount(bytes_before),
                amount(bytes_after)
            ),
            ..Contributor::default()
        }
    });
    contributors.filter(|it| it.growth() != 0).collect()
}
