//! The order in which packages are installed.

use super::{Chosen, clause::Kind, state::Solver};
use crate::index::{PackageId, SlotId};
use boot_kit::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Packages in an order that respects dependencies.
pub(super) struct Sorted {
    pub packages: Vec<Chosen>,
    /// Where a new step begins, so that pre-dependencies can be configured before; never 0, ascending.
    pub cuts: Vec<usize>,
}

/// Puts packages after what they depend on, `base-files` before all.
///
/// Among packages that depend on each other in a circle, only Pre-Depends count; what is still open goes by name.
pub(super) fn sort(solver: &Solver, chosen: &[(SlotId, bool)]) -> Result<Sorted> {
    let nodes: Vec<Chosen> = chosen
        .iter()
        .filter_map(|(slot, requested)| {
            Some(Chosen {
                package: solver.state(*slot).install?,
                requested: *requested,
            })
        })
        .collect();
    let name = |chosen: &Chosen| {
        let package = solver.universe.package(chosen.package);
        (
            package.name() != "base-files",
            package.name(),
            package.own_arch(),
        )
    };
    let mut nodes = nodes;
    nodes.sort_by_key(name);
    let numbers: BTreeMap<PackageId, usize> = nodes
        .iter()
        .enumerate()
        .map(|(number, node)| (node.package, number))
        .collect();
    let mut graph = Graph::default();
    for node in &nodes {
        let (mut needs, mut needs_first) = (BTreeSet::new(), BTreeSet::new());
        for clause in solver.clauses(node.package)?.iter() {
            let is_first = clause.kind == Kind::PreDepends;
            if !is_first && clause.kind != Kind::Depends {
                continue;
            }
            let targets = clause.alternatives.iter().flat_map(|it| &it.targets);
            let targets = targets.filter_map(|target| numbers.get(target).copied());
            for number in targets {
                needs.insert(number);
                if is_first {
                    needs_first.insert(number);
                }
            }
        }
        graph.needs.push(needs.into_iter().collect());
        graph.needs_first.push(needs_first.into_iter().collect());
    }
    let Search {
        mut order, circles, ..
    } = graph.sort();
    let first = nodes.first().is_some_and(|node| !name(node).0);
    if first {
        order.retain(|number| *number != 0);
        order.insert(0, 0);
    }
    Ok(Sorted {
        cuts: graph.cuts(&order, &circles),
        packages: order.into_iter().map(|number| nodes[number]).collect(),
    })
}

/// Who needs whom, by number.
#[derive(Default)]
struct Graph {
    needs: Vec<Vec<usize>>,
    needs_first: Vec<Vec<usize>>,
}

/// A visit of Tarjan's search for circles.
#[derive(Clone, Copy, Default)]
struct Visit {
    index: usize,
    low: usize,
    is_open: bool,
}

/// What Tarjan's search knows.
struct Search {
    visits: Vec<Option<Visit>>,
    open: Vec<usize>,
    count: usize,
    order: Vec<usize>,
    /// Of each number, its circle: named by the first of its members that was visited.
    circles: Vec<usize>,
}

impl Graph {
    /// Sorts the numbers so that each comes after what it needs, the members of a circle one after the other.
    fn sort(&self) -> Search {
        let mut search = Search {
            visits: vec![None; self.needs.len()],
            open: Vec::new(),
            count: 0,
            order: Vec::with_capacity(self.needs.len()),
            circles: vec![0; self.needs.len()],
        };
        for number in 0..self.needs.len() {
            if search.visits[number].is_none() {
                self.visit(number, &mut search);
            }
        }
        search
    }

    /// Finds where in `order` a step must begin: before a circle that needs something first of the step so far.
    ///
    /// All before such a place is closed under dependencies, so it can be configured. Within a circle there is no such
    /// place.
    fn cuts(&self, order: &[usize], circles: &[usize]) -> Vec<usize> {
        let (mut cuts, mut at) = (Vec::new(), 0);
        let mut step: BTreeSet<usize> = BTreeSet::new();
        for circle in order.chunk_by(|one, other| circles[*one] == circles[*other]) {
            let mut needs_first = circle.iter().flat_map(|it| &self.needs_first[*it]);
            if needs_first.any(|need| step.contains(need)) {
                cuts.push(at);
                step.clear();
            }
            step.extend(circle);
            at += circle.len();
        }
        cuts
    }

    /// Visits a number and what it needs; writes a circle once all of it is known (Tarjan's algorithm).
    fn visit(&self, number: usize, search: &mut Search) -> Visit {
        let mut visit = Visit {
            index: search.count,
            low: search.count,
            is_open: true,
        };
        search.count += 1;
        search.visits[number] = Some(visit);
        search.open.push(number);
        for need in &self.needs[number] {
            let reached = match search.visits[*need] {
                None => self.visit(*need, search).low,
                Some(other) if other.is_open => other.index,
                Some(_) => continue,
            };
            visit.low = visit.low.min(reached);
        }
        search.visits[number] = Some(visit);
        if visit.low == visit.index {
            let start = search
                .open
                .iter()
                .rposition(|open| *open == number)
                .unwrap_or(0);
            let mut circle = search.open.split_off(start);
            circle.sort_unstable();
            for member in &circle {
                search.circles[*member] = number;
                if let Some(visit) = &mut search.visits[*member] {
                    visit.is_open = false;
                }
            }
            let mut done = BTreeSet::new();
            for member in &circle {
                self.write(*member, &circle, &mut done, &mut search.order);
            }
        }
        visit
    }

    /// Writes a member of a circle after those it pre-depends on.
    fn write(
        &self,
        number: usize,
        circle: &[usize],
        done: &mut BTreeSet<usize>,
        order: &mut Vec<usize>,
    ) {
        if !done.insert(number) {
            return;
        }
        for need in &self.needs_first[number] {
            if circle.binary_search(need).is_ok() {
                self.write(*need, circle, done, order);
            }
        }
        order.push(number);
    }
}
