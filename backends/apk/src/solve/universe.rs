//! All packages that could be chosen, and who provides what.

use super::names::{Names, number};
use crate::package::Package;
use std::collections::{BTreeMap, HashMap};

/// The repository apk counts packages to that need no download; it comes before all others.
const CACHED: u64 = 1;

/// Packages of all repositories, ready to be solved over.
#[derive(Clone, Debug)]
pub struct Universe {
    packages: Vec<Package>,
    pub(super) names: Names,
    /// The tags that occur, without repetition; a mask of tags has bit 0 for "untagged" and bit `i + 1` for the `i`th.
    tags: Vec<String>,
    /// For each tag, counted as in a mask, the mask of its repositories.
    tagged: Vec<u64>,
    /// For each package the mask of repositories it is in: bit 0 is [`CACHED`], bit `i + 1` the `i`th repository.
    repositories: Vec<u64>,
    /// For each package the number of its name.
    own: Vec<u32>,
    pub(super) depends: Rows<u32>,
    pub(super) provides: Rows<u32>,
    pub(super) install_if: Rows<u32>,
    providers: Rows<Provider>,
    /// For each name the names of the packages with it among their `install_if`, in the order apk considers them.
    reverse_install_if: BTreeMap<u32, Vec<u32>>,
}

/// A package under one of its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Provider {
    package: u32,
    /// 0: its own name; otherwise one more than the place among what it provides.
    role: u32,
}

impl Provider {
    pub(super) fn package(self) -> usize {
        self.package as usize
    }
}

impl Universe {
    /// Takes the packages of all repositories, in the order of the repositories and of their indexes.
    ///
    /// `tags` says for each repository by which tag (`@edge`, written without the sign) its packages must be asked
    /// for; `None`, and what is missing at the end, is untagged. A package that several repositories have with one
    /// identity counts once. Beyond 62 repositories or tags, the last share their preference.
    pub fn new(packages: Vec<Package>, tags: Vec<Option<String>>) -> Self {
        let mut universe = Self {
            names: Names::default(),
            tags: Vec::new(),
            tagged: vec![0],
            repositories: Vec::with_capacity(packages.len()),
            own: Vec::with_capacity(packages.len()),
            depends: Rows::default(),
            provides: Rows::default(),
            install_if: Rows::default(),
            providers: Rows::default(),
            reverse_install_if: BTreeMap::new(),
            packages,
        };
        universe.number_tags(tags);
        universe.number_names();
        let first = universe.merge_repositories();
        universe.collect_providers(&first);
        universe.reverse_install_if();
        universe
    }

    /// All packages, as they were given.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Gives the packages back.
    pub fn into_packages(self) -> Vec<Package> {
        self.packages
    }

    pub(super) fn package(&self, package: usize) -> &Package {
        &self.packages[package]
    }

    /// The number of a package's own name.
    pub(super) fn own(&self, package: usize) -> usize {
        self.own[package] as usize
    }

    /// Who has a name: packages of that name and those that provide it, in index order.
    pub(super) fn providers(&self, name: usize) -> &[Provider] {
        self.providers.row(name)
    }

    /// The names of packages that may be pulled in when `name` is there.
    pub(super) fn pulled_by(&self, name: usize) -> &[u32] {
        self.reverse_install_if
            .get(&number(name))
            .map_or(&[], Vec::as_slice)
    }

    /// The version in which the provider has the name; `None` if it provides it without one.
    pub(super) fn version(&self, provider: Provider) -> Option<&str> {
        let package = &self.packages[provider.package()];
        match provider.role.checked_sub(1) {
            None => Some(&package.version),
            Some(place) => package.provides[place as usize].version.as_deref(),
        }
    }

    /// A package under its own name, then under all it provides; each with the name's number.
    pub(super) fn roles(&self, package: usize) -> impl Iterator<Item = (usize, Provider)> {
        let as_role = move |role: usize| Provider {
            package: number(package),
            role: number(role),
        };
        let provided = self.provides.row(package).iter().enumerate();
        std::iter::once((self.own(package), as_role(0)))
            .chain(provided.map(move |(place, name)| (*name as usize, as_role(place + 1))))
    }

    /// The mask of repositories a package is in.
    pub(super) fn repositories(&self, package: usize) -> u64 {
        self.repositories[package]
    }

