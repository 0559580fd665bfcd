//! The packages that portage knows of in an image that comes as a stream: `var/db/pkg/CATEGORY/NAME-VERSION/`.
//!
//! | file | says |
//! | --- | --- |
//! | `CONTENTS` | its files: `obj PATH MD5 MTIME`, `sym PATH -> TARGET MTIME`, `dir PATH`, … |
//! | `RDEPEND`, `PDEPEND` | what it needs, conditions on USE flags already met or gone |
//! | `PF`, `SLOT`, `LICENSE`, `SIZE` | as the names say; the first is always there |
//!
//! The syntax of dependencies: <https://projects.gentoo.org/pms/latest/pms.html>, chapter 8.

mod dependency;

use crate::gentoo::split;
use boot_kit::{
    Inventory, Result, RootPath,
    inventory::{Contents, Package},
};
use std::collections::BTreeMap;

const DATABASE: &[u8] = b"var/db/pkg/";
const FILES: [&str; 7] = [
    "PF", "CONTENTS", "RDEPEND", "PDEPEND", "SLOT", "LICENSE", "SIZE",
];

/// The database of portage.
pub struct Portage;

impl Inventory for Portage {
    fn name(&self) -> &'static str {
        "portage"
    }

    fn wants(&self, path: &RootPath) -> bool {
        place(path).is_some_and(|(_, _, file)| FILES.contains(&file))
    }

    fn read(&self, contents: &Contents) -> Result<Option<Vec<Package>>> {
        let mut found: BTreeMap<(&str, &str), BTreeMap<&str, &[u8]>> = BTreeMap::new();
        for (path, content) in contents {
            if let Some((category, package, file)) = place(path) {
                let files = found.entry((category, package)).or_default();
                files.insert(file, content);
            }
        }
        let packages: Vec<_> = found
            .iter()
            .filter_map(|((category, directory), files)| package(category, directory, files))
            .collect();
        Ok((!packages.is_empty()).then_some(packages))
    }
}

/// Takes `var/db/pkg/CATEGORY/PACKAGE/FILE` apart.
fn place(path: &RootPath) -> Option<(&str, &str, &str)> {
    let rest = path.bytes().strip_prefix(DATABASE)?;
    let mut parts = std::str::from_utf8(rest).ok()?.split('/');
    let place = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(place)
}

/// `None` for what is no package: `-MERGING-…`.
fn package(category: &str, directory: &str, files: &BTreeMap<&str, &[u8]>) -> Option<Package> {
    if directory.starts_with('-') {
        return None;
    }
    let (name, version) = split(directory)?;
    let text = |file| {
        let text = String::from_utf8_lossy(files.get(file).copied().unwrap_or_default());
        text.trim().to_owned()
    };
    let slot = text("SLOT");
    let name = format!("{category}/{name}");
    let database = [DATABASE, category.as_bytes(), b"/", directory.as_bytes()].concat();
    let needs = ["RDEPEND", "PDEPEND"].map(|file| dependency::clauses(&text(file)));
    Some(Package {
        qualifier: slot.split('/').next().unwrap_or_default().to_owned(),
        version: version.to_owned(),
        source: Some(name.clone()),
        licences: licences(&text("LICENSE")),
        installed_bytes: text("SIZE").parse().ok(),
        needs: needs.concat(),
        files: listed(files.get("CONTENTS").copied().unwrap_or_default()),
        generated: RootPath::parse(database).into_iter().collect(),
        name,
        ..Package::default()
    })
}

fn licences(text: &str) -> Vec<String> {
    let words = text.split_whitespace();
    let words = words.filter(|word| !["(", ")", "||"].contains(word) && !word.ends_with('?'));
    let mut licences: Vec<_> = words.map(str::to_owned).collect();
    licences.sort();
    licences.dedup();
    licences
}

/// The paths of a `CONTENTS`. A path may have blanks; what follows it has not.
fn listed(contents: &[u8]) -> Vec<RootPath> {
    let lines = contents.split(|byte| *byte == b'\n');
    let paths = lines.filter_map(|line| {
        let (kind, rest) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
        let rest = &rest[1..];
        match kind {
            b"obj" => before_last_words(rest, 2),
            b"sym" => {
                let arrow = rest.windows(4).position(|window| window == b" -> ")?;
                Some(&rest[..arrow])
            }
            b"dir" | b"dev" | b"fif" => Some(rest),
            _ => None,
        }
    });
    paths
        .filter_map(|path| RootPath::parse(path).ok())
        .collect()
}

fn before_last_words(mut text: &[u8], words: usize) -> Option<&[u8]> {
    for _ in 0..words {
        text = &text[..text.iter().rposition(|byte| *byte == b' ')?];
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::inventory::Clause;

    #[test]
    fn a_package_is_all_that_its_directory_says() {
        let directory = "var/db/pkg/sys-devel/gcc-14.2.1_p20241221-r1";
        let file = |name: &str, text: &str| {
            let path = RootPath::parse(format!("{directory}/{name}")).expect("a path");
            (path, text.as_bytes().to_vec())
        };
        let contents = Contents::from([
            file(
                "CONTENTS",
                "dir /usr\ndir /usr/bin\nobj /usr/bin/a b 0123 17\nsym /usr/bin/c -> a b 17\n",
            ),
            file(
                "RDEPEND",
                ">=dev-libs/mpfr-4:0/6= || ( sys-libs/glibc sys-libs/musl )\n",
            ),
            file("SLOT", "14/14.2\n"),
            file("LICENSE", "GPL-3+ || ( MIT BSD )\n"),
            file("SIZE", "1234\n"),
        ]);
        assert!(contents.keys().all(|path| Portage.wants(path)));
        assert!(!Portage.wants(&RootPath::from(
            "var/db/pkg/sys-devel/gcc-14/environment.bz2"
        )));
        let packages = Portage.read(&contents).expect("well-formed");
        let clause = |text: &str, alternatives: &[&str]| Clause {
            text: text.into(),
            alternatives: alternatives.iter().map(|name| (*name).into()).collect(),
        };
        let wanted = Package {
            name: "sys-devel/gcc".into(),
            qualifier: "14".into(),
            version: "14.2.1_p20241221-r1".into(),
            source: Some("sys-devel/gcc".into()),
            licences: ["BSD", "GPL-3+", "MIT"].map(str::to_owned).to_vec(),
            installed_bytes: Some(1234),
            needs: vec![
                clause(">=dev-libs/mpfr-4:0/6=", &["dev-libs/mpfr"]),
                clause(
                    "|| ( sys-libs/glibc sys-libs/musl )",
                    &["sys-libs/glibc", "sys-libs/musl"],
                ),
            ],
            files: ["usr", "usr/bin", "usr/bin/a b", "usr/bin/c"]
                .map(RootPath::from)
                .to_vec(),
            generated: vec![RootPath::parse(directory).expect("a path")],
            ..Package::default()
        };
        assert_eq!(packages.expect("is there"), [wanted]);
    }

    #[test]
    fn an_image_without_packages_has_no_inventory() {
        let merging = RootPath::from("var/db/pkg/sys-apps/-MERGING-x-1/CONTENTS");
        let contents = Contents::from([(merging, Vec::new())]);
        assert_eq!(Portage.read(&contents).expect("nothing to read"), None);
    }
}
