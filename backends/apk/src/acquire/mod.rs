//! From a recipe to proven indexes, all repositories at once.
//!
//! A signed index has no end of validity, so none is refused by its age. But a mirror is not followed back to an older
//! one than was seen before: by the date in the index itself ([`Index::date`]).

#[cfg(test)]
mod tests;

use crate::{
    index::Index,
    repositories::{self, Repository},
    settings::Settings,
    trust::Keys,
};
use boot_kit::{
    Digest, Error, ErrorKind, Event, Fetch, Recipe, Report, Request, Result,
    fetch::without_credentials, threads::join,
};
use std::{io::Read, thread};

/// The most bytes of an index: the largest of a distribution has 3 MiB.
const LIMIT: u64 = 256 << 20;

/// One repository with its proven index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acquired {
    /// The repository, the place its index came from first.
    pub repository: Repository,
    /// What it offers.
    pub index: Index,
    /// SHA-256 of the index's file.
    pub digest: Digest,
    /// Where the index was had, or would be had first, without credentials.
    pub url: String,
}

/// What every part of the work needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    recipe: &'a Recipe,
    keys: &'a Keys,
    fetch: &'a dyn Fetch,
    report: &'a dyn Report,
}

/// Gets the index of every repository of `recipe`, in the recipe's order.
///
/// A mirror that is dead, stale or not to be trusted is passed over with a warning while there is another; what the last
/// one does wrong is the error.
pub fn acquire(
    recipe: &Recipe,
    settings: &Settings,
    fetch: &dyn Fetch,
    report: &dyn Report,
) -> Result<Vec<Acquired>> {
    let repositories = repositories::repositories(recipe, settings)?;
    if repositories.is_empty() {
        let message = format!("`{}` has no repositories", recipe.distribution);
        return Err(Error::new(ErrorKind::Usage, message).with_hint("name one with --mirror"));
    }
    let keys = repositories
        .iter()
        .map(|repository| keys_of(repository, recipe))
        .collect::<Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let threads: Vec<_> = repositories
            .iter()
            .zip(&keys)
            .enumerate()
            .map(|(number, (repository, keys))| {
                let context = Context {
                    recipe,
                    keys,
                    fetch,
                    report,
                };
                scope.spawn(move || one(repository, number, context))
            })
            .collect();
        // All are waited for; the first of the recipe that failed is the one told of.
        let found: Vec<_> = threads.into_iter().map(join).collect();
        found.into_iter().collect()
    })
}

/// Reads the keys that may sign a repository's index; there must be some.
fn keys_of(repository: &Repository, recipe: &Recipe) -> Result<Keys> {
    let keys = Keys::of(&repository.keys)?;
    if keys.is_empty() {
        let name = &repository.name;
        let message = format!(
            "there is no key to verify `{name}` of `{}` with",
            recipe.distribution
        );
        return Err(Error::new(ErrorKind::Usage, message).with_hint(recipe.key_hint()));
    }
    Ok(keys)
}

/// Gets one index from the first of its places that can be trusted.
fn one(repository: &Repository, number: usize, context: Context<'_>) -> Result<Acquired> {
    let known = recall(repository, number, context)?;
    if context.fetch.is_offline() {
        return known.ok_or_else(|| {
            let message = format!("nothing is known of `{}`", repository.name);
            Error::new(ErrorKind::NotFound, message)
                .with_hint("run the same command once without --offline")
        });
    }
    let mut failures = Vec::new();
    let mut is_older = false;
    for (turn, base) in repository.bases.iter().enumerate() {
        let attempt = get(repository, base, context).and_then(|bytes| {
            let acquired = read(&bytes, repository, turn, number, context)?;
            if let Some(known) = &known
                && known.index.date > acquired.index.date
            {
                is_older = true;
                return Err(went_back(&acquired, known));
            }
            context.fetch.remember(&note(repository, context), &bytes)?;
            Ok(acquired)
        });
        match attempt {
            Ok(acquired) => return Ok(acquired),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                if turn + 1 < repository.bases.len() {
                    let message = format!("{}: trying another mirror", error.one_line());
                    context.report.event(Event::Warning { message });
                }
                failures.push(error);
            }
        }
    }
    if let (true, Some(known)) = (is_older, known) {
        let message = format!(
            "every mirror of `{}` is older than what was seen before: going on with the newer one",
            repository.name
        );
        context.report.event(Event::Warning { message });
        return Ok(known);
    }
    Err(summary(repository, failures, context.recipe))
}

