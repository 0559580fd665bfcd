//! What is decided so far.

use super::{
    clause::{Alternative, Clause, Kind, clauses},
    request::{Request, Want},
};
use crate::index::{PackageId, SlotId, Universe};
use boot_kit::{Error, ErrorKind, Result};
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// What is decided of one name and architecture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// The version that would be taken; `None` once it is ruled out.
    pub candidate: Option<PackageId>,
    /// The version that will be there.
    pub install: Option<PackageId>,
    /// The version that is there already, from the step before; it never changes.
    pub current: Option<PackageId>,
    /// Only what protected it may change it.
    pub is_protected: bool,
    /// Chosen because something needed it, not asked for.
    pub is_automatic: bool,
}

impl State {
    /// Tells whether it is chosen in this step.
    pub(super) fn is_new(&self) -> bool {
        self.install.is_some() && self.current.is_none()
    }
}

/// The decisions of one step, and all that is needed to make them.
#[derive(Clone)]
pub(super) struct Solver<'u> {
    pub universe: &'u Universe<'u>,
    pub states: Vec<State>,
    /// Slots that are or were chosen in this step.
    pub touched: BTreeSet<SlotId>,
    pub recommends: bool,
    prefer: Rc<[String]>,
    exclude: Rc<[String]>,
    clauses: RefCell<HashMap<PackageId, Rc<[Clause<'u>]>>>,
}

impl<'u> Solver<'u> {
    /// Starts with an empty root.
    pub(super) fn new(universe: &'u Universe<'u>, request: &Request) -> Result<Self> {
        let mut solver = Self {
            universe,
            states: vec![State::default(); universe.slot_count()],
            touched: BTreeSet::new(),
            recommends: request.recommends,
            prefer: request.prefer.clone().into(),
            exclude: request.exclude.clone().into(),
            clauses: RefCell::default(),
        };
        for (slot, state) in solver.states.iter_mut().enumerate() {
            state.candidate = universe.candidate(SlotId::new(slot));
        }
        for name in &request.exclude {
            let slots = universe.slots_named(name);
            if slots.is_empty() {
                let message = format!("excluded package `{name}` does not exist");
                return Err(Error::new(ErrorKind::Usage, message)
                    .with_hint("correct or remove the name in --exclude"));
            }
            for slot in slots {
                solver.state_mut(slot).candidate = None;
            }
        }
        Ok(solver)
    }

    /// Chooses `wants` and what they need; returns what was added, sorted by slot.
    ///
    /// `place` is where they were asked for. What is added becomes the ground of the next step.
    pub(super) fn install(&mut self, wants: &[Want], place: &str) -> Result<Vec<SlotId>> {
        self.touched.clear();
        let before: Vec<(SlotId, State)> = wants
            .iter()
            .map(|want| (want.slot, *self.state(want.slot)))
            .collect();
        for want in wants {
            self.state_mut(want.slot).candidate = Some(want.package);
            if want.by_suite {
                self.follow_suite(want.package)?;
            }
        }
        for want in wants {
            self.state_mut(want.slot).is_protected = true;
            self.mark_install(want.slot, false, 0, true)?;
        }
        for want in wants {
            self.mark_install(want.slot, true, 0, true)?;
        }
        self.repair(wants)?;
        let broken = self.broken()?;
        if !broken.is_empty()
            || wants
                .iter()
                .any(|want| self.state(want.slot).install.is_none())
        {
            for (slot, state) in before {
                *self.state_mut(slot) = state;
            }
            return Err(self.explain(wants, place)?);
        }
        self.sweep(wants)?;
        let added: Vec<SlotId> = self
            .touched
            .iter()
            .copied()
            .filter(|slot| self.state(*slot).is_new())
            .collect();
        for state in &mut self.states {
            state.is_protected = false;
        }
        for slot in &added {
            let state = self.state_mut(*slot);
            state.current = state.install;
        }
        self.reset_candidates();
        Ok(added)
    }

    /// Takes what a step ruled out back into consideration.
    fn reset_candidates(&mut self) {
        for number in 0..self.states.len() {
            let slot = SlotId::new(number);
            let candidate = self.universe.candidate(slot);
            let state = &mut self.states[number];
            state.candidate = state.current.or(candidate);
        }
        for name in &*Rc::clone(&self.exclude) {
            for slot in self.universe.slots_named(name) {
                self.state_mut(slot).candidate = None;
            }
        }
    }

