//! How sizes of footprints are written: in decimal megabytes, as registries and `--budget` count them.

/// Writes a size: `512 B`, `4.2 kB`, `116.2 MB`.
pub fn amount(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    for (unit, name) in units {
        // In tenths, so that 999,960 bytes are 1.0 MB.
        let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
        if tenths >= 10 && (unit < 1_000_000_000 || bytes >= 10_000_000_000) {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

/// Writes a difference with its sign: `+16.9 MB`, `−49.3 MB`, `±0`.
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
    fn sizes_are_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_960, "1.0 MB"),
            (116_249_999, "116.2 MB"),
            (1_234_567_890, "1234.6 MB"),
            (12_345_678_901, "12.3 GB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
        assert_eq!(signed(16_900_000), "+16.9 MB");
        assert_eq!(signed(-49_300_000), "−49.3 MB");
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
