//! What a package says of itself: `.PKGINFO` in v2, the object `info` in v3.

use boot_kit::{Error, ErrorKind, Result, hex};

/// What a package says of itself that installing it depends on, and that its index does not repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PkgInfo {
    /// `pkgname`
    pub name: String,
    /// `pkgver`
    pub version: String,
    /// `arch`: of a noarch package `noarch`, whatever the index says.
    pub arch: String,
    /// `pkgdesc`
    pub description: String,
    /// `origin`, the source package.
    pub origin: String,
    /// `size`, bytes when installed.
    pub installed_size: u64,
    /// `builddate`, seconds since the Unix epoch.
    pub build_time: i64,
    /// `depend`, one word each.
    pub depends: Vec<String>,
    /// `provides`, one word each.
    pub provides: Vec<String>,
    /// `install_if`, one word each.
    pub install_if: Vec<String>,
    /// `replaces`, one word each: packages whose files it may overwrite.
    pub replaces: Vec<String>,
    /// `replaces_priority`: the higher of two that replace each other keeps a path.
    pub replaces_priority: Option<u32>,
    /// `provider_priority`
    pub provider_priority: Option<u32>,
    /// `triggers`: patterns of the directories whose change runs its trigger.
    pub triggers: Vec<String>,
    /// `datahash`: SHA-256 of the compressed data member; v2 only.
    pub data_hash: Option<[u8; 32]>,
}

impl PkgInfo {
    /// Parses a `.PKGINFO`: lines of `key = value`, of which some repeat; unknown keys are passed over, as by apk.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(text)
            .map_err(|error| malformed("`.PKGINFO` is not UTF-8").caused_by(error))?;
        let mut info = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, value)) = line.split_once(" = ") {
                info.set(key, value)?;
            }
        }
        for (key, value) in [("pkgname", &info.name), ("pkgver", &info.version)] {
            if value.is_empty() {
                return Err(malformed(format!("`.PKGINFO` has no `{key}`")));
            }
        }
        Ok(info)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let bad = || {
            malformed(format!(
                "`.PKGINFO` has the malformed line `{key} = {value}`"
            ))
        };
        let words = || value.split_whitespace().map(str::to_owned);
        match key {
            "pkgname" => value.clone_into(&mut self.name),
            "pkgver" => value.clone_into(&mut self.version),
            "pkgdesc" => value.clone_into(&mut self.description),
            "arch" => value.clone_into(&mut self.arch),
            "origin" => value.clone_into(&mut self.origin),
            "size" => self.installed_size = value.parse().map_err(|_| bad())?,
            "builddate" => self.build_time = value.parse().map_err(|_| bad())?,
            "depend" => self.depends.extend(words()),
            "provides" => self.provides.extend(words()),
            "install_if" => self.install_if.extend(words()),
            "replaces" => self.replaces.extend(words()),
            "replaces_priority" => {
                self.replaces_priority = Some(value.parse().map_err(|_| bad())?);
            }
            "provider_priority" => {
                self.provider_priority = Some(value.parse().map_err(|_| bad())?);
            }
            "triggers" => self.triggers.extend(words()),
            "datahash" => self.data_hash = Some(hex::decode(value).ok_or_else(bad)?),
            _ => {}
        }
        Ok(())
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_repeat_add_up_and_unknown_ones_are_passed_over() {
        let text = b"# made by a test\npkgname = a\npkgver = 1-r0\npackager = x\nlicense = MIT\nlicense = GPL\n\
            depend = b>1\ndepend = so:c.so.1\nreplaces = d e\nreplaces_priority = 3\nsize = 12\n";
        assert_eq!(
            PkgInfo::parse(text).expect("well-formed"),
            PkgInfo {
                name: "a".into(),
                version: "1-r0".into(),
                installed_size: 12,
                depends: vec!["b>1".into(), "so:c.so.1".into()],
                replaces: vec!["d".into(), "e".into()],
                replaces_priority: Some(3),
                ..PkgInfo::default()
            }
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, message) in [
            (&b"pkgver = 1"[..], "`.PKGINFO` has no `pkgname`"),
            (b"pkgname = a", "`.PKGINFO` has no `pkgver`"),
            (b"size = x", "`.PKGINFO` has the malformed line `size = x`"),
            (
                b"datahash = 12",
                "`.PKGINFO` has the malformed line `datahash = 12`",
            ),
            (b"\xff", "`.PKGINFO` is not UTF-8"),
        ] {
            let error = PkgInfo::parse(text).expect_err("is refused");
            assert_eq!(error.to_string(), message);
        }
    }
}
