//! The figures that images are compared by, and that a budget may limit.

use super::model::{Metric, Sharing, Unit};
use crate::footprint::{Footprint, model::Finding};
use boot_kit::near::near;
use boot_kit::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// One figure: its name, its title, its unit, and how it is read.
type Row = (
    &'static str,
    &'static str,
    Unit,
    fn(&Footprint) -> Option<u64>,
);

/// All figures, in the order in which they are shown.
const ROWS: [Row; 27] = [
    ("size", "content", Unit::Bytes, |it| Some(it.sizes.content)),
    ("zstd", "compressed (zstd -3)", Unit::Bytes, |it| {
        Some(it.sizes.zstd)
    }),
    ("gzip", "compressed (gzip -6)", Unit::Bytes, |it| {
        it.sizes.gzip
    }),
    ("disk", "on disk (4 KiB blocks)", Unit::Bytes, |it| {
        Some(it.sizes.disk)
    }),
    ("tar", "as a tar", Unit::Bytes, |it| Some(it.sizes.tar)),
    ("stored", "as stored", Unit::Bytes, |it| it.sizes.stored),
    ("files", "files", Unit::Count, |it| Some(it.entries.files)),
    ("directories", "directories", Unit::Count, |it| {
        Some(it.entries.directories)
    }),
    ("symlinks", "symbolic links", Unit::Count, |it| {
        Some(it.entries.symlinks)
    }),
    ("entries", "entries", Unit::Count, |it| {
        Some(it.entries.total)
    }),
    ("packages", "packages", Unit::Count, packages),
    ("sources", "source packages", Unit::Count, sources),
    ("unowned", "files of no package", Unit::Bytes, unowned),
    ("duplicates", "duplicated content", Unit::Bytes, |it| {
        Some(it.duplicates.bytes)
    }),
    ("setuid", "setuid or setgid", Unit::Count, |it| {
        Some(setuid(it))
    }),
    ("capabilities", "with capabilities", Unit::Count, |it| {
        length(&it.privilege.capabilities)
    }),
    ("world-writable", "world-writable", Unit::Count, |it| {
        length(&it.privilege.world_writable)
    }),
    ("shells", "shells", Unit::Count, |it| length(&it.shells)),
    ("interpreters", "interpreters", Unit::Count, |it| {
        length(&it.interpreters)
    }),
    ("package-managers", "package managers", Unit::Count, |it| {
        length(&it.package_managers)
    }),
    ("accounts", "accounts", Unit::Count, |it| it.accounts.total),
    ("logins", "accounts that can log in", Unit::Count, |it| {
        it.accounts.total.and(length(&it.accounts.login))
    }),
    ("secrets", "keys and identity", Unit::Count, |it| {
        length::<Finding>(&it.secrets)
    }),
    ("elf", "programs and libraries", Unit::Count, |it| {
        Some(it.elf.files)
    }),
    ("unstripped", "unstripped", Unit::Count, |it| {
        length(&it.elf.unstripped)
    }),
    ("licences", "licences", Unit::Count, licences),
    ("dangling", "dangling links", Unit::Count, |it| {
        Some(it.entries.dangling)
    }),
];

/// The figures that decide, and that a table shows; the others are for programs and budgets.
pub const DECISIVE: [&str; 14] = [
    "size",
    "zstd",
    "gzip",
    "disk",
    "unique",
    "files",
    "packages",
    "sources",
    "unowned",
    "duplicates",
    "setuid",
    "logins",
    "secrets",
    "unstripped",
];

#[expect(clippy::unnecessary_wraps, reason = "other figures may be unknown")]
fn length<T>(list: &[T]) -> Option<u64> {
    Some(list.len() as u64)
}

fn packages(footprint: &Footprint) -> Option<u64> {
    let is_read = footprint.inventories.iter().any(|it| it.packages.is_some());
    is_read.then_some(footprint.packages.len() as u64)
}

