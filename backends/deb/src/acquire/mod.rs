//! From a recipe to proven package lists: every suite's signed release file, then the lists it vouches for.
//!
//! | module | holds |
//! | --- | --- |
//! | [`proof`] | one suite's release file: fetched, verified, checked, compared with the last one known |
//! | [`lists`] | the package lists it names, fetched by digest and decompressed |

mod lists;
mod proof;

use crate::{
    release::Release,
    sources::{self, Source},
};
use boot_kit::{Digest, Error, ErrorKind, Event, Fetch, Recipe, Report, Result};
use proof::Proof;
use std::{collections::BTreeSet, thread};

/// All package lists of a recipe, proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acquired {
    /// The suites in the order of the recipe's sources.
    pub suites: Vec<Suite>,
    /// Their lists: by suite, then component, then architecture (native, `all`, foreign).
    pub lists: Vec<List>,
}

/// One suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// Its name as it was asked for.
    pub name: String,
    /// SHA-256 of its signed release file.
    pub digest: Digest,
    /// What that says.
    pub release: Release,
    /// Base URLs for the files its lists name, best first, without trailing slash.
    pub mirrors: Vec<String>,
}

/// One package list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Index into [`Acquired::suites`].
    pub suite: usize,
    /// E.g. `main`.
    pub component: String,
    /// E.g. `amd64` or `all`.
    pub arch: String,
    /// The uncompressed stanzas.
    pub bytes: Vec<u8>,
}

impl Acquired {
    /// The newest date of all suites, seconds since the Unix epoch.
    pub fn epoch(&self) -> i64 {
        let dates = self.suites.iter().map(|suite| suite.release.date);
        dates.max().unwrap_or_default()
    }
}

/// What every part of the work needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    recipe: &'a Recipe,
    fetch: &'a dyn Fetch,
    report: &'a dyn Report,
    /// The architectures wanted, the native one first.
    archs: &'a [String],
}

impl Context<'_> {
    fn warn(&self, message: String) {
        self.report.event(Event::Warning { message });
    }
}

/// Gets the package lists of every suite of `recipe`, all suites at once.
///
/// A mirror that is dead, stale, half synchronised or not to be trusted is passed over with a warning while there is
/// another; what the last one does wrong is the error.
pub fn acquire(recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Acquired> {
    let sources = sources::sources(recipe, report)?;
    if sources.is_empty() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("`{}` has no archives", recipe.distribution),
        )
        .with_hint("name one with --mirror"));
    }
    let archs = architectures(recipe);
    let context = Context {
        recipe,
        fetch,
        report,
        archs: &archs,
    };
    let found: Vec<Result<_>> = thread::scope(|scope| {
        let threads: Vec<_> = sources
            .iter()
            .map(|source| scope.spawn(move || suite(source, context)))
            .collect();
        threads.into_iter().map(lists::join).collect()
    });
    let mut acquired = Acquired::default();
    for (i, found) in found.into_iter().enumerate() {
        let (suite, lists) = found?;
        acquired.suites.push(suite);
        acquired
            .lists
            .extend(lists.into_iter().map(|list| List { suite: i, ..list }));
    }
    lists::check_complete(&acquired, &sources, recipe)?;
    Ok(acquired)
}

/// The architectures packages are wanted of, the native one first: the recipe's own, those of its setting `foreign`,
/// and those of included names like `libc6:i386`.
pub fn architectures(recipe: &Recipe) -> Vec<String> {
    let mut archs = vec![recipe.arch.clone()];
    let settings = recipe.settings.get("foreign");
    let foreign = settings
        .and_then(|value| value.as_array())
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    let included = recipe
        .include
        .iter()
        .filter(|name| !name.contains('/'))
        .filter_map(|name| Some(name.split_once(':')?.1))
        .map(|rest| rest.split(['=', ' ']).next().unwrap_or(rest));
    for arch in foreign.chain(included) {
        let is_special = matches!(arch, "any" | "native" | "all" | "");
        if !is_special && !archs.iter().any(|known| known == arch) {
            archs.push(arch.to_owned());
        }
    }
    archs
}

/// Gets one suite from the first of its mirrors that can be trusted and has all of it.
fn suite(source: &Source, context: Context<'_>) -> Result<(Suite, Vec<List>)> {
    let known = proof::recall(source, context)?;
    if context.fetch.is_offline() {
        let proof = known.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("nothing is known of `{}`", source.suite),
            )
            .with_hint("run the same command once without --offline")
        })?;
        proof.check(source, context)?;
        return finish(source, proof, 0, context);
    }
    let mut failures = Vec::new();
    let mut tried = BTreeSet::new();
    let mut is_older = false;
    // Once more from the first: it may have been in the middle of an update.
    let turns = (0..source.mirrors.len()).chain((!source.mirrors.is_empty()).then_some(0));
    for turn in turns {
        let attempt = proof::fetch(source, turn, context).and_then(|proof| {
            if let Some(known) = &known
                && known.release.date > proof.release.date
            {
                is_older = true;
                return Err(proof.went_back(known, source, turn));
            }
            if !tried.insert(proof.digest()) {
                return Ok(None);
            }
            let message = proof.message.clone();
            let found = finish(source, proof, turn, context)?;
            proof::remember(source, &message, context)?;
            Ok(Some(found))
        });
        match attempt {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                if turn + 1 < source.mirrors.len() {
                    context.warn(format!("{}: trying another mirror", error.one_line()));
                }
                failures.push(error);
                // What is missing or altered may be mended a moment later, a release file not.
                if turn + 1 == source.mirrors.len() && tried.is_empty() {
                    break;
                }
            }
        }
    }
    if let (true, Some(known)) = (is_older, known) {
        context.warn(format!(
            "every mirror of `{}` is older than what was seen before: going on with the newer one",
            source.suite
        ));
        known.check(source, context)?;
        return finish(source, known, 0, context);
    }
    Err(proof::summary(source, failures, context))
}

fn finish(
    source: &Source,
    proof: Proof,
    turn: usize,
    context: Context<'_>,
) -> Result<(Suite, Vec<List>)> {
    let mut mirrors = source.mirrors.clone();
    mirrors[..=turn.min(source.mirrors.len().saturating_sub(1))].rotate_right(1);
    let suite = Suite {
        name: source.suite.clone(),
        digest: proof.digest(),
        release: proof.release,
        mirrors,
    };
    match lists::fetch(source, &suite, context) {
        Ok(lists) => Ok((suite, lists)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::new(
            ErrorKind::Network,
            format!("`{}` names a list that no mirror has", source.suite),
        )
        .with_hint(
            "the mirror is being updated: try again in some minutes, or name another with --mirror",
        )
        .caused_by(error)),
        Err(error) => Err(error),
    }
}

/// Tells whether another mirror cannot help.
fn is_final(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted | ErrorKind::Io | ErrorKind::Usage
    )
}
