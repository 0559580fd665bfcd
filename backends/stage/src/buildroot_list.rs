//! The packages of a Buildroot image, by the list that its build leaves in `build/packages-file-list.txt`.
//!
//! The image itself has no database. A line is `PACKAGE,./PATH`; of several packages that installed one path, the last
//! has it. Versions are not in the list.

use boot_kit::{Error, ErrorKind, Result, RootPath, inventory::Package};
use std::collections::BTreeMap;

/// The name under which the packages are reported.
pub const NAME: &str = "buildroot";

/// Reads the list; the packages come sorted by name.
pub fn packages(list: &[u8]) -> Result<Vec<Package>> {
    let mut owners: BTreeMap<RootPath, String> = BTreeMap::new();
    for (number, line) in list.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let malformed = || {
            let message = format!("line {} is not of the form `PACKAGE,PATH`", number + 1);
            Error::new(ErrorKind::Parse, message)
                .with_hint("name the `packages-file-list.txt` of Buildroot's build directory")
        };
        let comma = line.iter().position(|byte| *byte == b',');
        let (name, path) = line.split_at(comma.ok_or_else(malformed)?);
        let name = std::str::from_utf8(name).map_err(|_| malformed())?;
        owners.insert(RootPath::parse(&path[1..])?, name.to_owned());
    }
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for (path, name) in owners {
        let package = packages.entry(name.clone()).or_insert_with(|| Package {
            source: Some(name.clone()),
            name,
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
        let list = b"busybox,./bin/sh\nbusybox,./bin/ls\ncoreutils,./bin/ls\n";
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
        assert!(packages(b"nonsense\n").is_err());
    }
}
