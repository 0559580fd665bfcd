//! What adds up: sizes, counts and breakdowns over the table of all entries.

use super::{
    finish::View,
    model::{Cell, Class, Entries, FileKind, Ownership, Share, Sizes},
    owners::Owner,
    table::Table,
    weigh::Weights,
};
use crate::export::header;
use boot_kit::Result;
use std::collections::BTreeMap;

/// A block on a disk.
const DISK_BLOCK: u64 = 4096;

/// Sums classes.
pub(super) fn class_shares(view: &View<'_>, names: Vec<String>) -> Vec<Class> {
    let mut classes: Vec<Class> = names
        .into_iter()
        .map(|name| Class {
            name,
            share: Share::default(),
        })
        .collect();
    for (number, class) in view.classes.iter().enumerate() {
        classes[*class as usize].share += view.share(number);
    }
    classes
}

/// Measures the whole.
pub(super) fn sizes(table: &Table, weights: &Weights) -> Result<Sizes> {
    let mut sizes = Sizes {
        // The root's header, and the end.
        tar: 3 * header::BLOCK as u64,
        gzip: weights.gzip,
        ..Sizes::default()
    };
    let mut implied = Vec::new();
    for record in &table.records {
        sizes.content += record.size;
        sizes.zstd += record.zstd_bytes;
        sizes.disk += match record.kind {
            FileKind::File => record.size.next_multiple_of(DISK_BLOCK),
            FileKind::Directory => DISK_BLOCK,
            _ => 0,
        };
        let span = record.span;
        let content = record.size.next_multiple_of(header::BLOCK as u64);
        if span.end > 0 {
            sizes.tar += record.header_bytes + content;
        } else {
            implied.clear();
            let entry = boot_kit::Entry {
                path: record.path.clone(),
                kind: boot_kit::Kind::Directory,
                mode: record.mode,
                uid: 0,
                gid: 0,
                mtime: 0,
                xattrs: BTreeMap::new(),
            };
            header::append(&mut implied, &entry, &BTreeMap::new(), 0)?;
            sizes.tar += implied.len() as u64;
        }
    }
    Ok(sizes)
}

/// Counts entries.
pub(super) fn entries(table: &Table) -> Entries {
    let mut entries = Entries {
        total: table.records.len() as u64,
        ..Entries::default()
    };
    for record in &table.records {
        let count = match record.kind {
            FileKind::File => &mut entries.files,
            FileKind::Directory => &mut entries.directories,
            FileKind::Symlink => &mut entries.symlinks,
            FileKind::Hardlink => &mut entries.hardlinks,
            FileKind::Device => &mut entries.devices,
            FileKind::Fifo => &mut entries.fifos,
        };
        *count += 1;
        let is_dangling = || table.resolve(&record.path).is_none();
        if record.kind == FileKind::Symlink && is_dangling() {
            entries.dangling += 1;
        }
        if record.kind == FileKind::File && record.size == 0 {
            entries.empty += 1;
        }
        let length = record.path.bytes().len() as u64;
        entries.longest_path = entries.longest_path.max(length);
    }
    entries
}

/// Sums by whose files are.
pub(super) fn ownership(view: &View<'_>) -> Ownership {
    let mut ownership = Ownership::default();
    for number in 0..view.table.records.len() {
        let part = if view.table.records[number].kind == FileKind::File {
            match view.owners.of[number] {
                Owner::Package(_) => &mut ownership.owned,
                Owner::Generated(_) => &mut ownership.generated,
                Owner::Nobody => &mut ownership.unowned,
            }
        } else {
            &mut ownership.structure
        };
        *part += view.share(number);
    }
    ownership
}

/// Sums packages and classes together.
pub(super) fn cells(view: &View<'_>) -> Vec<Cell> {
    let mut cells: BTreeMap<(Option<u32>, u32), Share> = BTreeMap::new();
    for (number, class) in view.classes.iter().enumerate() {
        let is_file = view.table.records[number].kind == FileKind::File;
        let package = view.owners.of[number].package().filter(|_| is_file);
        *cells.entry((package, *class)).or_default() += view.share(number);
    }
    cells
        .into_iter()
        .map(|((package, class), share)| Cell {
            package,
            class,
            share,
        })
        .collect()
}
