//! Says why a request cannot be met.

use super::{clause::Clause, request::Want, state::Solver};
use crate::index::{Package, PackageId, SlotId};
use boot_kit::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// What stands against a request.
enum Problem {
    /// Nothing meets a demand of this package; the number is that of the clause.
    Unmet(PackageId, usize),
    /// The first will not be there together with the second; the number is that of its clause.
    Conflict(PackageId, usize, PackageId),
}

/// Problems told at most; the rest tends to follow from these.
const TOLD: usize = 3;

impl Solver<'_> {
    /// Makes the error for `wants` that could not be installed.
    pub(super) fn explain(&self, wants: &[Want], place: &str) -> Result<Error> {
        // The same walk without regard to conflicts: everything the request would bring in, and why.
        let mut reasons: BTreeMap<PackageId, Option<PackageId>> = BTreeMap::new();
        let mut chosen: BTreeMap<SlotId, PackageId> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::new();
        for want in wants {
            reasons.insert(want.package, None);
            chosen.insert(want.slot, want.package);
            queue.push_back(want.package);
        }
        let mut problems = Vec::new();
        while let Some(package) = queue.pop_front() {
            for (number, clause) in self.clauses(package)?.iter().enumerate() {
                if clause.kind.is_negative() || !clause.kind.is_critical() {
                    continue;
                }
                let targets = || {
                    clause
                        .alternatives
                        .iter()
                        .flat_map(|it| &it.targets)
                        .copied()
                };
                let is_there = |target: PackageId| {
                    let slot = self.slot(target);
                    self.current(slot) == Some(target) || chosen.get(&slot) == Some(&target)
                };
                if targets().any(is_there) {
                    continue;
                }
                let is_free = |target: &PackageId| {
                    let slot = self.slot(*target);
                    !self.is_excluded_slot(slot)
                        && self.universe.candidate(slot) == Some(*target)
                        && chosen.get(&slot).is_none()
                        && self.current(slot).is_none()
                };
                let marked = targets().find(|target| is_free(target) && self.is_installed(*target));
                match marked.or_else(|| targets().find(is_free)) {
                    Some(target) => {
                        chosen.insert(self.slot(target), target);
                        reasons.insert(target, Some(package));
                        queue.push_back(target);
                    }
                    None => problems.push(Problem::Unmet(package, number)),
                }
            }
        }
        self.find_conflicts(&chosen, &mut problems)?;
        self.tell(&reasons, &problems, place)
    }

    /// Finds pairs among the base and what was chosen that exclude each other.
    fn find_conflicts(
        &self,
        chosen: &BTreeMap<SlotId, PackageId>,
        problems: &mut Vec<Problem>,
    ) -> Result<()> {
        let current = self.states.iter().filter_map(|state| state.current);
        for package in chosen.values().copied().chain(current) {
            for (number, clause) in self.clauses(package)?.iter().enumerate() {
                if !clause.kind.is_negative() {
                    continue;
                }
                for target in &clause.alternatives[0].targets {
                    let slot = self.slot(*target);
                    let is_there =
                        self.current(slot) == Some(*target) || chosen.get(&slot) == Some(target);
                    let are_both_base =
                        [package, *target].map(|it| self.current(self.slot(it)).is_some());
                    if is_there && are_both_base != [true, true] {
                        problems.push(Problem::Conflict(package, number, *target));
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts the problems into words.
    fn tell(
        &self,
        reasons: &BTreeMap<PackageId, Option<PackageId>>,
        problems: &[Problem],
        place: &str,
    ) -> Result<Error> {
        let mut message = format!("no set of packages satisfies {place}:");
        let mut hint = None;
        for problem in problems.iter().take(TOLD) {
            message += "\n  ";
            match *problem {
                Problem::Unmet(package, number) => {
                    let clauses = self.clauses(package)?;
                    message += &self.chain(package, reasons);
                    message += &format!(" {}", self.tell_clause(&clauses[number]));
                    let (why, advice) = self.tell_unmet(&clauses[number]);
                    message += &format!("\n    {why}");
                    hint = hint.or(advice);
                }
                Problem::Conflict(package, number, target) => {
                    let clauses = self.clauses(package)?;
                    message += &self.chain(package, reasons);
                    message += &format!(" {}", self.tell_clause(&clauses[number]));
                    let other = self.universe.package(target);
                    message += &format!(
                        "\n    {} {} {}",
                        self.chain(target, reasons),
                        other.version(),
                        self.tell_place(target, reasons)
                    );
                }
            }
        }
        if problems.is_empty() {
            message += "\n  the choices made for one package exclude those of another";
        }
        let hint =
            hint.unwrap_or_else(|| "leave out one of the packages that exclude each other".into());
        Ok(Error::new(ErrorKind::Unsatisfiable, message).with_hint(hint))
    }

    /// Writes how a package came in: "`a` → `b` → `c`", from what was asked for.
    fn chain(
        &self,
        package: PackageId,
        reasons: &BTreeMap<PackageId, Option<PackageId>>,
    ) -> String {
        let mut names = vec![format!("`{}`", self.universe.package(package))];
        let mut at = package;
        while let Some(Some(reason)) = reasons.get(&at) {
            at = *reason;
            names.push(format!("`{}`", self.universe.package(at)));
        }
        names.reverse();
        names.join(" → ")
    }

    fn tell_place(
        &self,
        target: PackageId,
        reasons: &BTreeMap<PackageId, Option<PackageId>>,
    ) -> &'static str {
        match reasons.get(&target) {
            Some(None) => "is asked for as well",
            Some(Some(_)) => "is needed as well",
            None => "is in the base",
        }
    }

    fn tell_clause(&self, clause: &Clause) -> String {
        let relations: Vec<String> = clause
            .alternatives
            .iter()
            .map(|it| format!("`{}`", it.relation))
            .collect();
        format!("{} {}", clause.kind.verb(), relations.join(" or "))
    }

    /// Says what there is of what a clause asks for, and what could be done.
    fn tell_unmet(&self, clause: &Clause) -> (String, Option<String>) {
        let mut said = Vec::new();
        let mut advice = None;
        for alternative in &clause.alternatives {
            let name = alternative.relation.name;
            if self.is_excluded(name) {
                said.push(format!("`{name}` is excluded"));
                advice = Some(format!("remove `{name}` from --exclude"));
                continue;
            }
            let versions: Vec<Package> = self.universe.named(name).collect();
            let targets = &alternative.targets;
            if let Some(excluded) = targets
                .iter()
                .find(|it| self.is_excluded_slot(self.slot(**it)))
            {
                let excluded = self.universe.package(*excluded);
                said.push(format!(
                    "`{excluded}`, which provides `{name}`, is excluded"
                ));
                advice = Some(format!("remove `{excluded}` from --exclude"));
            } else if versions.is_empty() && targets.is_empty() {
                said.push(format!(
                    "there is no package `{name}`, and none that provides it"
                ));
            } else if targets.is_empty() {
                let shown: Vec<String> = versions
                    .iter()
                    .take(3)
                    .map(|package| format!("{} ({})", package.version(), package.arch()))
                    .collect();
                let shown = if shown.is_empty() {
                    "only provided without a version".into()
                } else {
                    shown.join(", ")
                };
                said.push(format!("of `{name}` there is: {shown}"));
            } else {
                let shown: Vec<String> = targets
                    .iter()
                    .take(3)
                    .map(|it| {
                        let package = self.universe.package(*it);
                        format!("`{package}` {}", package.version())
                    })
                    .collect();
                said.push(format!(
                    "{} would do, but another version is taken",
                    shown.join(", ")
                ));
                advice.get_or_insert_with(|| {
                    format!("ask for that version by name, e.g. `{name}=VERSION`")
                });
            }
        }
        if advice.is_none() && said.iter().any(|line| line.starts_with("there is no")) {
            advice =
                Some("add the component or suite that has it, e.g. with --components".to_owned());
        }
        (said.join("; "), advice)
    }
}
