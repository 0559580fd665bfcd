//! How ages and sizes are typed: a whole number and a unit.

use std::time::Duration;

const AGES: [(&str, u64); 5] = [
    ("s", 1),
    ("m", 60),
    ("h", 60 * 60),
    ("d", 24 * 60 * 60),
    ("w", 7 * 24 * 60 * 60),
];

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads an age: `90s`, `30d`.
pub fn age(text: &str) -> Result<Duration, String> {
    quantity(text, &AGES).map(Duration::from_secs)
}

/// Reads a size: `500MB`, `5GiB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    quantity(text, &SIZES)
}

/// Chooses the largest unit that is not longer than `seconds`, up to days.
pub fn unit_of_age(seconds: u64) -> (&'static str, u64) {
    let fits = |(_, factor): &&(&str, u64)| *factor <= seconds;
    *AGES[..4].iter().rev().find(fits).unwrap_or(&AGES[0])
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    let expected = || format!("give a whole number and one of {}", names.join(", "));
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err(expected());
    }
    let unit = unit.trim_start();
    let exact = units.iter().find(|(name, _)| *name == unit);
    let found = exact.or_else(|| {
        units
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
    });
    let (_, factor) = found.ok_or_else(expected)?;
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(*factor))
        .ok_or_else(|| "it is too large".to_owned())
}
