//! Programs of note, and files that should be in no image.

use super::{
    finish::View,
    model::{FileKind, Finding, Program},
    rules::{Rules, any},
    table::Table,
};
use crate::prune::glob::Pattern;
use boot_kit::inventory::Contents;
use std::collections::BTreeMap;

/// Lists the programs that patterns name, each once: under its own path if that is named, else under that of the first
/// link to it.
pub(super) fn programs(view: &View<'_>, patterns: &[Pattern]) -> Vec<Program> {
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, record) in view.table.records.iter().enumerate() {
        if record.kind == FileKind::Directory || !any(patterns, &record.absolute()) {
            continue;
        }
        if let Some(file) = view.table.file(&record.path) {
            let named = found.entry(file).or_insert(number);
            if file == number {
                *named = number;
            }
        }
    }
    let mut programs: Vec<Program> = found
        .into_values()
        .map(|number| Program {
            path: view.table.records[number].path.to_string(),
            package: view.owners.of[number].package(),
        })
        .collect();
    programs.sort_by(|a, b| a.path.cmp(&b.path));
    programs
}

/// Lists private keys and what identifies one machine.
pub(super) fn secrets(table: &Table, contents: &Contents, rules: &Rules) -> Vec<Finding> {
    let files = table.records.iter();
    let files = files.filter(|record| record.kind == FileKind::File && record.size > 0);
    files
        .filter_map(|record| {
            let absolute = record.absolute();
            let content = contents.get(&record.path);
            let content = content.map(|content| String::from_utf8_lossy(content));
            let is_none = |except: &String| {
                content
                    .as_ref()
                    .is_some_and(|content| content.trim() == except)
            };
            let mut secrets = rules.secrets.iter();
            let by_place = secrets.find(|secret| any(&secret.paths, &absolute));
            let what = match by_place {
                Some(secret) if secret.except.iter().any(is_none) => return None,
                Some(secret) => secret.what.clone(),
                None if record.is_key => "private key".to_owned(),
                None => return None,
            };
            Some(Finding {
                path: record.path.to_string(),
                what,
            })
        })
        .collect()
}