    /// The mask of the repositories that have one of the tags of a mask.
    pub(super) fn repositories_of(&self, tags: u64) -> u64 {
        let chosen = self.tagged.iter().enumerate();
        chosen
            .filter(|(tag, _)| tags & (1 << tag) != 0)
            .fold(0, |mask, (_, repositories)| mask | repositories)
    }

    /// The mask of one tag; `None` if no repository has it.
    pub(super) fn tag(&self, tag: &str) -> Option<u64> {
        let place = self.tags.iter().position(|it| it == tag)?;
        Some(1 << (place + 1))
    }

    /// The tags there are, in the order they occur.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    fn number_tags(&mut self, tags: Vec<Option<String>>) {
        let last = self.packages.iter().map(|package| package.repository).max();
        let count = last.map_or(0, |last| last + 1).max(tags.len());
        let mut tags = tags;
        tags.resize(count, None);
        for (repository, tag) in tags.into_iter().enumerate() {
            let place = match tag {
                None => 0,
                Some(tag) => {
                    let known = self.tags.iter().position(|it| *it == tag);
                    let place = known.unwrap_or(self.tags.len()).min(61);
                    if known.is_none() && place == self.tags.len() {
                        self.tags.push(tag);
                        self.tagged.push(0);
                    }
                    place + 1
                }
            };
            self.tagged[place] |= repository_bit(repository);
        }
    }

    /// Numbers all names in the order in which apk meets them while it reads the indexes.
    fn number_names(&mut self) {
        let names = &mut self.names;
        for package in &self.packages {
            self.own.push(number(names.add(&package.name)));
            let needed = package.depends.iter().map(|it| names.add(&it.name));
            self.depends.push(needed.map(number));
            let provided = package.provides.iter().map(|it| names.add(&it.name));
            self.provides.push(provided.map(number));
            let pulling = package.install_if.iter().map(|it| names.add(&it.name));
            self.install_if.push(pulling.map(number));
        }
    }

    /// Finds for each package the first with its identity, and gives that one all their repositories.
    fn merge_repositories(&mut self) -> Vec<usize> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut first: Vec<usize> = Vec::with_capacity(self.packages.len());
        let has_several = self.packages.iter().any(|it| it.repository > 0);
        for (index, package) in self.packages.iter().enumerate() {
            let mut mask = repository_bit(package.repository);
            if package.installed_size == 0 {
                mask |= CACHED;
            }
            self.repositories.push(mask);
            let is_mergeable = has_several && !package.identity.is_empty();
            let original = if is_mergeable {
                *known.entry(&package.identity).or_insert(index)
            } else {
                index
            };
            self.repositories[original] |= mask;
            first.push(original);
        }
        first
    }

    fn collect_providers(&mut self, first: &[usize]) {
        let mut pairs = Vec::new();
        for (index, original) in first.iter().enumerate() {
            if index == *original {
                pairs.extend(self.roles(index));
            }
        }
        self.providers = Rows::sorted(self.names.len(), &pairs);
    }

    fn reverse_install_if(&mut self) {
        let mut reverse: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for package in 0..self.packages.len() {
            for item in self.install_if.row(package) {
                let names = self.roles(package).map(|(name, _)| number(name));
                reverse.entry(*item).or_default().extend(names);
            }
        }
        for row in reverse.values_mut() {
            row.sort_by_key(|name| self.names.walk_order(*name as usize));
            row.dedup();
        }
        self.reverse_install_if = reverse;
    }
}

fn repository_bit(repository: usize) -> u64 {
    1 << (repository + 1).min(63)
}

/// Lists of different lengths in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) fn row(&self, row: usize) -> &[T] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[row] as usize]
    }

    fn push(&mut self, items: impl Iterator<Item = T>) {
        self.items.extend(items);
        self.ends.push(number(self.items.len()));
    }
}

impl<T: Copy + Default> Rows<T> {
    /// Sorts items into rows; within a row they keep their order.
    pub(super) fn sorted(rows: usize, items: &[(usize, T)]) -> Self {
        let mut ends = vec![0; rows];
        for (row, _) in items {
            ends[*row] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            // For now the start of each row; it moves to the end while the row is filled.
            total += std::mem::replace(end, total);
        }
        let mut sorted = vec![T::default(); items.len()];
        for (row, item) in items {
            sorted[ends[*row] as usize] = *item;
            ends[*row] += 1;
        }
        Self {
            ends,
            items: sorted,
        }
    }
}
