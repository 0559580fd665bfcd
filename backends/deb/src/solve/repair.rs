//! Undoes choices that collide.
//!
//! A walk from package to package makes some choices before it knows what forbids them: `a` may have brought in `x`
//! before `b` turns out to conflict with it. As in apt's `pkgProblemResolver`, every package gets a score from its
//! priority and from what depends on it; from the highest to the lowest, broken packages are given up, or what breaks
//! them is, whichever scores less; what is asked for is never given up but tries other ways to be satisfied.

use super::{
    clause::{Clause, Kind},
    request::Want,
    state::Solver,
};
use crate::index::{PackageId, Priority, SlotId};
use boot_kit::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Passes over all packages before giving up.
const PASSES: u32 = 20;

/// What one repair knows.
#[derive(Default)]
struct Repair {
    scores: BTreeMap<SlotId, i32>,
    wanted: BTreeSet<SlotId>,
    /// Slots that were tried as a way out already.
    tried: BTreeSet<SlotId>,
    pass: u32,
}

impl Repair {
    fn score(&self, slot: SlotId) -> i32 {
        self.scores.get(&slot).copied().unwrap_or(0)
    }
}

/// Whether an attempt to mend a package changed anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Same,
    Changed,
    /// The package was given up: its other demands do not matter.
    GivenUp,
}

