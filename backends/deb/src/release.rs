//! The signed description of one suite: the `Release` file.
//!
//! Format: <https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files>.

use crate::{
    stanza::{Field, Stanzas},
    sum::Sum,
};
use boot_kit::{Context, Error, ErrorKind, Recipe, Result};
use jiff::fmt::rfc2822::DateTimeParser;
use std::collections::BTreeMap;

/// How far ahead of this machine's clock a `Date` may be, in seconds: as much as apt allows.
const CLOCK_SKEW: i64 = 10;

/// What the signed text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// `Suite`, e.g. `stable`.
    pub suite: String,
    /// `Codename`, e.g. `trixie`.
    pub codename: String,
    /// `Version`, e.g. `13.1`; empty if there is none.
    pub version: String,
    /// `Origin`, e.g. `Debian`.
    pub origin: String,
    /// `Label`, e.g. `Debian-Security`.
    pub label: String,
    /// `Date`, seconds since the Unix epoch.
    pub date: i64,
    /// `Valid-Until`, seconds since the Unix epoch.
    pub valid_until: Option<i64>,
    /// `Components`, as they are listed.
    pub components: Vec<String>,
    /// `Architectures`, as they are listed.
    pub architectures: Vec<String>,
    /// Whether files are also kept under names made of their digests.
    pub acquire_by_hash: bool,
    /// The priority apt gives its packages where nothing else is said: 500, with `NotAutomatic` 1 (experimental), with
    /// `ButAutomaticUpgrades` besides 100 (backports). See `apt_preferences(5)`.
    pub pin: u16,
    /// Whether `binary-all` repeats what each architecture's list has too.
    pub lists_repeat_all: bool,
    /// The files by their paths below the suite's directory.
    pub files: BTreeMap<String, Listed>,
}

/// One file of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Length in bytes.
    pub size: u64,
    /// What proves it.
    pub sum: Sum,
}

