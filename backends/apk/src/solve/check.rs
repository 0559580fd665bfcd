//! Going through a solution without trusting how it came about.

use super::{
    state::{Asker, Solver},
    universe::Provider,
};
use std::collections::BTreeMap;

/// Something that is not right with a set of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Nothing in the set is what somebody asks for.
    Unmet(Asker),
    /// A package in the set is what somebody forbids.
    Forbidden { asker: Asker, package: usize },
    /// Two packages, or one twice, have a name that only one may have.
    Clash { name: usize, packages: [usize; 2] },
    /// The package is only in repositories with tags it was not asked for by.
    NotAllowed(usize),
}

/// Finds what is not right with the packages of `set`: unmet dependencies, conflicts, names that two have.
pub(super) fn problems(solver: &Solver, set: &[usize]) -> Vec<Problem> {
    let universe = solver.universe;
    let mut problems = Vec::new();
    let mut present: BTreeMap<usize, Vec<Provider>> = BTreeMap::new();
    for package in set {
        if !solver.packages[*package].is_allowed {
            problems.push(Problem::NotAllowed(*package));
        }
        for (name, role) in universe.roles(*package) {
            let others = present.entry(name).or_default();
            let has_version = |it: &Provider| universe.version(*it).is_some();
            let clashes = |it: &&Provider| has_version(it) || has_version(&role);
            if let Some(other) = others.iter().find(clashes) {
                let packages = [other.package(), *package];
                problems.push(Problem::Clash { name, packages });
            }
            others.push(role);
        }
    }
    let of_world = (0..solver.world.len()).map(|place| (None, place));
    let of_packages = set.iter().flat_map(|package| {
        let count = universe.depends.row(*package).len();
        (0..count).map(|place| (Some(*package), place))
    });
    for (package, place) in of_world.chain(of_packages) {
        let asker = Asker { package, place };
        let (dependency, name) = solver.asked(asker);
        let providers = present.get(&name).map_or(&[][..], Vec::as_slice);
        let is_met = |provider: &&Provider| solver.is_met(dependency, Some(**provider));
        if !dependency.conflict && !providers.iter().any(|it| is_met(&it)) {
            problems.push(Problem::Unmet(asker));
        }
        let forbidden = providers
            .iter()
            .find(|it| dependency.conflict && !is_met(it));
        if let Some(forbidden) = forbidden {
            let package = forbidden.package();
            problems.push(Problem::Forbidden { asker, package });
        }
    }
    problems
}
