//! Where a plan comes from: signed indexes, or a lock.

use super::build::Options;
use crate::lock::{Asked, Formats, Lock};
use boot_kit::{Backend, Event, Fetch, Plan, Recipe, Report, Result};
use std::path::Path;

/// Makes the plan: from the lock that `options` name, else by resolving the recipe.
///
/// With a lock, no index is read and nothing is chosen; `fetch` is not used.
pub fn plan_for(
    recipe: &Recipe,
    options: &Options,
    fetch: &dyn Fetch,
    backend: &dyn Backend,
    report: &dyn Report,
) -> Result<Plan> {
    match &options.lockfile {
        None => backend.resolve(recipe, fetch, report),
        Some(path) => locked(path, recipe, options, backend, report),
    }
}

/// What a plan for this recipe and these options is made for.
pub fn asked(recipe: &Recipe, options: &Options) -> Asked {
    Asked {
        platform: options.platform.clone(),
        prune: options.prune.name().to_owned(),
        keep_locales: options.keep_locales.clone(),
        no_scripts: !options.run_scripts,
        epoch: options.epoch,
        ..Asked::of(recipe)
    }
}

fn locked(
    path: &Path,
    recipe: &Recipe,
    options: &Options,
    backend: &dyn Backend,
    report: &dyn Report,
) -> Result<Plan> {
    let lock = Lock::read(path)?;
    lock.asked.check(&asked(recipe, options), path)?;
    let current = Formats::current(options.format, backend)?;
    let different = lock.formats.differences(&current);
    if !different.is_empty() {
        report.event(Event::Warning {
            message: format!(
                "`{}` was made for {}, which this `boot` no longer has: the image may differ from the one locked",
                path.display(),
                different.join(" and ")
            ),
        });
    }
    let mirrors = backend.mirrors(recipe, report)?;
    let plan = lock.plan(&mirrors, !recipe.mirrors.is_empty());
    report.event(Event::Planned {
        artifacts: plan.artifacts().count(),
        bytes: plan.bytes(),
    });
    Ok(plan)
}
