//! Which package owns which file, and who wins a shared one.
//!
//! The rules are those of dpkg's src/main/archives.c (`tarobject`): a package may take over another's file if it
//! `Replaces` that package; a file of a package that replaces ours stays; instances of one `Multi-Arch: same` package
//! share equal files; a diverted path has room for both; directories are shared; everything else is an error.

use super::{Status, info::read_list};
use crate::{
    archive::Unpacked,
    control::Control,
    relation::{self, Relation},
};
use boot_kit::{Error, ErrorKind, Kind, Result, Root, RootPath};
use std::collections::{HashMap, HashSet};

/// The packages landed so far and the files (not directories) they own.
#[derive(Default)]
pub struct Ownership {
    owners: HashMap<RootPath, usize>,
    packages: Vec<Owner>,
}

struct Owner {
    package: String,
    version: String,
    info_name: String,
    replaces: String,
}

/// What a package gets of what it ships.
#[derive(Default)]
pub struct Claim {
    /// Paths that stay another package's: they are not unpacked and not listed.
    pub yielded: HashSet<RootPath>,
    /// Paths taken over, by the name in `info/` of the package that had them.
    pub taken: HashMap<String, HashSet<RootPath>>,
    /// Paths that another instance of the same package has already, by its name in `info/`: listed, not unpacked again.
    pub shared: HashMap<String, HashSet<RootPath>>,
}

impl Ownership {
    /// Reads what the packages of `status` own from their lists in `info/`.
    ///
    /// The lists do not say what is a directory. It is if something is below it in the same list, whatever has become of
    /// it, else if it is one now: directories are never pruned, files may be.
    pub fn read(root: &Root, status: &Status) -> Result<Self> {
        let mut ownership = Self::default();
        let mut directories: HashMap<RootPath, bool> = HashMap::new();
        for control in status.controls()? {
            let owner = Owner::of(&control);
            let number = ownership.packages.len();
            let paths = read_list(root, &owner.info_name)?;
            ownership.packages.push(owner);
            let above: HashSet<RootPath> = paths
                .iter()
                .filter_map(|path| Some(path.split()?.0))
                .collect();
            for path in paths {
                if above.contains(&path) {
                    continue;
                }
                if !directories.contains_key(&path) {
                    let entry = root.entry(&path)?;
                    let is = entry.is_some_and(|entry| entry.kind == Kind::Directory);
                    directories.insert(path.clone(), is);
                }
                let is_directory = directories[&path];
                if !is_directory {
                    ownership.owners.entry(path).or_insert(number);
                }
            }
        }
        Ok(ownership)
    }

    /// Enters a package's files, and tells which of them it does not get and which it takes from others.
    ///
    /// `is_diverted` tells paths that have room for several packages. Errors if two packages own one file without a
    /// rule that says who wins.
    pub fn claim(
        &mut self,
        package: &Unpacked,
        is_diverted: &dyn Fn(&RootPath) -> bool,
    ) -> Result<Claim> {
        let control = &package.control;
        let ours = Owner::of(control);
        let number = self.packages.len();
        let mut claim = Claim::default();
        for path in package
            .paths
            .iter()
            .filter(|path| !path.is_directory)
            .map(|path| &path.path)
        {
            if let Some(owner) = self.owners.get(path).map(|owner| &self.packages[*owner]) {
                if owner.package == ours.package && owner.info_name != ours.info_name {
                    let shared = claim.shared.entry(owner.info_name.clone());
                    shared.or_default().insert(path.clone());
                    continue;
                }
                if !is_diverted(path) {
                    if replaces(&ours, owner)? {
                        claim
                            .taken
                            .entry(owner.info_name.clone())
                            .or_default()
                            .insert(path.clone());
                    } else if replaces(owner, &ours)? {
                        claim.yielded.insert(path.clone());
                        continue;
                    } else {
                        return Err(conflict(&ours, owner, path));
                    }
                }
            }
            self.owners.insert(path.clone(), number);
        }
        self.packages.push(ours);
        Ok(claim)
    }
}

impl Owner {
    fn of(control: &Control) -> Self {
        Self {
            package: control.package().to_owned(),
            version: control.version().to_owned(),
            info_name: control.info_name(),
            replaces: control.get("Replaces").unwrap_or_default().to_owned(),
        }
    }
}

