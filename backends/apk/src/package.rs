//! What an index says of one package.

use crate::relation::{Dependency, Provide};
use boot_kit::{Error, ErrorKind, Result};

/// One package of an index, v2 (`APKINDEX`) or v3 (`Packages.adb`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// `P:`
    pub name: String,
    /// `V:`
    pub version: String,
    /// `A:`, the directory of its file below the repository.
    pub arch: String,
    /// `C:` as written, e.g. `Q1…`: what proves the package; for v3 the hash of the index in apk's own spelling.
    pub identity: String,
    /// `S:`, length of the file in bytes.
    pub size: u64,
    /// `I:`, bytes when installed.
    pub installed_size: u64,
    /// `T:`
    pub description: String,
    /// `U:`
    pub url: String,
    /// `L:`
    pub license: String,
    /// `o:`, the source package.
    pub origin: String,
    /// `m:`
    pub maintainer: String,
    /// `t:`, seconds since the Unix epoch.
    pub build_time: i64,
    /// `c:`, the commit it was built from.
    pub commit: String,
    /// `k:`
    pub provider_priority: u32,
    /// `D:`
    pub depends: Vec<Dependency>,
    /// `p:`
    pub provides: Vec<Provide>,
    /// `i:`
    pub install_if: Vec<Dependency>,
    /// Which repository of the recipe it is in, the first being 0.
    pub repository: usize,
    /// The lines of its stanza in an `APKINDEX`, as they stand, without the blank line: the database repeats them.
    pub stanza: String,
}

impl Package {
    /// Parses one stanza of an `APKINDEX`: lines of a letter, a colon and a value.
    ///
    /// As in apk, a lower-case letter that is unknown is passed over; an upper-case one says that the package cannot be
    /// understood without it, and `None` is returned: the package cannot be chosen.
    pub fn parse(stanza: &str, repository: usize) -> Result<Option<Self>> {
        let mut package = Self {
            repository,
            stanza: stanza.trim_end_matches('\n').to_owned() + "\n",
            ..Self::default()
        };
        for line in stanza.lines() {
            let mut characters = line.chars();
            let (letter, colon) = (characters.next(), characters.next());
            let (Some(letter), Some(':')) = (letter, colon) else {
                return Err(malformed(format!("line `{line}` is of no known form")));
            };
            if !package.set(letter, characters.as_str())? && letter.is_ascii_uppercase() {
                return Ok(None);
            }
        }
        for (letter, value) in [
            ('P', &package.name),
            ('V', &package.version),
            ('C', &package.identity),
        ] {
            if value.is_empty() {
                return Err(malformed(format!("a package has no `{letter}:`")));
            }
        }
        for word in [&package.name, &package.version, &package.arch] {
            if word.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) {
                return Err(malformed(format!("`{word}` is no name of a package")));
            }
        }
        Ok(Some(package))
    }

    /// Takes one line; tells whether its letter is known.
    fn set(&mut self, letter: char, value: &str) -> Result<bool> {
        let text = |field: &mut String| value.clone_into(field);
        let bad = || malformed(format!("line `{letter}:{value}` has no number"));
        match letter {
            'P' => text(&mut self.name),
            'V' => text(&mut self.version),
            'A' => text(&mut self.arch),
            'C' => text(&mut self.identity),
            'S' => self.size = value.parse().map_err(|_| bad())?,
            'I' => self.installed_size = value.parse().map_err(|_| bad())?,
            'T' => text(&mut self.description),
            'U' => text(&mut self.url),
            'L' => text(&mut self.license),
            'o' => text(&mut self.origin),
            'm' => text(&mut self.maintainer),
            't' => self.build_time = value.parse().map_err(|_| bad())?,
            'c' => text(&mut self.commit),
            'k' => self.provider_priority = value.parse().map_err(|_| bad())?,
            'D' => self.depends = Dependency::parse_list(value)?,
            'p' => self.provides = Provide::parse_list(value)?,
            'i' => self.install_if = Dependency::parse_list(value)?,
            // Of a database, not of an index.
            'F' | 'M' | 'R' | 'Z' => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The file's name below its repository's directory for the architecture.
    pub fn file_name(&self) -> String {
        format!("{}-{}.apk", self.name, self.version)
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_is_read_and_kept() {
        let stanza = "C:Q1x\nP:a\nV:1-r0\nA:x86_64\nS:10\nI:20\nt:30\nk:4\nD:b>1 !c\np:so:d=5 e\ni:f g\nz:new\n";
        let package = Package::parse(stanza, 2)
            .expect("well-formed")
            .expect("understood");
        assert_eq!(
            package,
            Package {
                name: "a".into(),
                version: "1-r0".into(),
                arch: "x86_64".into(),
                identity: "Q1x".into(),
                size: 10,
                installed_size: 20,
                build_time: 30,
                provider_priority: 4,
                depends: Dependency::parse_list("b>1 !c").expect("valid"),
                provides: Provide::parse_list("so:d=5 e").expect("valid"),
                install_if: Dependency::parse_list("f g").expect("valid"),
                repository: 2,
                stanza: stanza.into(),
                ..Package::default()
            }
        );
        assert_eq!(package.file_name(), "a-1-r0.apk");
    }

    #[test]
    fn an_unknown_capital_hides_its_package_and_what_is_malformed_is_named() {
        assert_eq!(
            Package::parse("C:Q1x\nP:a\nV:1\nX:new\n", 0).expect("well-formed"),
            None
        );
        for (stanza, message) in [
            ("P:a\nV:1\n", "a package has no `C:`"),
            ("P:a\nnonsense\n", "line `nonsense` is of no known form"),
            ("S:many\n", "line `S:many` has no number"),
            ("C:Q1x\nP:../a\nV:1\n", "`../a` is no name of a package"),
        ] {
            let error = Package::parse(stanza, 0).expect_err("is refused");
            assert_eq!(error.to_string(), message);
        }
    }
}
