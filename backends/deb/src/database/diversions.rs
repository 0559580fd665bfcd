//! `var/lib/dpkg/diversions`: triples of lines, original path, new path, package (`:` for the administrator).

use boot_kit::{Error, ErrorKind, Result, Root, RootPath};
use std::collections::BTreeMap;

const PATH: &str = "var/lib/dpkg/diversions";

/// Where packages' files go instead of where they say (dpkg-divert(1)).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Diversions {
    by_original: BTreeMap<RootPath, Diversion>,
}

#[derive(Debug, PartialEq, Eq)]
struct Diversion {
    to: RootPath,
    package: String,
}

impl Diversions {
    /// Reads the file; a root without one has no diversions.
    pub fn read(root: &Root) -> Result<Self> {
        let content = root.read(&RootPath::from(PATH))?.unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&content))
    }

    /// Reads the text of the file.
    pub fn parse(text: &str) -> Result<Self> {
        let lines: Vec<_> = text.lines().collect();
        let mut by_original = BTreeMap::new();
        for triple in lines.chunks(3) {
            let [original, to, package] = triple else {
                return Err(Error::new(
                    ErrorKind::Parse,
                    format!("`{PATH}` ends within a diversion"),
                ));
            };
            let diversion = Diversion {
                to: RootPath::parse(to)?,
                package: (*package).to_owned(),
            };
            by_original.insert(RootPath::parse(original)?, diversion);
        }
        Ok(Self { by_original })
    }

    /// Tells where a file of `package` goes that says it goes to `path`, if that is elsewhere.
    pub fn place(&self, path: &RootPath, package: &str) -> Option<&RootPath> {
        let diversion = self.by_original.get(path)?;
        (diversion.package != package).then_some(&diversion.to)
    }

    /// Tells whether anybody diverts `path`.
    pub fn has(&self, path: &RootPath) -> bool {
        self.by_original.contains_key(path)
    }

    /// Goes through the diversions that `before` did not have: original path, new path, package.
    pub fn since<'a>(
        &'a self,
        before: &'a Diversions,
    ) -> impl Iterator<Item = (&'a RootPath, &'a RootPath, &'a str)> {
        let new = self
            .by_original
            .iter()
            .filter(|(original, _)| !before.has(original));
        new.map(|(original, diversion)| (original, &diversion.to, diversion.package.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_diverting_package_keeps_the_path() {
        let old =
            Diversions::parse("/lib64\n/lib64.usr-is-merged\nbase-files\n").expect("well-formed");
        let text = "/lib64\n/lib64.usr-is-merged\nbase-files\n/bin/sh\n/bin/sh.distrib\n:\n";
        let new = Diversions::parse(text).expect("well-formed");
        let shell = RootPath::from("bin/sh");
        assert_eq!(
            new.place(&shell, "dash"),
            Some(&RootPath::from("bin/sh.distrib"))
        );
        assert_eq!(new.place(&RootPath::from("lib64"), "base-files"), None);
        assert_eq!(
            new.since(&old).collect::<Vec<_>>(),
            [(&shell, &RootPath::from("bin/sh.distrib"), ":")]
        );
        assert!(Diversions::parse("/a\n/b\n").is_err());
    }
}
