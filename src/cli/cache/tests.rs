use super::limit;
use std::time::Duration;

#[test]
fn ages_and_sizes_have_units() {
    for (text, seconds) in [
        ("90s", 90),
        ("5m", 300),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("2 w", 1_209_600),
        ("0s", 0),
    ] {
        assert_eq!(limit::age(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for (text, bytes) in [
        ("0B", 0),
        ("7B", 7),
        ("3KB", 3000),
        ("500MB", 500_000_000),
        ("2GB", 2_000_000_000),
        ("1 KiB", 1024),
        ("1mib", 1 << 20),
        ("5GiB", 5 << 30),
    ] {
        assert_eq!(limit::bytes(text), Ok(bytes), "{text}");
    }
}

#[test]
fn what_is_no_age_or_size_is_told_the_units() {
    let ages = Err("give a whole number and one of s, m, h, d, w".to_owned());
    for text in ["", "30", "d", "30x", "-1d", "1.5d", "30 days", "é"] {
        assert_eq!(limit::age(text), ages, "{text}");
    }
    let sizes = "give a whole number and one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB";
    for text in ["", "5", "GiB", "5G", "1.5GiB", "-5MB", "5 bytes"] {
        assert_eq!(limit::bytes(text), Err(sizes.to_owned()), "{text}");
    }
    for text in ["99999999999999999999B", "99999999999TiB"] {
        assert_eq!(limit::bytes(text), Err("it is too large".to_owned()));
    }
    let too_large = Err("it is too large".to_owned());
    assert_eq!(limit::age("99999999999999999999w"), too_large);
}
