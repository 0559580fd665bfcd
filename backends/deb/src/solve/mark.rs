//! From what is asked for to what that needs.
//!
//! The way apt's `pkgDepCache::MarkInstall` takes: for a package, what it conflicts with is ruled out, then each
//! demand not yet met is met by the first of its solutions that can be installed, depth first. What a requested package
//! needs without alternative is protected, and so on through the chain, so that later choices cannot undo it.

use super::{clause::Clause, state::Solver};
use crate::index::{MultiArch, PackageId, SlotId};
use boot_kit::Result;

/// Chains of dependencies longer than this are given up, as apt does.
const DEEPEST: u32 = 3000;

impl Solver<'_> {
    /// Marks a slot's candidate for installation and, if `with_needs`, what it needs; tells whether that worked.
    ///
    /// A failure may leave dependencies marked that nothing needs: [`Solver::sweep`] finds them.
    pub(super) fn mark_install(
        &mut self,
        slot: SlotId,
        with_needs: bool,
        depth: u32,
        from_user: bool,
    ) -> Result<bool> {
        let state = *self.state(slot);
        let is_kept_base =
            state.is_protected && state.current.is_some() && state.candidate == state.current;
        if depth > DEEPEST || (!is_kept_base && !self.may_install(slot, from_user)) {
            return Ok(false);
        }
        let Some(package) = state.candidate else {
            return Ok(false);
        };
        if !state.is_protected && !self.is_broken(slot)? && state.install.is_some() {
            return Ok(true);
        }
        if !from_user && !self.is_in_step_with_siblings(slot, package) {
            return Ok(false);
        }
        if with_needs && state.current != Some(package) && !self.can_be_satisfied(slot, package)? {
            return Ok(false);
        }
        if from_user {
            self.choose(slot, package, true);
        }
        let fails_early = !state.is_protected && !from_user;
        let clauses = self.clauses(package)?;
        // What is protected hands its protection on, even to what is there already.
        let is_open = |solver: &Self, clause: &&Clause| {
            // What is there already was chosen without its recommendations.
            let is_followed = state.current.is_none() && solver.follows(clause);
            (clause.kind.is_critical() || is_followed)
                && (state.is_protected || !solver.is_met(clause))
        };
        let open: Vec<&Clause> = clauses.iter().filter(|it| is_open(self, it)).collect();
        let (unwanted, missing): (Vec<&Clause>, Vec<&Clause>) = open
            .into_iter()
            .partition(|clause| clause.kind.is_negative());
        let mut works = !with_needs || self.rule_out(&unwanted, state.is_protected, from_user);
        if !works && fails_early {
            return Ok(false);
        }
        if !from_user {
            self.choose(slot, package, false);
        }
        if !with_needs {
            return Ok(works);
        }
        self.state_mut(slot).is_protected = true;
        let met = self.meet(&missing, state.is_protected, from_user, depth);
        self.state_mut(slot).is_protected = state.is_protected;
        if !met? {
            if fails_early {
                self.discard(slot);
                return Ok(false);
            }
            works = false;
        }
        Ok(works)
    }

    /// Tells whether the recommendations in a clause are wanted.
    fn follows(&self, clause: &Clause) -> bool {
        self.recommends && clause.kind == super::clause::Kind::Recommends
    }

    /// Tells whether a slot that is not yet marked may be.
    fn may_install(&self, slot: SlotId, from_user: bool) -> bool {
        let state = self.state(slot);
        from_user || state.is_new() || !state.is_protected
    }

    /// Several architectures of a `Multi-Arch: same` package must be of one version.
    fn is_in_step_with_siblings(&self, slot: SlotId, package: PackageId) -> bool {
        let package = self.universe.package(package);
        if package.multi_arch() != MultiArch::Same || self.state(slot).install == Some(package.id())
        {
            return true;
        }
        self.universe
            .slots_named(package.name())
            .into_iter()
            .all(|sibling| {
                let Some(current) = self.current(sibling) else {
                    return true;
                };
                let current = self.universe.package(current);
                sibling == slot
                    || current.multi_arch() != MultiArch::Same
                    || current.version() == package.version()
            })
    }

    /// Looks one step ahead: a package that needs something no candidate offers is ruled out, unless it is protected.
    fn can_be_satisfied(&mut self, slot: SlotId, package: PackageId) -> Result<bool> {
        let clauses = self.clauses(package)?;
        let is_hopeless = |clause: &Clause| {
            clause.kind.is_critical()
                && !clause.kind.is_negative()
                && !self.is_met(clause)
                && !self.is_possible(clause)
        };
        if !clauses.iter().any(is_hopeless) {
            return Ok(true);
        }
        let state = self.state_mut(slot);
        if !state.is_protected {
            state.candidate = state.current;
        }
        Ok(false)
    }

    /// Marks a slot, by request or because something needs it.
    fn choose(&mut self, slot: SlotId, package: PackageId, is_request: bool) {
        let state = self.state_mut(slot);
        if state.current.is_some() || (state.is_protected && state.install == Some(package)) {
            return;
        }
        state.install = Some(package);
        state.is_automatic = !is_request;
        self.touched.insert(slot);
    }

    /// Takes a mark back and rules the candidate out.
    fn discard(&mut self, slot: SlotId) {
        let state = self.state_mut(slot);
        state.install = state.current;
        state.candidate = state.current;
    }

    /// Takes a mark back, unless it is protected; tells whether the slot is as it was before the step.
    pub(super) fn keep(&mut self, slot: SlotId) -> bool {
        let state = self.state_mut(slot);
        if !state.is_new() {
            return true;
        }
        if state.is_protected {
            return false;
        }
        state.install = None;
        true
    }

    /// Makes sure that nothing meant by `clauses` will be there.
    fn rule_out(&mut self, clauses: &[&Clause], is_protected: bool, from_user: bool) -> bool {
        let mut works = true;
        let targets = clauses
            .iter()
            .flat_map(|clause| &clause.alternatives[0].targets);
        for target in targets {
            let slot = self.slot(*target);
            if self.current(slot) == Some(*target) {
                // The base stays as it is.
                works = false;
            } else if self.state(slot).candidate != Some(*target) {
                continue;
            } else if self.state(slot).is_new() && !self.keep(slot) {
                works = false;
            } else if is_protected {
                let state = self.state_mut(slot);
                state.candidate = state.install;
                state.is_protected |= state.current.is_none();
            }
            if !works && !is_protected && !from_user {
                return false;
            }
        }
        works
    }

    /// Meets each of `clauses`, in order.
    fn meet(
        &mut self,
        clauses: &[&Clause],
        is_protected: bool,
        from_user: bool,
        depth: u32,
    ) -> Result<bool> {
        let mut works = true;
        for clause in clauses {
            let is_critical = clause.kind.is_critical();
            if self.is_met(clause) {
                if is_protected && is_critical {
                    works &= self.protect_only_solution(clause, depth)?;
                }
                continue;
            }
            let mut solutions = self.solutions(clause);
            let is_only = is_protected && is_critical && solutions.is_only();
            let mut is_met = false;
            while let Some(solution) = solutions.next(self) {
                let slot = self.slot(solution);
                if self.state(slot).candidate != Some(solution) {
                    continue;
                }
                if is_only {
                    if !self.mark_install(slot, false, depth + 1, false)? {
                        continue;
                    }
                    self.state_mut(slot).is_protected = true;
                }
                if self.mark_install(slot, true, depth + 1, false)? {
                    is_met = true;
                    break;
                }
            }
            if !is_met && is_critical {
                works = false;
                if !is_protected && !from_user {
                    return Ok(false);
                }
            }
        }
        Ok(works)
    }

    /// Protects what meets a clause if nothing else could.
    fn protect_only_solution(&mut self, clause: &Clause, depth: u32) -> Result<bool> {
        let targets = clause
            .alternatives
            .iter()
            .flat_map(|it| &it.targets)
            .copied();
        let mut slots: Vec<SlotId> = targets
            .filter(|target| self.is_candidate(*target) || self.is_installed(*target))
            .map(|target| self.slot(target))
            .filter(|slot| !self.is_ruled_out(*slot))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let [slot] = slots[..] else {
            return Ok(true);
        };
        if self.state(slot).is_protected {
            return Ok(true);
        }
        self.state_mut(slot).is_protected = true;
        self.mark_install(slot, true, depth + 1, false)
    }

    /// Tells whether a slot is protected in the state of not being there.
    pub(super) fn is_ruled_out(&self, slot: SlotId) -> bool {
        let state = self.state(slot);
        state.is_protected && state.install.is_none()
    }
}
