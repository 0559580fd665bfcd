//! The files that name the newest tarballs.

use super::Wanted;
use boot_kit::{Error, ErrorKind, Result};
use std::{fmt, str::FromStr};

/// When a stage was built, e.g. `20260811T083102Z`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build(String);

impl Build {
    /// The same in seconds since the Unix epoch.
    pub fn seconds(&self) -> i64 {
        let number = |range: std::ops::Range<usize>| self.0[range].parse::<i64>().unwrap_or(0);
        let (year, month, day) = (number(0..4), number(4..6), number(6..8));
        // Days since 1970 of a date in the Gregorian calendar, with years that begin in March.
        let year = if month > 2 { year } else { year - 1 };
        let month = (month + 9) % 12;
        let days =
            365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
        (days - 719_468) * 86_400 + number(9..11) * 3600 + number(11..13) * 60 + number(13..15)
    }
}

impl FromStr for Build {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fits = text.len() == 16
            && text.bytes().enumerate().all(|(i, byte)| match i {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            });
        if !fits {
            let message = format!("`{text}` is not a build");
            let error = Error::new(ErrorKind::Usage, message);
            return Err(error.with_hint("builds are written like 20260811T083102Z"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One tarball of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Below the autobuilds: build and name.
    pub(super) path: String,
    pub(super) build: Build,
    /// Length in bytes.
    pub(super) size: u64,
}

impl Target {
    /// The tarball of a build that a user named; nothing says its size.
    pub(super) fn of(wanted: &Wanted, build: &Build) -> Self {
        let Wanted { arch, flavour, .. } = wanted;
        Self {
            path: format!("{build}/stage3-{arch}-{flavour}-{build}.tar.xz"),
            build: build.clone(),
            size: 0,
        }
    }
}

/// What a pointer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Its own date, seconds since the Unix epoch.
    pub(super) date: i64,
    targets: Vec<Target>,
}

impl Pointer {
    /// Reads the signed text: `# ts=<seconds>`, then a line `<build>/<name> <size>` for each tarball.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let malformed = |what: &str| Error::new(ErrorKind::Parse, what.to_owned());
        let mut date = None;
        let mut targets = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix('#') {
                let stamp = comment.trim().strip_prefix("ts=");
                date = date.or(stamp.and_then(|stamp| stamp.parse().ok()));
            } else if !line.is_empty() {
                let mut words = line.split_whitespace();
                let (path, size) = (words.next().unwrap_or_default(), words.next());
                let size = size.and_then(|size| size.parse().ok());
                let size = size.ok_or_else(|| malformed("a line of it has no size"))?;
                let (directory, name) = path
                    .split_once('/')
                    .ok_or_else(|| malformed("a line of it names no build"))?;
                let build: Build = directory.parse()?;
                if name.contains('/') || !name.contains(directory) {
                    return Err(malformed(
                        "a tarball of it is in the directory of another build",
                    ));
                }
                targets.push(Target {
                    path: path.to_owned(),
                    build,
                    size,
                });
            }
        }
        Ok(Self {
            date: date.ok_or_else(|| malformed("it has no date"))?,
            targets,
        })
    }

    /// Finds the newest tarball of a flavour.
    pub(super) fn find(&self, arch: &str, flavour: &str) -> Result<Target> {
        let is_it = |target: &&Target| flavour_of(target, arch) == Some(flavour);
        let found = self
            .targets
            .iter()
            .filter(is_it)
            .max_by_key(|target| &target.build);
        found.cloned().ok_or_else(|| {
            let message = format!("it names no tarball of `{flavour}` for `{arch}`");
            Error::new(ErrorKind::Trust, message)
        })
    }

    /// Lists the flavours for an architecture, sorted.
    pub(super) fn flavours(&self, arch: &str) -> Vec<&str> {
        let flavours = self
            .targets
            .iter()
            .filter_map(|target| flavour_of(target, arch));
        let mut flavours: Vec<_> = flavours.collect();
        flavours.sort_unstable();
        flavours.dedup();
        flavours
    }
}

/// The flavour in a tarball's name, `stage3-<arch>-<flavour>-<build>.tar.<compression>`.
fn flavour_of<'a>(target: &'a Target, arch: &str) -> Option<&'a str> {
    let (_, name) = target.path.split_once('/')?;
    let rest = name.strip_prefix("stage3-")?.strip_prefix(arch)?;
    let (flavour, ending) = rest.strip_prefix('-')?.rsplit_once('-')?;
    let compression = ending
        .strip_prefix(&*target.build.0)?
        .strip_prefix(".tar")?;
    matches!(compression, "" | ".xz" | ".bz2" | ".zst" | ".gz").then_some(flavour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_dates() {
        for (build, seconds) in [
            ("19700101T000000Z", 0),
            ("20000301T000000Z", 951_868_800),
            ("20240229T235959Z", 1_709_251_199),
            ("20260811T083102Z", 1_786_437_062),
        ] {
            assert_eq!(
                build.parse::<Build>().expect(build).seconds(),
                seconds,
                "{build}"
            );
        }
        for bad in [
            "",
            "20260811",
            "20260811T083102",
            "../../../x/y/z/aZ",
            "2026081xT083102Z",
        ] {
            assert!(bad.parse::<Build>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pointer_names_tarballs_by_flavour() {
        let text = "# Latest as of Sat, 15 Aug 2026 09:15:01 +0000\n# ts=1786785301\n\n\
                    20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz 496363884\n\
                    20260804T083102Z/stage3-amd64-openrc-20260804T083102Z.tar.xz 7\n\
                    20260811T083102Z/stage3-amd64-musl-hardened-20260811T083102Z.tar.xz 5\n\
                    20260811T083102Z/stage3-i686-openrc-20260811T083102Z.tar.xz 6\n";
        let pointer = Pointer::parse(text).expect("well-formed");
        assert_eq!(pointer.date, 1_786_785_301);
        assert_eq!(pointer.flavours("amd64"), ["musl-hardened", "openrc"]);
        let newest = pointer.find("amd64", "openrc").expect("is there");
        assert_eq!(
            (newest.size, newest.build.to_string().as_str()),
            (496_363_884, "20260811T083102Z")
        );
        assert!(pointer.find("amd64", "hardened").is_err());
        for (text, why) in [
            ("", "it has no date"),
            (
                "# ts=1\nstage3-amd64-openrc-20260811T083102Z.tar.xz 1",
                "a line of it names no build",
            ),
            ("# ts=1\n20260811T083102Z/x", "a line of it has no size"),
            ("# ts=1\n../stage3.tar.xz 1", "`..` is not a build"),
            (
                "# ts=1\n20260811T083102Z/../../etc/x 1",
                "a tarball of it is in the directory of another build",
            ),
            (
                "# ts=1\n20260811T083102Z/stage3-amd64-openrc-20260101T000000Z.tar.xz 1",
                "a tarball of it is in the directory of another build",
            ),
        ] {
            assert_eq!(
                Pointer::parse(text).expect_err(text).to_string(),
                why,
                "{text}"
            );
        }
    }
}
