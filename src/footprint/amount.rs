//! How sizes of footprints are written and read: as everywhere in boot; in `--budget` in any unit.

pub use crate::progress::quantity::size as amount;

/// Writes a difference with its sign: `+16.9 MiB`, `−49.3 MiB`, `±0`.
pub fn signed(bytes: i64) -> String {
    match bytes {
        0 => "±0".to_owned(),
        1.. => format!("+{}", amount(bytes.unsigned_abs())),
        _ => format!("−{}", amount(bytes.unsigned_abs())),
    }
}

/// Reads a size: `60MB`, `1.5 GB`, `4KiB`, `5000`; `None` if it is none.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut bytes = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        bytes = bytes.checked_add(u64::from(digit.to_digit(10)?) * place)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(signed(17_720_934), "+16.9 MiB");
        assert_eq!(signed(-4096), "−4.0 KiB");
        assert_eq!(signed(0), "±0");
    }

    #[test]
    fn sizes_are_read_in_any_unit() {
        for (text, bytes) in [
            ("60MB", Some(60_000_000)),
            ("60 mb", Some(60_000_000)),
            ("1.25MB", Some(1_250_000)),
            ("4KiB", Some(4096)),
            ("5000", Some(5000)),
            ("7B", Some(7)),
            ("", None),
            ("MB", None),
            ("1.x", None),
            ("-1", None),
            ("1 furlong", None),
            ("99999999999GB", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }
}
