//! What is decided so far.

use super::{
    Request,
    queue::{Queue, Turn},
    universe::{Provider, Rows, Universe},
};
use crate::relation::Dependency;
use std::collections::VecDeque;

/// The tags everything may be taken from: only "untagged".
pub(super) const UNTAGGED: u64 = 1;

/// What is decided of one name.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, as in apk"
)]
pub(super) struct NameState {
    pub is_decided: bool,
    /// Who has the name, once that is decided; `None` then means nobody.
    pub chosen: Option<Provider>,
    /// How often it was asked for.
    pub requirers: u32,
    /// How many candidates in a row of the name that is looked at depend on this one, see `propagate`.
    pub merged_depends: u32,
    /// The same of what they provide.
    pub merged_provides: u32,
    pub has_virtual_provides: bool,
    /// The longest chain of dependencies below it, as far as discovery saw it.
    pub chain: u32,
    pub is_seen: bool,
    /// No package of the name can be pulled in by `install_if` any more.
    pub is_never_pulled: bool,
    /// A package of the name is pulled in by `install_if`.
    pub is_pulled: bool,
    /// There is a choice to make, which better waits.
    pub has_options: bool,
    /// All names that might still ask for this one are decided.
    pub is_settled: bool,
    pub check_depends: bool,
    pub check_install_if: bool,
    pub is_dirty: bool,
    /// For [`order`](super::order): it had its turn.
    pub is_ordered: bool,
}

/// What is decided of one package.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, as in apk"
)]
pub(super) struct PackageState {
    pub is_seen: bool,
    /// Why it may not be chosen.
    pub ruled_out: Option<Reason>,
    /// How many dependencies it is not what is meant by.
    pub conflicts: u32,
    /// All items of its `install_if` are there.
    pub is_pulled: bool,
    /// One item of its `install_if` cannot be there any more, or it has none.
    pub is_never_pulled: bool,
    /// The tags it may be taken by.
    pub tags: u64,
    /// It is in a repository it may be taken from.
    pub is_allowed: bool,
    /// It is in a repository it is best taken from.
    pub is_preferred: bool,
    pub is_merged: bool,
    /// It was a candidate when its name was last looked at.
    pub is_in_group: bool,
    pub is_held: bool,
    pub chain: u32,
    pub is_ordered: bool,
}

/// Who asks: the world, or a package. With the place of what is asked for in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asker {
    pub package: Option<usize>,
    pub place: usize,
}

/// Why a package may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The request excludes its name.
    Excluded,
    /// Somebody asks for another version, or for it not to be there.
    Unwanted(Asker),
    /// It has a dependency, at this place of its list, that nothing can meet any more.
    Unmet(usize),
    /// All candidates of the first name provide the second, and this package, which has the second, not the first.
    NotWith { name: usize, provided: usize },
    /// Another package, or nobody, was given a name that only one may have.
    Taken { name: usize, by: Option<usize> },
    /// The base has another version.
    Held(usize),
}

/// Something that went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing better than this ruled out or not allowed package was left.
    Broken(usize),
    /// Both have a name that only one may have.
    Clash { name: usize, packages: [usize; 2] },
    /// Somebody asks for the name, and nothing is to be chosen.
    Nobody(usize),
}

/// The decisions of one run and all that is needed to make them.
pub(super) struct Solver<'u> {
    pub universe: &'u Universe,
    pub world: Vec<Dependency>,
    /// The number of each name in `world`.
    pub world_names: Vec<usize>,
    pub hold: Vec<usize>,
    pub exclude: Vec<usize>,
    pub names: Vec<NameState>,
    pub packages: Vec<PackageState>,
    /// Names that must be looked at again, in this order.
    pub dirty: VecDeque<usize>,
    /// Names that must be decided.
    pub unresolved: Queue,
    /// For each name the names of packages that depend on it, of those that are seen, in the order apk has them.
    pub dependents: Rows<u32>,
    pub faults: Vec<Fault>,
}

