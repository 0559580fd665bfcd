//! Which licences a package's `copyright` file names, where it has the machine-readable form of
//! <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>. Others are text for people, and nothing is guessed.

use std::collections::BTreeSet;

const FORMAT: &str = "copyright-format/1.0";

/// Lists the short names of all licences, sorted; `A or B` and `A and B` are two.
pub(super) fn licences(text: &str) -> Vec<String> {
    let header = text.lines().take(20).find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case("Format").then_some(value)
    });
    if !header.is_some_and(|format| format.contains(FORMAT)) {
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        if field.eq_ignore_ascii_case("License") {
            names.extend(short_names(value));
        }
    }
    names.into_iter().collect()
}

/// Splits `GPL-2+ with OpenSSL exception or BSD-3-clause, and MIT`; exceptions are no licences of their own.
fn short_names(value: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_exception = false;
    for word in value.split_whitespace() {
        let (word, ends) = match word.strip_suffix(',') {
            Some(word) => (word, true),
            None => (word, false),
        };
        match word {
            "and" | "or" | "and/or" => in_exception = false,
            "with" => in_exception = true,
            "" => {}
            word if !in_exception => names.push(word.trim_matches(['(', ')']).to_owned()),
            _ => {}
        }
        in_exception &= !ends;
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_named_by_machine_readable_files_only() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
                    Files: *\nCopyright: x\nLicense: GPL-2+ with OpenSSL exception or BSD-3-clause, and MIT\n The text\n\n\
                    Files: debian/*\nLicense: GPL-2+\n\nLicense: MIT\n Permission: is granted\n";
        assert_eq!(licences(text), ["BSD-3-clause", "GPL-2+", "MIT"]);
        assert_eq!(licences("License: GPL-2\n"), Vec::<String>::new());
        assert_eq!(licences("It is free: see GPL-2.\n"), Vec::<String>::new());
    }
}
