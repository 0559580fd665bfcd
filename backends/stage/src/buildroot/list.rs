//! The list of files that a build leaves in `build/packages-file-list.txt`.
//!
//! The image itself has no database. A line is `PACKAGE,./PATH`; of several packages that installed one path, the last
//! has it. Versions are not in the list.

use boot_kit::{Error, ErrorKind, Result, RootPath, inventory::Package};
use std::collections::BTreeMap;

/// The name under which the packages are reported.
pub const NAME: &str = "buildroot";

/// Reads which package each path is of.
///
/// A line that is no name and path, or a path that leads out of the root, is passed over: names of files may have line
/// breaks in them. Errors if no line is of that form, because then this is something else.
pub fn owners(list: &[u8]) -> Result<BTreeMap<RootPath, &str>> {
    let lines = list.split(|byte| *byte == b'\n');
    let owned = lines.filter_map(|line| {
        let comma = line.iter().position(|byte| *byte == b',')?;
        let (package, path) = line.split_at(comma);
        let package = std::str::from_utf8(package).ok()?;
        Some((RootPath::parse(&path[1..]).ok()?, package))
    });
    let owners: BTreeMap<_, _> = owned.collect();
    if owners.is_empty() && !list.trim_ascii().is_empty() {
        let message = "no line is of the form `PACKAGE,PATH`";
        return Err(Error::new(ErrorKind::Parse, message)
            .with_hint("name the `packages-file-list.txt` of Buildroot's build directory"));
    }
    Ok(owners)
}

/// Reads the packages, sorted by name.
pub fn packages(list: &[u8]) -> Result<Vec<Package>> {
    let mut packages: BTreeMap<&str, Package> = BTreeMap::new();
    for (path, name) in owners(list)? {
        let package = packages.entry(name).or_insert_with(|| Package {
            name: name.to_owned(),
            source: Some(name.to_owned()),
            ..Package::default()
        });
        package.files.push(path);
    }
    Ok(packages.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_package_that_installed_a_path_has_it() {
        let list = b"busybox,./bin/sh\nbusybox,./bin/ls\ncoreutils,./bin/ls\nbroken\nx,./../y\n";
        let found = packages(list).expect("well-formed");
        let found: Vec<_> = found
            .iter()
            .map(|package| (package.name.as_str(), &package.files[..]))
            .collect();
        assert_eq!(
            found,
            [
                ("busybox", &[RootPath::from("bin/sh")][..]),
                ("coreutils", &[RootPath::from("bin/ls")]),
            ]
        );
        assert_eq!(packages(b"").expect("nothing was installed"), []);
        assert!(packages(b"nonsense\n").is_err());
    }
}
