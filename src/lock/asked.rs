//! What a plan was made for, so that a recipe changed since then is noticed.

use boot_kit::{Error, ErrorKind, Recipe, Result};
use serde::Deserialize;
use std::path::Path;

/// The parts of a request that decide what is in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asked {
    /// The distribution, by its name.
    pub distribution: String,
    /// The release, by its canonical name.
    pub release: String,
    /// The set of packages to start from, by its canonical name.
    pub variant: String,
    /// Architecture, as the distribution writes it.
    pub arch: String,
    /// The OCI platform that is.
    pub platform: String,
    /// Parts of the archive.
    pub components: Vec<String>,
    /// Packages added.
    pub include: Vec<String>,
    /// Packages never chosen.
    pub exclude: Vec<String>,
    /// Whether recommended packages are added.
    pub recommends: bool,
    /// The prune profile.
    pub prune: String,
    /// Languages whose translations stay.
    pub keep_locales: Vec<String>,
    /// Whether scripts of packages are left out.
    #[serde(default)]
    pub no_scripts: bool,
    /// The image's date, if it is not to be that of the plan. The lock's own is what counts; this says why it is so.
    #[serde(default)]
    pub epoch: Option<i64>,
}

impl Asked {
    /// Takes from a recipe what belongs to it; the rest is not part of one, and is as by default.
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            distribution: recipe.distribution.clone(),
            release: recipe.release.clone(),
            variant: recipe.variant.clone(),
            arch: recipe.arch.clone(),
            components: recipe.components.clone(),
            include: recipe.include.clone(),
            exclude: recipe.exclude.clone(),
            recommends: recipe.recommends,
            ..Self::default()
        }
    }

    /// Checks that a lock made for `self`, the file `path`, will do for `now`. Order within lists does not matter.
    pub fn check(&self, now: &Self, path: &Path) -> Result<()> {
        let differences = self.differences(now);
        if differences.is_empty() {
            return Ok(());
        }
        let message = format!("`{}` does not fit what is asked for", path.display());
        Err(Error::new(ErrorKind::Usage, message)
            .with_hint("run `boot lock` again, or name another lock with --lockfile")
            .caused_by(Error::new(ErrorKind::Usage, differences.join("\n"))))
    }

    /// Says in what `now` differs, one sentence each. Dates are not compared: with another, the image is another, but what
    /// is in it is the same.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (noun, locked, asked) in [
            ("distribution", &self.distribution, &now.distribution),
            ("release", &self.release, &now.release),
            ("variant", &self.variant, &now.variant),
            ("architecture", &self.arch, &now.arch),
            ("prune profile", &self.prune, &now.prune),
        ] {
            if locked != asked {
                differences.push(format!("the {noun} is `{asked}`, in the lock `{locked}`"));
            }
        }
        if self.recommends != now.recommends {
            differences.push(if now.recommends {
                "recommended packages are asked for, the lock does not have them".to_owned()
            } else {
                "recommended packages are not asked for, the lock has them".to_owned()
            });
        }
        if self.no_scripts != now.no_scripts {
            differences.push(if now.no_scripts {
                "scripts of packages are not to run, by the lock they do".to_owned()
            } else {
                "scripts of packages are to run, by the lock they do not (`--no-scripts`)"
                    .to_owned()
            });
        }
        for (locked, asked, has, lacks) in [
            (
                &self.components,
                &now.components,
                "uses component",
                "does not use component",
            ),
            (&self.include, &now.include, "includes", "does not include"),
            (&self.exclude, &now.exclude, "excludes", "does not exclude"),
            (
                &self.keep_locales,
                &now.keep_locales,
                "keeps translations into",
                "does not keep translations into",
            ),
        ] {
            let only = |one: &[String], other: &[String]| -> Vec<String> {
                let only = one.iter().filter(|it| !other.contains(it));
                only.cloned().collect()
            };
            for name in only(asked, locked) {
                differences.push(format!("the lock {lacks} `{name}`, which is asked for"));
            }
            for name in only(locked, asked) {
                differences.push(format!("the lock {has} `{name}`, which is not asked for"));
            }
        }
        differences
    }
}
