//! Whose files are: what packages list, what came from them, and what nobody has.

use super::{
    model::FileKind,
    packages::position,
    table::{Record, Table},
};
use boot_kit::{RootPath, inventory::Package};
use std::collections::BTreeSet;

/// Whose an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// No package's.
    #[default]
    Nobody,
    /// That of the package that lists it.
    Package(u32),
    /// That of the package it came from.
    Generated(u32),
}

impl Owner {
    /// The package, listed or not.
    pub fn package(self) -> Option<u32> {
        match self {
            Self::Nobody => None,
            Self::Package(package) | Self::Generated(package) => Some(package),
        }
    }
}

/// Whose all entries are.
#[derive(Default)]
pub(super) struct Owners {
    /// For each record of the table. Directories are nobody's: most are many packages'.
    pub of: Vec<Owner>,
    /// Paths that are listed and not there, sorted, with the package that lists them.
    pub missing: Vec<(RootPath, u32)>,
}

impl Owners {
    /// Goes through the lists of all packages; of several that list a path, the last has it.
    pub fn find(table: &Table, packages: &[(u32, Package)]) -> Self {
        let mut owners = Self {
            of: vec![Owner::Nobody; table.records.len()],
            missing: Vec::new(),
        };
        for (number, (_, package)) in packages.iter().enumerate() {
            owners.list(table, position(number), package);
        }
        for (number, (_, package)) in packages.iter().enumerate() {
            owners.generated(table, position(number), package);
        }
        owners.bytecode(table);
        owners.missing.sort();
        owners
    }

    fn list(&mut self, table: &Table, number: u32, package: &Package) {
        let mut missing = BTreeSet::new();
        for path in &package.files {
            match table.find(path) {
                Some(found) if is_leaf(&table.records[found]) => {
                    self.of[found] = Owner::Package(number);
                }
                Some(_) => {}
                None => {
                    missing.insert(path);
                }
            }
        }
        // What others are below was a directory.
        let directories: BTreeSet<_> = package
            .files
            .iter()
            .filter_map(|path| path.split())
            .collect();
        let directories: BTreeSet<_> = directories.into_iter().map(|(parent, _)| parent).collect();
        let leaves = missing
            .into_iter()
            .filter(|path| !directories.contains(path));
        self.missing
            .extend(leaves.map(|path| (path.clone(), number)));
    }

    fn generated(&mut self, table: &Table, number: u32, package: &Package) {
        for path in &package.generated {
            let Some(found) = table.find(path) else {
                continue;
            };
            if is_leaf(&table.records[found]) {
                self.claim(found, number);
                continue;
            }
            for below in table.below(path) {
                if is_leaf(&table.records[below]) {
                    self.claim(below, number);
                }
            }
        }
    }

    /// Gives Python's bytecode to the package of its source: <https://peps.python.org/pep-3147/>.
    fn bytecode(&mut self, table: &Table) {
        for (number, record) in table.records.iter().enumerate() {
            let source = python_source(&record.path).and_then(|path| table.get(&path));
            if let Some(Owner::Package(package)) = source.map(|source| self.of[source]) {
                self.claim(number, package);
            }
        }
    }

    /// Gives an entry to a package unless one lists it.
    fn claim(&mut self, entry: usize, package: u32) {
        if self.of[entry] == Owner::Nobody {
            self.of[entry] = Owner::Generated(package);
        }
    }
}

fn is_leaf(record: &Record) -> bool {
    record.kind != FileKind::Directory
}

/// The module that `a/__pycache__/b.cpython-313.pyc` and `a/b.pyc` were made from: `a/b.py`.
fn python_source(path: &RootPath) -> Option<RootPath> {
    let (directory, name) = path.split()?;
    let stem = name.strip_suffix(b".pyc")?;
    let source = |directory: &RootPath, stem: &[u8]| directory.join(&[stem, b".py"].concat());
    let Some((above, b"__pycache__")) = directory.split() else {
        return Some(source(&directory, stem));
    };
    let dot = stem.iter().position(|byte| *byte == b'.')?;
    Some(source(&above, &stem[..dot]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_comes_from_the_module_of_its_name() {
        for (path, wanted) in [
            ("a/__pycache__/b.cpython-313.pyc", Some("a/b.py")),
            ("a/__pycache__/b.cpython-313.opt-1.pyc", Some("a/b.py")),
            ("a/b.pyc", Some("a/b.py")),
            ("a/__pycache__/b", None),
            ("a/b.py", None),
        ] {
            let found = python_source(&RootPath::from(path));
            assert_eq!(found, wanted.map(RootPath::from), "{path}");
        }
    }
}
