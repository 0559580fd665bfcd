//! Patterns of paths, as `fnmatch(3)` with `FNM_PATHNAME` reads them: no wildcard matches a slash.

/// Tells whether `pattern` matches all of `path`.
pub fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else {
        return path.is_empty();
    };
    let next = path
        .split_first()
        .map(|(byte, left)| (*byte, left))
        .filter(|_| first == b'*' || !path.is_empty());
    match first {
        b'*' => {
            matches(rest, path)
                || next.is_some_and(|(byte, left)| byte != b'/' && matches(pattern, left))
        }
        b'?' => next.is_some_and(|(byte, left)| byte != b'/' && matches(rest, left)),
        b'[' => match class(rest) {
            Some((class, rest)) => next.is_some_and(|(byte, left)| {
                byte != b'/' && in_class(class, byte) && matches(rest, left)
            }),
            None => literal(b'[', rest, next),
        },
        b'\\' if !rest.is_empty() => literal(rest[0], &rest[1..], next),
        byte => literal(byte, rest, next),
    }
}

fn literal(byte: u8, rest: &[u8], next: Option<(u8, &[u8])>) -> bool {
    next.is_some_and(|(found, left)| found == byte && matches(rest, left))
}

/// Splits what follows a `[` into what stands in the brackets and the rest; `None` if they do not close.
fn class(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let begin = usize::from(matches!(text.first(), Some(b'!' | b'^')));
    // A bracket that comes first is one of the class.
    let end = text.iter().skip(begin + 1).position(|byte| *byte == b']')? + begin + 1;
    Some((&text[..end], &text[end + 1..]))
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let (negated, mut class) = match class {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    while let Some((&low, rest)) = class.split_first() {
        if let [b'-', high, after @ ..] = rest {
            found |= (low..=*high).contains(&byte);
            class = after;
        } else {
            found |= low == byte;
            class = rest;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stay_within_one_name() {
        for (pattern, path, expected) in [
            ("/bin", "/bin", true),
            ("/bin", "/bin/sub", false),
            ("/lib/modules/*", "/lib/modules/6.6", true),
            ("/lib/modules/*", "/lib/modules", false),
            ("/lib/modules/*", "/lib/modules/6.6/kernel", false),
            ("/usr/*/x?z", "/usr/a/xyz", true),
            ("/usr/*/x?z", "/usr/a/x/z", false),
            ("*", "", true),
            ("a[0-9x]", "a7", true),
            ("a[!0-9]", "a7", false),
            ("a[]]", "a]", true),
            ("a[", "a[", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), path.as_bytes()),
                expected,
                "{pattern} {path}"
            );
        }
    }
}
