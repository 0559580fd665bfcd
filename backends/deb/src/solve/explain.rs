//! Says why a request cannot be met.
//!
//! Follows what is asked for through everything it needs without a choice, and tells what stands in the way there: a
//! demand that nothing can meet, or two packages that exclude each other.

use super::{clause::Clause, request::Want, state::Solver};
use crate::index::{Package, PackageId, SlotId};
use boot_kit::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, VecDeque};

/// Problems told at most; the rest tends to follow from these.
const TOLD: usize = 3;

/// A demand of a package that cannot be met, or the package it excludes.
struct Problem {
    package: PackageId,
    /// The number of the clause.
    clause: usize,
    /// What is there and should not be; `None` if something is missing.
    against: Option<PackageId>,
}

/// What is found out about a failure.
struct Inquiry<'s, 'u> {
    solver: &'s Solver<'u>,
    wanted: BTreeMap<SlotId, PackageId>,
    /// Whether packages could be installed on the base, each alone.
    viable: BTreeMap<PackageId, bool>,
    /// What must be there, and what needs it; nothing for what is asked for.
    needed: BTreeMap<PackageId, Option<PackageId>>,
    problems: Vec<Problem>,
}

impl Solver<'_> {
    /// Makes the error for `wants` that could not be installed; `place` is where they were asked for.
    pub(super) fn explain(&self, wants: &[Want], place: &str) -> Result<Error> {
        let mut inquiry = Inquiry {
            solver: self,
            wanted: wants.iter().map(|want| (want.slot, want.package)).collect(),
            viable: BTreeMap::new(),
            needed: BTreeMap::new(),
            problems: Vec::new(),
        };
        inquiry.follow(wants)?;
        inquiry.find_conflicts()?;
        inquiry.tell(place)
    }
}

impl Inquiry<'_, '_> {
    /// Follows demands that leave no choice, and finds those that cannot be met.
    fn follow(&mut self, wants: &[Want]) -> Result<()> {
        let mut queue: VecDeque<PackageId> = wants.iter().map(|want| want.package).collect();
        self.needed
            .extend(queue.iter().map(|package| (*package, None)));
        while let Some(package) = queue.pop_front() {
            for (number, clause) in self.solver.clauses(package)?.iter().enumerate() {
                if clause.kind.is_negative() || !clause.kind.is_critical() {
                    continue;
                }
                let usable = self.usable(clause);
                let mut viable = Vec::new();
                for target in &usable {
                    if self.is_viable(*target)? {
                        viable.push(*target);
                    }
                }
                let next = match (&viable[..], &usable[..]) {
                    ([only], _) | ([], [only, ..]) => *only,
                    ([], []) => {
                        self.problems.push(Problem {
                            package,
                            clause: number,
                            against: None,
                        });
                        continue;
                    }
                    _ => continue,
                };
                let is_new = self.solver.current(self.solver.slot(next)).is_none();
                if is_new && !self.needed.contains_key(&next) {
                    self.needed.insert(next, Some(package));
                    queue.push_back(next);
                }
            }
        }
        Ok(())
    }

    /// The packages that meet a clause and may be taken at all.
    fn usable(&self, clause: &Clause) -> Vec<PackageId> {
        let mut usable: Vec<PackageId> = Vec::new();
        for target in clause.alternatives.iter().flat_map(|it| &it.targets) {
            if self.may_be_taken(*target) && !usable.contains(target) {
                usable.push(*target);
            }
        }
        usable
    }

    /// Tells whether a version is the one that would be taken of its package.
    fn may_be_taken(&self, target: PackageId) -> bool {
        let slot = self.solver.slot(target);
        let candidate = self
            .wanted
            .get(&slot)
            .copied()
            .or(self.solver.current(slot));
        let candidate = candidate.or(self.solver.universe.candidate(slot));
        candidate == Some(target) && !self.solver.is_excluded_slot(slot)
    }

    /// Tells whether a package could be installed on the base if nothing else were asked for.
    ///
    /// Packages that need each other are held for viable unless something else is wrong with them.
    fn is_viable(&mut self, package: PackageId) -> Result<bool> {
        if let Some(known) = self.viable.get(&package) {
            return Ok(*known);
        }
        self.viable.insert(package, true);
        let is_viable = self.solver.current(self.solver.slot(package)).is_some()
            || (!self.collides_with_base(package)? && self.needs_are_viable(package)?);
        self.viable.insert(package, is_viable);
        Ok(is_viable)
    }

