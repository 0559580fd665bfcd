//! How sizes, times and counts are written for people.

use std::time::Duration;

/// Writes a size: `512 B`, `12.3 MiB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let units = (1..).zip(["KiB", "MiB", "GiB", "TiB"]);
    // In tenths of the unit, so that 1023.96 KiB is written as 1.0 MiB.
    let tenths = units.map(|(power, unit)| {
        let divisor = 1024_u128.pow(power);
        ((u128::from(bytes) * 10 + divisor / 2) / divisor, unit)
    });
    let mut tenths = tenths.skip_while(|(tenths, unit)| *tenths >= 10240 && *unit != "TiB");
    let (tenths, unit) = tenths.next().expect("the last unit is never skipped");
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Writes a time: `4.2 s`, `2 min 05 s`.
pub fn time(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (duration.as_millis() + 500) / 1000;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

/// Rounds a time for programs: seconds, to the millisecond.
pub fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Writes a count with its noun: `1 package`, `12,345 packages`.
pub fn count(count: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        number(count),
        if count == 1 { "" } else { "s" }
    )
}

/// Writes a number: `12,345`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_short_and_have_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (12_897_485, "12.3 MiB"),
            (1_048_575, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (4_249, "4.2 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (125_400, "2 min 05 s"),
        ] {
            assert_eq!(time(Duration::from_millis(milliseconds)), text);
        }
        for (number, text) in [
            (1, "1 file"),
            (0, "0 files"),
            (999, "999 files"),
            (1_234_567, "1,234,567 files"),
        ] {
            assert_eq!(count(number, "file"), text);
        }
    }
}
