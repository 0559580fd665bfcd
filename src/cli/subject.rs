//! What an image is named by on the command line: a recipe or distribution to build, or something that is there.

use super::asking::{Access, Asking};
use crate::{
    ops::compare::{Asked, Subject},
    recipe::{Request, complete::words, near, request::names_a_file},
    registry::Registry,
};
use boot_kit::{Error, ErrorKind, Result};
use std::path::Path;

/// What is the same for all recipes of a command.
pub(super) struct Common<'a> {
    /// Flags laid over each of them.
    pub flags: &'a Request,
    /// What may be used to build them.
    pub access: &'a Access,
    /// Other names for packages, see [`Asked::map`].
    pub map: &'a [(String, String)],
}

/// Finds what `word` names: `debian`, `debian:bookworm`, `debian:trixie+ceph,nginx`, `team.toml`, or a path.
///
/// A distribution goes before a file of its name; `./debian` is the file.
pub(super) fn subject(word: &str, common: &Common<'_>, registry: &mut Registry) -> Result<Subject> {
    if names_a_file(word) {
        let asking = Asking::file(Path::new(word), common.flags.clone())?;
        let stem = Path::new(word).file_stem().unwrap_or_default();
        let name = stem.to_string_lossy().into_owned();
        return asked(word, name, asking, common, registry);
    }
    let (named, include) = word.split_once('+').unwrap_or((word, ""));
    let (distribution, release) = match named.split_once(':') {
        Some((distribution, release)) => (distribution, Some(release)),
        None => (named, None),
    };
    let is_known = registry.iter().any(|(name, _)| name == distribution);
    if is_known && !word.contains('/') {
        let mut flags = common.flags.clone();
        if let Some(release) = release {
            flags.release = Some(release.to_owned());
        }
        flags.include.extend(words(&[include.to_owned()]));
        let asking = Asking::name(distribution, flags)?;
        return asked(word, String::new(), asking, common, registry);
    }
    let path = Path::new(word);
    if path.exists() {
        return Ok(Subject::Image(path.to_owned()));
    }
    let names: Vec<String> = registry.iter().map(|(name, _)| name.to_owned()).collect();
    let names = names.iter().map(String::as_str);
    let hint = near::suggestion(distribution, names).unwrap_or_else(|| {
        "name a file or directory, a recipe (`team.toml`), or a distribution of `boot list`".into()
    });
    let message = format!("`{word}` is neither a file nor a distribution known here");
    Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
}

/// Fills in a recipe; without a name of its own it is called by what it is: `debian:trixie+ceph`.
fn asked(
    word: &str,
    name: String,
    asking: Asking,
    common: &Common<'_>,
    registry: &mut Registry,
) -> Result<Subject> {
    let (recipe, options) = asking.complete(common.access, registry)?;
    let name = if name.is_empty() {
        let mut name = format!("{}:{}", recipe.distribution, recipe.release);
        if !recipe.include.is_empty() {
            name += &format!("+{}", recipe.include.join(","));
        }
        name
    } else {
        name
    };
    Ok(Subject::Recipe(Box::new(Asked {
        name,
        source: word.to_owned(),
        recipe,
        options,
        map: common.map.to_vec(),
    })))
}
