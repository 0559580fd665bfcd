//! From a recipe to a plan: indexes acquired, packages chosen, artifacts named.

#[cfg(test)]
mod tests;

use crate::{
    acquire::{Acquired, acquire},
    notes::{Borrowed, KeyFile, Notes},
    package::Package,
    relation::Dependency,
    repositories::image_repositories,
    settings::Settings,
    solve::{Request, Solution, Universe, solve},
    world::World,
};
use boot_kit::{
    Artifact, Context, ErrorKind, Event, Fetch, Layer, Plan, Proof, Recipe, Report, Result,
    SignedIndex, Step, event::Phase,
};
use std::collections::{BTreeMap, BTreeSet};

/// Makes the plan of a recipe.
///
/// `base` is the variant's world, solved first and alone; `include` is what else the whole world needs, beside exactly
/// those packages. Each is one step: its installer lands one package after the other, in apk's order, so no script
/// needs a step of its own. The epoch is the newest date of the indexes, so that it is the same for all images that
/// are made of them, whatever they include.
pub fn resolve(recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan> {
    report.event(Event::Phase(Phase::Resolve));
    let settings = Settings::of(recipe)?;
    let worlds = Worlds::of(recipe, &settings)?;
    let acquired = acquire(recipe, &settings, fetch, report)?;
    let (universe, base, include) = choose(recipe, &worlds, &acquired)?;

    let mut plan = Plan {
        epoch: acquired.iter().map(|one| one.index.date).max().unwrap_or(0),
        indexes: acquired.iter().map(signed_index).collect(),
        ..Plan::default()
    };
    let mut notes = Notes {
        architecture: recipe.arch.clone(),
        base_world: words(&worlds.base),
        world: words(&worlds.all),
        repositories: image_repositories(recipe, &settings, report)?,
        keys: key_files(recipe),
        ..Notes::default()
    };
    let requested: BTreeSet<&str> = worlds
        .all
        .dependencies()
        .iter()
        .filter(|dependency| !dependency.conflict)
        .map(|dependency| dependency.name.as_str())
        .collect();
    for (name, solution) in [("base", &base), ("include", &include)] {
        let mut artifacts = Vec::new();
        for (place, tag) in solution.order.iter().zip(&solution.tags) {
            let package = &universe.packages()[*place];
            artifacts.push(artifact(package, recipe, &acquired, &requested)?);
            notes
                .stanzas
                .insert(package.identity.clone(), package.stanza.clone());
            if let Some(tag) = tag {
                notes.tags.insert(package.identity.clone(), tag.clone());
            }
        }
        if name == "base" {
            for (lender, directory) in &settings.variant.borrow {
                let Some(place) = borrowed(&universe, lender, &base, recipe)? else {
                    continue;
                };
                let package = &universe.packages()[place];
                let artifact = Artifact {
                    // No package has a slash in its name, so this is nobody else's.
                    name: format!("{lender}/{directory}"),
                    requested: false,
                    ..artifact(package, recipe, &acquired, &requested)?
                };
                let borrowed = Borrowed {
                    package: lender.clone(),
                    directory: directory.clone(),
                };
                notes.borrowed.insert(artifact.name.clone(), borrowed);
                artifacts.push(artifact);
            }
        }
        if !artifacts.is_empty() {
            plan.layers.push(Layer {
                name: name.to_owned(),
                steps: vec![Step { artifacts }],
            });
        }
    }
    notes.write(&mut plan)?;
    report.event(Event::Planned {
        artifacts: plan.artifacts().count(),
        bytes: plan.bytes(),
    });
    Ok(plan)
}

/// What is asked for.
struct Worlds {
    /// By the variant.
    base: World,
    /// In all.
    all: World,
}

impl Worlds {
    fn of(recipe: &Recipe, settings: &Settings) -> Result<Self> {
        let variant = Dependency::parse_list(&settings.variant.packages.join(" "))
            .context(|| format!("cannot use variant `{}`", recipe.variant))?;
        let include = Dependency::parse_list(&recipe.include.join(" "))?;
        Ok(Self {
            base: variant.iter().cloned().collect(),
            all: variant.into_iter().chain(include).collect(),
        })
    }
}

/// Chooses the base, then the rest; keeps the recipe's versions where that can be done.
fn choose(
    recipe: &Recipe,
    worlds: &Worlds,
    acquired: &[Acquired],
) -> Result<(Universe, Solution, Solution)> {
    let packages = || acquired.iter().flat_map(|one| &one.index.packages).cloned();
    let tags = || -> Vec<_> {
        let tags = acquired.iter().map(|one| one.repository.tag.clone());
        tags.collect()
    };
    if !recipe.hold.is_empty() {
        let universe = Universe::new(held(packages().collect(), &recipe.hold), tags());
        match both(&universe, recipe, worlds) {
            Ok((base, include)) => return Ok((universe, base, include)),
            Err(error) if error.kind() == ErrorKind::Unsatisfiable => {}
            Err(error) => return Err(error),
        }
    }
    let universe = Universe::new(packages().collect(), tags());
    let (base, include) = both(&universe, recipe, worlds)?;
    Ok((universe, base, include))
}

/// Leaves out other versions of what is held, where the held one can still be had.
fn held(mut packages: Vec<Package>, hold: &BTreeMap<String, String>) -> Vec<Package> {
    let is_held = |package: &Package| hold.get(&package.name) == Some(&package.version);
    let there = packages.iter().filter(|package| is_held(package));
    let there: BTreeSet<String> = there.map(|package| package.name.clone()).collect();
    packages.retain(|package| !there.contains(&package.name) || is_held(package));
    packages
}

fn both(universe: &Universe, recipe: &Recipe, worlds: &Worlds) -> Result<(Solution, Solution)> {
    let request = |world: &World, hold: Vec<usize>| Request {
        world: world.dependencies().to_vec(),
        hold,
        exclude: recipe.exclude.clone(),
    };
    let base = solve(universe, &request(&worlds.base, Vec::new()))
        .context(|| format!("cannot choose the packages of `{}`", recipe.variant))?;
    let include = if worlds.all == worlds.base {
        Solution::default()
    } else {
        solve(universe, &request(&worlds.all, base.order.clone()))?
    };
    Ok((base, include))
}

/// Chooses the package that files are taken from without installing it; `None` if it is installed or unwanted.
fn borrowed(
    universe: &Universe,
    name: &str,
    base: &Solution,
    recipe: &Recipe,
) -> Result<Option<usize>> {
    let is_it = |place: &usize| universe.packages()[*place].name == name;
    if base.order.iter().any(is_it) || recipe.exclude.iter().any(|excluded| excluded == name) {
        return Ok(None);
    }
    let request = Request {
        world: Dependency::parse_list(name)?,
        hold: base.order.clone(),
        exclude: Vec::new(),
    };
    let found = solve(universe, &request)
        .context(|| format!("cannot choose the files of `{}`", recipe.variant))?;
    Ok(found.order.iter().copied().find(is_it))
}

/// Names the file of a chosen package and where it can be had.
fn artifact(
    package: &Package,
    recipe: &Recipe,
    acquired: &[Acquired],
    requested: &BTreeSet<&str>,
) -> Result<Artifact> {
    let from = &acquired[package.repository];
    let spec = from.index.pkgname_spec.as_deref();
    Ok(Artifact {
        name: package.name.clone(),
        version: package.version.clone(),
        arch: package.arch.clone(),
        size: package.size,
        proof: Proof::Identity(package.identity.clone()),
        urls: from.repository.package_urls(package, &recipe.arch, spec)?,
        requested: requested.contains(package.name.as_str()),
    })
}

fn signed_index(acquired: &Acquired) -> SignedIndex {
    SignedIndex {
        name: format!("{} index", acquired.repository.name),
        url: acquired.url.clone(),
        sha256: acquired.digest,
        date: acquired.index.date,
    }
}

fn words(world: &World) -> Vec<String> {
    let words = world.dependencies().iter().map(ToString::to_string);
    words.collect()
}

/// All keys there are, each once in a set.
fn key_files(recipe: &Recipe) -> Vec<KeyFile> {
    let own = recipe.archives.iter().map(|archive| &archive.keys);
    let mut files: Vec<KeyFile> = Vec::new();
    for (set, keys) in [&recipe.keys].into_iter().chain(own).enumerate() {
        for key in keys {
            let file = KeyFile {
                name: key.name.rsplit('/').next().unwrap_or_default().to_owned(),
                text: String::from_utf8_lossy(&key.bytes).into_owned(),
                set,
            };
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}