/// Tells whether `ours` may overwrite files of `other`.
fn replaces(ours: &Owner, other: &Owner) -> Result<bool> {
    let clauses = relation::parse(&ours.replaces, "")?;
    let names =
        |relation: &Relation| relation.name == other.package && relation.admits(&other.version);
    Ok(clauses.iter().flatten().any(names))
}

fn conflict(ours: &Owner, owner: &Owner, path: &RootPath) -> Error {
    let message = format!(
        "package `{}` ships `/{path}`, which package `{}` owns",
        ours.package, owner.package
    );
    Error::new(ErrorKind::Unsatisfiable, message)
        .with_hint("this is a bug in one of the packages: leave one of them out, with --exclude or by not including it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::Path, control::Control};

    fn package(name: &str, replaces: &str, paths: &[&'static str]) -> Unpacked {
        let replaces = if replaces.is_empty() {
            String::new()
        } else {
            format!("Replaces: {replaces}\n")
        };
        let control = format!("Package: {name}\nVersion: 1\nArchitecture: amd64\n{replaces}");
        let path = |path: &&'static str| Path {
            path: RootPath::from(*path),
            is_directory: path.ends_with('/'),
        };
        Unpacked {
            control: Control::parse(control.as_bytes()).expect("well-formed"),
            files: vec![],
            paths: paths.iter().map(path).collect(),
        }
    }

    fn claim(first: &Unpacked, second: &Unpacked, diverted: bool) -> Result<Claim> {
        let mut ownership = Ownership::default();
        ownership.claim(first, &|_| diverted)?;
        ownership.claim(second, &|_| diverted)
    }

    #[test]
    fn directories_and_diverted_paths_are_shared() {
        let (a, b) = (
            package("a", "", &["x/", "x/a"]),
            package("b", "", &["x/", "x/b"]),
        );
        assert!(
            claim(&a, &b, false)
                .expect("nothing is shared")
                .yielded
                .is_empty()
        );
        assert!(claim(&a, &package("b", "", &["x/a"]), true).is_ok());
    }

    #[test]
    fn replaces_decides_whoever_comes_first() {
        let (old, new) = (
            package("old", "", &["x"]),
            package("new", "old (<< 2)", &["x"]),
        );
        let taken = claim(&old, &new, false).expect("new replaces old").taken;
        assert_eq!(
            taken,
            HashMap::from([("old".into(), HashSet::from([RootPath::from("x")]))])
        );
        let yielded = claim(&new, &old, false).expect("new replaces old").yielded;
        assert_eq!(yielded, HashSet::from([RootPath::from("x")]));
    }

    #[test]
    fn an_unsettled_clash_names_path_and_packages() {
        let (a, b) = (package("a", "", &["x"]), package("b", "a (<< 1)", &["x"]));
        let error = claim(&a, &b, false)
            .err()
            .expect("b does not replace this a");
        assert_eq!(
            error.to_string(),
            "package `b` ships `/x`, which package `a` owns"
        );
    }

    #[test]
    fn a_directory_of_a_list_stays_one_whatever_has_become_of_it() {
        let bench = tempfile::tempdir().expect("a temporary directory");
        let path = |path: &str| bench.path().join(path);
        std::fs::create_dir_all(path("var/lib/dpkg/info")).expect("writable");
        std::fs::create_dir_all(path("opt/empty")).expect("writable");
        std::os::unix::fs::symlink("empty", path("opt/moved")).expect("writable");
        let list = "/opt\n/opt/empty\n/opt/gone\n/opt/gone/file\n/opt/moved\n/opt/moved/file\n/opt/pruned\n";
        std::fs::write(path("var/lib/dpkg/info/a.list"), list).expect("writable");
        let status =
            "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n";
        std::fs::write(path("var/lib/dpkg/status"), status).expect("writable");
        let root = Root::open(bench.path()).expect("readable");
        let status = Status::read(&root).expect("well-formed");
        let ownership = Ownership::read(&root, &status).expect("readable");
        let mut owned: Vec<String> = ownership.owners.keys().map(ToString::to_string).collect();
        owned.sort();
        assert_eq!(owned, ["opt/gone/file", "opt/moved/file", "opt/pruned"]);
    }
}
