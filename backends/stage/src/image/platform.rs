//! What machine an image is for.

use serde::Deserialize;
use std::fmt;

/// An operating system, an architecture and perhaps a variant of it, as Go and OCI name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// E.g. `linux`.
    pub os: String,
    /// E.g. `arm64`.
    pub architecture: String,
    /// E.g. `v7`.
    pub variant: Option<String>,
}

/// Those of Linux that this program has heard of.
const KNOWN: [&str; 27] = [
    "linux/386",
    "linux/amd64",
    "linux/amd64/v1",
    "linux/amd64/v2",
    "linux/amd64/v3",
    "linux/amd64/v4",
    "linux/arm",
    "linux/arm/v5",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/arm/v8",
    "linux/arm64",
    "linux/arm64/v8",
    "linux/arm64/v9",
    "linux/loong64",
    "linux/mips",
    "linux/mips64",
    "linux/mips64le",
    "linux/mipsle",
    "linux/ppc",
    "linux/ppc64",
    "linux/ppc64le",
    "linux/riscv",
    "linux/riscv64",
    "linux/s390x",
    "linux/sparc",
    "linux/sparc64",
];

impl Platform {
    /// Reads `linux/arm/v7`; without a system it is Linux's.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.splitn(3, '/');
        let first = parts.next().unwrap_or_default();
        let (os, architecture) = match parts.next() {
            Some(second) => (first, second),
            None => ("linux", first),
        };
        let architecture = match architecture {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "i386" | "i686" => "386",
            other => other,
        };
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: parts.next().map(str::to_owned),
        }
    }

    /// Tells whether two are the same, however they are written.
    pub fn is(&self, other: &Self) -> bool {
        let parts = |platform: &Self| {
            (
                platform.os.clone(),
                platform.architecture.clone(),
                platform.usual_variant().map(str::to_owned),
            )
        };
        parts(self) == parts(other)
    }

    /// The variant, if it is not the one that goes without saying.
    fn usual_variant(&self) -> Option<&str> {
        let variant = self.variant.as_deref().filter(|text| !text.is_empty());
        match (self.architecture.as_str(), variant) {
            ("arm64", Some("v8")) | ("amd64", Some("v1")) => None,
            ("arm", None) => Some("v7"),
            (_, variant) => variant,
        }
    }

    /// The same as a text that lives for ever, if it is one of Linux's that is known.
    pub fn known(&self) -> Option<&'static str> {
        let text = self.to_string();
        KNOWN.into_iter().find(|known| *known == text)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref() {
            None | Some("") => Ok(()),
            Some(variant) => write!(f, "/{variant}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_the_same_however_they_are_written() {
        for (one, other, same) in [
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/amd64", "amd64", true),
            ("linux/amd64", "x86_64", true),
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm/v6", "linux/arm/v7", false),
            ("linux/arm", "linux/arm64", false),
            ("windows/amd64", "linux/amd64", false),
            ("linux/amd64/v3", "linux/amd64", false),
        ] {
            let (one, other) = (Platform::parse(one), Platform::parse(other));
            assert_eq!(one.is(&other), same, "{one} {other}");
            assert_eq!(other.is(&one), same, "{other} {one}");
        }
    }

    #[test]
    fn what_is_known_is_written_as_it_was() {
        for text in KNOWN {
            assert_eq!(Platform::parse(text).known(), Some(text));
        }
        assert_eq!(Platform::parse("plan9/amd64").known(), None);
    }
}
