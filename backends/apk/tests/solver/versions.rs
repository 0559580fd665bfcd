//! The order of versions, by a table.

use boot_apk::{
    relation::Comparison,
    version::{compare, is_valid, matches},
};
use std::cmp::Ordering;

const TABLE: &str = include_str!("../versions.txt");

/// What contradicts a line of the table.
fn contradiction(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let order = |operator| match operator {
        "<" => Some(Ordering::Less),
        "=" => Some(Ordering::Equal),
        ">" => Some(Ordering::Greater),
        _ => None,
    };
    let failed = match words[..] {
        ["valid", version] => !is_valid(version),
        ["invalid", "empty"] => is_valid(""),
        ["invalid", version] => is_valid(version),
        [left, "~", right] => !matches(left, Comparison::Fuzzy, right),
        [left, "!~", right] => matches(left, Comparison::Fuzzy, right),
        [left, operator, right] => {
            let order = order(operator).expect(line);
            let is_apart = order != Ordering::Equal;
            !is_valid(left)
                || !is_valid(right)
                || compare(left, right) != order
                || compare(right, left) != order.reverse()
                || matches(left, Comparison::Equal, right) == is_apart
                || matches(left, Comparison::Less, right) != (order == Ordering::Less)
                || matches(left, Comparison::Greater, right) != (order == Ordering::Greater)
                || matches(left, Comparison::LessOrEqual, right) != (order != Ordering::Greater)
                || matches(left, Comparison::GreaterOrEqual, right) != (order != Ordering::Less)
        }
        _ => panic!("malformed line `{line}`"),
    };
    failed.then(|| line.to_owned())
}

#[test]
fn versions_are_as_the_table_says() {
    let lines: Vec<&str> = TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(
        lines.len() >= 200,
        "the table has only {} lines",
        lines.len()
    );
    let contradictions: Vec<String> = lines.into_iter().filter_map(contradiction).collect();
    assert_eq!(contradictions, Vec::<String>::new());
}

#[test]
fn fuzzy_bounds_take_in_what_begins_alike() {
    for (version, comparison, wanted, expected) in [
        ("1.2.9", Comparison::LessOrFuzzy, "1.2", true),
        ("1.1", Comparison::LessOrFuzzy, "1.2", true),
        ("1.3", Comparison::LessOrFuzzy, "1.2", false),
        ("1.2_rc1", Comparison::GreaterOrFuzzy, "1.2", true),
        ("1.3", Comparison::GreaterOrFuzzy, "1.2", true),
        ("1.1", Comparison::GreaterOrFuzzy, "1.2", false),
        ("whatever", Comparison::Any, "", true),
        ("1", Comparison::Identity, "1", false),
    ] {
        let result = matches(version, comparison, wanted);
        assert_eq!(result, expected, "{version} {comparison:?} {wanted}");
    }
}

#[test]
fn what_is_no_version_still_has_its_place() {
    for (left, right, expected) in [
        ("1.x", "1.0", Ordering::Less),
        ("1.x", "1", Ordering::Less),
        ("1.x", "1.y", Ordering::Equal),
        ("x", "0", Ordering::Less),
        ("2.x", "1.0", Ordering::Greater),
    ] {
        assert_eq!(compare(left, right), expected, "{left} {right}");
        assert_eq!(compare(right, left), expected.reverse(), "{right} {left}");
    }
}