    fn needs_are_viable(&mut self, package: PackageId) -> Result<bool> {
        for clause in self.solver.clauses(package)?.iter() {
            if clause.kind.is_negative() || !clause.kind.is_critical() {
                continue;
            }
            let mut is_met = false;
            for target in self.usable(clause) {
                is_met = is_met || self.is_viable(target)?;
            }
            if !is_met {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether a package and one of the base exclude each other.
    fn collides_with_base(&self, package: PackageId) -> Result<bool> {
        let is_current =
            |target: &PackageId| self.solver.current(self.solver.slot(*target)) == Some(*target);
        if self
            .excluded_by(package)?
            .iter()
            .any(|(_, target)| is_current(target))
        {
            return Ok(true);
        }
        for current in self.base() {
            if self
                .excluded_by(current)?
                .iter()
                .any(|(_, target)| *target == package)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The packages there already.
    fn base(&self) -> impl Iterator<Item = PackageId> + '_ {
        self.solver.states.iter().filter_map(|state| state.current)
    }

    /// What a package wants absent, each with the number of the clause.
    fn excluded_by(&self, package: PackageId) -> Result<Vec<(usize, PackageId)>> {
        let clauses = self.solver.clauses(package)?;
        let negative = clauses
            .iter()
            .enumerate()
            .filter(|(_, clause)| clause.kind.is_negative());
        let targets = negative.flat_map(|(number, clause)| {
            clause.alternatives[0]
                .targets
                .iter()
                .map(move |target| (number, *target))
        });
        Ok(targets.collect())
    }

    /// Finds pairs that exclude each other among what is needed and the base.
    fn find_conflicts(&mut self) -> Result<()> {
        let is_current = |it: PackageId| self.solver.current(self.solver.slot(it)) == Some(it);
        let mut found = Vec::new();
        for package in self.needed.keys().copied().chain(self.base()) {
            for (clause, target) in self.excluded_by(package)? {
                let is_there = self.needed.contains_key(&target) || is_current(target);
                let are_both_base = is_current(package) && is_current(target);
                if is_there && !are_both_base {
                    let against = Some(target);
                    found.push(Problem {
                        package,
                        clause,
                        against,
                    });
                }
            }
        }
        self.problems.extend(found);
        Ok(())
    }

    /// Puts the problems into words.
    fn tell(&self, place: &str) -> Result<Error> {
        let mut lines = vec![format!("no set of packages satisfies {place}:")];
        let mut hint = None;
        for problem in self.problems.iter().take(TOLD) {
            let clauses = self.solver.clauses(problem.package)?;
            let clause = &clauses[problem.clause];
            let relations = clause
                .alternatives
                .iter()
                .map(|it| format!("`{}`", it.relation));
            let relations: Vec<String> = relations.collect();
            let (chain, verb) = (self.chain(problem.package), clause.kind.verb());
            lines.push(format!("  {chain} {verb} {}", relations.join(" or ")));
            if let Some(against) = problem.against {
                let version = self.solver.universe.package(against).version();
                lines.push(format!(
                    "    {} {version} {}",
                    self.chain(against),
                    self.origin(against)
                ));
            } else {
                let (why, advice) = self.tell_unmet(clause);
                lines.extend(why.into_iter().map(|why| format!("    {why}")));
                hint = hint.or(advice);
            }
        }
        if self.problems.is_empty() {
            lines.push(
                "  choices that one of them leaves exclude those that others leave".to_owned(),
            );
        }
        let hint =
            hint.unwrap_or_else(|| "leave out one of those that exclude each other".to_owned());
        Ok(Error::new(ErrorKind::Unsatisfiable, lines.join("\n")).with_hint(hint))
    }

    /// Shows how a package came in, from what was asked for.
    fn chain(&self, package: PackageId) -> String {
        let mut names = vec![format!("`{}`", self.solver.universe.package(package))];
        let mut at = package;
        while let Some(Some(reason)) = self.needed.get(&at) {
            at = *reason;
            names.push(format!("`{}`", self.solver.universe.package(at)));
        }
        names.reverse();
        names.join(" → ")
    }

    fn origin(&self, package: PackageId) -> &'static str {
        match self.needed.get(&package) {
            Some(None) => "is asked for",
            Some(Some(_)) => "is needed",
            None => "is in the base",
        }
    }

    /// Says what there is of what a clause asks for, a line for each alternative, and what could be done.
    fn tell_unmet(&self, clause: &Clause) -> (Vec<String>, Option<String>) {
        let universe = self.solver.universe;
        let mut lines = Vec::new();
        let mut advice = None;
        for alternative in &clause.alternatives {
            let name = alternative.relation.name;
            let targets: Vec<Package> = alternative
                .targets
                .iter()
                .map(|it| universe.package(*it))
                .collect();
            let excluded = targets
                .iter()
                .find(|package| self.solver.is_excluded(package.name()));
            let named: Vec<Package> = universe.named(name).collect();
            if let Some(excluded) = excluded {
                lines.push(format!("`{excluded}` is excluded"));
                advice = Some(format!("no longer exclude `{excluded}`"));
            } else if !targets.is_empty() {
                let shown: Vec<String> = targets
                    .iter()
                    .take(3)
                    .map(|it| format!("`{it}` {}", it.version()))
                    .collect();
                lines.push(format!(
                    "{} would do, but another version is taken",
                    shown.join(", ")
                ));
                let exact = format!("{}={}", targets[0], targets[0].version());
                advice.get_or_insert(format!("ask for that version as well: `{exact}`"));
            } else if !named.is_empty() {
                let shown: Vec<String> = named
                    .iter()
                    .take(3)
                    .map(|it| format!("{} ({})", it.version(), it.arch()))
                    .collect();
                lines.push(format!("of `{name}` there is only {}", shown.join(", ")));
            } else if universe.providers(name).next().is_some() {
                lines.push(format!(
                    "`{name}` is only provided, in no version that would do"
                ));
            } else {
                lines.push(format!(
                    "there is no package `{name}`, and none provides it"
                ));
                advice.get_or_insert("add the suite or component that has it".to_owned());
            }
        }
        let advice = advice
            .or_else(|| Some("leave it out, or add a suite that has another version".to_owned()));
        (lines, advice)
    }
}
