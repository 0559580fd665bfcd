//! Finding every name that could matter, before anything is decided.

use super::{
    names::number,
    state::{PackageState, Reason, Solver, UNTAGGED},
    universe::Rows,
};

/// A name whose providers are being visited.
struct Visit {
    name: usize,
    provider: usize,
    /// The next dependency of the provider's package; `None` before the package is begun.
    dependency: Option<usize>,
    /// The next name that this one may pull in.
    pulled: usize,
}

impl Solver<'_> {
    /// Discovers all that the world and the base can lead to.
    pub(super) fn discover(&mut self) {
        let held: Vec<usize> = self.hold.iter().map(|it| self.universe.own(*it)).collect();
        for package in self.hold.clone() {
            self.packages[package].is_held = true;
        }
        for name in self.world_names.clone().into_iter().chain(held) {
            self.discover_name(name);
        }
        self.find_dependents();
    }

    /// Visits a name, all that its providers depend on, and all that it may pull in.
    ///
    /// The depth is that of the longest chain of dependencies, too much for recursion.
    fn discover_name(&mut self, name: usize) {
        let universe = self.universe;
        let mut stack: Vec<Visit> = Vec::new();
        self.enter(name, &mut stack);
        while let Some(visit) = stack.last_mut() {
            let name = visit.name;
            let Some(provider) = universe.providers(name).get(visit.provider) else {
                let Some(pulled) = universe.pulled_by(name).get(visit.pulled) else {
                    stack.pop();
                    continue;
                };
                visit.pulled += 1;
                self.enter(*pulled as usize, &mut stack);
                continue;
            };
            let package = provider.package();
            let depends = universe.depends.row(package);
            let place = match visit.dependency {
                Some(place) => {
                    // A name that is still being visited has not its full chain: an accident of apk's, kept.
                    let below = self.names[depends[place - 1] as usize].chain + 1;
                    let state = &mut self.packages[package];
                    state.chain = state.chain.max(below);
                    place
                }
                None if self.packages[package].is_seen => depends.len(),
                None => {
                    self.begin(package);
                    0
                }
            };
            if let Some(dependency) = depends.get(place) {
                visit.dependency = Some(place + 1);
                self.enter(*dependency as usize, &mut stack);
                continue;
            }
            visit.provider += 1;
            visit.dependency = None;
            let (state, package) = (&mut self.names[name], &self.packages[package]);
            state.is_never_pulled &= package.is_never_pulled;
            state.chain = state.chain.max(package.chain);
        }
    }

    /// Begins with a name, if it is new.
    fn enter(&mut self, name: usize, stack: &mut Vec<Visit>) {
        let state = &mut self.names[name];
        if state.is_seen {
            return;
        }
        state.is_seen = true;
        state.is_never_pulled = true;
        stack.push(Visit {
            name,
            provider: 0,
            dependency: None,
            pulled: 0,
        });
    }

    /// Sets what is known of a package before anybody asks for it.
    fn begin(&mut self, package: usize) {
        let universe = self.universe;
        let is_excluded = self.exclude.contains(&universe.own(package));
        let untagged = universe.repositories_of(UNTAGGED);
        let it = universe.package(package);
        let is_held = self.packages[package].is_held;
        // apk treats packages without contents as made up on the spot, whatever repository they are from, so tags do
        // not keep them away.
        let is_preferred = it.installed_size == 0 || universe.repositories(package) & untagged != 0;
        self.packages[package] = PackageState {
            is_seen: true,
            ruled_out: (is_excluded && !is_held).then_some(Reason::Excluded),
            is_never_pulled: it.install_if.is_empty(),
            tags: UNTAGGED,
            is_preferred,
            is_allowed: is_preferred || is_held,
            is_held,
            ..PackageState::default()
        };
    }

    /// Collects who depends on whom, of the names that were seen.
    fn find_dependents(&mut self) {
        let universe = self.universe;
        let mut seen: Vec<usize> = (0..self.names.len())
            .filter(|name| self.names[*name].is_seen)
            .collect();
        seen.sort_by_key(|name| universe.names.walk_order(*name));
        let mut pairs = Vec::new();
        let mut latest = vec![None; self.names.len()];
        for name in seen {
            for provider in universe.providers(name) {
                for needed in universe.depends.row(provider.package()) {
                    let needed = *needed as usize;
                    if latest[needed].replace(name) != Some(name) {
                        pairs.push((needed, number(name)));
                    }
                }
            }
        }
        self.dependents = Rows::sorted(self.names.len(), &pairs);
    }
}
