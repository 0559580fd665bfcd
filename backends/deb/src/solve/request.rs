//! What is asked for, and which packages its names mean.

use super::{Priority, state::Solver, suggest};
use crate::index::{Package, PackageId, SlotId, Universe};
use boot_kit::{Error, ErrorKind, Result};

/// Which packages an image should have.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Whether the base has all `Essential: yes` packages of the base suites.
    pub essential: bool,
    /// Of which priorities the base has all packages of the base suites.
    pub priorities: Vec<Priority>,
    /// What the base has besides, e.g. `apt`; the syntax of [`include`](Self::include).
    pub names: Vec<String>,
    /// Names to take where apt would choose between several, e.g. `usr-is-merged`, `mawk`.
    pub prefer: Vec<String>,
    /// What comes on top of the base: `name`, `name:arch`, `name=version`, `name/suite`.
    pub include: Vec<String>,
    /// Names that are never chosen.
    pub exclude: Vec<String>,
    /// Whether what packages recommend is taken as well, where it can be had.
    pub recommends: bool,
}

/// A package that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub slot: SlotId,
    pub package: PackageId,
    /// Whether its dependencies may be taken from the list it is in, where others do not fit (`name/suite`).
    pub by_suite: bool,
}

impl Want {
    pub(super) fn new(slot: SlotId, package: PackageId) -> Self {
        Self {
            slot,
            package,
            by_suite: false,
        }
    }
}

/// Finds the foreign architectures that `include` names, in order; the universe must have been read with them.
pub fn architectures(native: &str, include: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for spec in include {
        let arch = Spec::parse(spec).arch.unwrap_or(native);
        if ![native, "native", "any", "all"].contains(&arch) && !found.iter().any(|it| it == arch) {
            found.push(arch.to_owned());
        }
    }
    found
}

/// The names in `specs`, without what is said of version, suite or architecture.
pub(super) fn names(specs: &[String]) -> impl Iterator<Item = &str> {
    specs.iter().map(|spec| Spec::parse(spec).name)
}

/// A name as the user gave it, taken apart.
struct Spec<'s> {
    name: &'s str,
    arch: Option<&'s str>,
    version: Option<&'s str>,
    suite: Option<&'s str>,
}

impl<'s> Spec<'s> {
    fn parse(text: &'s str) -> Self {
        let (rest, version) = match text.split_once('=') {
            Some((rest, version)) => (rest, Some(version)),
            None => (text, None),
        };
        let (rest, suite) = match rest.split_once('/') {
            Some((rest, suite)) if version.is_none() => (rest, Some(suite)),
            _ => (rest, None),
        };
        let (name, arch) = match rest.split_once(':') {
            Some((name, arch)) => (name, Some(arch)),
            None => (rest, None),
        };
        Self {
            name,
            arch,
            version,
            suite,
        }
    }
}

