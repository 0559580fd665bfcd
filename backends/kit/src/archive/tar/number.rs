//! The numbers of tar headers: octal, base-256 and decimal.

use crate::{Error, ErrorKind, Result};

/// Reads a number field of a header: octal digits between blanks and NULs, or GNU's base-256.
///
/// An empty field is 0.
pub(super) fn field(what: &str, field: &[u8]) -> Result<i64> {
    match field.first() {
        // The first byte says that what follows is binary, and its second bit whether that is negative.
        Some(first) if first & 0x80 != 0 => binary(field).ok_or_else(|| unreadable(what, field)),
        _ => octal(field).ok_or_else(|| unreadable(what, field)),
    }
}

/// Two's complement, big-endian, without the topmost bit, which is the mark.
fn binary(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let mut number = i128::from(field[0] & 0x3f) - if negative { 0x40 } else { 0 };
    for byte in &field[1..] {
        number = number.checked_mul(256)?.checked_add(i128::from(*byte))?;
    }
    i64::try_from(number).ok()
}

fn octal(field: &[u8]) -> Option<i64> {
    let is_blank = |byte: &u8| *byte == b' ' || *byte == 0;
    let start = field.iter().position(|byte| !is_blank(byte));
    let field = &field[start.unwrap_or(field.len())..];
    let end = field.iter().position(is_blank).unwrap_or(field.len());
    field[..end].iter().try_fold(0_i64, |number, digit| {
        let digit = matches!(digit, b'0'..=b'7').then(|| i64::from(digit - b'0'))?;
        number.checked_mul(8)?.checked_add(digit)
    })
}

/// Reads decimal digits.
pub(super) fn decimal(what: &str, text: &[u8]) -> Result<u64> {
    digits(text).ok_or_else(|| unreadable(what, text))
}

/// Reads seconds with an optional sign and fraction, rounded down to whole seconds.
pub(super) fn seconds(what: &str, text: &[u8]) -> Result<i64> {
    let (negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    let point = number.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(point) => (&number[..point], &number[point + 1..]),
        None => (number, &b""[..]),
    };
    let read = || {
        if !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let whole = match whole {
            b"" if !fraction.is_empty() => 0,
            whole => i64::try_from(digits(whole)?).ok()?,
        };
        let has_rest = fraction.iter().any(|digit| *digit != b'0');
        let further = i64::from(has_rest && whole < i64::MAX);
        Some(if negative { -whole - further } else { whole })
    };
    read().ok_or_else(|| unreadable(what, text))
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn unreadable(what: &str, text: &[u8]) -> Error {
    let shown = text[..text.len().min(40)].escape_ascii();
    Error::new(ErrorKind::Parse, format!("{what} `{shown}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_and_binary_fields_are_read() {
        for (bytes, number) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"77777777", Some(0o77_777_777)),
            (b"644\0junk", Some(0o644)),
            (b"0000648\0", None),
            (b"-000001\0", None),
            (b"\x80\0\0\0\0\0\0\x05", Some(5)),
            (b"\x80\0\0\0\x02\0\0\0\0\0\0\0", Some(1 << 57)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe",
                Some(-2),
            ),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(
                field("size", bytes).ok(),
                number,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn times_are_rounded_down() {
        for (text, number) in [
            ("1755000000.999999999", Some(1_755_000_000)),
            ("0", Some(0)),
            (".5", Some(0)),
            ("7.", Some(7)),
            ("-1", Some(-1)),
            ("-1.000", Some(-1)),
            ("-1.5", Some(-2)),
            ("-0.5", Some(-1)),
            ("-9223372036854775807.5", Some(-9_223_372_036_854_775_807)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1e9", None),
            ("1.x", None),
        ] {
            assert_eq!(seconds("mtime", text.as_bytes()).ok(), number, "{text}");
        }
    }
}
