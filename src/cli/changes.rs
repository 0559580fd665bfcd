//! What differs between two locks, as a table.

use crate::{
    lock::Change,
    ops::lock::Outcome,
    progress::quantity::{count, size},
};
use std::fmt::Write;

/// Writes one line for each package that comes, goes or moves, and sums; nothing if the lock stays as it is.
pub(super) fn table(outcome: &Outcome) -> String {
    let mut text = String::new();
    if !outcome.is_changed {
        return text;
    }
    let changes = &outcome.changes;
    for sentence in &changes.asked {
        // Writing to a string does not fail.
        let _ = writeln!(text, "request: {sentence}");
    }
    let rows: Vec<[String; 4]> = changes.packages.iter().map(row).collect();
    let widest = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let (name, version, arch) = (widest(1), widest(2), widest(3));
    for (change, row) in changes.packages.iter().zip(&rows) {
        let _ = writeln!(
            text,
            "{:7}  {:name$}  {:version$}  {:arch$}  {:>11}",
            row[0],
            row[1],
            row[2],
            row[3],
            signed(change.growth())
        );
    }
    let kinds = ["added", "moved", "removed"].map(|kind| {
        let number = rows.iter().filter(|row| row[0] == kind).count();
        format!("{number} {kind}")
    });
    for also in &changes.also {
        let _ = writeln!(text, "changed: {also}");
    }
    let _ = writeln!(
        text,
        "total: {}, {} kept; {}, {}, {} of that new",
        kinds.join(", "),
        changes.kept,
        count(outcome.packages as u64, "package"),
        size(outcome.bytes),
        size(changes.new_bytes),
    );
    text
}

fn row(change: &Change) -> [String; 4] {
    let (kind, version) = match (&change.before, &change.after) {
        (None, Some((version, _))) => ("added", version.clone()),
        (Some((version, _)), None) => ("removed", version.clone()),
        (Some((before, _)), Some((after, _))) if before == after => {
            // Built again under its old number.
            ("moved", format!("{before} → another {after}"))
        }
        (Some((before, _)), Some((after, _))) => ("moved", format!("{before} → {after}")),
        (None, None) => ("", String::new()),
    };
    [
        kind.to_owned(),
        change.name.clone(),
        version,
        change.arch.clone(),
    ]
}

fn signed(bytes: i128) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    let bytes = u64::try_from(bytes.unsigned_abs()).unwrap_or(u64::MAX);
    format!("{sign}{}", size(bytes))
}
