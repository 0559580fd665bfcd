//! Patterns over whole paths.

use boot_kit::{Error, ErrorKind, Result};

/// A shell glob over a whole path, as `fnmatch(3)` without flags reads it.
///
/// `*` is any bytes and `?` one byte, a slash among them; `[a-z]` is one of these bytes and `[!a-z]` none of them;
/// a backslash takes the special meaning from the next byte. Everything is bytes, nothing depends on a locale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    AnyByte,
    AnyBytes,
    OneOf(Vec<(u8, u8)>),
    NoneOf(Vec<(u8, u8)>),
}

impl Pattern {
    /// Reads a pattern; errors if it is not for whole paths or uses classes by name (`[[:alpha:]]`).
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why| Error::new(ErrorKind::Parse, format!("pattern `{text}` {why}"));
        if !text.starts_with('/') {
            return Err(bad("does not start with a slash"));
        }
        let mut tokens = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            let (token, after) = match (first, after) {
                (b'*', _) => (Token::AnyBytes, after),
                (b'?', _) => (Token::AnyByte, after),
                (b'\\', [escaped, after @ ..]) => (Token::Byte(*escaped), after),
                (b'\\', []) => return Err(bad("ends in a backslash")),
                (b'[', _) => bracket(after).ok_or_else(|| bad("has a malformed `[`"))?,
                (byte, _) => (Token::Byte(*byte), after),
            };
            tokens.push(token);
            rest = after;
        }
        Ok(Self {
            text: text.to_owned(),
            tokens,
        })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether the pattern matches all of `path`, which starts with a slash.
    pub fn matches(&self, path: &[u8]) -> bool {
        matches(&self.tokens, path)
    }

    /// Tells whether the pattern could match something below `path`: whether the part before one of its slashes does.
    ///
    /// A star may stand for slashes, so this says yes more often than needed, never less.
    pub fn may_match_below(&self, path: &[u8]) -> bool {
        let below = |(i, token): (usize, &Token)| {
            let splits = matches!(token, Token::Byte(b'/') | Token::AnyBytes);
            splits
                && matches(
                    &self.tokens[..i + usize::from(*token == Token::AnyBytes)],
                    path,
                )
        };
        self.tokens.iter().enumerate().skip(1).any(below)
    }
}

/// Reads what follows a `[`, to its `]`.
fn bracket(text: &[u8]) -> Option<(Token, &[u8])> {
    let (is_negated, mut rest) = match text {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [b']', rest @ ..] if !ranges.is_empty() => {
                let token = if is_negated {
                    Token::NoneOf
                } else {
                    Token::OneOf
                };
                return Some((token(ranges), rest));
            }
            [b'[', b':' | b'.' | b'=', ..] | [] => return None,
            [first, b'-', last, rest @ ..] if *last != b']' => {
                ranges.push((*first, *last));
                rest
            }
            [byte, rest @ ..] => {
                ranges.push((*byte, *byte));
                rest
            }
        };
    }
}

/// Goes back to the last star only: an earlier one could not do better, so the time is at most the product of lengths.
fn matches(tokens: &[Token], path: &[u8]) -> bool {
    let (mut at_token, mut at_byte) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at_byte < path.len() {
        match tokens.get(at_token) {
            Some(Token::AnyBytes) => {
                star = Some((at_token, at_byte));
                at_token += 1;
            }
            Some(token) if token.is(path[at_byte]) => {
                at_token += 1;
                at_byte += 1;
            }
            _ => {
                let Some((star_token, star_byte)) = &mut star else {
                    return false;
                };
                *star_byte += 1;
                (at_token, at_byte) = (*star_token + 1, *star_byte);
            }
        }
    }
    tokens[at_token..]
        .iter()
        .all(|token| *token == Token::AnyBytes)
}

impl Token {
    fn is(&self, byte: u8) -> bool {
        let within = |ranges: &[(u8, u8)]| {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&byte))
        };
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::AnyByte | Self::AnyBytes => true,
            Self::OneOf(ranges) => within(ranges),
            Self::NoneOf(ranges) => !within(ranges),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect(text)
    }

    #[test]
    fn patterns_match_whole_paths_and_stars_match_slashes() {
        for (text, path, wanted) in [
            ("/usr/share/doc/*", "/usr/share/doc/a/b", true),
            ("/usr/share/doc/*", "/usr/share/doc", false),
            ("/usr/share/doc/*", "/usr/share/doc/", true),
            (
                "/usr/share/doc/*/copyright",
                "/usr/share/doc/a/copyright",
                true,
            ),
            (
                "/usr/share/doc/*/copyright",
                "/usr/share/doc/a/b/copyright",
                true,
            ),
            (
                "/usr/share/doc/*/copyright",
                "/usr/share/doc/copyright",
                false,
            ),
            (
                "/usr/share/doc/*/copyright",
                "/usr/share/doc/a/copyright.gz",
                false,
            ),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b*c", "/a-b-c-b", false),
            ("/a?c", "/a/c", true),
            ("/a?c", "/ac", false),
            ("/[a-cx]", "/b", true),
            ("/[a-cx]", "/x", true),
            ("/[a-cx]", "/d", false),
            ("/[!a-c]", "/d", true),
            ("/[^a-c]", "/a", false),
            ("/[]a]", "/]", true),
            ("/[a-]", "/-", true),
            (r"/\*", "/*", true),
            (r"/\*", "/a", false),
            ("/a", "/a", true),
            ("/a", "/a/b", false),
            ("/**", "/", true),
        ] {
            assert_eq!(
                pattern(text).matches(path.as_bytes()),
                wanted,
                "{text} {path}"
            );
        }
        assert!(pattern("/caf?").matches(b"/caf\xe9"));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let hard = pattern(&format!("/{}b", "*a".repeat(30)));
        assert!(!hard.matches(format!("/{}", "a".repeat(5000)).as_bytes()));
    }

    #[test]
    fn a_pattern_may_match_below_what_its_start_matches() {
        for (text, path, wanted) in [
            ("/usr/share/doc/*/copyright", "/usr/share/doc/libc6", true),
            ("/usr/share/doc/*/copyright", "/usr/share/doc", true),
            ("/usr/share/doc/*/copyright", "/usr/share/man", false),
            ("/usr/share/locale/de/*", "/usr/share/locale/de", true),
            ("/usr/share/locale/de/*", "/usr/share/locale/fr", false),
            ("/usr/share/locale/de_*", "/usr/share/locale/de_AT", true),
            ("/usr/share/locale/languages", "/usr/share/locale/fr", false),
        ] {
            assert_eq!(
                pattern(text).may_match_below(path.as_bytes()),
                wanted,
                "{text} {path}"
            );
        }
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for text in ["usr/*", "", "/a\\", "/[a", "/[]", "/[!]", "/[[:alpha:]]"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
