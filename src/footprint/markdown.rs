//! Text within Markdown: <https://github.github.com/gfm/>.

/// Takes the meaning from letters that Markdown would read, and keeps a name in its line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '_' | '`' | '<' | '\\' | '[' => escaped.extend(['\\', letter]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text_in_their_cell() {
        assert_eq!(escaped("a|<b>\n_c_"), r"a\|\<b> \_c\_");
    }
}
