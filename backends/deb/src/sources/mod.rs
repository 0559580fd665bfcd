//! Where a suite's files come from: the user's word, the host's settings, the distribution's own mirrors.
//!
//! | module | holds |
//! | --- | --- |
//! | [`list`] | apt's two notations: one-line and deb822 |
//! | [`named`] | what `--mirror` may be |
//! | [`host`] | mirrors near the host, found in its own settings |
//! | [`image`] | the sources written into the image |

mod host;
mod image;
mod list;
mod named;
#[cfg(test)]
mod tests;

pub use image::{ImageSources, image_sources};

use boot_kit::{
    Recipe, Report, Result,
    fetch::without_credentials,
    recipe::{Key, Mirrors},
};

/// One suite and everything needed to get and to trust it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The suite's directory below `dists`, e.g. `trixie-security`.
    pub suite: String,
    /// Archive sections to read.
    pub components: Vec<String>,
    /// Base URLs, best first, without trailing slash.
    pub mirrors: Vec<String>,
    /// The only architectures to read; empty means all that are wanted.
    pub architectures: Vec<String>,
    /// Who may sign it.
    pub keys: Vec<Key>,
    /// Whether it may be past its `Valid-Until`.
    pub allow_expired: bool,
    /// Whether the user named it, with `--mirror`.
    pub is_named: bool,
}

/// Lists the sources of a recipe: exactly what the user named, else the distribution's archives with a mirror of the
/// host in front of the official ones.
pub fn sources(recipe: &Recipe, report: &dyn Report) -> Result<Vec<Source>> {
    if !recipe.mirrors.is_empty() {
        return named::sources(recipe);
    }
    let mut sources = official(recipe);
    if let Some(host) = &recipe.host {
        host::put_in_front(&mut sources, recipe, host, report);
    }
    Ok(sources)
}

/// Lists where each of [`sources`] is, and which of that may be told: what is the host's own may not.
pub fn mirrors(recipe: &Recipe, report: &dyn Report) -> Result<Vec<Mirrors>> {
    let used = sources(recipe, report)?;
    let public = if recipe.mirrors.is_empty() {
        official(recipe)
    } else {
        used.clone()
    };
    let mirrors = used.into_iter().zip(public).map(|(used, public)| Mirrors {
        urls: used.mirrors,
        public: public
            .mirrors
            .iter()
            .map(|mirror| without_credentials(mirror))
            .collect(),
    });
    Ok(mirrors.collect())
}

/// The archives as the distribution's file has them.
fn official(recipe: &Recipe) -> Vec<Source> {
    recipe
        .archives
        .iter()
        .map(|archive| Source {
            suite: archive.suite.clone(),
            // No Debian archive is without any.
            components: match recipe.components_of(archive) {
                [] => recipe.components.clone(),
                components => components.to_vec(),
            },
            mirrors: archive
                .mirrors
                .iter()
                .map(|mirror| mirror.trim_end_matches('/').to_owned())
                .collect(),
            keys: recipe.keys_of(archive).to_vec(),
            ..Source::default()
        })
        .collect()
}
