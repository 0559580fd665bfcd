//! apk's version numbers: `number{.number}…{letter}{_suffix{number}}…{~hash}{-rN}`.
//!
//! Format: apk-package(5), "PACKAGE NAMES AND VERSIONS",
//! <https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd>. The order is that of the
//! component kinds ([`Kind`]), left to right; a component that only one of them has makes it later, unless it is a
//! suffix of a version before the release (`_alpha _beta _pre _rc`).
//!
//! Numbers after the first that have a leading zero compare as text, as in Gentoo's rule that apk took over. apk 2
//! counts the zeros instead; the two differ only for the likes of `1.0` and `1.00`, or `1.09` and `1.010`. apk 2 does
//! not know `~hash`, and its `~` also accepts a package version that is shorter than the wanted one; both follow the
//! documented behaviour here, which is apk 3's.

use crate::relation::Comparison;
use std::cmp::Ordering;

/// Kinds of components, in the order that decides between versions of which one has more components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    First,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

/// Suffixes in their order. Those up to [`LAST_BEFORE_RELEASE`] come before the version without a suffix.
const SUFFIXES: [&str; 9] = ["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];
const LAST_BEFORE_RELEASE: usize = 3;

/// Reads a version component by component.
#[derive(Clone, Copy)]
struct Components<'a> {
    rest: &'a str,
    kind: Kind,
    /// The digits, letter, hash or name of the suffix.
    text: &'a str,
    /// The place in [`SUFFIXES`] of a suffix.
    suffix: usize,
}

impl<'a> Components<'a> {
    fn new(version: &'a str) -> Self {
        let mut components = Self {
            rest: version,
            kind: Kind::First,
            text: "",
            suffix: 0,
        };
        components.take_digits(Kind::First);
        components
    }

    /// Steps to the next component, which is [`Kind::Invalid`] if it may not come after this one.
    fn advance(&mut self) {
        let before = self.kind;
        let Some(first) = self.rest.bytes().next() else {
            self.kind = Kind::End;
            return;
        };
        match first {
            b'a'..=b'z' if before <= Kind::Number => self.take(1, Kind::Letter),
            b'.' if before <= Kind::Number => {
                self.rest = &self.rest[1..];
                self.take_digits(Kind::Number);
            }
            b'0'..=b'9' if before == Kind::Suffix => self.take_digits(Kind::SuffixNumber),
            b'_' if before <= Kind::SuffixNumber => {
                self.rest = &self.rest[1..];
                let end = self.rest.bytes().position(|it| !it.is_ascii_lowercase());
                self.take(end.unwrap_or(self.rest.len()), Kind::Suffix);
                match SUFFIXES.iter().position(|suffix| *suffix == self.text) {
                    Some(place) => self.suffix = place,
                    None => self.kind = Kind::Invalid,
                }
            }
            b'~' if before < Kind::Hash => {
                self.rest = &self.rest[1..];
                let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let end = self.rest.bytes().position(|it| !is_hex(it));
                self.take(end.unwrap_or(self.rest.len()), Kind::Hash);
            }
            b'-' if before < Kind::Revision && self.rest.starts_with("-r") => {
                self.rest = &self.rest[2..];
                self.take_digits(Kind::Revision);
            }
            _ => self.kind = Kind::Invalid,
        }
    }

    fn take_digits(&mut self, kind: Kind) {
        let end = self.rest.bytes().position(|it| !it.is_ascii_digit());
        self.take(end.unwrap_or(self.rest.len()), kind);
    }

    /// Takes the next `length` bytes; none at all are no component.
    fn take(&mut self, length: usize, kind: Kind) {
        (self.text, self.rest) = self.rest.split_at(length);
        self.kind = if length == 0 { Kind::Invalid } else { kind };
    }

    /// Compares two components of one kind.
    fn compare(&self, other: &Self) -> Ordering {
        let has_zero = self.text.starts_with('0') || other.text.starts_with('0');
        match self.kind {
            Kind::Suffix => self.suffix.cmp(&other.suffix),
            Kind::Number if has_zero => self.text.cmp(other.text),
            Kind::First | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                compare_numbers(self.text, other.text)
            }
            _ => self.text.cmp(other.text),
        }
    }

    fn is_before_release(&self) -> bool {
        self.kind == Kind::Suffix && self.suffix <= LAST_BEFORE_RELEASE
    }
}

/// Compares digits by value, however many there are.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Tells whether `version` is one apk would accept for a package.
pub fn is_valid(version: &str) -> bool {
    let mut components = Components::new(version);
    while components.kind < Kind::End {
        components.advance();
    }
    components.kind == Kind::End
}

/// Compares two versions as apk does.
///
/// Whatever follows the point where a version stops being one is not looked at; such a version sorts before what has
/// a proper component, or its end, there.
pub fn compare(left: &str, right: &str) -> Ordering {
    compare_up_to(left, right, false)
}

/// Tells whether `version` compares to `wanted` in the way `comparison` says.
///
/// [`Comparison::Identity`] is not about versions: it never matches here.
pub fn matches(version: &str, comparison: Comparison, wanted: &str) -> bool {
    let is_fuzzy = matches!(
        comparison,
        Comparison::Fuzzy | Comparison::LessOrFuzzy | Comparison::GreaterOrFuzzy
    );
    let order = || compare_up_to(version, wanted, is_fuzzy);
    match comparison {
        Comparison::Any => true,
        Comparison::Identity => false,
        Comparison::Less => order() == Ordering::Less,
        Comparison::Greater => order() == Ordering::Greater,
        Comparison::Equal | Comparison::Fuzzy => order() == Ordering::Equal,
        Comparison::LessOrEqual | Comparison::LessOrFuzzy => order() != Ordering::Greater,
        Comparison::GreaterOrEqual | Comparison::GreaterOrFuzzy => order() != Ordering::Less,
    }
}

/// Compares; with `is_fuzzy`, a version that begins with all components of `right` is equal to it.
fn compare_up_to(left: &str, right: &str, is_fuzzy: bool) -> Ordering {
    let (mut left, mut right) = (Components::new(left), Components::new(right));
    while left.kind == right.kind && left.kind < Kind::End {
        let order = left.compare(&right);
        if order != Ordering::Equal {
            return order;
        }
        left.advance();
        right.advance();
    }
    if left.kind == right.kind || (is_fuzzy && right.kind == Kind::End) {
        return Ordering::Equal;
    }
    if left.is_before_release() {
        return Ordering::Less;
    }
    if right.is_before_release() {
        return Ordering::Greater;
    }
    // What is longer is later: the end is the last kind but one.
    right.kind.cmp(&left.kind)
}
