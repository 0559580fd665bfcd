//! From a recipe to a plan: package lists acquired, packages chosen, artifacts named.

use crate::{
    acquire::{Acquired, List as AcquiredList, Suite, acquire_unless, architectures},
    index::{List, Package, Priority, Universe},
    known::{Key, Known},
    mentioned::Mentioned,
    notes::Notes,
    settings::Settings,
    solve::{self, Chosen, Request, Solution, hold, solve},
    sources::{ImageSources, image_sources, sources},
};
use boot_kit::{
    Alternative, Artifact, Context, Error, ErrorKind, Event, Fetch, Layer, Plan, Recipe, Report,
    Result, SignedIndex, Step, event::Phase, fetch::without_credentials, threads::join,
};
use std::{iter, thread};

/// Makes the plan of a recipe, or finds the one made before from the same.
pub fn resolve(recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan> {
    report.event(Event::Phase(Phase::Resolve));
    let settings = Settings::of(recipe)?;
    let request = request(recipe, &settings)?;
    refuse_nothing(recipe, &request)?;
    let sources = sources(recipe, report)?;
    let image = image_sources(recipe, report)?;
    let key = Key::new(recipe, &sources, &image);
    let known = key.recall(fetch)?;
    let marks = known.as_ref().map_or(&[][..], |known| &known.marks);
    let mut acquired = acquire_unless(marks, &sources, recipe, fetch, report)?;
    let plan = match known {
        Some(known) if acquired.is_known => {
            known.report(report);
            known.plan
        }
        _ => {
            let mut plan = choose(&acquired, &request, recipe, fetch, report);
            if forget_damaged(&acquired, fetch)? {
                acquired = acquire_unless(&[], &sources, recipe, fetch, report)?;
                plan = choose(&acquired, &request, recipe, fetch, report);
            }
            let mut plan = plan?;
            notes(recipe, &settings, image).write(&mut plan)?;
            key.remember(&Known::new(&plan, &acquired), fetch)?;
            plan
        }
    };
    report.event(Event::Planned {
        artifacts: plan.artifacts().count(),
        bytes: plan.bytes(),
    });
    Ok(plan)
}

/// Forgets what was kept of lists and turned out to be damaged; tells whether there was any.
fn forget_damaged(acquired: &Acquired, fetch: &dyn Fetch) -> Result<bool> {
    let mut is_any = false;
    for list in &acquired.lists {
        if list.content.is_damaged() {
            fetch.remember(&list.note, &[])?;
            is_any = true;
        }
    }
    Ok(is_any)
}

/// Keeps what is needed of the lists that were read whole, so that the next run need not.
fn keep(universe: &Universe, acquired: &Acquired, fetch: &dyn Fetch) -> Result<()> {
    for (number, list) in (0..).zip(&acquired.lists) {
        if universe.can_be_compact(number) {
            fetch.remember_written(&list.note, &mut |file| {
                universe.write_compact(number, &list.digest, list.packed, file)
            })?;
        }
    }
    Ok(())
}

/// Reads lists into a universe, in which what the recipe holds is held.
fn with_universe<T>(
    acquired: &Acquired,
    request: &Request,
    recipe: &Recipe,
    fetch: &dyn Fetch,
    report: &dyn Report,
    then: impl FnOnce(&Universe) -> Result<T>,
) -> Result<T> {
    let archs = architectures(recipe);
    let lists = lists(acquired, report);
    let lists: Vec<List> = lists
        .iter()
        .map(|(name, list)| describe(name, list, acquired))
        .collect();
    let mut universe = Universe::read(&recipe.arch, &archs[1..], &lists)?;
    hold(&mut universe, request, &recipe.hold)?;
    let universe = universe;
    let mentioned = Mentioned::recall(&universe, acquired, &archs, fetch)?;
    let result = then(&universe)?;
    if !acquired.is_damaged() {
        mentioned.remember(&universe, fetch)?;
    }
    Ok(result)
}

/// Chooses packages from lists.
fn choose(
    acquired: &Acquired,
    request: &Request,
    recipe: &Recipe,
    fetch: &dyn Fetch,
    report: &dyn Report,
) -> Result<Plan> {
    with_universe(acquired, request, recipe, fetch, report, |universe| {
        let solution = thread::scope(|scope| {
            let keeping = scope.spawn(|| keep(universe, acquired, fetch));
            let solution = solve(universe, request);
            join(keeping)?;
            solution
        })?;
        plan(universe, &solution, acquired)
    })
}

/// Finds what could be asked for instead, to get less.
pub fn alternatives(
    recipe: &Recipe,
    fetch: &dyn Fetch,
    report: &dyn Report,
) -> Result<Vec<Alternative>> {
    let settings = Settings::of(recipe)?;
    let request = request(recipe, &settings)?;
    let sources = sources(recipe, report)?;
    let search = |acquired: &Acquired| {
        with_universe(acquired, &request, recipe, fetch, report, |universe| {
            let found = solve::alternatives(universe, &request);
            keep(universe, acquired, fetch)?;
            found
        })
    };
    let mut acquired = acquire_unless(&[], &sources, recipe, fetch, report)?;
    let found = search(&acquired);
    if !forget_damaged(&acquired, fetch)? {
        return found;
    }
    acquired = acquire_unless(&[], &sources, recipe, fetch, report)?;
    search(&acquired)
}

/// Makes the plan of what was chosen.
fn plan(universe: &Universe, solution: &Solution, acquired: &Acquired) -> Result<Plan> {
    let step = |chosen: &[Chosen]| -> Result<Step> {
        let artifact = |chosen: &Chosen| artifact(universe, *chosen, acquired);
        Ok(Step {
            artifacts: chosen.iter().map(artifact).collect::<Result<_>>()?,
        })
    };
    let mut plan = Plan {
        epoch: acquired.epoch(),
        indexes: acquired.suites.iter().map(index).collect(),
        ..Plan::default()
    };
    // The base is one step: nothing in it could be configured before all of it has landed.
    for (name, chosen, cuts) in [
        ("base", &solution.base, &[][..]),
        ("include", &solution.include, &solution.cuts),
    ] {
        if !chosen.is_empty() {
            let steps = split(chosen, cuts).map(step).collect::<Result<_>>()?;
            plan.layers.push(Layer {
                name: name.to_owned(),
                steps,
            });
        }
    }
    Ok(plan)
}

/// What the installer must know of the recipe.
fn notes(recipe: &Recipe, settings: &Settings, image: ImageSources) -> Notes {
    let links = settings.links(&recipe.arch);
    Notes {
        architecture: recipe.arch.clone(),
        foreign_architectures: architectures(recipe).split_off(1),
        usr_links: links.into_iter().map(str::to_owned).collect(),
        sources_path: image.path.to_string(),
        sources: image.text,
        unpack_only: settings.variant.unpack_only,
    }
}

/// Splits a slice before each of the places in `cuts`.
fn split<'a, T>(whole: &'a [T], cuts: &'a [usize]) -> impl Iterator<Item = &'a [T]> {
    let begins = iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([whole.len()]);
    begins.zip(ends).map(|(begin, end)| &whole[begin..end])
}

/// What is asked for, in the solver's terms.
fn request(recipe: &Recipe, settings: &Settings) -> Result<Request> {
    let priority = |name: &String| {
        let unknown = || Error::new(ErrorKind::Parse, format!("there is no priority `{name}`"));
        Priority::named(name).ok_or_else(unknown)
    };
    let priorities = settings
        .variant
        .priorities
        .iter()
        .map(priority)
        .collect::<Result<_>>();
    let mut exclude = settings.exclude.clone();
    exclude.retain(|name| !recipe.include.contains(name));
    exclude.extend(recipe.exclude.iter().cloned());
    Ok(Request {
        essential: settings.variant.essential,
        priorities: priorities.context(|| format!("cannot use variant `{}`", recipe.variant))?,
        names: settings.variant.packages.clone(),
        prefer: settings.prefer.clone(),
        include: recipe.include.clone(),
        exclude,
        recommends: recipe.recommends,
    })
}

/// An image of no packages is nothing anybody means.
fn refuse_nothing(recipe: &Recipe, request: &Request) -> Result<()> {
    let has_base = request.essential || !request.priorities.is_empty() || !request.names.is_empty();
    if has_base || !request.include.is_empty() {
        return Ok(());
    }
    let message = format!("variant `{}` has no packages of its own", recipe.variant);
    Err(Error::new(ErrorKind::Usage, message)
        .with_hint("name some with --include, e.g. `--include busybox-static`"))
}

/// Names the lists, and tells of each that it was read.
fn lists<'a>(acquired: &'a Acquired, report: &dyn Report) -> Vec<(String, &'a AcquiredList)> {
    let named = acquired.lists.iter().map(|list| {
        let name = list.name(&acquired.suites[list.suite].name);
        report.event(Event::Index {
            name: name.clone(),
            bytes: list.content.plain_bytes(),
        });
        (name, list)
    });
    named.collect()
}

