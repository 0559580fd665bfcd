//! Debian version numbers: `[epoch:]upstream[-revision]`.
//!
//! Format and order: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>; where policy is silent,
//! dpkg's `lib/dpkg/version.c` and `parsehelp.c` decide.

use boot_kit::{Error, ErrorKind, Result};
use std::cmp::Ordering;

/// A well-formed version, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// The number before the first colon, 0 without one.
    pub epoch: u32,
    /// What is between the epoch and the last hyphen.
    pub upstream: &'a str,
    /// What is after the last hyphen, empty without one (which sorts like `0`).
    pub revision: &'a str,
}

impl<'a> Version<'a> {
    /// Takes `text` apart, as strict as dpkg is with versions of packages.
    pub fn parse(text: &'a str) -> Result<Self> {
        let refuse = |why: &str| Error::new(ErrorKind::Parse, format!("version `{text}` {why}"));
        let trimmed = text.trim_matches([' ', '\t', '\n']);
        if trimmed.is_empty() {
            return Err(refuse("is empty"));
        }
        if trimmed.contains(|character: char| character.is_whitespace()) {
            return Err(refuse("has a space in it"));
        }
        let (epoch, rest) = match trimmed.split_once(':') {
            None => (0, trimmed),
            Some((epoch, rest)) => {
                let digits = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
                if !digits {
                    return Err(refuse("has an epoch that is not a number"));
                }
                // dpkg keeps epochs in a C `int`.
                let number = epoch.parse::<i32>().ok();
                let number = number.ok_or_else(|| refuse("has too big an epoch"))?;
                (number.unsigned_abs(), rest)
            }
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            None => (rest, ""),
            Some((_, "")) => return Err(refuse("has an empty revision")),
            Some(parts) => parts,
        };
        if !upstream.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(refuse("does not start with a digit"));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+~".contains(&byte);
        if !upstream
            .bytes()
            .all(|byte| plain(byte) || b"-:".contains(&byte))
        {
            return Err(refuse("has an invalid character"));
        }
        if !revision.bytes().all(plain) {
            return Err(refuse("has an invalid character in its revision"));
        }
        Ok(Self {
            epoch,
            upstream,
            revision,
        })
    }
}

/// Orders two versions as dpkg does.
///
/// Never fails: what [`Version::parse`] refuses is ordered by the same rules, part by part.
pub fn compare(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let (left_epoch, left) = left.split_once(':').unwrap_or(("", left));
    let (right_epoch, right) = right.split_once(':').unwrap_or(("", right));
    let (left_upstream, left_revision) = left.rsplit_once('-').unwrap_or((left, ""));
    let (right_upstream, right_revision) = right.rsplit_once('-').unwrap_or((right, ""));
    compare_parts(left_epoch, right_epoch)
        .then_with(|| compare_parts(left_upstream, right_upstream))
        .then_with(|| compare_parts(left_revision, right_revision))
}

/// Orders epochs, upstream versions or revisions: runs of non-digits and of digits in turn.
fn compare_parts(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        while left.get(i).is_some_and(|byte| !byte.is_ascii_digit())
            || right.get(j).is_some_and(|byte| !byte.is_ascii_digit())
        {
            match weight(left.get(i)).cmp(&weight(right.get(j))) {
                Ordering::Equal => (i, j) = (i + 1, j + 1),
                different => return different,
            }
        }
        i += leading(&left[i.min(left.len())..], |byte| byte == b'0');
        j += leading(&right[j.min(right.len())..], |byte| byte == b'0');
        let digits_left = leading(&left[i.min(left.len())..], |byte| byte.is_ascii_digit());
        let digits_right = leading(&right[j.min(right.len())..], |byte| byte.is_ascii_digit());
        let order = digits_left.cmp(&digits_right);
        if order != Ordering::Equal {
            return order;
        }
        // Without leading zeros and of equal length, numbers sort like their digits.
        let order = left[i.min(left.len())..][..digits_left]
            .cmp(&right[j.min(right.len())..][..digits_right]);
        if order != Ordering::Equal {
            return order;
        }
        (i, j) = (i + digits_left, j + digits_right);
    }
    Ordering::Equal
}

