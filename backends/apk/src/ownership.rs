//! Which package owns which file, who wins a shared one, and how shared directories look.
//!
//! The rules are those of apk 2.14's src/database.c: files of packages of one origin may overlap, the later wins; else
//! `replaces` decides, the higher `replaces_priority` if both have it; anything else is an error. A directory gets the
//! lowest owner any package gives it, and of the modes given with that owner what all have in common.

use crate::{
    database::{Access, Installation, Installed},
    relation::Dependency,
};
use boot_kit::{Error, ErrorKind, Result, RootPath};
use std::collections::{HashMap, HashSet};

/// What apk leaves out: files that only keep a directory from being empty.
const PLACEHOLDER: &[u8] = b".keep_";

/// Who owns the files of a root, and what its directories should be like.
#[derive(Default)]
pub struct Ownership {
    packages: Vec<String>,
    owners: HashMap<RootPath, usize>,
    directories: HashMap<RootPath, Access>,
}

/// What a package gets of what it ships.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Paths that stay another package's, and placeholders: neither unpacked nor listed.
    pub yielded: HashSet<RootPath>,
    /// Paths taken over, and the package that had them.
    pub taken: Vec<(RootPath, String)>,
    /// Directories that were there and must look otherwise now.
    pub directories: Vec<(RootPath, Access)>,
}

impl Ownership {
    /// Knows what is installed already.
    pub fn new(installed: &Installed) -> Self {
        let mut ownership = Self::default();
        for (name, package) in installed {
            let number = ownership.add(name);
            for path in package.files() {
                ownership.owners.insert(path, number);
            }
            for (path, directory) in &package.directories {
                ownership.share(path, directory.access);
            }
        }
        ownership
    }

    /// Finds the package that owns a file.
    pub fn owner(&self, path: &RootPath) -> Option<&str> {
        let number = self.owners.get(path)?;
        Some(&self.packages[*number])
    }

    /// Enters a package, and tells what it does not get and what it takes from others.
    ///
    /// Errors if a file is another's and no rule says who wins.
    pub fn claim(&mut self, package: &Installation, installed: &Installed) -> Result<Claim> {
        let mut claim = Claim::default();
        for path in package.files() {
            if path
                .split()
                .is_some_and(|(_, name)| name.starts_with(PLACEHOLDER))
            {
                claim.yielded.insert(path);
                continue;
            }
            let owner = self.owner(&path).and_then(|owner| installed.get(owner));
            if let Some(owner) = owner {
                match contest(package, owner)? {
                    Some(true) => claim.taken.push((path, owner.name().to_owned())),
                    Some(false) => {
                        claim.yielded.insert(path);
                    }
                    None => return Err(conflict(package, owner, &path)),
                }
            }
        }
        let number = self.add(package.name());
        for path in package.files() {
            if !claim.yielded.contains(&path) {
                self.owners.insert(path, number);
            }
        }
        for (path, directory) in &package.directories {
            if let Some(access) = self.share(path, directory.access) {
                claim.directories.push((path.clone(), access));
            }
        }
        Ok(claim)
    }

    fn add(&mut self, name: &str) -> usize {
        self.packages.push(name.to_owned());
        self.packages.len() - 1
    }

    /// Notes a package's wish for a directory; tells what it becomes if that is not what it was.
    fn share(&mut self, path: &RootPath, wanted: Access) -> Option<Access> {
        let Some(current) = self.directories.get_mut(path) else {
            self.directories.insert(path.clone(), wanted);
            return None;
        };
        let before = *current;
        let owner = |access: Access| (access.uid, access.gid);
        if owner(wanted) < owner(before) {
            *current = wanted;
        } else if owner(wanted) == owner(before) {
            current.mode &= wanted.mode;
        }
        (*current != before).then_some(*current)
    }
}

/// Tells whether `new` wins a file of `owner`: no rule says so, it does, or it does not.
fn contest(new: &Installation, owner: &Installation) -> Result<Option<bool>> {
    let one_origin = !new.origin().is_empty() && new.origin() == owner.origin();
    if one_origin || new.name() == owner.name() {
        return Ok(Some(true));
    }
    let (ours, theirs) = (priority(new, owner)?, priority(owner, new)?);
    Ok(match (ours, theirs) {
        (None, None) => None,
        (ours, theirs) => Some(ours >= theirs),
    })
}

/// The priority with which a package replaces another, if it does.
fn priority(package: &Installation, other: &Installation) -> Result<Option<u32>> {
    for word in &package.replaces {
        let word = Dependency::parse(word)?;
        if word.name == other.name() && word.names(Some(other.version()), other.identity()) {
            return Ok(Some(package.replaces_priority));
        }
    }
    Ok(None)
}

