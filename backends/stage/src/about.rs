//! What a root says of itself.

use crate::{elf, tree::Tree};
use boot_kit::{Result, RootPath};
use std::collections::BTreeMap;

/// Where systemd's `os-release` is; the first that is there counts, <https://www.freedesktop.org/software/systemd/man/os-release.html>.
const OS_RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
/// Where Buildroot wrote its version before it wrote an `os-release`, e.g. in 2012.05.
const BR_VERSION: &str = "etc/br-version";
/// The longest `os-release`, in bytes.
const MAX_OS_RELEASE: u64 = 1 << 20;

/// Programs almost every root has one of.
const PROGRAMS: [&str; 9] = [
    "bin/sh",
    "bin/busybox",
    "bin/bash",
    "usr/bin/env",
    "bin/ls",
    "sbin/init",
    "init",
    "sbin/apk",
    "usr/bin/python3",
];
/// Where to look for others.
const DIRECTORIES: [&str; 6] = ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", ""];
/// The longest program that is looked into, in bytes.
const MAX_PROGRAM: u64 = 64 << 20;
/// How many files are looked into.
const MAX_FILES: usize = 1000;

/// What a root is, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `ID` of its `os-release`, e.g. `gentoo`.
    pub id: Option<String>,
    /// `VERSION_ID` of the same, e.g. `2025.02`.
    pub version: Option<String>,
    /// `PRETTY_NAME` of the same, e.g. `Gentoo Linux`.
    pub title: Option<String>,
    /// The OCI platform its programs are for, e.g. `linux/arm/v7`.
    pub platform: Option<&'static str>,
}

impl About {
    /// Looks into a root whose entries have all come.
    pub fn of(tree: &Tree) -> Result<Self> {
        let mut fields = BTreeMap::new();
        for path in OS_RELEASE {
            // One that is too long or that cannot be read says nothing.
            if let Ok(Some(text)) = tree.read(&RootPath::from(path), MAX_OS_RELEASE) {
                fields = os_release(&String::from_utf8_lossy(&text));
                break;
            }
        }
        if fields.is_empty()
            && let Ok(Some(version)) = tree.read(&RootPath::from(BR_VERSION), MAX_OS_RELEASE)
        {
            let version = String::from_utf8_lossy(&version).trim().to_owned();
            fields.insert("PRETTY_NAME".to_owned(), format!("Buildroot {version}"));
            fields.insert("VERSION_ID".to_owned(), version);
            fields.insert("ID".to_owned(), "buildroot".to_owned());
        }
        Ok(Self {
            id: fields.remove("ID").as_deref().and_then(word),
            version: fields.remove("VERSION_ID").as_deref().and_then(word),
            title: fields.remove("PRETTY_NAME").and_then(|title| line(&title)),
            platform: platform(tree)?,
        })
    }
}

/// Reads the assignments of an `os-release`: a subset of what a shell takes.
pub fn os_release(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), unquoted(value)))
        .collect()
}

fn unquoted(value: &str) -> String {
    let mut text = String::new();
    let mut quote = None;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None | Some('"')) => text.extend(letters.next()),
            (letter, _) => text.push(letter),
        }
    }
    text
}

/// A value that can be part of an image's name, in lower case; nothing if none is left of it.
fn word(value: &str) -> Option<String> {
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || "._-".contains(*letter);
    let word: String = value.chars().filter(kept).collect();
    let word = word.trim_matches(['.', '_', '-']).to_ascii_lowercase();
    (!word.is_empty()).then_some(word)
}

/// A value as one line of text; nothing if none is left of it.
fn line(value: &str) -> Option<String> {
    let kept: String = value
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// The machine of the first program found.
fn platform(tree: &Tree) -> Result<Option<&'static str>> {
    let listed = DIRECTORIES.iter().filter_map(|directory| {
        let directory = tree.resolve(&RootPath::from(*directory))?;
        let names = tree.list(&directory).into_iter();
        Some(names.map(move |name| directory.join(&name)))
    });
    let well_known = PROGRAMS.iter().map(|path| RootPath::from(*path));
    for path in well_known.chain(listed.flatten().take(MAX_FILES)) {
        if tree.start(&path)?.starts_with(b"\x7fELF")
            && let Ok(Some(program)) = tree.read(&path, MAX_PROGRAM)
            && let Some(platform) = elf::platform(&program)
        {
            return Ok(Some(platform));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_as_a_shell_would() {
        let text = "# a comment\nID=gentoo\nVERSION_ID='2.17'\nPRETTY_NAME=\"A \\\"B\\\" $C\"\n\
                    X=a\\ b\"c\"'d'\nno assignment\n";
        let wanted = [
            ("ID", "gentoo"),
            ("VERSION_ID", "2.17"),
            ("PRETTY_NAME", "A \"B\" $C"),
            ("X", "a bcd"),
        ];
        let wanted = wanted.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(os_release(text), BTreeMap::from(wanted));
    }

    #[test]
    fn names_are_made_harmless() {
        for (value, wanted) in [
            ("Buildroot", Some("buildroot")),
            ("2025.02.13", Some("2025.02.13")),
            ("-g1234-dirty", Some("g1234-dirty")),
            ("; rm -rf /", Some("rm-rf")),
            ("\u{1b}[2J", Some("2j")),
            ("...", None),
            ("", None),
        ] {
            assert_eq!(word(value).as_deref(), wanted, "{value}");
        }
    }
}