/// Counts the bytes at the start of `bytes` that pass `test`.
fn leading(bytes: &[u8], test: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| test(**byte)).count()
}

/// Orders characters within a non-digit run: `~`, the end or a digit, letters, everything else.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None | Some(b'0'..=b'9') => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_in_dpkg() {
        use Ordering::{Equal, Less};
        for (left, order, right) in [
            // Epochs.
            ("0:1", Equal, "1"),
            ("1", Less, "1:0"),
            ("2", Less, "1:1"),
            ("1:2", Less, "2:1"),
            ("09:1", Equal, "9:1"),
            ("9:1", Less, "10:1"),
            // Numbers, leading zeros, long numbers.
            ("1.9", Less, "1.10"),
            ("1.0", Equal, "1.00"),
            ("1.01", Equal, "1.1"),
            ("0", Equal, "00"),
            ("99999999999999999998", Less, "99999999999999999999"),
            ("20250101", Less, "20250102"),
            // `~` sorts before the end, even before nothing.
            ("1~", Less, "1"),
            ("1~~", Less, "1~"),
            ("1~~a", Less, "1~"),
            ("1~rc1", Less, "1"),
            ("1~rc1-1", Less, "1-1"),
            ("1.0~beta1~svn1245", Less, "1.0~beta1"),
            ("1.0~beta1", Less, "1.0"),
            ("1~1", Less, "1~a"),
            // Letters before other characters, the end before letters.
            ("1", Less, "1a"),
            ("1a", Less, "1+"),
            ("1a", Less, "1b"),
            ("1A", Less, "1a"),
            ("1z", Less, "1."),
            ("1+1", Less, "1-1-1"),
            ("1.a", Less, "1.+"),
            ("1+b1", Less, "1."),
            ("1a", Less, "1a1"),
            ("1a1", Less, "1aa"),
            // Revisions: the last hyphen counts, none is like `0`.
            ("1", Equal, "1-0"),
            ("1-0", Equal, "1-00"),
            ("1", Less, "1-1"),
            ("1-1", Less, "1-1.1"),
            ("1-1", Less, "1-1+b1"),
            ("1-1~bpo12+1", Less, "1-1"),
            ("1-2", Less, "1-1-1"),
            ("1.2-1", Less, "1.2-1-1"),
            ("1-a", Less, "1-a1"),
            ("1.0-1", Less, "1.0a-1"),
            // As seen in archives.
            ("2.41-12", Less, "2.41-12+deb13u1"),
            ("5.40.1-6", Less, "5.40.1-6+b1"),
            ("1:4.17.4-2", Less, "1:4.17.4+dfsg-1"),
            ("0.7-2", Less, "0.7.1-1"),
            ("7.6-0", Less, "7.6p2-4"),
            ("1.0-1.3", Less, "1.0.3-3"),
        ] {
            assert_eq!(compare(left, right), order, "{left} {right}");
            assert_eq!(compare(right, left), order.reverse(), "{right} {left}");
        }
    }

    #[test]
    fn versions_come_apart_at_the_first_colon_and_the_last_hyphen() {
        let version = |epoch, upstream, revision| Version {
            epoch,
            upstream,
            revision,
        };
        for (text, expected) in [
            ("1", version(0, "1", "")),
            ("0:1-1", version(0, "1", "1")),
            ("10:1.2:3-4-5+b1~", version(10, "1.2:3-4", "5+b1~")),
            (" 1-1\n", version(0, "1", "1")),
        ] {
            assert_eq!(Version::parse(text).expect(text), expected);
        }
        for (text, why) in [
            ("", "is empty"),
            ("1 2", "has a space in it"),
            (":1", "has an epoch that is not a number"),
            ("a:1", "has an epoch that is not a number"),
            ("-1:1", "has an epoch that is not a number"),
            ("2147483648:1", "has too big an epoch"),
            ("1:", "does not start with a digit"),
            ("-1", "does not start with a digit"),
            ("a1", "does not start with a digit"),
            ("1-", "has an empty revision"),
            ("1_2", "has an invalid character"),
            ("0:1-1:1", "has an invalid character in its revision"),
        ] {
            let error = Version::parse(text).expect_err(text);
            assert_eq!(error.to_string(), format!("version `{text}` {why}"));
        }
    }
}