fn sources(footprint: &Footprint) -> Option<u64> {
    let named = footprint.packages.iter().map(|it| it.source.as_ref());
    let sources: Option<BTreeSet<&String>> = named.collect();
    packages(footprint)?;
    Some(sources?.len() as u64)
}

fn unowned(footprint: &Footprint) -> Option<u64> {
    packages(footprint)?;
    Some(footprint.ownership.unowned.bytes)
}

fn setuid(footprint: &Footprint) -> u64 {
    let both = footprint
        .privilege
        .setuid
        .iter()
        .chain(&footprint.privilege.setgid);
    both.map(|special| &special.path)
        .collect::<BTreeSet<_>>()
        .len() as u64
}

fn licences(footprint: &Footprint) -> Option<u64> {
    let is_known = !footprint.licences.is_empty();
    is_known.then_some(footprint.licences.len() as u64)
}

/// Reads all figures of `images`.
pub fn metrics(images: &[Footprint], sharing: Option<&Sharing>) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = ROWS
        .iter()
        .map(|(name, title, unit, read)| {
            let values: Vec<Option<u64>> = images.iter().map(read).collect();
            Metric {
                name: (*name).to_owned(),
                title: (*title).to_owned(),
                unit: *unit,
                best: best(&values),
                values,
            }
        })
        .collect();
    if let Some(sharing) = sharing {
        let unique = Metric {
            name: "unique".to_owned(),
            title: "in no other image".to_owned(),
            unit: Unit::Bytes,
            values: sharing.unique_bytes.iter().copied().map(Some).collect(),
            best: Vec::new(),
        };
        let place = metrics.iter().position(|it| it.name == "tar").unwrap_or(0);
        metrics.insert(place, unique);
    }
    metrics
}

/// Finds the lowest of several figures; none if all are the same, or only one is known.
fn best(values: &[Option<u64>]) -> Vec<u32> {
    let known = || values.iter().copied().flatten();
    let (Some(least), Some(most)) = (known().min(), known().max()) else {
        return Vec::new();
    };
    if least == most {
        return Vec::new();
    }
    (0..)
        .zip(values)
        .filter(|(_, value)| **value == Some(least))
        .map(|(place, _)| place)
        .collect()
}

/// Finds the unit of the figure of this name.
pub fn unit(name: &str) -> Result<Unit> {
    if name == "unique" {
        return Ok(Unit::Bytes);
    }
    let found = ROWS.iter().find(|row| row.0 == name);
    found.map(|row| row.2).ok_or_else(|| {
        let names = || ROWS.iter().map(|row| row.0);
        let error = Error::new(ErrorKind::Usage, format!("there is no figure `{name}`"));
        let meant = near(name, names());
        let listed = if meant.is_empty() {
            names().collect()
        } else {
            meant
        };
        error.with_hint(format!("choose one of: {}", listed.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_is_the_best_unless_all_are_the_same() {
        assert_eq!(best(&[Some(3), Some(1), None, Some(1)]), [1, 3]);
        assert_eq!(best(&[Some(3), Some(3)]), [0_u32; 0]);
        assert_eq!(best(&[Some(3), None]), [0_u32; 0]);
    }

    #[test]
    fn every_decisive_figure_is_one_and_names_are_unique() {
        for name in DECISIVE {
            assert!(unit(name).is_ok(), "{name}");
        }
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(names.len(), ROWS.len());
        let error = unit("setud").expect_err("misspelt");
        assert_eq!(error.hint(), Some("choose one of: setuid"));
    }

    #[test]
    fn what_is_not_known_has_no_figure() {
        let nothing = Footprint::default();
        let figures = metrics(&[nothing.clone(), nothing], None);
        let unknown: Vec<&str> = figures
            .iter()
            .filter(|metric| metric.values == [None, None])
            .map(|metric| metric.name.as_str())
            .collect();
        assert_eq!(
            unknown,
            [
                "gzip", "stored", "packages", "sources", "unowned", "accounts", "logins",
                "licences"
            ]
        );
    }
}
