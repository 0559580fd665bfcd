//! From what was seen in one pass to the footprint.

use super::{
    accounts, closure, duplicates, libc,
    measure::Options,
    model::{
        Detail, Elf, File, FileKind, Footprint, Image, Inventory, Missing, Object, SCHEMA, Share,
        Unstripped,
    },
    notable,
    owners::{Owner, Owners},
    packages, privilege,
    rules::Rules,
    sums,
    table::{Record, Table},
    tree,
    weigh::{Weights, share_out},
};
use crate::footprint::elf::Sort;
use boot_kit::{
    Result, RootPath,
    inventory::{Contents, Package},
};
use std::collections::BTreeMap;

/// What one pass has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// All entries in the order in which they came.
    pub records: Vec<Record>,
    /// Contents that were kept.
    pub contents: Contents,
    /// Versions that C libraries say they have.
    pub libc_versions: BTreeMap<RootPath, String>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// What is known of every entry: one of each list for each record.
pub(super) struct View<'a> {
    pub table: &'a Table,
    pub owners: &'a Owners,
    /// Positions in the list of classes that is written.
    pub classes: &'a [u32],
}

impl View<'_> {
    /// A file by itself as a part of the image; what is no file has no content, but a header.
    pub fn share(&self, number: usize) -> Share {
        let record = &self.table.records[number];
        Share {
            files: u64::from(record.kind == FileKind::File),
            bytes: record.size,
            zstd_bytes: record.zstd_bytes,
        }
    }
}

/// Puts everything together.
pub(super) fn finish(
    mut image: Image,
    mut seen: Seen,
    weights: &Weights,
    inventories: &[Box<dyn boot_kit::Inventory>],
    rules: &Rules,
    options: Options,
) -> Result<Footprint> {
    let spans: Vec<_> = seen.records.iter().map(|record| record.span).collect();
    let shares = share_out(&weights.blocks, &spans);
    for (record, share) in seen.records.iter_mut().zip(shares) {
        record.zstd_bytes = share;
    }
    let (table, hidden) = Table::new(std::mem::take(&mut seen.records))?;
    let mut notes = std::mem::take(&mut seen.notes);
    if hidden > 0 {
        notes.push(format!(
            "{hidden} entries of the archive are replaced by later ones of the same path"
        ));
    }
    let is_file = |path: &RootPath| {
        let found = table.get(path).map(|number| table.records[number].kind);
        found == Some(FileKind::File)
    };
    seen.contents.retain(|path, _| is_file(path));

    let (kinds, found) = read_inventories(
        &table,
        &seen,
        inventories,
        rules,
        options.listed,
        &mut notes,
    );
    let (found, names) = packages::named(found);
    let owners = Owners::find(&table, &found);
    let (names_of_classes, classes) = classify(&table, rules);
    let view = View {
        table: &table,
        owners: &owners,
        classes: &classes,
    };
    let mut packages = packages::describe(&view, &found, names);
    packages::meet_needs(&view, &found, &mut packages);
    let (licences, unlicensed_packages) = packages::licences(&packages);

    about(&mut image, &table, &seen.contents);
    Ok(Footprint {
        schema: SCHEMA.to_owned(),
        image,
        sizes: sums::sizes(&table, weights)?,
        entries: sums::entries(&table),
        classes: sums::class_shares(&view, names_of_classes),
        inventories: kinds,
        ownership: sums::ownership(&view),
        cells: sums::cells(&view),
        duplicates: duplicates::find(&table),
        privilege: privilege::find(&view),
        shells: notable::programs(&view, &rules.shells),
        interpreters: notable::programs(&view, &rules.interpreters),
        package_managers: notable::programs(&view, &rules.package_managers),
        accounts: accounts::read(&table, &seen.contents, rules),
        secrets: notable::secrets(&table, &seen.contents, rules),
        libc: libc::find(&table, &seen.libc_versions),
        elf: elf(&view, &seen.contents, &options.closures, &mut notes),
        licences,
        unlicensed_packages,
        tree: tree::nodes(&view),
        detail: Some(detail(&view)),
        packages,
        notes,
    })
}