/// Finds the packages that `specs` mean; `place` is where the user said so.
///
/// Unknown names are all told in one error.
pub(super) fn resolve_names(
    universe: &Universe,
    solver: &Solver,
    specs: &[String],
    place: &str,
) -> Result<Vec<Want>> {
    let mut wants: Vec<Want> = Vec::with_capacity(specs.len());
    let mut errors = Vec::new();
    for text in specs {
        match resolve(universe, solver, text) {
            Ok(want) if wants.contains(&want) => {}
            Ok(want) => wants.push(want),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        return Ok(wants);
    }
    if errors.len() == 1 {
        return Err(errors.remove(0));
    }
    let lines: Vec<String> = errors
        .iter()
        .map(|error| match error.hint() {
            Some(hint) => format!("\n  {error}: {hint}"),
            None => format!("\n  {error}"),
        })
        .collect();
    let message = format!(
        "{} names in {place} cannot be used:{}",
        errors.len(),
        lines.concat()
    );
    Err(Error::new(ErrorKind::Usage, message).with_hint("correct or remove these names"))
}

fn resolve(universe: &Universe, solver: &Solver, text: &str) -> Result<Want> {
    let refuse = |message: String| Error::new(ErrorKind::Usage, message);
    let spec = Spec::parse(text);
    let arch = match spec.arch {
        None | Some("native" | "any" | "all") => universe.native(),
        Some(arch) => arch,
    };
    if solver.is_excluded(spec.name) {
        let message = format!("package `{}` is both asked for and excluded", spec.name);
        return Err(refuse(message).with_hint("remove it from one of the two lists"));
    }
    let is_meant = |package: &Package| package.own_arch() == arch;
    let mut versions: Vec<Package> = universe.named(spec.name).filter(is_meant).collect();
    if versions.is_empty()
        && let Some(provider) = only_provider(universe, solver, &spec, arch)?
    {
        let ids = universe.versions(provider.slot());
        versions = ids.iter().map(|id| universe.package(*id)).collect();
    }
    let Some(first) = versions.first() else {
        return Err(suggest::unknown(universe, spec.name, arch));
    };
    let slot = first.slot();
    let listed = || {
        let shown: Vec<&str> = versions.iter().take(5).map(Package::version).collect();
        format!("choose one of the versions there are: {}", shown.join(", "))
    };
    if let Some(version) = spec.version {
        let pattern = version.strip_suffix('*');
        let is_asked = |package: &&Package| match pattern {
            Some(start) => package.version().starts_with(start),
            None => package.version() == version,
        };
        let found = versions.iter().find(is_asked).ok_or_else(|| {
            refuse(format!(
                "package `{}` has no version `{version}`",
                spec.name
            ))
            .with_hint(listed())
        })?;
        return Ok(Want::new(slot, found.id()));
    }
    if let Some(suite) = spec.suite {
        let found = versions.iter().find(|package| package.is_in_suite(suite));
        let found = found.ok_or_else(|| {
            let message = format!("suite `{suite}` has no package `{}`", spec.name);
            refuse(message).with_hint(suggest::suites(universe))
        })?;
        return Ok(Want {
            by_suite: true,
            ..Want::new(slot, found.id())
        });
    }
    // What is there already is what is meant.
    let candidate = solver
        .current(slot)
        .or(universe.candidate(slot))
        .ok_or_else(|| {
            let message = format!("package `{}` has no version that may be chosen", spec.name);
            refuse(message).with_hint(listed())
        })?;
    Ok(Want::new(slot, candidate))
}

/// Finds the package that stands for a virtual one: the only provider, or a preferred one.
fn only_provider<'u>(
    universe: &'u Universe,
    solver: &Solver,
    spec: &Spec,
    arch: &str,
) -> Result<Option<Package<'u>>> {
    let mut providers: Vec<Package> = Vec::new();
    for provider in universe.providers(spec.name) {
        let is_new = !providers
            .iter()
            .any(|known| known.slot() == provider.slot());
        let is_usable = provider.own_arch() == arch
            && universe.candidate(provider.slot()) == Some(provider.id())
            && provider
                .provides()?
                .iter()
                .any(|relation| relation.name == spec.name);
        if is_new && is_usable && !solver.is_excluded(provider.name()) {
            providers.push(provider);
        }
    }
    providers.sort_by_key(Package::name);
    let preferred = providers
        .iter()
        .find(|provider| solver.is_preferred(provider.name()));
    if let Some(provider) = preferred {
        return Ok(Some(*provider));
    }
    if providers.len() > 1 {
        let message = format!(
            "package `{}` is virtual: several packages provide it",
            spec.name
        );
        let names: Vec<String> = providers.iter().take(5).map(ToString::to_string).collect();
        let more = if providers.len() > 5 { ", …" } else { "" };
        let hint = format!("name one of them instead: {}{more}", names.join(", "));
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    Ok(providers.first().copied())
}
