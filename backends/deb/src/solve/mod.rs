//! Chooses packages as apt would.
//!
//! apt is the measure, so this follows the way its classic resolver takes: `mark` walks from what is asked for to
//! what that needs, each choice made when it is met; `repair` undoes choices that collide; `sweep` drops what was
//! chosen on the way and is needed by nothing in the end. An exact solver would find other, equally valid sets.
//!
//! The base is solved first and alone, in the two steps mmdebstrap takes: the essential packages in an empty root, then
//! priorities and names beside them. What is included comes last and cannot change it.

mod alternatives;
mod clause;
mod explain;
mod hold;
mod mark;
mod order;
mod provider;
mod repair;
mod request;
mod state;
mod suggest;
mod sweep;

pub use alternatives::alternatives;
pub use hold::hold;
pub use request::{Request, architectures};

use crate::index::{PackageId, Priority, SlotId, Universe};
use boot_kit::{Error, ErrorKind, Result};
use request::{Want, resolve_names};
use state::Solver;

/// The packages of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// The variant, in an order that respects dependencies; `base-files` is the first.
    pub base: Vec<Chosen>,
    /// What the includes add to it, in an order that respects dependencies.
    pub include: Vec<Chosen>,
    /// Where in `include` a package comes that pre-depends on one since the last such place: what is before it must
    /// be configured before the `preinst` of that package runs, and can be.
    pub cuts: Vec<usize>,
}

/// A package of a [`Solution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which one.
    pub package: PackageId,
    /// Whether apt would hold it for wanted by itself ("manually installed"). True for all that the essential packages
    /// bring: mmdebstrap installs them without apt, which therefore marks none as automatic.
    pub requested: bool,
}

/// Chooses the packages for `request`.
///
/// The outcome depends on nothing but the two arguments, and [`Solution::base`] not on the includes. Errors with
/// [`ErrorKind::Usage`] if a name is not known, with [`ErrorKind::Unsatisfiable`] if no set of packages will do; the
/// message has several lines then.
pub fn solve(universe: &Universe, request: &Request) -> Result<Solution> {
    Base::solve(universe, request)?.extended(request)
}

/// A base that is solved: several sets of includes can be tried on it.
pub struct Base<'u> {
    solver: Solver<'u>,
    chosen: Vec<Chosen>,
}

impl<'u> Base<'u> {
    /// Chooses the base of `request`, whatever it includes.
    pub fn solve(universe: &'u Universe<'u>, request: &Request) -> Result<Self> {
        let mut solver = Solver::new(universe, request)?;
        let mut chosen = Vec::new();
        if request.essential {
            let essential = seeds(universe, request, |id| universe.package(id).is_essential());
            let added = solver.install(&essential, "the base")?;
            chosen.extend(added.into_iter().map(|slot| (slot, true)));
        }
        let mut wants = resolve_names(universe, &solver, &request.names, "the base")?;
        let priorities = seeds(universe, request, |id| {
            let package = universe.package(id);
            let is_new = !request.essential || !package.is_essential();
            is_new && request.priorities.contains(&package.priority())
        });
        wants.extend(priorities);
        let added = solver.install(&wants, "the base")?;
        chosen.extend(
            added
                .into_iter()
                .map(|slot| (slot, !solver.is_automatic(slot))),
        );
        let chosen = order::sort(&solver, &chosen)?.packages;
        Ok(Self { solver, chosen })
    }

    /// Finds what `request` includes on top of it.
    pub fn include(&self, request: &Request) -> Result<Solution> {
        let base = Self {
            solver: self.solver.clone(),
            chosen: self.chosen.clone(),
        };
        base.extended(request)
    }

    fn extended(self, request: &Request) -> Result<Solution> {
        let Self { mut solver, chosen } = self;
        let wants = resolve_names(solver.universe, &solver, &request.include, "--include")?;
        refuse_other_versions(&solver, &wants)?;
        let added = solver.install(&wants, "--include")?;
        let added: Vec<(SlotId, bool)> = added
            .into_iter()
            .map(|slot| (slot, !solver.is_automatic(slot)))
            .collect();
        let sorted = order::sort(&solver, &added)?;
        Ok(Solution {
            base: chosen,
            include: sorted.packages,
            cuts: sorted.cuts,
        })
    }
}

/// Finds the native packages of the base suites that pass `test`, by name; of each its best version is wanted.
fn seeds(universe: &Universe, request: &Request, test: impl Fn(PackageId) -> bool) -> Vec<Want> {
    let mut found: Vec<(&str, SlotId)> = universe
        .packages()
        .filter(|package| package.is_base() && package.is_native() && test(package.id()))
        .filter(|package| !request.exclude.iter().any(|name| name == package.name()))
        .map(|package| (package.name(), package.slot()))
        .collect();
    found.sort_unstable();
    found.dedup();
    let want = |(_, slot)| Some(Want::new(slot, universe.candidate(slot)?));
    found.into_iter().filter_map(want).collect()
}

/// The base does not change: refuses wants of another version of what it has.
fn refuse_other_versions(solver: &Solver, wants: &[Want]) -> Result<()> {
    for want in wants {
        let Some(current) = solver.current(want.slot) else {
            continue;
        };
        if current != want.package {
            let (current, wanted) = (
                solver.universe.package(current),
                solver.universe.package(want.package),
            );
            let message = format!(
                "cannot include `{wanted}` {}: the base has version {}",
                wanted.version(),
                current.version()
            );
            return Err(Error::new(ErrorKind::Unsatisfiable, message).with_hint(
                "give the version up, or use a variant that does not have the package",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