/// Describes a list to the solver: the first suite of a release is the one its variants are drawn from.
fn describe<'a>(name: &'a str, list: &'a AcquiredList, acquired: &'a Acquired) -> List<'a> {
    let release = &acquired.suites[list.suite].release;
    List {
        name,
        text: list.content.text(),
        archive: u16::try_from(list.suite).unwrap_or(u16::MAX),
        base: release.codename == acquired.suites[0].release.codename,
        pin: i16::try_from(release.pin).unwrap_or(i16::MAX),
        suites: [&release.codename, &release.suite],
    }
}

/// Names the signed file of a suite.
fn index(suite: &Suite) -> SignedIndex {
    let name = &suite.name;
    let mirror = suite.mirrors.first();
    SignedIndex {
        name: format!("{name} InRelease"),
        url: mirror.map_or_else(String::new, |mirror| {
            without_credentials(&format!("{mirror}/dists/{name}/InRelease"))
        }),
        sha256: suite.digest,
        date: suite.release.date,
    }
}

/// Names the file of a chosen package and where it can be had.
fn artifact(universe: &Universe, chosen: Chosen, acquired: &Acquired) -> Result<Artifact> {
    let package: Package = universe.package(chosen.package);
    let path = package.filename()?;
    let suite = acquired.suites.get(usize::from(package.archive()));
    let mirrors = suite
        .map(|suite| suite.mirrors.as_slice())
        .unwrap_or_default();
    Ok(Artifact {
        name: package.name().to_owned(),
        version: package.version().to_owned(),
        arch: package.arch().to_owned(),
        size: package.size()?,
        proof: package.sum()?.into(),
        urls: mirrors
            .iter()
            .map(|mirror| format!("{mirror}/{path}"))
            .collect(),
        requested: chosen.requested,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_of_nothing_needs_packages_named() {
        let recipe = Recipe {
            variant: "extract".into(),
            ..Recipe::default()
        };
        let refused = refuse_nothing(&recipe, &Request::default()).expect_err("is empty");
        assert_eq!(
            format!("{refused:?}"),
            "Usage: variant `extract` has no packages of its own (hint: name some with --include, e.g. `--include \
             busybox-static`)"
        );
        let some = Request {
            include: vec!["a".into()],
            ..Request::default()
        };
        refuse_nothing(&recipe, &some).expect("has one");
    }

    #[test]
    fn nothing_is_lost_between_steps() {
        let steps =
            |cuts: &[usize]| -> Vec<Vec<u8>> { split(b"abcd", cuts).map(<[u8]>::to_vec).collect() };
        assert_eq!(steps(&[]), [b"abcd"]);
        assert_eq!(steps(&[1, 3]), [&b"a"[..], b"bc", b"d"]);
    }
}
