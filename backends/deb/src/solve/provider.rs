//! Which of several packages that would do is tried first.

use super::{
    clause::{Alternative, Clause},
    state::Solver,
};
use crate::index::{MultiArch, Package, PackageId, SlotId};
use std::{cmp::Ordering, collections::VecDeque};

/// The candidates that meet a clause, in the order in which they are tried.
///
/// Alternatives are put in order when it comes to them: mostly it does not.
pub(super) struct Solutions<'c> {
    /// Candidates of each alternative still to come, unsorted.
    groups: VecDeque<(&'c Alternative<'c>, Vec<PackageId>)>,
    /// Candidates of the alternative at hand, the best last.
    sorted: Vec<PackageId>,
    count: usize,
}

impl Solutions<'_> {
    /// Tells whether there was just one to begin with.
    pub(super) fn is_only(&self) -> bool {
        self.count == 1
    }

    /// Yields the next one to try.
    pub(super) fn next(&mut self, solver: &Solver) -> Option<PackageId> {
        while self.sorted.is_empty() {
            let (alternative, mut group) = self.groups.pop_front()?;
            group.sort_by(|left, right| solver.compare_providers(alternative, *right, *left));
            self.sorted = group;
        }
        self.sorted.pop()
    }
}

impl Solver<'_> {
    /// Finds the candidates that meet a clause, which is not met yet.
    pub(super) fn solutions<'c>(&self, clause: &'c Clause<'c>) -> Solutions<'c> {
        let mut seen: Vec<PackageId> = Vec::new();
        let mut groups = VecDeque::new();
        for alternative in &clause.alternatives {
            let mut group = Vec::new();
            for target in &alternative.targets {
                let is_open = self.is_candidate(*target) && !self.is_ruled_out(self.slot(*target));
                if is_open && !seen.contains(target) {
                    seen.push(*target);
                    group.push(*target);
                }
            }
            // An alternative that names what the caller prefers goes first.
            let is_preferred = |id: &PackageId| {
                let name = self.universe.package(*id).name();
                name == alternative.relation.name && self.is_preferred(name)
            };
            if group.iter().any(is_preferred) {
                groups.push_front((alternative, group));
            } else {
                groups.push_back((alternative, group));
            }
        }
        Solutions {
            groups,
            sorted: Vec::new(),
            count: seen.len(),
        }
    }

    /// Orders two packages that satisfy one relation, the better first.
    ///
    /// The order is that of apt's `CompareProviders`, with the caller's preferences after what is there.
    fn compare_providers(
        &self,
        wanted: &Alternative,
        left: PackageId,
        right: PackageId,
    ) -> Ordering {
        let packages = [left, right].map(|id| self.universe.package(id));
        // True sorts first.
        let prefer = |test: &dyn Fn(&Package) -> bool| {
            let [left, right] = packages.each_ref().map(test);
            right.cmp(&left)
        };
        let state = |package: &Package| self.state(package.slot());
        let has_sibling =
            |it: &Package| it.multi_arch() == MultiArch::Same && self.has_current_sibling(it);
        prefer(&|it| state(it).is_protected)
            .then_with(|| prefer(&has_sibling))
            .then_with(|| prefer(&|it| state(it).current.is_some()))
            .then_with(|| prefer(&|it| self.is_preferred(it.name())))
            .then_with(|| prefer(&|it| it.name() == wanted.relation.name))
            .then_with(|| prefer(&|it| it.is_essential()))
            .then_with(|| prefer(&|it| it.is_protected()))
            .then_with(|| prefer(&|it| it.is_native()))
            .then_with(|| packages[0].own_arch().cmp(packages[1].own_arch()))
            .then_with(|| packages[0].priority().cmp(&packages[1].priority()))
            .then_with(|| self.compare_mentions(packages[0].slot(), packages[1].slot()))
    }

    /// Orders two slots, the one that the lists mention later first.
    fn compare_mentions(&self, left: SlotId, right: SlotId) -> Ordering {
        if left == right {
            return Ordering::Equal;
        }
        let mention = |slot| self.universe.first_mention(slot);
        mention(right).cmp(&mention(left))
    }

    /// Tells whether a package of this name is there, of whatever architecture.
    fn has_current_sibling(&self, package: &Package) -> bool {
        let siblings = self.universe.slots_named(package.name());
        siblings
            .into_iter()
            .any(|slot| self.current(slot).is_some())
    }
}
