//! Chooses packages as apk would.
//!
//! apk is the measure, in its version 2.14: what it takes for a fresh root, and in which order it installs that. So
//! this follows the way its solver goes (`src/solver.c` there, "up- and down-propagating, forward checking,
//! deductive"), which decides one name after the other and never takes a decision back:
//!
//! 1. [`discover`]: find every name that the world could lead to, through dependencies and `install_if`.
//! 2. [`propagate`]: each dependency rules out the packages it does not mean. What all candidates for a name depend on
//!    is asked for even before one is chosen; what could be beside none of them is ruled out.
//! 3. [`choose`]: when nothing more follows, the next name is decided, and what follows from that is looked at again.
//! 4. [`order`]: walk from the sorted world through what was chosen.
//!
//! Then [`check`] goes through the result by itself, knowing nothing of how it came about: what apk would leave broken
//! is refused here, in the words of [`explain`].

mod check;
mod choose;
mod discover;
mod explain;
mod names;
mod near;
mod order;
mod propagate;
mod queue;
mod state;
mod universe;

pub use universe::Universe;

use crate::relation::Dependency;
use boot_kit::Result;
use state::Solver;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What the root must have, or (`!name`) must not have; in any order.
    pub world: Vec<Dependency>,
    /// Packages that are there already, by their place in the universe. They stay as they are.
    pub hold: Vec<usize>,
    /// Names of packages that must not be chosen. They may still be provided by others.
    pub exclude: Vec<String>,
}

/// The packages of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// What is to be installed, by place in the universe, in apk's order; what is held is not among it.
    pub order: Vec<usize>,
    /// For each of `order` the tag it was taken by, if by any; apk notes it in its database (`s:`).
    pub tags: Vec<Option<String>>,
}

/// Chooses the packages for `request`.
///
/// The outcome depends on nothing but the two arguments. Errors with [`boot_kit::ErrorKind::Usage`] if a name or tag
/// of the request is not known, with [`boot_kit::ErrorKind::Unsatisfiable`] if apk would find no set of packages; the
/// message has several lines then.
pub fn solve(universe: &Universe, request: &Request) -> Result<Solution> {
    near::refuse_unknown(universe, request)?;
    let mut solver = Solver::new(universe, request);
    solver.discover();
    solver.apply_world();
    solver.run();
    let order = solver.order();
    let problems = check::problems(&solver, &order);
    if !problems.is_empty() || !solver.faults.is_empty() {
        return Err(explain::explain(&solver, &problems));
    }
    let order: Vec<usize> = order
        .into_iter()
        .filter(|package| !solver.packages[*package].is_held)
        .collect();
    let tags = order.iter().map(|package| tag(&solver, *package)).collect();
    Ok(Solution { order, tags })
}

/// The first tag by which a package was allowed; none if it needed none.
fn tag(solver: &Solver, package: usize) -> Option<String> {
    let universe = solver.universe;
    let repositories = universe.repositories(package);
    if repositories & universe.repositories_of(state::UNTAGGED) != 0 {
        return None;
    }
    let allowed = solver.packages[package].tags;
    let mut tags = universe.tags().iter().enumerate();
    let first = tags.find(|(place, _)| {
        let tag = 1 << (place + 1);
        allowed & tag != 0 && repositories & universe.repositories_of(tag) != 0
    });
    first.map(|(_, tag)| tag.clone())
}
