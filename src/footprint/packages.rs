//! Packages with what the image holds of them.

use super::{
    finish::View,
    model::{FileKind, Licence, Need, Package, Share},
    owners::Owner,
};
use boot_kit::{RootPath, inventory::Package as Found};
use std::collections::{BTreeMap, BTreeSet};

/// A position in a list of the model. No image has more of anything than fits.
pub(super) fn position(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Sorts packages, and gives each a name of its own.
pub(super) fn named(mut found: Vec<(u32, Found)>) -> (Vec<(u32, Found)>, Vec<String>) {
    found.sort_by(|(_, a), (_, b)| {
        let key = |it: &Found| (it.name.clone(), it.qualifier.clone(), it.version.clone());
        key(a).cmp(&key(b))
    });
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (_, package) in &found {
        *names.entry(package.name.clone()).or_default() += 1;
        let key = (package.name.clone(), package.qualifier.clone());
        *counts.entry(key).or_default() += 1;
    }
    let name = |(_, package): &(u32, Found)| {
        let Found {
            name,
            qualifier,
            version,
            ..
        } = package;
        let is_alone = counts[&(name.clone(), qualifier.clone())] == 1;
        match (names[name], is_alone) {
            (1, _) => name.clone(),
            (_, true) if !qualifier.is_empty() => format!("{name}:{qualifier}"),
            _ => format!("{name}:{version}"),
        }
    };
    let names = found.iter().map(name).collect();
    (found, names)
}

/// Describes packages, what they need apart.
pub(super) fn describe(
    view: &View<'_>,
    found: &[(u32, Found)],
    names: Vec<String>,
) -> Vec<Package> {
    let mut packages: Vec<Package> = found
        .iter()
        .zip(names)
        .map(|((inventory, package), name)| Package {
            name,
            version: package.version.clone(),
            arch: package.arch.clone(),
            source: package.source.clone(),
            inventory: *inventory,
            licences: package.licences.clone(),
            installed_bytes: package.installed_bytes,
            essential: package.essential,
            priority: package.priority.clone(),
            automatic: package.automatic,
            ..Package::default()
        })
        .collect();
    for (number, owner) in view.owners.of.iter().enumerate() {
        if view.table.records[number].kind != FileKind::File {
            continue;
        }
        let share = view.share(number);
        match owner {
            Owner::Package(package) => packages[*package as usize].own += share,
            Owner::Generated(package) => packages[*package as usize].generated += share,
            Owner::Nobody => {}
        }
    }
    for (_, package) in &view.owners.missing {
        packages[*package as usize].missing_files += 1;
    }
    packages
}

/// Finds which packages of the image meet what each of them needs.
pub(super) fn meet_needs(view: &View<'_>, found: &[(u32, Found)], packages: &mut [Package]) {
    let mut providers: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (number, (_, package)) in found.iter().enumerate() {
        providers
            .entry(&package.name)
            .or_default()
            .push(position(number));
    }
    // Packages of a name come before those that provide it.
    for (number, (_, package)) in found.iter().enumerate() {
        for name in &package.provides {
            providers.entry(name).or_default().push(position(number));
        }
    }
    let by_path = |name: &str| {
        let path = RootPath::parse(name.strip_prefix('/')?).ok()?;
        view.owners.of[view.table.find(&path)?].package()
    };
    for (package, (_, found)) in packages.iter_mut().zip(found) {
        let need = |clause: &boot_kit::inventory::Clause| {
            let mut met_by: Vec<u32> = Vec::new();
            for name in &clause.alternatives {
                let known = providers.get(name.as_str()).into_iter().flatten().copied();
                for number in known.chain(by_path(name)) {
                    if !met_by.contains(&number) {
                        met_by.push(number);
                    }
                }
            }
            Need {
                text: clause.text.clone(),
                alternatives: clause.alternatives.clone(),
                met_by,
            }
        };
        package.needs = found.needs.iter().map(need).collect();
    }
}

/// Sums packages by licence; counts those that name none.
pub(super) fn licences(packages: &[Package]) -> (Vec<Licence>, u64) {
    let mut licences: BTreeMap<&str, (u64, Share)> = BTreeMap::new();
    let mut unlicensed = 0;
    for package in packages {
        unlicensed += u64::from(package.licences.is_empty());
        for name in package.licences.iter().collect::<BTreeSet<_>>() {
            let (count, share) = licences.entry(name).or_default();
            *count += 1;
            *share += package.share();
        }
    }
    let licence = |(name, (packages, share)): (&str, (u64, Share))| Licence {
        name: name.to_owned(),
        packages,
        share,
    };
    (licences.into_iter().map(licence).collect(), unlicensed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, qualifier: &str, version: &str) -> (u32, Found) {
        let package = Found {
            name: name.into(),
            qualifier: qualifier.into(),
            version: version.into(),
            ..Found::default()
        };
        (0, package)
    }

    #[test]
    fn packages_of_one_name_are_told_apart() {
        let (_, names) = named(vec![
            found("libc6", "i386", "2"),
            found("dash", "amd64", "1"),
            found("libc6", "amd64", "2"),
            found("x", "", "2"),
            found("x", "", "1"),
        ]);
        assert_eq!(names, ["dash", "libc6:amd64", "libc6:i386", "x:1", "x:2"]);
    }
}
