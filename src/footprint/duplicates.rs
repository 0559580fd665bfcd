//! Content that is there more than once.

use super::{
    model::{Duplicate, Duplicates, FileKind},
    table::Table,
};
use boot_kit::Digest;
use std::{cmp::Reverse, collections::BTreeMap};

/// How many groups are listed.
const GROUPS: usize = 50;
/// How many paths of each.
const PATHS: usize = 10;

/// Finds files of the same content; empty ones waste nothing and are not among them.
pub(super) fn find(table: &Table) -> Duplicates {
    let mut by_content: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (number, record) in table.records.iter().enumerate() {
        if let (FileKind::File, 1.., Some(digest)) = (record.kind, record.size, record.digest) {
            by_content.entry(digest).or_default().push(number);
        }
    }
    let mut duplicates = Duplicates::default();
    for group in by_content.into_values().filter(|group| group.len() > 1) {
        let first = &table.records[group[0]];
        let more = group.len() as u64 - 1;
        duplicates.groups += 1;
        duplicates.files += more;
        duplicates.bytes += more * first.size;
        let paths = group.iter().take(PATHS);
        duplicates.largest.push(Duplicate {
            bytes: first.size,
            count: more + 1,
            wasted_bytes: more * first.size,
            paths: paths
                .map(|number| table.records[*number].path.to_string())
                .collect(),
        });
    }
    let largest = &mut duplicates.largest;
    largest.sort_by(|a, b| {
        (Reverse(a.wasted_bytes), &a.paths).cmp(&(Reverse(b.wasted_bytes), &b.paths))
    });
    largest.truncate(GROUPS);
    duplicates
}