impl Solver<'_> {
    /// Changes choices until nothing is broken or nothing helps.
    pub(super) fn repair(&mut self, wants: &[Want]) -> Result<()> {
        if self.broken()?.is_empty() {
            return Ok(());
        }
        let mut repair = Repair {
            wanted: wants.iter().map(|want| want.slot).collect(),
            ..Repair::default()
        };
        self.score(&mut repair)?;
        while repair.pass < PASSES {
            // What a mend brings in is looked at in the next pass.
            let mut order: Vec<SlotId> = self.installed().collect();
            order.sort_by_key(|slot| -repair.score(*slot));
            let mut changed = false;
            for slot in order {
                if self.is_broken(slot)? {
                    changed |= self.mend(&mut repair, slot)?;
                }
            }
            if !changed {
                break;
            }
            repair.pass += 1;
        }
        Ok(())
    }

    /// Gives every package that will be there a score.
    fn score(&self, repair: &mut Repair) -> Result<()> {
        let installed: Vec<(SlotId, PackageId)> = self
            .installed()
            .filter_map(|slot| Some((slot, self.state(slot).install?)))
            .collect();
        let scores = &mut repair.scores;
        for (slot, id) in &installed {
            let package = self.universe.package(*id);
            let is_vital = package.is_essential() || package.is_protected();
            let priority = match package.priority() {
                Priority::Required => 3,
                Priority::Important => 2,
                Priority::Standard => 1,
                Priority::Optional => -1,
                Priority::Extra => -2,
            };
            let is_current = self.current(*slot).is_some();
            *scores.entry(*slot).or_default() +=
                i32::from(is_vital) * 100 + priority + i32::from(is_current);
            for clause in self.clauses(*id)?.iter() {
                let weight = match clause.kind {
                    Kind::PreDepends | Kind::Depends | Kind::Recommends => 1,
                    Kind::Conflicts | Kind::Breaks => -1,
                    Kind::Suggests | Kind::Sibling => continue,
                };
                for slot in self.scored_by(clause) {
                    *scores.entry(slot).or_default() += weight;
                }
            }
        }
        // What important packages depend on is important.
        let old = scores.clone();
        for (slot, id) in &installed {
            let inherited = old.get(slot).copied().unwrap_or(0).max(0);
            for clause in self
                .clauses(*id)?
                .iter()
                .filter(|clause| !clause.kind.is_negative())
            {
                if clause.kind == Kind::Suggests {
                    continue;
                }
                for alternative in &clause.alternatives {
                    let name = alternative.relation.name;
                    let mut named = self.universe.slots_named(name);
                    named.retain(|target| self.state(*target).install.is_some());
                    for target in named {
                        *scores.entry(target).or_default() += inherited;
                    }
                }
            }
        }
        for (slot, id) in &installed {
            let package = self.universe.package(*id);
            let is_vital = package.is_essential() || package.is_protected();
            let bonus =
                i32::from(repair.wanted.contains(slot)) * 10_000 + i32::from(is_vital) * 5_000;
            *repair.scores.entry(*slot).or_default() += bonus;
        }
        Ok(())
    }

    /// The slots a clause adds to or takes from: what meets it, and what it names without a version.
    fn scored_by(&self, clause: &Clause) -> BTreeSet<SlotId> {
        let mut slots = BTreeSet::new();
        for alternative in &clause.alternatives {
            let installed = alternative
                .targets
                .iter()
                .filter(|target| self.is_installed(**target));
            slots.extend(installed.map(|target| self.slot(*target)));
            if alternative.relation.constraint.is_none() {
                let named = alternative
                    .targets
                    .iter()
                    .map(|target| self.universe.package(*target));
                let named = named.filter(|package| package.name() == alternative.relation.name);
                slots.extend(named.map(|package| package.slot()));
            }
        }
        slots
    }

    /// Tries to mend a broken package; tells whether anything changed.
    fn mend(&mut self, repair: &mut Repair, slot: SlotId) -> Result<bool> {
        let Some(package) = self.state(slot).install else {
            return Ok(false);
        };
        let mut changed = false;
        let mut condemned: Vec<SlotId> = Vec::new();
        for clause in self
            .clauses(package)?
            .iter()
            .filter(|clause| clause.kind.is_critical())
        {
            if self.is_met(clause) {
                continue;
            }
            let outcome = if clause.kind.is_negative() {
                self.mend_conflict(repair, slot, clause, &mut condemned)?
            } else {
                self.mend_need(repair, slot, clause)?
            };
            changed |= outcome != Outcome::Same;
            if outcome == Outcome::GivenUp {
                break;
            }
        }
        if self.state(slot).install.is_none() {
            return Ok(changed);
        }
        for other in condemned {
            let is_gone = self.state(other).current.is_none() && self.keep(other);
            changed |= is_gone;
            // What could not be removed weighs as much as what wants it gone, from now on.
            if (!is_gone || repair.pass > 1) && repair.score(slot) > repair.score(other) {
                repair.scores.insert(other, repair.score(slot));
                changed = true;
            }
        }
        Ok(changed)
    }

    /// A package that should not be there is: the one that scores less goes.
    fn mend_conflict(
        &mut self,
        repair: &mut Repair,
        slot: SlotId,
        clause: &Clause,
        condemned: &mut Vec<SlotId>,
    ) -> Result<Outcome> {
        let targets: Vec<PackageId> = clause.alternatives[0].targets.clone();
        for target in targets {
            if !self.is_installed(target) {
                continue;
            }
            let other = self.slot(target);
            if repair.score(slot) <= repair.score(other) {
                if self.state(slot).is_protected {
                    if self.reinstate(repair, other, 0)? {
                        let score = repair.score(other).min(repair.score(slot));
                        repair.scores.insert(other, score);
                        return Ok(Outcome::Changed);
                    }
                    continue;
                }
                let was_new = self.state(slot).is_new();
                self.keep(slot);
                return Ok(if was_new {
                    Outcome::GivenUp
                } else {
                    Outcome::Same
                });
            }
            if !self.state(other).is_protected {
                condemned.push(other);
            }
        }
        Ok(Outcome::Same)
    }

    /// A package that should be there is not: it is brought in for what is protected; other packages are given up.
    fn mend_need(&mut self, repair: &mut Repair, slot: SlotId, clause: &Clause) -> Result<Outcome> {
        let mut outcome = Outcome::Same;
        for alternative in &clause.alternatives {
            for target in &alternative.targets {
                let other = self.slot(*target);
                if !self.state(slot).is_protected {
                    let was_new = self.state(slot).is_new();
                    self.keep(slot);
                    return Ok(if was_new {
                        Outcome::GivenUp
                    } else {
                        Outcome::Same
                    });
                }
                if self.reinstate(repair, other, 0)? {
                    let score = repair.score(other).min(repair.score(slot));
                    repair.scores.insert(other, score);
                    outcome = Outcome::Changed;
                    break;
                }
            }
            if self.is_met(clause) {
                return Ok(Outcome::Changed);
            }
        }
        let is_hopeless = clause.alternatives.iter().all(|it| it.targets.is_empty());
        if is_hopeless && !self.state(slot).is_protected && self.state(slot).is_new() {
            self.keep(slot);
            return Ok(Outcome::GivenUp);
        }
        Ok(outcome)
    }

    /// Tries to bring a package in with all it needs; each is tried once.
    fn reinstate(&mut self, repair: &mut Repair, slot: SlotId, depth: u32) -> Result<bool> {
        let state = *self.state(slot);
        let is_open = state.current.is_none() && state.candidate.is_some();
        if !is_open || depth > 500 || repair.wanted.contains(&slot) || !repair.tried.insert(slot) {
            return Ok(false);
        }
        let was_kept = state.install.is_none();
        if !self.mark_install(slot, false, 0, false)? {
            return Ok(false);
        }
        let Some(package) = self.state(slot).install else {
            return Ok(false);
        };
        for clause in self
            .clauses(package)?
            .iter()
            .filter(|clause| clause.kind.is_critical())
        {
            // Conflicts are for the next pass.
            if self.is_met(clause) || clause.kind.is_negative() {
                continue;
            }
            let mut is_met = false;
            let mut solutions = self.solutions(clause);
            while let Some(solution) = solutions.next(self) {
                let other = self.slot(solution);
                if !self.state(other).is_protected && self.reinstate(repair, other, depth + 1)? {
                    is_met = true;
                    break;
                }
            }
            if !is_met {
                if was_kept {
                    self.keep(slot);
                }
                return Ok(false);
            }
        }
        Ok(true)
    }
}
