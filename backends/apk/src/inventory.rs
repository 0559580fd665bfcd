//! The packages that apk knows of in an image that comes as a stream: its database, and `etc/apk/world`.

use crate::{
    database::installed::{self, Installation},
    relation::{Dependency, Provide},
    world::World,
};
use boot_kit::{
    Context, Error, ErrorKind, Inventory, Result, RootPath,
    inventory::{Clause, Contents, Package},
};
use std::collections::BTreeSet;

/// Where the database is; below `usr` where `lib` is a link to it.
const INSTALLED: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const WORLD: &str = "etc/apk/world";

/// The database of apk.
pub struct ApkDatabase;

impl Inventory for ApkDatabase {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn wants(&self, path: &RootPath) -> bool {
        let path = path.bytes();
        let mut known = INSTALLED.iter().chain([&WORLD]);
        known.any(|known| known.as_bytes() == path)
    }

    fn read(&self, contents: &Contents) -> Result<Option<Vec<Package>>> {
        let place = INSTALLED.iter().find_map(|path| {
            let content = contents.get(&RootPath::from(*path))?;
            Some((*path, content))
        });
        let Some((path, text)) = place else {
            return Ok(None);
        };
        let world = world(contents).context(|| format!("cannot read `{WORLD}`"))?;
        let installed = installed::parse(text).context(|| format!("cannot read `{path}`"))?;
        let packages = installed.values().map(|it| package(it, world.as_ref()));
        let packages: Result<_> = packages.collect();
        Ok(Some(packages.context(|| format!("cannot read `{path}`"))?))
    }
}

/// The names somebody asked for; `None` if nothing says so.
fn world(contents: &Contents) -> Result<Option<BTreeSet<String>>> {
    let Some(text) = contents.get(&RootPath::from(WORLD)) else {
        return Ok(None);
    };
    let world = World::parse(&String::from_utf8_lossy(text))?;
    let names = world.into_dependencies().into_iter().map(|it| it.name);
    Ok(Some(names.collect()))
}

fn package(installed: &Installation, world: Option<&BTreeSet<String>>) -> Result<Package> {
    let words = |letter| installed.field(letter).unwrap_or_default();
    let text = |letter| installed.field(letter).map(str::to_owned);
    let name = installed.name();
    if name.is_empty() {
        return Err(Error::new(ErrorKind::Parse, "a package has no name"));
    }
    let provides = Provide::parse_list(words('p'))?;
    let depends = Dependency::parse_list(words('D'))?;
    let depends = depends.into_iter().filter(|it| !it.conflict);
    let mut licences: Vec<String> = words('L')
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')']).to_owned())
        .filter(|word| !["", "AND", "OR", "WITH", "and", "or", "with"].contains(&word.as_str()))
        .collect();
    licences.sort();
    licences.dedup();
    Ok(Package {
        name: name.to_owned(),
        version: installed.version().to_owned(),
        arch: text('A'),
        source: text('o'),
        licences,
        installed_bytes: words('I').parse().ok(),
        automatic: world.map(|world| !world.contains(name)),
        provides: provides.into_iter().map(|it| it.name).collect(),
        needs: depends
            .map(|it| Clause {
                text: it.to_string(),
                alternatives: vec![it.name],
            })
            .collect(),
        files: installed.files().collect(),
        ..Package::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: &[(&'static str, &str)]) -> Contents {
        files
            .iter()
            .map(|(path, text)| (RootPath::from(*path), text.as_bytes().to_vec()))
            .collect()
    }

    const TEXT: &str = "C:Q1abc=\nP:musl\nV:1.2-r0\nA:x86_64\nI:600000\nL:MIT AND (BSD-2-Clause OR MIT)\no:musl\n\
        p:so:libc.musl-x86_64.so.1=1\nF:lib\nR:libc.so\n\n\
        C:Q1def=\nP:tool\nV:2-r1\nA:x86_64\nD:so:libc.musl-x86_64.so.1 !old musl>=1\nF:bin\nR:tool\n\n";

    #[test]
    fn a_package_is_all_that_the_database_says() {
        let contents = contents(&[
            ("usr/lib/apk/db/installed", TEXT),
            ("etc/apk/world", "tool\n"),
        ]);
        assert!(contents.keys().all(|path| ApkDatabase.wants(path)));
        let clause = |text: &str, name: &str| Clause {
            text: text.into(),
            alternatives: vec![name.into()],
        };
        let wanted = [
            Package {
                name: "musl".into(),
                version: "1.2-r0".into(),
                arch: Some("x86_64".into()),
                source: Some("musl".into()),
                licences: vec!["BSD-2-Clause".into(), "MIT".into()],
                installed_bytes: Some(600_000),
                automatic: Some(true),
                provides: vec!["so:libc.musl-x86_64.so.1".into()],
                files: vec![RootPath::from("lib/libc.so")],
                ..Package::default()
            },
            Package {
                name: "tool".into(),
                version: "2-r1".into(),
                arch: Some("x86_64".into()),
                automatic: Some(false),
                needs: vec![
                    clause("so:libc.musl-x86_64.so.1", "so:libc.musl-x86_64.so.1"),
                    clause("musl>=1", "musl"),
                ],
                files: vec![RootPath::from("bin/tool")],
                ..Package::default()
            },
        ];
        let packages = ApkDatabase.read(&contents).expect("well-formed");
        assert_eq!(packages.expect("is there"), wanted);
    }

    #[test]
    fn an_image_without_a_database_has_no_inventory() {
        let none = contents(&[("etc/apk/world", "tool\n")]);
        assert_eq!(ApkDatabase.read(&none).expect("nothing to read"), None);
        let broken = contents(&[("lib/apk/db/installed", "nonsense\n")]);
        assert!(ApkDatabase.read(&broken).is_err());
    }
}