    /// Lets the dependencies of a package asked for by suite come from that suite, where their candidates do not fit.
    fn follow_suite(&mut self, package: PackageId) -> Result<()> {
        let list = self.universe.package(package).list().suites;
        let mut queue = vec![package];
        while let Some(package) = queue.pop() {
            for clause in self.clauses(package)?.iter() {
                let is_needed = matches!(clause.kind, Kind::PreDepends | Kind::Depends);
                if !is_needed || self.is_met(clause) || self.is_possible(clause) {
                    continue;
                }
                let targets = clause.alternatives.iter().flat_map(|it| &it.targets);
                let in_suite = |id: &&PackageId| self.universe.package(**id).list().suites == list;
                let found = targets.copied().find(|id| in_suite(&id));
                if let Some(target) = found {
                    let slot = self.slot(target);
                    let is_free =
                        self.state(slot).current.is_none() && !self.is_excluded_slot(slot);
                    if is_free {
                        self.state_mut(slot).candidate = Some(target);
                        queue.push(target);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn slot(&self, package: PackageId) -> SlotId {
        self.universe.package(package).slot()
    }

    pub(super) fn state(&self, slot: SlotId) -> &State {
        &self.states[slot.0 as usize]
    }

    pub(super) fn state_mut(&mut self, slot: SlotId) -> &mut State {
        &mut self.states[slot.0 as usize]
    }

    /// The version that was there before this step.
    pub(super) fn current(&self, slot: SlotId) -> Option<PackageId> {
        self.state(slot).current
    }

    pub(super) fn is_automatic(&self, slot: SlotId) -> bool {
        self.state(slot).is_automatic
    }

    pub(super) fn is_excluded(&self, name: &str) -> bool {
        self.exclude.iter().any(|excluded| excluded == name)
    }

    pub(super) fn is_excluded_slot(&self, slot: SlotId) -> bool {
        let first = self.universe.versions(slot)[0];
        self.is_excluded(self.universe.package(first).name())
    }

    pub(super) fn is_preferred(&self, name: &str) -> bool {
        self.prefer.iter().any(|preferred| preferred == name)
    }

    /// What a package asks of others.
    pub(super) fn clauses(&self, package: PackageId) -> Result<Rc<[Clause<'u>]>> {
        if let Some(known) = self.clauses.borrow().get(&package) {
            return Ok(Rc::clone(known));
        }
        let read: Rc<[Clause]> = clauses(self.universe, package)?.into();
        self.clauses.borrow_mut().insert(package, Rc::clone(&read));
        Ok(read)
    }

    /// Tells whether this very version will be there.
    pub(super) fn is_installed(&self, package: PackageId) -> bool {
        self.state(self.slot(package)).install == Some(package)
    }

    /// Tells whether this very version would be taken.
    pub(super) fn is_candidate(&self, package: PackageId) -> bool {
        self.state(self.slot(package)).candidate == Some(package)
    }

    /// Tells whether one of the packages meant will be there.
    pub(super) fn has_target(&self, alternative: &Alternative) -> bool {
        alternative
            .targets
            .iter()
            .any(|target| self.is_installed(*target))
    }

    /// Tells whether a clause holds among what will be there.
    pub(super) fn is_met(&self, clause: &Clause) -> bool {
        let has_target = clause.alternatives.iter().any(|it| self.has_target(it));
        has_target != clause.kind.is_negative()
    }

    /// Tells whether candidates could make a positive clause hold.
    pub(super) fn is_possible(&self, clause: &Clause) -> bool {
        let mut targets = clause.alternatives.iter().flat_map(|it| &it.targets);
        targets.any(|target| self.is_candidate(*target))
    }

    /// Tells whether a package will be there with a demand that is not met.
    pub(super) fn is_broken(&self, slot: SlotId) -> Result<bool> {
        let Some(package) = self.state(slot).install else {
            return Ok(false);
        };
        let clauses = self.clauses(package)?;
        Ok(clauses
            .iter()
            .any(|clause| clause.kind.is_critical() && !self.is_met(clause)))
    }

    /// Everything that will be there.
    pub(super) fn installed(&self) -> impl Iterator<Item = SlotId> + '_ {
        (0..self.states.len())
            .filter(|number| self.states[*number].install.is_some())
            .map(SlotId::new)
    }

    /// Everything that will be there and is broken.
    pub(super) fn broken(&self) -> Result<Vec<SlotId>> {
        let mut broken = Vec::new();
        for slot in self.installed() {
            if self.is_broken(slot)? {
                broken.push(slot);
            }
        }
        Ok(broken)
    }
}
