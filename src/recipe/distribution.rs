//! One file of `configs/`: what a distribution is.

use super::{document, near};
use boot_kit::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A distribution as its file describes it; `docs/reference/configs.md` is written for its authors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Distribution {
    /// The word people type.
    pub name: String,
    /// What it calls itself.
    pub title: String,
    /// Which backend knows its packages.
    pub format: Format,
    /// The release to build when none is named.
    pub default_release: String,
    /// The variant to build when none is named.
    pub default_variant: String,
    /// The components to use when none are named.
    pub components: Vec<String>,
    /// All components there are; empty if that is not known.
    #[serde(default)]
    pub known_components: Vec<String>,
    /// Architectures in its own notation, and each as an OCI platform, e.g. `linux/amd64`.
    pub architectures: BTreeMap<String, String>,
    /// Releases by canonical name.
    pub releases: BTreeMap<String, Release>,
    /// Variants by canonical name.
    pub variants: BTreeMap<String, Variant>,
    /// Where it publishes its public keys, for those who have to get them.
    pub keys_at: Option<String>,
    /// Settings for the backend; releases and variants lay theirs over it.
    #[serde(default)]
    pub backend: toml::Table,
}

/// How packages are made: which backend to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Alpine's.
    Apk,
    /// Debian's.
    Deb,
}

impl Format {
    /// Its name, as in `configs/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
        }
    }
}

/// One release of a distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// Its number, if it has one.
    pub version: Option<String>,
    /// Other names people may use; the version is one without being listed.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The architectures it is made for; empty: all of the distribution's.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// Where its packages are.
    pub archives: Vec<Archive>,
    /// Files of public keys that sign it: below `configs/keys`, or beside the file for a user's own. Empty: whoever builds
    /// it has to name them.
    pub keys: Vec<String>,
    /// Where its own package manager finds the same keys inside an image.
    pub keyring_in_image: Option<String>,
    /// Settings for the backend, over the distribution's.
    #[serde(default)]
    pub backend: toml::Table,
}

/// One place that holds packages of a release.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Archive {
    /// The suite's directory; empty where the base URL is the suite's own.
    #[serde(default)]
    pub suite: String,
    /// Official base URLs, best first.
    pub mirrors: Vec<String>,
    /// Components it holds, perhaps none; left out: those of the recipe.
    pub components: Option<Vec<String>>,
    /// The architectures it serves; empty: all of the release's.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// Files of public keys that alone sign it, if not those of the release: it is another distribution's.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A named set of packages to start from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// What is in it, in a few words.
    pub summary: String,
    /// Other names people may use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Settings for the backend, over the release's.
    #[serde(default)]
    pub backend: toml::Table,
}

impl Distribution {
    /// Parses the text of the file `file` and checks that its names refer to each other.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        document::parse::<Self>(file, text)?.checked(file)
    }

    /// Reads a file and checks it like [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self> {
        document::read::<Self>(path)?.checked(&path.display().to_string())
    }

    /// Finds a release by name, version or alias; returns it with its canonical name.
    pub fn release(&self, name: &str) -> Result<(&str, &Release)> {
        let found = self.releases.iter().find(|(canonical, release)| {
            *canonical == name
                || release.version.as_deref() == Some(name)
                || release.aliases.iter().any(|alias| alias == name)
        });
        let aliases = self.releases.values().flat_map(|release| &release.aliases);
        found
            .map(|(canonical, release)| (canonical.as_str(), release))
            .ok_or_else(|| self.unknown("release", name, self.releases.keys(), aliases))
    }

    /// Finds a variant by name or alias; returns it with its canonical name.
    pub fn variant(&self, name: &str) -> Result<(&str, &Variant)> {
        let found = self.variants.iter().find(|(canonical, variant)| {
            *canonical == name || variant.aliases.iter().any(|alias| alias == name)
        });
        let aliases = self.variants.values().flat_map(|variant| &variant.aliases);
        found
            .map(|(canonical, variant)| (canonical.as_str(), variant))
            .ok_or_else(|| self.unknown("variant", name, self.variants.keys(), aliases))
    }

    /// Lists the releases with their names, the oldest first, those without a version last.
    pub fn releases_by_age(&self) -> Vec<(&str, &Release)> {
        let mut releases: Vec<_> = self
            .releases
            .iter()
            .map(|(name, release)| (name.as_str(), release))
            .collect();
        releases.sort_by_key(|(name, release)| {
            let version = release.version.as_deref();
            let number: Option<Vec<u32>> = version.map(|text| {
                text.split('.')
                    .map_while(|part| part.parse().ok())
                    .collect()
            });
            (number.is_none(), number, *name)
        });
        releases
    }

    /// Makes the error for a name that is none of `names`, with those somebody may have meant.
    pub(super) fn unknown<'a>(
        &self,
        noun: &str,
        name: &str,
        names: impl Iterator<Item = &'a String>,
        aliases: impl Iterator<Item = &'a String>,
    ) -> Error {
        let names: Vec<&str> = names.map(String::as_str).collect();
        let all = names.iter().copied().chain(aliases.map(String::as_str));
        let known = || format!("known are {}", near::listed(&names, "and"));
        let message = format!("`{}` has no {noun} `{name}`", self.name);
        Error::new(ErrorKind::Usage, message)
            .with_hint(near::suggestion(name, all).unwrap_or_else(known))
    }

    fn checked(self, file: &str) -> Result<Self> {
        let wrong = |message: String| {
            Err(Error::new(ErrorKind::Usage, format!("cannot use `{file}`"))
                .caused_by(Error::new(ErrorKind::Parse, message)))
        };
        if !self.releases.contains_key(&self.default_release) {
            return wrong(format!(
                "default-release `{}` is not described",
                self.default_release
            ));
        }
        if !self.variants.contains_key(&self.default_variant) {
            return wrong(format!(
                "default-variant `{}` is not described",
                self.default_variant
            ));
        }
        let mut names = BTreeSet::new();
        for (name, release) in &self.releases {
            let others = release.aliases.iter().chain(&release.version);
            if let Some(twice) = others.chain([name]).find(|name| !names.insert(*name)) {
                return wrong(format!("`{twice}` names two releases"));
            }
            let served = release
                .archives
                .iter()
                .flat_map(|archive| &archive.architectures);
            let mut mentioned = release.architectures.iter().chain(served);
            if let Some(arch) = mentioned.find(|arch| !self.architectures.contains_key(*arch)) {
                return wrong(format!(
                    "architecture `{arch}` of release `{name}` is not described"
                ));
            }
        }
        let mut names = BTreeSet::new();
        for (name, variant) in &self.variants {
            if let Some(twice) = variant
                .aliases
                .iter()
                .chain([name])
                .find(|name| !names.insert(*name))
            {
                return wrong(format!("`{twice}` names two variants"));
            }
        }
        Ok(self)
    }
}
