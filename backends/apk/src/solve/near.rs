//! Names and tags that nothing has, and what may have been meant.

use super::{Request, Universe};
use boot_kit::{Error, ErrorKind, Result};

/// Refuses a world that names packages or tags that do not exist.
pub(super) fn refuse_unknown(universe: &Universe, request: &Request) -> Result<()> {
    for dependency in &request.world {
        let name = dependency.name.as_str();
        let number = universe.names.find(name);
        let is_known = number.is_some_and(|it| !universe.providers(it).is_empty());
        if !is_known && !dependency.conflict {
            let message = format!("package `{name}` does not exist");
            return Err(Error::new(ErrorKind::Usage, message).with_hint(advice(universe, name)));
        }
        let Some(tag) = &dependency.tag else {
            continue;
        };
        if universe.tag(tag).is_none() {
            let hint = match universe.tags() {
                [] => format!("add a repository with the tag, or ask for `{name}` without it"),
                tags => format!("the tags there are: {}", quoted(tags)),
            };
            let message = format!("no repository has the tag `{tag}` of `{dependency}`");
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
    }
    Ok(())
}

/// Says what may have been meant by a name that nothing has.
pub(super) fn advice(universe: &Universe, name: &str) -> String {
    let command = universe.names.find(&format!("cmd:{name}"));
    let owner = command.and_then(|it| universe.providers(it).first());
    if let Some(owner) = owner {
        let package = &universe.package(owner.package()).name;
        return format!("the command `{name}` is in the package `{package}`");
    }
    let near = near(universe, name);
    if near.is_empty() {
        return "check the name, and whether its repository is among those used".to_owned();
    }
    format!("did you mean {}?", quoted(&near))
}

/// Joins names for a sentence.
pub(super) fn quoted(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    quoted.join(", ")
}

/// Finds up to five names of packages like `name`, the nearest first: few edits away, or beginning with it.
fn near<'u>(universe: &'u Universe, name: &str) -> Vec<&'u str> {
    // Of two letters, everything is near.
    let limit = match name.len() {
        ..3 => 0,
        length => (length / 4).clamp(1, 3),
    };
    let mut found: Vec<(usize, usize, &str)> = universe
        .packages()
        .iter()
        .filter_map(|package| {
            let other = package.name.as_str();
            let begins = name.len() > 2 && other.starts_with(name);
            let edits = edits(name, other, limit);
            let is_near = begins || edits.is_some();
            is_near.then(|| (edits.unwrap_or(limit + 1), other.len(), other))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(5);
    found.into_iter().map(|(_, _, name)| name).collect()
}

/// Counts the letters to insert, remove, replace or swap with their neighbour, up to `limit`.
fn edits(left: &str, right: &str, limit: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let mut before_last: Vec<usize> = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let replaced = last[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            let is_swap =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swap {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    let count = last[right.len()];
    (count <= limit).then_some(count)
}
