//! The names somebody may have meant.

/// Finds the names closest to a misspelt one: at most three, the closest first.
///
/// A name is close if a third of its letters, at least two, would have to change; a swap counts as one change. What
/// begins with the word is close too.
pub fn near<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let limit = (word.len() / 3).max(2);
    let mut close: Vec<_> = names
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.to_lowercase().chars().collect();
            let changes = distance(&word, &letters);
            let begins = word.len() >= 2 && letters.starts_with(&word);
            // A short word must not be replaced whole.
            let keeps_some = changes < word.len().max(letters.len());
            (begins || (changes <= limit && keeps_some)).then_some((changes, name))
        })
        .collect();
    close.sort_unstable();
    close.dedup();
    close.truncate(3);
    close.into_iter().map(|(_, name)| name).collect()
}

/// Says "did you mean `x` or `y`?", or nothing if no name is close.
pub fn suggestion<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let close = near(word, names);
    (!close.is_empty()).then(|| format!("did you mean {}?", listed(&close, "or")))
}

/// Joins names for a sentence: "`a`, `b` or `c`".
pub fn listed(names: &[&str], word: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
    }
}

/// Counts the letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, letter) in left.iter().enumerate() {
        let mut row = vec![i + 1; right.len() + 1];
        for (j, other) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(letter != other);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == right[j - 1] && left[i - 1] == *other {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["bookworm", "forky", "sid", "stable", "testing", "trixie"];

    #[test]
    fn slips_are_recognised() {
        for (word, meant) in [
            ("trixy", vec!["trixie"]),
            ("tirxie", vec!["trixie"]),
            ("Bookworn", vec!["bookworm"]),
            ("test", vec!["testing"]),
            ("stabel", vec!["stable"]),
            ("hello", vec![]),
            ("xy", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(near(word, NAMES), meant, "{word}");
        }
    }

    #[test]
    fn names_are_joined_for_a_sentence() {
        assert_eq!(listed(&[], "or"), "");
        assert_eq!(listed(&["a"], "or"), "`a`");
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