impl<'u> Solver<'u> {
    /// Starts with nothing decided. The names of the world must all occur in the universe.
    pub(super) fn new(universe: &'u Universe, request: &Request) -> Self {
        let mut world = request.world.clone();
        world.sort_by(|left, right| left.name.cmp(&right.name));
        let find = |name: &str| universe.names.find(name);
        // A conflict with what does not exist is met.
        world.retain(|it| find(&it.name).is_some());
        let world_names = world.iter().filter_map(|it| find(&it.name)).collect();
        Self {
            world,
            world_names,
            hold: request.hold.clone(),
            exclude: request.exclude.iter().filter_map(|it| find(it)).collect(),
            names: vec![NameState::default(); universe.names.len()],
            packages: vec![PackageState::default(); universe.packages().len()],
            dirty: VecDeque::new(),
            unresolved: Queue::default(),
            dependents: Rows::default(),
            faults: Vec::new(),
            universe,
        }
    }

    /// Tells whether a package may be chosen.
    pub(super) fn is_selectable(&self, package: usize) -> bool {
        self.packages[package].ruled_out.is_none()
    }

    /// Tells whether a provider is what the dependency asks for; of a conflict, whether it is not what it forbids.
    pub(super) fn is_met(&self, dependency: &Dependency, provider: Option<Provider>) -> bool {
        let Some(provider) = provider else {
            return dependency.conflict;
        };
        let identity = &self.universe.package(provider.package()).identity;
        let is_named = dependency.names(self.universe.version(provider), identity);
        // An identity says exactly what is meant, so apk does not turn it round for a conflict.
        let turns =
            dependency.conflict && dependency.comparison != crate::relation::Comparison::Identity;
        is_named != turns
    }

    /// The package chosen for a name that is decided.
    pub(super) fn chosen(&self, name: usize) -> Option<Provider> {
        self.names[name].chosen
    }

    /// Puts a name on the list of those to look at again, unless nobody cares for it.
    pub(super) fn queue_dirty(&mut self, name: usize) {
        let state = &mut self.names[name];
        let matters = state.requirers > 0 || state.check_install_if;
        if !state.is_dirty && !state.is_decided && matters {
            state.is_dirty = true;
            self.dirty.push_back(name);
        }
    }

    /// Puts a name among those to decide, or takes it off, and tells how soon it is to be decided.
    pub(super) fn queue_unresolved(&mut self, name: usize) {
        let state = &self.names[name];
        if state.is_decided {
            return;
        }
        if state.requirers == 0 && !state.is_pulled {
            self.unresolved.remove(name);
            return;
        }
        let turn = Turn {
            is_ready: state.is_settled && state.requirers > 0 && !state.has_options,
            is_asked_for: state.requirers > 0,
            provided: self.provided_rank(name),
            chain: state.chain,
        };
        self.unresolved.set(name, turn);
    }

    /// 0 if only packages of the name have it, 2 if only others do, 1 if both.
    fn provided_rank(&self, name: usize) -> u8 {
        let providers = self.universe.providers(name);
        let is_provided = |it: &&Provider| self.universe.own(it.package()) != name;
        match providers.iter().filter(is_provided).count() {
            0 => 0,
            count if count != providers.len() => 1,
            _ => 2,
        }
    }

    /// Looks again at the dependencies of all that depend on a name.
    pub(super) fn recheck_dependents(&mut self, name: usize) {
        for place in 0..self.dependents.row(name).len() {
            let dependent = self.dependents.row(name)[place] as usize;
            self.names[dependent].check_depends = true;
            self.queue_dirty(dependent);
        }
    }

    /// Looks again at the `install_if` of all that a name may pull in.
    pub(super) fn recheck_pulled(&mut self, name: usize) {
        let universe = self.universe;
        for pulled in universe.pulled_by(name) {
            let pulled = *pulled as usize;
            let state = &mut self.names[pulled];
            if state.is_seen && !state.is_never_pulled {
                state.check_install_if = true;
                self.queue_dirty(pulled);
            }
        }
    }

    /// Says that a package may not be chosen; the first reason stays.
    pub(super) fn rule_out(&mut self, package: usize, reason: Reason) {
        self.packages[package].ruled_out.get_or_insert(reason);
        let universe = self.universe;
        for (name, _) in universe.roles(package) {
            self.recheck_dependents(name);
        }
        self.recheck_pulled(universe.own(package));
    }
}
