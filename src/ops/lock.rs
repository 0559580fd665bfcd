//! From a recipe to a lock.

use super::{build::Options, connect, planning::asked};
use crate::{
    interrupt,
    lock::{Changes, Formats, Lock},
    recipe::near,
    registry,
};
use boot_kit::{Error, ErrorKind, Recipe, Report, Result};
use std::{collections::BTreeMap, path::PathBuf};

/// What to do with which file.
#[derive(Clone, Debug)]
pub struct Goal {
    /// The file.
    pub lockfile: PathBuf,
    /// The only packages to move, with what they pull along; empty: all.
    pub update: Vec<String>,
    /// Whether to write the file, or only to tell what would change.
    pub write: bool,
}

/// What has changed, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether there was no lock before.
    pub is_new: bool,
    /// Whether the file is, or would be, another.
    pub is_changed: bool,
    /// The differences.
    pub changes: Changes,
    /// How many packages the lock has.
    pub packages: usize,
    /// Their size together, in bytes.
    pub bytes: u64,
}

/// Resolves the recipe and writes the lock, or tells what would change.
///
/// A lock whose packages are still the right ones stays as it is, whatever newer indexes say of their own date.
pub fn lock(
    recipe: &Recipe,
    options: &Options,
    goal: &Goal,
    report: &dyn Report,
) -> Result<Outcome> {
    let interrupt = interrupt::listen()?;
    let before = Lock::find(&goal.lockfile)?;
    let store = connect::store(options.cache_dir.as_deref())?;
    let net = connect::net(&store, options.offline, report, &interrupt);
    let backend = registry::backend(options.format);
    let recipe = Recipe {
        hold: held(before.as_ref(), recipe, goal)?,
        ..recipe.clone()
    };
    let mut plan = backend
        .resolve(&recipe, &net, report)
        .map_err(|error| blame_hold(error, &recipe, &goal.update))?;
    plan.epoch = options.epoch.unwrap_or(plan.epoch);
    let after = Lock::of(
        &plan,
        asked(&recipe, options),
        Formats::current(options.format, &*backend)?,
        &backend.mirrors(&recipe, report)?,
    );
    // A date that is asked for is part of what the lock was made for; any other comes from the indexes.
    let stays = before.as_ref().is_some_and(|before| before.is_like(&after));
    if goal.write && !stays {
        after.write(&goal.lockfile)?;
    }
    Ok(Outcome {
        is_new: before.is_none(),
        is_changed: !stays,
        changes: Changes::between(before.as_ref(), &after),
        packages: plan.artifacts().count(),
        bytes: plan.bytes(),
    })
}

/// The versions to hold: none, or those of all packages but the ones to update.
fn held(before: Option<&Lock>, recipe: &Recipe, goal: &Goal) -> Result<BTreeMap<String, String>> {
    if goal.update.is_empty() {
        return Ok(BTreeMap::new());
    }
    let Some(before) = before else {
        let message = format!("there is no lock `{}` to update", goal.lockfile.display());
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("write it with `boot lock`, or name another with --lockfile"));
    };
    let names = || before.artifacts().map(|locked| package(&locked.name));
    for name in &goal.update {
        let is_included = recipe.include.iter().any(|included| included == name);
        if !is_included && !names().any(|known| known == name) {
            let message = format!("`{}` has no package `{name}`", goal.lockfile.display());
            let error = Error::new(ErrorKind::Usage, message);
            return Err(match near::suggestion(name, names()) {
                Some(hint) => error.with_hint(hint),
                None => error.with_hint("name packages that the lock or the recipe has"),
            });
        }
    }
    let held = before
        .artifacts()
        .map(|locked| (package(&locked.name).to_owned(), locked.version.clone()));
    Ok(held
        .filter(|(name, _)| !goal.update.contains(name))
        .collect())
}

/// The package that an artifact is, or is a part of.
fn package(artifact: &str) -> &str {
    let (package, _) = artifact.split_once('/').unwrap_or((artifact, ""));
    package
}

/// Says that it may be the held versions that nothing fits.
fn blame_hold(error: Error, recipe: &Recipe, update: &[String]) -> Error {
    if error.kind() != ErrorKind::Unsatisfiable || recipe.hold.is_empty() {
        return error;
    }
    let message = format!(
        "cannot move only {}",
        near::listed(
            &update.iter().map(String::as_str).collect::<Vec<_>>(),
            "and"
        )
    );
    Error::new(error.kind(), message)
        .with_hint("name more packages with --update, or leave it out to update all")
        .caused_by(error)
}
