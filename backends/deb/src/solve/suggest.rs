//! What may have been meant by a name that nothing has.

use crate::index::{Package, Universe};
use boot_kit::{Error, ErrorKind};

/// Makes the error for a name that no package has, with the nearest names there are.
pub(super) fn unknown(universe: &Universe, name: &str, arch: &str) -> Error {
    let message = if arch == universe.native() {
        format!("package `{name}` does not exist")
    } else {
        format!("package `{name}` does not exist for architecture `{arch}`")
    };
    let error = Error::new(ErrorKind::Usage, message);
    let near = near(universe, name);
    if near.is_empty() {
        return error
            .with_hint("check the name, and whether its component or suite is among the archives");
    }
    error.with_hint(format!("did you mean {}?", near.join(", ")))
}

/// Names the suites there are.
pub(super) fn suites(universe: &Universe) -> String {
    let mut names: Vec<&str> = Vec::new();
    for suite in universe.lists().iter().flat_map(|list| list.suites) {
        if !suite.is_empty() && !names.contains(&suite) {
            names.push(suite);
        }
    }
    format!("choose one of the suites there are: {}", names.join(", "))
}

/// Finds up to five names like `name`, the nearest first: few edits away, or beginning with it.
pub(super) fn near(universe: &Universe, name: &str) -> Vec<String> {
    // Of two letters, everything is near.
    let limit = if name.len() < 3 {
        0
    } else {
        (name.len() / 4).clamp(1, 3)
    };
    let mut found: Vec<(usize, usize, &str)> = universe
        .packages()
        .filter(Package::is_native)
        .filter_map(|package| {
            let other = package.name();
            let begins = name.len() > 2 && other.starts_with(name);
            let edits = edits(name, other, limit);
            let rank = edits.unwrap_or(limit + 1);
            (begins || edits.is_some()).then_some((rank, other.len(), other))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(5);
    found
        .into_iter()
        .map(|(_, _, name)| format!("`{name}`"))
        .collect()
}

/// Counts the insertions, deletions, replacements and swaps of neighbours between two words, up to `limit`.
fn edits(left: &str, right: &str, limit: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let replaced = above[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            let is_swap =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swap {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().min().is_some_and(|least| *least > limit) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|count| *count <= limit)
}
