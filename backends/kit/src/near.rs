//! The names of packages somebody may have meant.

/// Finds up to five of `names` like `name`, the nearest first: few edits away, or beginning with it.
pub fn near<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // Of two letters, everything is near.
    let limit = match name.len() {
        ..3 => 0,
        length => (length / 4).clamp(1, 3),
    };
    let mut found: Vec<(usize, usize, &str)> = names
        .filter_map(|other| {
            let begins = name.len() > 2 && other.starts_with(name);
            let edits = edits(name, other, limit);
            let rank = edits.unwrap_or(limit + 1);
            (begins || edits.is_some()).then_some((rank, other.len(), other))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(5);
    found.into_iter().map(|(_, _, name)| name).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_beginnings_are_recognised() {
        let names = ["nginx", "nginx-light", "ngrep", "vim", "vi"];
        for (name, meant) in [
            ("nginx", &["nginx", "nginx-light"][..]),
            ("ngixn", &["nginx"]),
            ("ngin", &["nginx", "nginx-light"]),
            ("vo", &[]),
        ] {
            assert_eq!(near(name, names.into_iter()), meant, "{name}");
        }
    }
}
