//! What can be built.

use crate::{recipe::Distribution, registry::Registry};
use serde::Serialize;

/// All distributions, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// One for each file of `configs/`.
    pub distributions: Vec<Listed>,
}

/// One distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The word to type.
    pub name: String,
    /// What it calls itself.
    pub title: String,
    /// What is built when no release is named.
    pub default_release: String,
    /// What is built when no variant is named.
    pub default_variant: String,
    /// Its releases, the oldest first, those without a version last.
    pub releases: Vec<ListedRelease>,
    /// Its variants, sorted by name.
    pub variants: Vec<ListedVariant>,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedRelease {
    /// Canonical name.
    pub name: String,
    /// Number, if it has one.
    pub version: Option<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// What it is made for, in the distribution's own notation.
    pub architectures: Vec<String>,
}

/// One variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedVariant {
    /// Canonical name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What is in it.
    pub summary: String,
}

/// Lists everything in the registry.
pub fn list(registry: &Registry) -> Listing {
    let distributions = registry
        .iter()
        .map(|(name, described)| listed(name, described));
    Listing {
        distributions: distributions.collect(),
    }
}

fn listed(name: &str, described: &Distribution) -> Listed {
    let all = || described.architectures.keys().cloned().collect();
    let releases = described
        .releases_by_age()
        .into_iter()
        .map(|(name, release)| {
            let named = &release.architectures;
            ListedRelease {
                name: name.to_owned(),
                version: release.version.clone(),
                aliases: release.aliases.clone(),
                architectures: if named.is_empty() {
                    all()
                } else {
                    named.clone()
                },
            }
        });
    let variants = described
        .variants
        .iter()
        .map(|(name, variant)| ListedVariant {
            name: name.clone(),
            aliases: variant.aliases.clone(),
            summary: variant.summary.clone(),
        });
    Listed {
        name: name.to_owned(),
        title: described.title.clone(),
        default_release: described.default_release.clone(),
        default_variant: described.default_variant.clone(),
        releases: releases.collect(),
        variants: variants.collect(),
    }
}
