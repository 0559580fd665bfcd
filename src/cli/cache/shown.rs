//! What `boot cache` prints.

use super::limit;
use crate::{
    ops::cache::{Contents, Sum},
    progress::{printable, quantity},
    store::{
        Kind,
        upkeep::{
            Item,
            clean::{Cleaned, Limits},
            verify::Verified,
        },
    },
};
use serde_json::json;
use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Writes a row for each kind, and one for all.
pub fn sums(contents: &Contents, now: SystemTime) -> String {
    let mut text = format!("{:<9}  {:>7}  {:>11}  last used\n", "kind", "items", "size");
    for Sum {
        kind,
        items,
        bytes,
        used,
    } in contents.sums()
    {
        let noun = kind.map_or("total", plural);
        let size = quantity::size(bytes);
        let used = used.map_or_else(|| "-".to_owned(), |used| ago(used, now));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{noun:<9}  {items:>7}  {size:>11}  {used}");
    }
    text
}

/// Writes a row for each item.
pub fn items(items: &[Item], now: SystemTime) -> String {
    let mut text = String::new();
    for item in items {
        let (kind, size) = (singular(item.kind), quantity::size(item.bytes));
        let (used, name) = (ago(item.used, now), one_line(&item.name));
        let _ = writeln!(text, "{kind:<8}  {size:>11}  {used:>10}  {name}");
    }
    text
}

/// Writes everything for programs.
pub fn json(contents: &Contents) -> String {
    let sums = contents.sums();
    let kinds = sums.iter().filter_map(|sum| {
        let kind = singular(sum.kind?);
        Some(json!({"kind": kind, "items": sum.items, "size_bytes": sum.bytes}))
    });
    let items = contents.items.iter().map(|item| {
        json!({
            "kind": singular(item.kind),
            "name": item.name,
            "digest": item.digest,
            "size_bytes": item.bytes,
            "last_used": item.used.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        })
    });
    let bytes: u64 = contents.items.iter().map(|item| item.bytes).sum();
    let object = json!({
        "directory": contents.directory.display().to_string(),
        "kinds": kinds.collect::<Vec<_>>(),
        "items": items.collect::<Vec<_>>(),
        "size_bytes": bytes,
    });
    format!("{object:#}\n")
}

/// The closing line of a check that found nothing.
pub fn intact(verified: &Verified, wall: Duration) -> String {
    format!(
        "checked {}, {}, {}: all intact\n",
        count(verified.items),
        quantity::size(verified.bytes),
        quantity::time(wall)
    )
}

/// Writes a line for each damaged item.
pub fn damaged(verified: &Verified) -> String {
    let mut text = String::new();
    for damage in &verified.damaged {
        let (kind, name) = (singular(damage.kind), one_line(&damage.name));
        let _ = writeln!(text, "{kind:<8}  {name}: {}", one_line(&damage.reason));
    }
    text
}

/// The closing line of a cleaning.
pub fn cleaned(cleaned: &Cleaned, limits: Limits, dry_run: bool) -> String {
    let verb = if dry_run { "would remove" } else { "removed" };
    let stay = if dry_run { "would keep" } else { "kept" };
    let which = if limits == Limits::default() {
        "all that no running build uses: "
    } else {
        ""
    };
    let mut line = format!(
        "{verb} {which}{}, {}; {stay} {}, {}",
        count(cleaned.removed.len()),
        quantity::size(cleaned.freed_bytes()),
        count(cleaned.kept),
        quantity::size(cleaned.kept_bytes)
    );
    if cleaned.in_use > 0 {
        line += &format!(", {} of them because a build is running", cleaned.in_use);
    }
    line + "\n"
}

/// Counts items.
pub fn count(items: usize) -> String {
    quantity::count(items as u64, "item")
}

fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Artifact => "artifact",
        Kind::Index => "index",
        Kind::Layer => "layer",
        Kind::Note => "note",
        Kind::Other => "other",
    }
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Artifact => "artifacts",
        Kind::Index => "indexes",
        Kind::Layer => "layers",
        Kind::Note => "notes",
        Kind::Other => "others",
    }
}

/// Writes how long ago something was, in the largest unit that fits.
fn ago(used: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(used).unwrap_or_default().as_secs();
    let (unit, factor) = limit::unit_of_age(seconds);
    format!("{} {unit} ago", seconds / factor)
}

/// What others named, made harmless for a line of ours.
fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}