/// Reads all databases; each package comes with the position of its own.
fn read_inventories(
    table: &Table,
    seen: &Seen,
    inventories: &[Box<dyn boot_kit::Inventory>],
    rules: &Rules,
    listed: Option<(&'static str, Vec<Package>)>,
    notes: &mut Vec<String>,
) -> (Vec<Inventory>, Vec<(u32, Package)>) {
    let (mut kinds, mut found) = (Vec::new(), Vec::new());
    let mut add = |kind: &str, packages: Vec<Package>| {
        let number = packages::position(kinds.len());
        kinds.push(Inventory {
            kind: kind.to_owned(),
            packages: Some(packages.len() as u64),
        });
        found.extend(packages.into_iter().map(|package| (number, package)));
    };
    let (mut broken, mut read) = (Vec::new(), 0);
    for inventory in inventories {
        match inventory.read(&seen.contents) {
            Ok(Some(packages)) => {
                read += 1;
                add(inventory.name(), packages);
            }
            Ok(None) => {}
            Err(error) => {
                broken.push(inventory.name());
                notes.push(format!(
                    "the database of {} is not read: {error}",
                    inventory.name()
                ));
            }
        }
    }
    // The list is of one image, and this may be another: of a comparison, all get it.
    if let Some((kind, packages)) = listed.filter(|_| read == 0) {
        add(kind, packages);
    }
    for unread in &rules.unread {
        let mut records = table.records.iter();
        let is_there = |record: &Record| {
            record.kind == FileKind::File && super::rules::any(&unread.paths, &record.absolute())
        };
        if records.any(is_there) {
            broken.push(&unread.name);
            notes.push(format!(
                "there is a database of {}, which is not read: its packages are not known",
                unread.name
            ));
        }
    }
    kinds.extend(broken.into_iter().map(|kind| Inventory {
        kind: kind.to_owned(),
        packages: None,
    }));
    if kinds.is_empty() {
        notes.push("no database of packages was found: who owns a file is not known".to_owned());
    }
    (kinds, found)
}

/// Finds the class of every entry. The classes that are there come largest first, and entries refer to that order.
fn classify(table: &Table, rules: &Rules) -> (Vec<String>, Vec<u32>) {
    let class = |record: &Record| {
        if record.kind != FileKind::File {
            return rules.structure();
        }
        let sort = record.elf.as_ref().map(|facts| facts.sort);
        rules.class(&record.absolute(), sort, record.script.is_some())
    };
    let by_rule: Vec<usize> = table.records.iter().map(class).collect();
    let mut bytes: BTreeMap<usize, u64> = BTreeMap::new();
    for (record, class) in table.records.iter().zip(&by_rule) {
        *bytes.entry(*class).or_default() += record.size;
    }
    let mut order: Vec<usize> = bytes.keys().copied().collect();
    order.sort_by_key(|class| (std::cmp::Reverse(bytes[class]), *class));
    let mut places = vec![0; rules.classes.len()];
    for (place, class) in order.iter().enumerate() {
        places[*class] = packages::position(place);
    }
    let names = order.iter().map(|class| rules.classes[*class].clone());
    let classes = by_rule.iter().map(|class| places[*class]);
    (names.collect(), classes.collect())
}

fn elf(view: &View<'_>, contents: &Contents, programs: &[String], notes: &mut Vec<String>) -> Elf {
    let mut elf = Elf::default();
    for record in &view.table.records {
        let Some(facts) = &record.elf else {
            continue;
        };
        elf.files += 1;
        match facts.sort {
            Sort::Program => elf.programs += 1,
            Sort::Library => elf.libraries += 1,
            Sort::Object => continue,
        }
        if facts.has_symbols {
            elf.unstripped.push(Unstripped {
                path: record.path.to_string(),
                symbol_bytes: facts.symbol_bytes,
            });
        }
    }
    for program in programs {
        match closure::of(view, contents, program) {
            Some(closure) => elf.closures.push(closure),
            None => notes.push(format!("`{program}` is no program of this image")),
        }
    }
    elf
}

/// Says what the image says of itself.
fn about(image: &mut Image, table: &Table, contents: &Contents) {
    let files = table.records.iter();
    let files = files.filter(|record| record.kind != FileKind::Directory);
    image.newest = files.map(|record| record.mtime).max();
    let text = ["etc/os-release", "usr/lib/os-release"]
        .iter()
        .find_map(|path| {
            let file = table.file(&RootPath::from(*path))?;
            contents.get(&table.records[file].path)
        });
    let text = text.map(|text| String::from_utf8_lossy(text));
    let mut fields = boot_stage::about::os_release(text.as_deref().unwrap_or_default());
    let mut field = |name| {
        let value: String = fields.remove(name)?;
        let value: String = value.chars().filter(|it| !it.is_control()).collect();
        (!value.is_empty()).then_some(value)
    };
    image.os_id = field("ID");
    image.os_version = field("VERSION_ID");
    image.os_title = field("PRETTY_NAME");
    if image.platform.is_none() {
        let mut platforms: BTreeMap<&str, usize> = BTreeMap::new();
        let facts = table
            .records
            .iter()
            .filter_map(|record| record.elf.as_ref());
        for platform in facts.filter_map(|facts| facts.platform) {
            *platforms.entry(platform).or_default() += 1;
        }
        let most = platforms.into_iter().max_by_key(|(_, count)| *count);
        image.platform = most.map(|(platform, _)| platform.to_owned());
    }
}

/// Lists every entry by itself.
fn detail(view: &View<'_>) -> Detail {
    let records = &view.table.records;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let files = records.iter().enumerate().map(|(number, record)| File {
        path: record.path.to_string(),
        kind: record.kind,
        bytes: record.size,
        zstd_bytes: record.zstd_bytes,
        mode: record.mode,
        uid: record.uid,
        gid: record.gid,
        class: view.classes[number],
        package: view.owners.of[number].package(),
        generated: matches!(view.owners.of[number], Owner::Generated(_)),
        sha256: record.digest,
        target: (!record.target.is_empty()).then(|| text(&record.target)),
    });
    let missing = view.owners.missing.iter().map(|(path, package)| Missing {
        path: path.to_string(),
        package: *package,
    });
    let objects = records.iter().enumerate().filter_map(|(number, record)| {
        let facts = record.elf.as_ref()?;
        Some(Object {
            file: packages::position(number),
            platform: facts.platform.map(str::to_owned),
            soname: facts.soname.clone(),
            needed: facts.needed.clone(),
            search: facts.search.clone(),
            interpreter: facts.interpreter.clone(),
            symbol_bytes: if facts.has_symbols {
                facts.symbol_bytes
            } else {
                0
            },
        })
    });
    Detail {
        files: files.collect(),
        missing: missing.collect(),
        objects: objects.collect(),
    }
}
