//! Deciding who has a name.

use super::{
    state::{Fault, Reason, Solver},
    universe::Provider,
};
use crate::version;
use std::cmp::Ordering;

impl Solver<'_> {
    /// Decides all names that are asked for.
    pub(super) fn run(&mut self) {
        loop {
            while let Some(name) = self.dirty.pop_front() {
                // A name that was decided meanwhile stays on the list; apk takes it off then.
                if std::mem::take(&mut self.names[name].is_dirty) {
                    self.reconsider(name);
                }
            }
            let Some(name) = self.unresolved.first() else {
                return;
            };
            self.decide(name);
        }
    }

    /// Tells whether nobody may take the provider for a name by itself: it has the name without a version, no
    /// `provider_priority`, is not the only one, and nobody asks for its package.
    pub(super) fn needs_naming(&self, name: usize, provider: Provider) -> bool {
        let package = provider.package();
        let universe = self.universe;
        universe.version(provider).is_none()
            && universe.package(package).provider_priority == 0
            && universe.providers(name).len() > 1
            && self.names[universe.own(package)].requirers == 0
    }

    /// Chooses a package for a name, or nobody.
    fn decide(&mut self, name: usize) {
        let universe = self.universe;
        let is_required = self.names[name].requirers > 0;
        let mut best: Option<Provider> = None;
        for provider in universe.providers(name).iter().copied() {
            let state = &self.packages[provider.package()];
            // apk 2 forgets to ask whether it is ruled out by now, and gives up then; apk 3 leaves it out.
            let may_be_pulled = state.is_pulled && state.is_allowed && state.ruled_out.is_none();
            if !(is_required || may_be_pulled) || self.needs_naming(name, provider) {
                continue;
            }
            if best.is_none_or(|best| self.compare(provider, best) == Ordering::Greater) {
                best = Some(provider);
            }
        }
        let Some(chosen) = best.map(Provider::package) else {
            self.assign(name, None);
            if is_required {
                self.faults.push(Fault::Nobody(name));
            }
            return;
        };
        if !self.is_selectable(chosen) || !self.packages[chosen].is_allowed {
            self.faults.push(Fault::Broken(chosen));
        }
        for (name, role) in universe.roles(chosen) {
            self.assign(name, Some(role));
        }
        self.apply_depends(chosen);
    }

    /// Compares two providers of a name; the greater is chosen, of equals the first in the index.
    fn compare(&self, left: Provider, right: Provider) -> Ordering {
        let (one, other) = (left.package(), right.package());
        let (first, second) = (&self.packages[one], &self.packages[other]);
        let universe = self.universe;
        let (here, there) = (universe.package(one), universe.package(other));
        let by_state = self
            .is_selectable(one)
            .cmp(&self.is_selectable(other))
            .then_with(|| first.is_in_group.cmp(&second.is_in_group))
            .then_with(|| second.conflicts.cmp(&first.conflicts))
            .then_with(|| first.is_allowed.cmp(&second.is_allowed))
            .then_with(|| first.is_preferred.cmp(&second.is_preferred))
            .then_with(|| first.is_held.cmp(&second.is_held));
        let by_requested_version = || match (universe.version(left), universe.version(right)) {
            (Some(left), Some(right)) => version::compare(left, right),
            _ => Ordering::Equal,
        };
        let by_own_version = || {
            if universe.own(one) != universe.own(other) {
                return Ordering::Equal;
            }
            version::compare(&here.version, &there.version)
        };
        let repository = |package| universe.repositories(package).trailing_zeros();
        by_state
            .then_with(by_requested_version)
            .then_with(by_own_version)
            .then_with(|| here.provider_priority.cmp(&there.provider_priority))
            .then_with(|| repository(other).cmp(&repository(one)))
    }

    /// Decides a name. Only one package may have it, unless all have it without a version.
    fn assign(&mut self, name: usize, provider: Option<Provider>) {
        let universe = self.universe;
        let has_version = |it: Provider| universe.version(it).is_some();
        if self.names[name].is_decided {
            let (Some(chosen), Some(provider)) = (self.names[name].chosen, provider) else {
                // Nobody was to have it, and now somebody has.
                if let Some(provider) = provider.filter(|it| has_version(*it)) {
                    self.faults.push(Fault::Broken(provider.package()));
                }
                return;
            };
            if has_version(chosen) || has_version(provider) {
                let packages = [chosen.package(), provider.package()];
                self.faults.push(Fault::Clash { name, packages });
            }
            return;
        }
        self.names[name].is_decided = true;
        self.names[name].chosen = provider;
        self.names[name].is_dirty = false;
        self.unresolved.remove(name);
        let is_virtual = provider.is_none_or(|it| !has_version(it));
        for other in universe.providers(name) {
            let is_same = provider.is_some_and(|it| it.package() == other.package());
            if is_same || (is_virtual && !has_version(*other)) {
                continue;
            }
            let by = provider.map(Provider::package);
            self.rule_out(other.package(), Reason::Taken { name, by });
        }
        self.recheck_dependents(name);
        self.recheck_pulled(name);
    }
}
