//! What a distribution's file tells this backend.

use boot_kit::{Context, Recipe, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[backend]` table of a distribution, with those of the release and the variant laid over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// How `/bin`, `/lib` and their like become links into `/usr`.
    pub merged_usr: MergedUsr,
    /// The links to make, by architecture; those under `all` are for every one. See [`Settings::links`].
    pub links: BTreeMap<String, Vec<String>>,
    /// Packages to take where one of several alternatives or providers will do.
    pub prefer: Vec<String>,
    /// Packages never to choose: they are useless or harmful in this release.
    pub exclude: Vec<String>,
    /// The packages of the variant.
    pub variant: Variant,
}

/// Who makes the links of a merged `/usr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergedUsr {
    /// Nobody: the directories are apart.
    #[default]
    None,
    /// We do, before anything is unpacked, because base-files ships directories.
    Links,
    /// base-files ships them, so it is unpacked first.
    Shipped,
}

/// The set of packages to start from: the union of what is said here, with what it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// Take what is `Essential: yes` in the release's own suite.
    pub essential: bool,
    /// Take what has one of these priorities in the release's own suite.
    pub priorities: Vec<String>,
    /// Take these by name.
    pub packages: Vec<String>,
    /// Unpack files and do nothing else: no scripts, no database.
    pub unpack_only: bool,
}

impl Settings {
    /// Reads the settings a recipe carries.
    ///
    /// Errors with [`ErrorKind::Parse`](boot_kit::ErrorKind::Parse) if a key is unknown or has the wrong type.
    pub fn of(recipe: &Recipe) -> Result<Self> {
        let settings = toml::Value::Table(recipe.settings.clone());
        settings
            .try_into()
            .map_err(|error: toml::de::Error| {
                boot_kit::Error::new(boot_kit::ErrorKind::Parse, error.message())
            })
            .context(|| format!("cannot use the settings of `{}`", recipe.distribution))
    }

    /// Lists the links of `arch` into `/usr`, sorted: `bin` stands for `/bin -> usr/bin`.
    ///
    /// Empty unless [`merged_usr`](Self::merged_usr) is [`MergedUsr::Links`].
    pub fn links(&self, arch: &str) -> Vec<&str> {
        if self.merged_usr != MergedUsr::Links {
            return Vec::new();
        }
        let mut links: Vec<_> = ["all", arch]
            .into_iter()
            .filter_map(|key| self.links.get(key))
            .flatten()
            .map(String::as_str)
            .collect();
        links.sort_unstable();
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings> {
        let settings = text.parse().expect("valid TOML");
        Settings::of(&Recipe {
            distribution: "debian".to_owned(),
            settings,
            ..Recipe::default()
        })
    }

    #[test]
    fn links_are_those_of_all_and_of_the_architecture() {
        let text = r#"
            merged-usr = "links"
            links = { all = ["sbin", "bin"], amd64 = ["lib64"], s390x = ["lib32"] }
        "#;
        let links = settings(text).expect("valid");
        assert_eq!(links.links("amd64"), ["bin", "lib64", "sbin"]);
        assert_eq!(links.links("arm64"), ["bin", "sbin"]);
        let shipped = settings(&text.replace("\"links\"", "\"shipped\"")).expect("valid");
        assert_eq!(shipped.links("amd64"), Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = settings("merged-user = 'links'").expect_err("unknown key");
        assert_eq!(
            format!("{error:?}"),
            "Parse: cannot use the settings of `debian`: unknown field `merged-user`, expected one of \
             `merged-usr`, `links`, `prefer`, `exclude`, `variant`"
        );
    }
}
