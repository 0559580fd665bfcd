//! Where packages come from: the distribution's repositories, or what the user names.
//!
//! | module | holds |
//! | --- | --- |
//! | [`named`] | what `--mirror` may be |
//! | [`image`] | `etc/apk/repositories` of the image |

mod image;
mod named;
#[cfg(test)]
mod tests;

pub use image::image_repositories;

use crate::{package::Package, settings::Settings};
use boot_kit::{
    Error, ErrorKind, Recipe, Result,
    fetch::without_credentials,
    recipe::{Archive, Key, Mirrors},
};

/// One repository, at as many places as have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// A name for messages, e.g. `v3.19/main`.
    pub name: String,
    /// The tag its packages must be asked for by (`@edge`, without the sign); `None` if they need none.
    pub tag: Option<String>,
    /// Base URLs, best first, without trailing slash.
    pub bases: Vec<String>,
    /// How files are laid out below them.
    pub layout: Layout,
    /// The keys that may sign its index.
    pub keys: Vec<Key>,
    /// Whether these are the archive's own, whatever keys the recipe has.
    pub has_own_keys: bool,
    /// Whether the user named it, with `--mirror`.
    pub is_named: bool,
}

/// How a repository's files are laid out below its base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A directory for each architecture, with the index under this name.
    ByArchitecture(String),
    /// All in one directory, with the index under this name.
    Flat(String),
}

impl Default for Layout {
    fn default() -> Self {
        Self::ByArchitecture(APKINDEX.to_owned())
    }
}

/// The name of a v2 index.
const APKINDEX: &str = "APKINDEX.tar.gz";
/// The name of a v3 index.
const PACKAGES: &str = "Packages.adb";

impl Repository {
    /// Where the index is below one of the bases.
    pub fn index_url(&self, base: &str, arch: &str) -> String {
        match &self.layout {
            Layout::ByArchitecture(index) => format!("{base}/{arch}/{index}"),
            Layout::Flat(index) => format!("{base}/{index}"),
        }
    }

    /// Where a package's file can be had, best first; `spec` is the index's pattern, if it has one.
    ///
    /// Without a pattern, a file of v2 is in the directory that its index names with `A:`, whatever the package itself
    /// says, and one of v3 in that of the root's architecture.
    pub fn package_urls(
        &self,
        package: &Package,
        arch: &str,
        spec: Option<&str>,
    ) -> Result<Vec<String>> {
        let path = match (spec, &self.layout) {
            (Some(spec), _) => substitute(spec, package)?,
            (None, Layout::Flat(_)) => package.file_name(),
            (None, Layout::ByArchitecture(_)) => {
                let is_v2 = package.identity.starts_with("Q1");
                let directory = if is_v2 && !package.arch.is_empty() {
                    &package.arch
                } else {
                    arch
                };
                format!("{directory}/{}", package.file_name())
            }
        };
        let bases = self.bases.iter();
        Ok(bases.map(|base| format!("{base}/{path}")).collect())
    }
}

/// Fills in an index's pattern, e.g. `${arch}/${name}-${version}.apk`.
fn substitute(spec: &str, package: &Package) -> Result<String> {
    let refuse = |why: String| {
        Err(Error::new(
            ErrorKind::Parse,
            format!("the index's pattern of names `{spec}` {why}"),
        ))
    };
    let mut path = String::new();
    let mut rest = spec;
    while let Some((before, after)) = rest.split_once("${") {
        path.push_str(before);
        let Some((word, after)) = after.split_once('}') else {
            return refuse("is malformed".into());
        };
        match word {
            "name" => path.push_str(&package.name),
            "version" => path.push_str(&package.version),
            "arch" => path.push_str(&package.arch),
            other => return refuse(format!("has the unknown word `{other}`")),
        }
        rest = after;
    }
    path.push_str(rest);
    let is_sound = |part: &str| !matches!(part, "" | "." | "..");
    if !path.split('/').all(is_sound) || path.contains(|c: char| c.is_whitespace() || c == '?') {
        return refuse("does not make a path".into());
    }
    Ok(path)
}

/// Lists the repositories of a recipe: those the user named, else the distribution's own. Tagged ones that the user
/// named come on top of either.
pub fn repositories(recipe: &Recipe, settings: &Settings) -> Result<Vec<Repository>> {
    let named = named::repositories(recipe, settings)?;
    if named.iter().any(|repository| repository.tag.is_none()) {
        return Ok(named);
    }
    let mut repositories = official(recipe, settings);
    repositories.extend(named);
    Ok(repositories)
}

/// Lists where each of [`repositories`] is, and which of that may be told.
pub fn mirrors(recipe: &Recipe) -> Result<Vec<Mirrors>> {
    let repositories = repositories(recipe, &Settings::of(recipe)?)?;
    let mirrors = repositories.into_iter().map(|repository| Mirrors {
        public: repository
            .bases
            .iter()
            .map(|base| without_credentials(base))
            .collect(),
        urls: repository.bases,
    });
    Ok(mirrors.collect())
}

/// The repositories as the distribution's file has them.
fn official(recipe: &Recipe, settings: &Settings) -> Vec<Repository> {
    let archives = recipe.archives.iter();
    archives
        .flat_map(|archive| below(&archive.mirrors, archive, recipe, settings))
        .collect()
}

/// The repositories of one archive below mirrors' roots: one for each component, or one if it has none.
fn below(
    roots: &[String],
    archive: &Archive,
    recipe: &Recipe,
    settings: &Settings,
) -> Vec<Repository> {
    let none = [String::new()];
    let components = match recipe.components_of(archive) {
        [] => &none[..],
        components => components,
    };
    let repository = |component: &String| {
        let parts = [&archive.suite, component];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        let path = parts.join("/");
        let bases = roots.iter().map(|root| {
            let root = root.trim_end_matches('/');
            format!("{root}/{path}").trim_end_matches('/').to_owned()
        });
        Repository {
            name: if path.is_empty() {
                recipe.release.clone()
            } else {
                path.clone()
            },
            bases: bases.collect(),
            layout: Layout::ByArchitecture(settings.index.clone()),
            keys: recipe.keys_of(archive).to_vec(),
            has_own_keys: !archive.keys.is_empty(),
            ..Repository::default()
        }
    };
    components.iter().map(repository).collect()
}