impl Release {
    /// Parses a signed text.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bad = |what: &str| Error::new(ErrorKind::Parse, what);
        let stanza = Stanzas::new(text).next().transpose()?.unwrap_or_default();
        let field = |name: &str| stanza.get(name);
        let word = |name: &str| field(name).unwrap_or_default().trim().to_owned();
        let words = |name: &str| {
            let value = field(name).unwrap_or_default();
            value.split_whitespace().map(ToOwned::to_owned).collect()
        };
        let yes = |name: &str| word(name).eq_ignore_ascii_case("yes");
        let date = field("Date").ok_or_else(|| bad("the release file has no `Date`"))?;
        let Some((algorithm, table)) = Sum::first(|name| stanza.field(name)) else {
            let message = "the release file has no SHA-256 or SHA-512 digests";
            return Err(Error::new(ErrorKind::Trust, message)
                .with_hint("the archive must sign one of them: MD5 and SHA-1 prove nothing"));
        };
        Ok(Self {
            suite: word("Suite"),
            codename: word("Codename"),
            version: word("Version"),
            origin: word("Origin"),
            label: word("Label"),
            date: parse_date(date)?,
            valid_until: field("Valid-Until").map(parse_date).transpose()?,
            components: words("Components"),
            architectures: words("Architectures"),
            acquire_by_hash: yes("Acquire-By-Hash"),
            pin: match (yes("NotAutomatic"), yes("ButAutomaticUpgrades")) {
                (true, true) => 100,
                (true, false) => 1,
                (false, _) => 500,
            },
            lists_repeat_all: word("No-Support-for-Architecture-all")
                .split_whitespace()
                .any(|list| list == "Packages"),
            files: parse_table(algorithm, table)?,
        })
    }

    /// Checks that this is the suite `wanted`, by codename or by alias, and that it is current.
    ///
    /// `allow_expired` accepts one past its `Valid-Until`; the recipe's `allow_expired` does too.
    pub fn check(&self, wanted: &str, recipe: &Recipe, allow_expired: bool) -> Result<()> {
        if !self.is_called(wanted) {
            return Err(Error::new(
                ErrorKind::Trust,
                format!(
                    "`{wanted}` was asked for, but this is `{}` (`{}`)",
                    self.codename, self.suite
                ),
            )
            .with_hint("ask for the release by one of its own names, or try another mirror"));
        }
        if self.date > recipe.now + CLOCK_SKEW {
            return Err(Error::new(
                ErrorKind::Trust,
                format!(
                    "`{wanted}` is dated in the future: {}",
                    show_date(self.date)
                ),
            )
            .with_hint("check the clock of this machine"));
        }
        match self.valid_until {
            Some(end) if end < recipe.now && !allow_expired && !recipe.allow_expired => {
                Err(Error::new(
                    ErrorKind::Trust,
                    format!(
                        "`{wanted}` has expired: it was valid until {}",
                        show_date(end)
                    ),
                )
                .with_hint("try another mirror, or accept old data with --allow-expired"))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the suite goes by that name: `trixie`, `stable`, `trixie-security`, `stable/updates`, …
    fn is_called(&self, wanted: &str) -> bool {
        // The security archive calls itself `trixie-security`, older ones `buster` and live in `buster/updates`.
        let short = wanted.split_once('/').map_or(wanted, |(name, _)| name);
        // Ubuntu gives all suites of a release one codename: `noble-updates` must not pass for `noble`.
        let is_part = self
            .suite
            .strip_prefix(self.codename.as_str())
            .is_some_and(|rest| rest.starts_with('-'));
        [wanted, short]
            .iter()
            .any(|name| *name == self.suite || (*name == self.codename && !is_part))
    }
}

fn parse_date(text: &str) -> Result<i64> {
    let text = text.trim();
    let words = text.split_ascii_whitespace().map(|word| match word {
        // RFC 2822 knows no UTC; some archives write it where Debian does, others write GMT or +0000.
        "UTC" => "+0000".to_owned(),
        // And of hours it has two digits, Ubuntu sometimes a space and one.
        _ if word.find(':') == Some(1) => format!("0{word}"),
        _ => word.to_owned(),
    });
    let written = words.collect::<Vec<_>>().join(" ");
    DateTimeParser::new()
        .parse_timestamp(&written)
        .map(jiff::Timestamp::as_second)
        .map_err(|error| {
            Error::new(ErrorKind::Parse, format!("`{text}` is not a date")).caused_by(error)
        })
}

fn show_date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |date| date.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn parse_table(algorithm: &str, table: &Field) -> Result<BTreeMap<String, Listed>> {
    table
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let bad = || Error::new(ErrorKind::Parse, format!("`{line}` names no file"));
            let mut words = line.split_ascii_whitespace();
            let (Some(digest), Some(size), Some(path), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(bad());
            };
            let listed = Listed {
                size: size.parse().map_err(|error| bad().caused_by(error))?,
                sum: Sum::parse(algorithm, digest)
                    .context(|| format!("`{path}` is listed wrongly"))?,
            };
            Ok((path.to_owned(), listed))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::Digest;

    const DATE: i64 = 1_748_736_000;
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn text(fields: &str) -> String {
        format!(
            "Suite: stable\nCodename: trixie\nDate: Sun, 01 Jun 2025 00:00:00 UTC\n{fields}\
             SHA256:\n {EMPTY} 0 main/binary-amd64/Packages\n"
        )
    }

    fn release(fields: &str) -> Release {
        Release::parse(text(fields).as_bytes()).expect("is well-formed")
    }

    fn recipe(now: i64) -> Recipe {
        Recipe {
            now,
            ..Recipe::default()
        }
    }

    #[test]
    fn every_field_is_read() {
        let release = release(
            "Origin: Debian\nLabel: Debian\nVersion: 13.0\nAcquire-By-Hash: yes\n\
             Valid-Until: Sun, 08 Jun 2025 00:00:00 GMT\nArchitectures: all amd64\n\
             Components: main contrib\nNo-Support-for-Architecture-all: Packages\n\
             MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Packages\n",
        );
        let file = Listed {
            size: 0,
            sum: Sum::Sha256(Digest::of("")),
        };
        assert_eq!(
            release,
            Release {
                suite: "stable".into(),
                codename: "trixie".into(),
                version: "13.0".into(),
                origin: "Debian".into(),
                label: "Debian".into(),
                date: DATE,
                valid_until: Some(DATE + 7 * 86400),
                components: vec!["main".into(), "contrib".into()],
                architectures: vec!["all".into(), "amd64".into()],
                acquire_by_hash: true,
                pin: 500,
                lists_repeat_all: true,
                files: [("main/binary-amd64/Packages".to_owned(), file)].into(),
            }
        );
    }

    #[test]
    fn the_first_of_the_good_tables_is_read() {
        let other = "cd".repeat(64);
        let both = text(&format!("SHA512:\n {other} 7 main/binary-amd64/Packages\n"));
        let only = both.replace("SHA256", "SHA1");
        let sha512 = Sum::parse("SHA512", &other).expect("is one");
        for (text, sum, size) in [(both, Sum::Sha256(Digest::of("")), 0), (only, sha512, 7)] {
            let release = Release::parse(text.as_bytes()).expect("is well-formed");
            let files = release.files.into_values().collect::<Vec<_>>();
            assert_eq!(files, [Listed { size, sum }]);
        }
    }

    #[test]
    fn what_is_not_automatic_has_a_low_pin() {
        for (fields, pin) in [
            ("", 500),
            ("NotAutomatic: no\n", 500),
            ("NotAutomatic: yes\n", 1),
            ("NotAutomatic: yes\nButAutomaticUpgrades: yes\n", 100),
        ] {
            assert_eq!(release(fields).pin, pin, "{fields}");
        }
    }

    #[test]
    fn dates_come_in_all_notations() {
        for date in [
            "Sun, 01 Jun 2025 00:00:00 UTC",
            "Sun, 01 Jun 2025 00:00:00 GMT",
            "Sun, 01 Jun 2025 00:00:00 +0000",
            "Sun, 01 Jun 2025 02:00:00 +0200",
            "Sun, 1 Jun 2025 00:00:00 UTC",
            " Sun, 01 Jun 2025 00:00:00 UTC\n",
            "Sun, 01 Jun 2025  0:00:00 UTC",
        ] {
            assert_eq!(parse_date(date).expect(date), DATE, "{date}");
        }
        for date in ["", "2025-06-01", "Sun, 31 Feb 2025 00:00:00 UTC"] {
            assert!(parse_date(date).is_err(), "{date}");
        }
    }

    #[test]
    fn weak_digests_alone_prove_nothing() {
        let only_md5 = text("").replace("SHA256", "MD5Sum");
        let error = Release::parse(only_md5.as_bytes()).expect_err("proves nothing");
        assert_eq!(error.kind(), ErrorKind::Trust);
    }

    #[test]
    fn malformed_files_are_errors() {
        for (bad, message) in [
            (String::new(), "the release file has no `Date`"),
            (
                text("Date: twice\n"),
                "line `Date: twice` gives a field a second time",
            ),
            (text("no field\n"), "line `no field` has no colon"),
            (
                text("").replace(" 0 ", " many "),
                &format!("`{EMPTY} many main/binary-amd64/Packages` names no file"),
            ),
            (
                text("").replace(EMPTY, "e3b0"),
                "`main/binary-amd64/Packages` is listed wrongly",
            ),
            (
                text("").replace(" 0 ", " "),
                &format!("`{EMPTY} main/binary-amd64/Packages` names no file"),
            ),
        ] {
            let error = Release::parse(bad.as_bytes()).expect_err(&bad);
            assert_eq!(error.to_string(), message);
            assert_eq!(error.kind(), ErrorKind::Parse);
        }
        assert!(Release::parse(b"\xff").is_err());
    }

    #[test]
    fn a_suite_answers_to_its_own_names_only() {
        let named = |suite: &str, codename: &str| Release {
            suite: suite.into(),
            codename: codename.into(),
            date: DATE,
            ..Release::default()
        };
        for (release, wanted, ok) in [
            (named("stable", "trixie"), "trixie", true),
            (named("stable", "trixie"), "stable", true),
            (named("stable", "trixie"), "bookworm", false),
            (
                named("stable-security", "trixie-security"),
                "trixie-security",
                true,
            ),
            (named("stable-security", "trixie-security"), "trixie", false),
            (named("oldoldstable", "buster"), "buster/updates", true),
            (named("noble", "noble"), "noble", true),
            (named("noble-updates", "noble"), "noble-updates", true),
            (named("noble-updates", "noble"), "noble", false),
            (named("", ""), "trixie", false),
        ] {
            assert_eq!(
                release.check(wanted, &recipe(DATE), false).is_ok(),
                ok,
                "{wanted} in {release:?}"
            );
        }
    }

    #[test]
    fn dates_are_checked_against_the_clock() {
        let release = release("Valid-Until: Sun, 08 Jun 2025 00:00:00 UTC\n");
        let end = DATE + 7 * 86400;
        let check = |now| release.check("trixie", &recipe(now), false);
        for now in [DATE - 10, DATE, end] {
            assert!(check(now).is_ok(), "{now}");
        }
        assert_eq!(
            format!("{:?}", check(DATE - 11).expect_err("is early")),
            "Trust: `trixie` is dated in the future: 2025-06-01 00:00:00 UTC \
             (hint: check the clock of this machine)"
        );
        assert_eq!(
            format!("{:?}", check(end + 1).expect_err("is late")),
            "Trust: `trixie` has expired: it was valid until 2025-06-08 00:00:00 UTC \
             (hint: try another mirror, or accept old data with --allow-expired)"
        );
        assert!(release.check("trixie", &recipe(end + 1), true).is_ok());
        let willing = Recipe {
            allow_expired: true,
            ..recipe(end + 1)
        };
        assert!(release.check("trixie", &willing, false).is_ok());
    }
}
