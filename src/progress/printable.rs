//! Text of packages and scripts, made harmless for terminals and logs.

use std::borrow::Cow;

/// Removes escape sequences and control characters but newlines and tabs.
///
/// What a package says must not move the cursor, change the title or forge a line of ours.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' && letters.next_if_eq(&'[').is_some() {
            // A control sequence (ECMA-48 section 5.4) ends with a byte from `@` to `~`.
            let _final = letters.find(|c| ('@'..='~').contains(c));
        } else if is_kept(letter) {
            clean.push(letter);
        }
    }
    Cow::Owned(clean)
}

/// Makes a name from an image harmless that stands in a line of ours: it may not begin one of its own, either.
pub fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(one_line("a\n\x1b[2Jerror:\tb"), "a error: b");
    }

    #[test]
    fn terminals_are_not_told_what_to_do() {
        for (text, clean) in [
            ("two\n\twords é", "two\n\twords é"),
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07x", "]0;titlex"),
            ("10%\r20%", "10%20%"),
            ("\u{9b}2J\x1b[", "2J"),
        ] {
            assert_eq!(printable(text), clean);
        }
    }
}