fn get(repository: &Repository, base: &str, context: Context<'_>) -> Result<Vec<u8>> {
    let mut fetched = context.fetch.get(&Request {
        name: format!("{} index", repository.name),
        urls: vec![repository.index_url(base, &context.recipe.arch)],
        size: LIMIT,
        digest: None,
    })?;
    let mut bytes = Vec::new();
    fetched.file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What to do where keys are the archive's own, which `--keyring` does not replace.
const OWN_KEYS: &str = "only keys that are built in may sign this archive; to use others, name its repositories as lines with --mirror, and the keys with --keyring";

/// Proves and reads an index that came from the place of that number.
fn read(
    bytes: &[u8],
    repository: &Repository,
    turn: usize,
    number: usize,
    context: Context<'_>,
) -> Result<Acquired> {
    let mut repository = repository.clone();
    repository.bases[..=turn].rotate_right(1);
    let url = repository.index_url(&repository.bases[0], &context.recipe.arch);
    let url = without_credentials(&url);
    let index = Index::read(bytes, context.keys, number).map_err(|error| {
        let message = match error.kind() {
            ErrorKind::Trust => format!("the index `{url}` cannot be trusted"),
            _ => format!("cannot read the index `{url}`"),
        };
        let told = Error::new(error.kind(), message).caused_by(error);
        if told.kind() == ErrorKind::Trust && repository.has_own_keys {
            return told.with_hint(OWN_KEYS);
        }
        told
    })?;
    check_architecture(&index, &url, &context.recipe.arch)?;
    Ok(Acquired {
        repository,
        index,
        digest: Digest::of(bytes),
        url,
    })
}

/// Refuses an index of another architecture: the same keys sign those of several.
fn check_architecture(index: &Index, url: &str, arch: &str) -> Result<()> {
    let is_foreign = |package: &&crate::package::Package| {
        !["", "noarch", "all", arch].contains(&package.arch.as_str())
    };
    match index.packages.iter().find(is_foreign) {
        None => Ok(()),
        Some(package) => {
            let message = format!(
                "the index `{url}` is for `{}`, not for `{arch}`",
                package.arch
            );
            Err(Error::new(ErrorKind::Trust, message).with_hint(
                "name the mirror's own index of that architecture, or the other one with --arch",
            ))
        }
    }
}

/// Reads back the last index known of this repository; `None` if there is none that this recipe's keys prove.
fn recall(
    repository: &Repository,
    number: usize,
    context: Context<'_>,
) -> Result<Option<Acquired>> {
    let Some(bytes) = context.fetch.recall(&note(repository, context))? else {
        return Ok(None);
    };
    // Kept under other keys, or damaged on disk: it says nothing about what the mirrors have now.
    Ok(read(&bytes, repository, 0, number, context).ok())
}

/// The name under which an index is remembered: an official repository by its first mirror, whichever it came from. One
/// that the user names is its own: it may be older on purpose.
fn note(repository: &Repository, context: Context<'_>) -> String {
    let arch = &context.recipe.arch;
    match repository.bases.first() {
        Some(base) if repository.is_named => {
            format!("apk index {}", repository.index_url(base, arch))
        }
        base => {
            let distribution = &context.recipe.distribution;
            let base = base.map(|base| repository.index_url(base, arch));
            let place = base.as_ref().unwrap_or(&repository.name);
            format!("apk index of {distribution} {place}")
        }
    }
}

/// Says that a mirror offers an older index than was seen before.
fn went_back(found: &Acquired, known: &Acquired) -> Error {
    let hours = (known.index.date - found.index.date) / 3600;
    let message = format!(
        "the index `{}` is older than what was seen before, by {hours} hours",
        found.url
    );
    Error::new(ErrorKind::Trust, message)
        .with_hint("the mirror is stale, or someone replays an old state: try another mirror")
}

/// Says why no mirror would do: what concerns trust first; a repository nobody has is the user's mistake.
fn summary(repository: &Repository, failures: Vec<Error>, recipe: &Recipe) -> Error {
    let rank = |error: &Error| match error.kind() {
        ErrorKind::Trust => 0,
        ErrorKind::NotFound => 2,
        _ => 1,
    };
    let name = &repository.name;
    match failures.into_iter().min_by_key(rank) {
        None => Error::new(ErrorKind::Usage, format!("`{name}` has no mirrors"))
            .with_hint("name one with --mirror"),
        Some(error) if error.kind() == ErrorKind::NotFound => {
            let message = format!(
                "`{}` has no repository `{name}` for `{}`",
                recipe.distribution, recipe.arch
            );
            Error::new(ErrorKind::Usage, message)
                .with_hint("check the release, the components and the mirror's address")
                .caused_by(error)
        }
        Some(error) => error,
    }
}
