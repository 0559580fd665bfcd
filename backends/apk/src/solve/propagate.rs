//! What follows from what is decided: dependencies rule packages out, and ask for names.

use super::state::{Asker, Reason, Solver, UNTAGGED};
use crate::relation::Dependency;

/// Counts a name in the `option`th of several candidates, if all before had it too; false if not or if already done.
fn merge(counter: &mut u32, options: u32) -> bool {
    let is_next = *counter == options;
    if is_next {
        *counter = options + 1;
    }
    is_next
}

/// Tells whether all candidates had a name, and forgets the count.
fn is_common(counter: &mut u32, options: u32) -> bool {
    std::mem::take(counter) == options
}

/// What was seen of the candidates for a name.
struct Candidates {
    first: Option<usize>,
    count: u32,
    not_allowed: u32,
}

impl Solver<'_> {
    /// Asks for all that the world names, then for the base as it is.
    pub(super) fn apply_world(&mut self) {
        for place in 0..self.world.len() {
            let asker = Asker {
                package: None,
                place,
            };
            self.apply(asker);
        }
        for package in self.hold.clone() {
            self.apply_held(package);
        }
    }

    /// The dependency somebody asks for, and the number of its name.
    pub(super) fn asked(&self, asker: Asker) -> (&Dependency, usize) {
        match asker.package {
            None => (&self.world[asker.place], self.world_names[asker.place]),
            Some(package) => {
                let dependency = &self.universe.package(package).depends[asker.place];
                let name = self.universe.depends.row(package)[asker.place];
                (dependency, name as usize)
            }
        }
    }

    /// Asks for all that a package depends on.
    pub(super) fn apply_depends(&mut self, package: usize) {
        for place in 0..self.universe.depends.row(package).len() {
            self.apply(Asker {
                package: Some(package),
                place,
            });
        }
    }

    /// Asks for one dependency: rules out what it does not mean, and lets the rest be taken by the asker's tags.
    fn apply(&mut self, asker: Asker) {
        let universe = self.universe;
        let (dependency, name) = self.asked(asker);
        let dependency = dependency.clone();
        if !dependency.conflict {
            self.require(name);
        }
        for provider in universe.providers(name) {
            let package = provider.package();
            if self.is_met(&dependency, Some(*provider)) {
                match asker.package {
                    Some(parent) => self.inherit_tags(package, parent),
                    None => self.prefer_tag(package, dependency.tag.as_deref()),
                }
            } else {
                self.packages[package].conflicts += 1;
                if self.is_selectable(package) {
                    self.rule_out(package, Reason::Unwanted(asker));
                }
            }
        }
    }

    /// Asks for a package of the base, and rules out all others with its name.
    fn apply_held(&mut self, held: usize) {
        let universe = self.universe;
        let name = universe.own(held);
        self.require(name);
        for provider in universe.providers(name) {
            let package = provider.package();
            if package != held && self.is_selectable(package) {
                self.packages[package].conflicts += 1;
                self.rule_out(package, Reason::Held(held));
            }
        }
    }

    /// Counts somebody more who asks for a name.
    fn require(&mut self, name: usize) {
        self.names[name].requirers += 1;
        if self.names[name].requirers == 1 {
            self.requirers_changed(name);
        }
    }

    fn requirers_changed(&mut self, name: usize) {
        self.queue_unresolved(name);
        self.recheck_pulled(name);
        self.queue_dirty(name);
    }

    /// Lets a package be taken by the tags that `parent` may be taken by.
    fn inherit_tags(&mut self, package: usize, parent: usize) {
        self.packages[package].tags |= self.packages[parent].tags;
        self.allow(package);
    }

    /// Lets a package be taken by the tag of a dependency of the world, and prefers the repositories with that tag.
    ///
    /// Repositories without a tag stay allowed: apk falls back to them, whatever apk-world(5) says of an error.
    fn prefer_tag(&mut self, package: usize, tag: Option<&str>) {
        let universe = self.universe;
        let tags = tag.and_then(|tag| universe.tag(tag)).unwrap_or(UNTAGGED);
        let preferred = universe.repositories(package) & universe.repositories_of(tags);
        let state = &mut self.packages[package];
        state.tags |= tags;
        state.is_preferred = preferred != 0;
        self.allow(package);
    }

    fn allow(&mut self, package: usize) {
        let allowed = self.universe.repositories_of(self.packages[package].tags);
        if self.universe.repositories(package) & allowed != 0 {
            self.packages[package].is_allowed = true;
        }
    }

    /// Tells whether a dependency can still be met.
    fn is_satisfiable(&self, dependency: &Dependency, name: usize) -> bool {
        let state = &self.names[name];
        if state.is_decided {
            return self.is_met(dependency, state.chosen);
        }
        let nobody_asks = state.requirers == 0 && self.is_met(dependency, None);
        let mut providers = self.universe.providers(name).iter();
        nobody_asks
            || providers.any(|provider| {
                self.is_selectable(provider.package()) && self.is_met(dependency, Some(*provider))
            })
    }

    /// Looks again at a name: which of its packages can still be chosen, and what all of them have in common.
    pub(super) fn reconsider(&mut self, name: usize) {
        let universe = self.universe;
        let check_depends = std::mem::take(&mut self.names[name].check_depends);
        let check_install_if = std::mem::take(&mut self.names[name].check_install_if);
        let mut candidates = Candidates {
            first: None,
            count: 0,
            not_allowed: 0,
        };
        let (mut is_pulled, mut is_never_pulled) = (false, true);
        for provider in universe.providers(name) {
            let package = provider.package();
            self.packages[package].is_merged = false;
            if check_depends && self.is_selectable(package) {
                self.check_depends(package);
            }
            if !self.is_selectable(package) {
                continue;
            }
            if check_install_if {
                self.check_install_if(package);
            }
            is_pulled |= self.packages[package].is_pulled;
            is_never_pulled &= self.packages[package].is_never_pulled;
            if self.names[name].requirers > 0 {
                let is_virtual = universe.version(*provider).is_none();
                self.merge_candidate(package, is_virtual, &mut candidates);
            }
        }
        let state = &mut self.names[name];
        state.has_options = candidates.count > 1 || candidates.not_allowed > 0;
        state.is_pulled = is_pulled;
        state.is_never_pulled = is_never_pulled;
        self.queue_unresolved(name);
        if let Some(first) = candidates.first {
            self.propagate_common(name, first, candidates.count);
        }
        let dependents = self.dependents.row(name).iter();
        let mut open = dependents.filter(|it| !self.names[**it as usize].is_decided);
        self.names[name].is_settled = open.next().is_none();
        self.queue_unresolved(name);
    }

    /// Rules a package out if one of its dependencies cannot be met any more.
    fn check_depends(&mut self, package: usize) {
        let universe = self.universe;
        let depends = &universe.package(package).depends;
        let mut names = universe.depends.row(package).iter();
        let is_unmet = |dependency: &Dependency| {
            let name = names.next().expect("each dependency has a number");
            !self.is_satisfiable(dependency, *name as usize)
        };
        if let Some(place) = depends.iter().position(is_unmet) {
            self.rule_out(package, Reason::Unmet(place));
        }
    }

    /// Sees whether all that would pull a package in is there, or can never be.
    fn check_install_if(&mut self, package: usize) {
        let universe = self.universe;
        let items = &universe.package(package).install_if;
        let names = universe.install_if.row(package);
        let state = &self.packages[package];
        if !state.is_pulled && !state.is_never_pulled {
            let mut is_pulled = true;
            let mut is_never_pulled = false;
            for (item, name) in items.iter().zip(names) {
                let state = &self.names[*name as usize];
                if state.is_decided && self.is_met(item, state.chosen) {
                    continue;
                }
                is_never_pulled = state.is_decided;
                is_pulled = false;
                break;
            }
            let state = &mut self.packages[package];
            state.is_pulled = is_pulled;
            state.is_never_pulled = is_never_pulled;
        }
        if self.packages[package].is_pulled {
            for name in names {
                match self.chosen(*name as usize) {
                    Some(parent) => self.inherit_tags(package, parent.package()),
                    // Nobody has the name of a conflict that is met. apk takes that for a tag nothing has.
                    None => self.packages[package].is_preferred = false,
                }
            }
        }
    }

    /// Adds a candidate to those that were seen, counting the names it depends on and those it has.
    fn merge_candidate(&mut self, package: usize, is_virtual: bool, seen: &mut Candidates) {
        let universe = self.universe;
        self.packages[package].is_merged = true;
        seen.first.get_or_insert(package);
        let depends = universe.package(package).depends.iter();
        for (dependency, name) in depends.zip(universe.depends.row(package)) {
            if !dependency.conflict {
                merge(&mut self.names[*name as usize].merged_depends, seen.count);
            }
        }
        for (place, (name, role)) in universe.roles(package).enumerate() {
            // For its own name, apk looks at the version under which it was met: an accident that is kept.
            let has_no_version = match place {
                0 => is_virtual,
                _ => universe.version(role).is_none(),
            };
            let state = &mut self.names[name];
            if merge(&mut state.merged_provides, seen.count) {
                state.has_virtual_provides |= has_no_version;
            }
        }
        seen.not_allowed += u32::from(!self.packages[package].is_allowed);
        seen.count += 1;
    }

    /// Asks for what all candidates for a name depend on, and rules out what cannot be beside any of them.
    fn propagate_common(&mut self, name: usize, first: usize, count: u32) {
        let universe = self.universe;
        for provider in universe.providers(name) {
            let state = &mut self.packages[provider.package()];
            state.is_in_group = state.is_merged;
        }
        for place in 0..universe.depends.row(first).len() {
            let needed = universe.depends.row(first)[place] as usize;
            if !is_common(&mut self.names[needed].merged_depends, count) {
                continue;
            }
            if count == 1 {
                let package = Some(first);
                self.apply(Asker { package, place });
            } else if self.names[needed].requirers == 0 {
                // Versions may differ between the candidates: only the name is asked for.
                self.names[needed].requirers += 1;
                self.requirers_changed(needed);
                for provider in universe.providers(needed) {
                    self.inherit_tags(provider.package(), first);
                }
            }
        }
        for (provided, _) in universe.roles(first) {
            if is_common(&mut self.names[provided].merged_provides, count) {
                self.rule_out_others(provided, name);
            }
        }
        for (provided, _) in universe.roles(first) {
            self.names[provided].has_virtual_provides = false;
        }
    }

    /// All candidates for `name` have `provided` too: others with that name could not be beside them, unless they are
    /// candidates themselves or have it without a version.
    fn rule_out_others(&mut self, provided: usize, name: usize) {
        if provided == name {
            return;
        }
        let universe = self.universe;
        let skips_virtual = self.names[provided].has_virtual_provides;
        for provider in universe.providers(provided) {
            let package = provider.package();
            let is_virtual = |role| skips_virtual && universe.version(role).is_none();
            let may_stay = !self.is_selectable(package)
                || is_virtual(*provider)
                || universe
                    .roles(package)
                    .any(|(it, role)| it == name || is_virtual(role));
            if !may_stay {
                self.rule_out(package, Reason::NotWith { name, provided });
            }
        }
    }
}