fn conflict(package: &Installation, owner: &Installation, path: &RootPath) -> Error {
    let message = format!(
        "package `{}` ships `/{path}`, which package `{}` owns",
        package.name(),
        owner.name()
    );
    Error::new(ErrorKind::Unsatisfiable, message)
        .with_hint("this is a bug in one of the packages: leave one of them out, with --exclude or by not including it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Directory, Leaf};

    fn package(name: &str, origin: &str, replaces: &[&str], priority: u32) -> Installation {
        let mut directory = Directory::plain();
        let leaf = Leaf {
            access: Access::FILE,
            checksum: None,
        };
        directory.files.insert(b"x".to_vec(), leaf);
        Installation {
            stanza: format!("C:Q1{name}\nP:{name}\nV:1.2-r0\no:{origin}\n"),
            replaces: replaces.iter().map(|word| (*word).to_owned()).collect(),
            replaces_priority: priority,
            directories: [(RootPath::from("etc"), directory)].into(),
            ..Installation::default()
        }
    }

    /// Who has `etc/x` in the end.
    fn winner(first: Installation, second: &Installation) -> Result<String> {
        let installed = Installed::from([(first.name().to_owned(), first)]);
        let mut ownership = Ownership::new(&installed);
        ownership.claim(second, &installed)?;
        let owner = ownership.owner(&RootPath::from("etc/x"));
        Ok(owner.expect("has an owner").to_owned())
    }

    #[test]
    fn replaces_and_its_priority_decide_who_wins() {
        for (first, second, expected) in [
            (package("a", "s", &[], 0), package("b", "s", &[], 0), "b"),
            (package("a", "", &[], 0), package("b", "t", &["a"], 0), "b"),
            (package("a", "s", &["b"], 0), package("b", "t", &[], 0), "a"),
            (
                package("a", "s", &["b"], 0),
                package("b", "t", &["a"], 0),
                "b",
            ),
            (
                package("a", "s", &["b"], 5),
                package("b", "t", &["a"], 1),
                "a",
            ),
            (
                package("a", "s", &[], 0),
                package("b", "t", &["a<2"], 0),
                "b",
            ),
        ] {
            let case = format!("{first:?} {second:?}");
            assert_eq!(
                winner(first, &second).expect("one wins"),
                expected,
                "{case}"
            );
        }
    }

    #[test]
    fn without_a_rule_both_packages_are_named() {
        for (first, second) in [
            (package("a", "s", &[], 0), package("b", "t", &[], 0)),
            (package("a", "", &[], 0), package("b", "", &[], 0)),
            (
                package("a", "s", &[], 0),
                package("b", "t", &["a<1", "c"], 0),
            ),
        ] {
            let error = winner(first, &second).expect_err("no rule");
            assert_eq!(
                error.to_string(),
                "package `b` ships `/etc/x`, which package `a` owns"
            );
        }
    }

    #[test]
    fn a_shared_directory_is_as_open_as_all_allow() {
        let with = |uid, mode| {
            let mut package = package("p", "s", &[], 0);
            let directory = Directory {
                access: Access { uid, gid: 0, mode },
                ..Directory::plain()
            };
            package.directories.insert("srv".into(), directory);
            package
        };
        let mut ownership = Ownership::default();
        let mut shared = |uid, mode| {
            let claim = ownership.claim(&with(uid, mode), &Installed::new());
            let directories = claim.expect("no conflict").directories;
            directories
                .first()
                .map(|(_, access)| (access.uid, access.mode))
        };
        assert_eq!(shared(5, 0o777), None);
        assert_eq!(shared(5, 0o755), Some((5, 0o755)));
        assert_eq!(shared(7, 0o700), None);
        assert_eq!(shared(0, 0o1777), Some((0, 0o1777)));
    }

    #[test]
    fn placeholders_are_nobodys() {
        let mut placeholder = package("a", "s", &[], 0);
        let directory = placeholder
            .directories
            .get_mut(&RootPath::from("etc"))
            .expect("is there");
        let leaf = directory.files.remove(&b"x"[..]).expect("is there");
        directory.files.insert(b".keep_dir".to_vec(), leaf);
        let mut ownership = Ownership::default();
        let claim = ownership
            .claim(&placeholder, &Installed::new())
            .expect("no conflict");
        let path = RootPath::from("etc/.keep_dir");
        assert_eq!(ownership.owner(&path), None);
        assert_eq!(claim.yielded, HashSet::from([path]));
    }
}
