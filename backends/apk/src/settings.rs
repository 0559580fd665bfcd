//! What a distribution's file tells this backend.

use boot_kit::{Context, Recipe, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[backend]` table of a distribution, with those of the release and the variant laid over it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The file of a repository's index, in its directory for the architecture.
    pub index: String,
    /// Whether the image's `etc/apk/repositories` lists the official repositories: `false` where a package of the
    /// distribution does.
    pub list_repositories: bool,
    /// The packages of the variant.
    pub variant: Variant,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            index: "APKINDEX.tar.gz".into(),
            list_repositories: true,
            variant: Variant::default(),
        }
    }
}

/// The world to start from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// Its words, as in `etc/apk/world`.
    pub packages: Vec<String>,
    /// Directories whose files are taken from packages that are not installed, by the package.
    pub borrow: BTreeMap<String, String>,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings> {
        Settings::of(&Recipe {
            distribution: "alpine".to_owned(),
            settings: text.parse().expect("valid TOML"),
            ..Recipe::default()
        })
    }

    #[test]
    fn what_is_not_said_is_as_in_alpine() {
        let said = settings("variant = { packages = ['alpine-base'] }").expect("valid");
        assert_eq!(said.index, "APKINDEX.tar.gz");
        assert_eq!(said.variant.packages, ["alpine-base"]);
        assert_eq!(
            settings("index = 'Packages.adb'").expect("valid").index,
            "Packages.adb"
        );
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = settings("links = 1").expect_err("unknown key");
        assert_eq!(
            format!("{error:?}"),
            "Parse: cannot use the settings of `alpine`: unknown field `links`, expected one of `index`, `list-repositories`, `variant`"
        );
    }
}
