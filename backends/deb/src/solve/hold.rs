//! Versions that stay as they are, unless what is asked for wants others.
//!
//! A held version is made the candidate of its package. Where candidates then do not fit each other, because an update
//! of one package wants a newer version of another, holds are given up until they do: as few as a walk from demand to
//! demand finds. What is chosen in the end is the solver's business, as ever.

use super::{
    Request,
    clause::{Clause, clauses},
    request::names,
    seeds,
};
use crate::index::{PackageId, SlotId, Universe};
use boot_kit::Result;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

/// Makes the versions of `held`, by package name, the candidates where the lists have them and `request` allows it.
pub fn hold(
    universe: &mut Universe,
    request: &Request,
    held: &BTreeMap<String, String>,
) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    for package in Holding::new(universe, request, held).settle()? {
        universe.set_candidate(package);
    }
    Ok(())
}

/// The versions still held, and from where the walk begins.
struct Holding<'u> {
    universe: &'u Universe<'u>,
    /// Versions that are not the candidates already.
    held: BTreeMap<SlotId, PackageId>,
    roots: Vec<SlotId>,
    clauses: HashMap<PackageId, Rc<[Clause<'u>]>>,
}

impl<'u> Holding<'u> {
    fn new(
        universe: &'u Universe<'u>,
        request: &Request,
        wanted: &BTreeMap<String, String>,
    ) -> Self {
        let mut held = BTreeMap::new();
        let mut roots = BTreeSet::new();
        for (name, version) in wanted {
            for slot in universe.slots_named(name) {
                let versions = universe.versions(slot).iter();
                let same = |id: &&PackageId| universe.package(**id).version() == version;
                let Some(package) = versions.copied().find(|id| same(&id)) else {
                    continue;
                };
                roots.insert(slot);
                if universe.candidate(slot) != Some(package) {
                    held.insert(slot, package);
                }
            }
        }
        let in_base = |id: PackageId| {
            let package = universe.package(id);
            (request.essential && package.is_essential())
                || request.priorities.contains(&package.priority())
        };
        let base = seeds(universe, request, in_base);
        roots.extend(base.into_iter().map(|want| want.slot));
        for name in names(&request.names).chain(names(&request.include)) {
            roots.extend(universe.slots_named(name));
        }
        Self {
            universe,
            held,
            roots: roots.into_iter().collect(),
            clauses: HashMap::new(),
        }
    }

    /// Gives holds up until the candidates fit each other; returns the versions to hold.
    fn settle(mut self) -> Result<Vec<PackageId>> {
        loop {
            let before = self.held.len();
            let reached = self.meet()?;
            self.part(&reached)?;
            if self.held.len() == before {
                return Ok(self.held.into_values().collect());
            }
        }
    }

    /// Goes through what is held and asked for and what that needs; returns all of it.
    fn meet(&mut self) -> Result<BTreeSet<SlotId>> {
        let mut reached: BTreeSet<SlotId> = self.roots.iter().copied().collect();
        let mut queue = self.roots.clone();
        while let Some(slot) = queue.pop() {
            for clause in self.clauses_of(slot)?.iter() {
                if clause.kind.is_negative() || !clause.kind.is_critical() {
                    continue;
                }
                let targets = clause.alternatives.iter().flat_map(|it| &it.targets);
                let targets: Vec<PackageId> = targets.copied().collect();
                let mut open = targets.iter().filter(|id| self.is_candidate(**id));
                match open.clone().next() {
                    None => self.release_for(slot, &targets),
                    Some(first) => {
                        let first = self.slot(*first);
                        if !open.any(|id| reached.contains(&self.slot(*id))) {
                            reached.insert(first);
                            queue.push(first);
                        }
                    }
                }
            }
        }
        Ok(reached)
    }

    /// Gives up what stands between a package and what it needs: the versions in the way, or its own.
    fn release_for(&mut self, owner: SlotId, targets: &[PackageId]) {
        let before = self.held.len();
        for target in targets {
            let slot = self.slot(*target);
            if self.universe.candidate(slot) == Some(*target) {
                self.held.remove(&slot);
            }
        }
        if self.held.len() == before {
            self.held.remove(&owner);
        }
    }

    /// Gives up versions that exclude others among `reached`.
    fn part(&mut self, reached: &BTreeSet<SlotId>) -> Result<()> {
        for slot in reached {
            for clause in self.clauses_of(*slot)?.iter() {
                if !clause.kind.is_negative() {
                    continue;
                }
                for target in &clause.alternatives[0].targets {
                    let other = self.slot(*target);
                    let collides = reached.contains(&other) && self.is_candidate(*target);
                    // The one that is excluded goes on first: that is what the other waits for.
                    if collides && self.held.remove(&other).is_none() {
                        self.held.remove(slot);
                    }
                }
            }
        }
        Ok(())
    }

    /// What the candidate of a slot asks of others; nothing if there is none.
    fn clauses_of(&mut self, slot: SlotId) -> Result<Rc<[Clause<'u>]>> {
        let Some(package) = self.candidate(slot) else {
            return Ok(Rc::new([]));
        };
        if let Some(known) = self.clauses.get(&package) {
            return Ok(Rc::clone(known));
        }
        let read: Rc<[Clause]> = clauses(self.universe, package)?.into();
        self.clauses.insert(package, Rc::clone(&read));
        Ok(read)
    }

    fn candidate(&self, slot: SlotId) -> Option<PackageId> {
        let held = self.held.get(&slot).copied();
        held.or_else(|| self.universe.candidate(slot))
    }

    fn is_candidate(&self, package: PackageId) -> bool {
        self.candidate(self.slot(package)) == Some(package)
    }

    fn slot(&self, package: PackageId) -> SlotId {
        self.universe.package(package).slot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        index::List,
        solve::{Priority, solve},
    };

    /// Each package in two versions, the second with its own demands; `a` needs `b`, `b` needs `c`, `d` is alone.
    const PACKAGES: &[(&str, &str, &str)] = &[
        ("base", "1", ""),
        ("base", "2", ""),
        ("a", "1", "Depends: b"),
        ("a", "2", "Depends: b (>= 2)"),
        ("b", "1", "Depends: c (= 1)"),
        ("b", "2", "Depends: c (= 2)"),
        ("c", "1", ""),
        ("c", "2", "Breaks: d (<< 2)"),
        ("d", "1", ""),
        ("d", "2", "Depends: new"),
        ("new", "1", ""),
    ];

    /// What is chosen when all but `free` is held at version 1, `gone` having left the archive.
    fn chosen(free: &[&str], gone: &[(&str, &str)]) -> String {
        let text: String = PACKAGES
            .iter()
            .filter(|(name, version, _)| !gone.contains(&(name, version)))
            .map(|(name, version, field)| {
                let essential = if *name == "base" {
                    "Essential: yes\n"
                } else {
                    ""
                };
                let field = if field.is_empty() {
                    String::new()
                } else {
                    format!("{field}\n")
                };
                format!(
                    "Package: {name}\nVersion: {version}\nArchitecture: amd64\n{essential}{field}\n"
                )
            })
            .collect();
        let lists = [List {
            name: "trixie/main amd64",
            text: text.as_bytes().into(),
            base: true,
            pin: 500,
            ..List::default()
        }];
        let request = Request {
            essential: true,
            priorities: vec![Priority::Required],
            include: vec!["a".into(), "d".into()],
            ..Request::default()
        };
        let held = ["base", "a", "b", "c", "d"]
            .into_iter()
            .filter(|name| !free.contains(name))
            .map(|name| (name.to_owned(), "1".to_owned()))
            .collect();
        let mut universe = Universe::read("amd64", &[], &lists).expect("is well-formed");
        hold(&mut universe, &request, &held).expect("is well-formed");
        let solution = solve(&universe, &request).expect("can be satisfied");
        let mut shown: Vec<String> = solution
            .base
            .iter()
            .chain(&solution.include)
            .map(|chosen| format!("{:?}", universe.package(chosen.package)))
            .collect();
        shown.sort();
        shown.join(", ")
    }

    #[test]
    fn only_what_must_move_moves() {
        for (free, expected) in [
            (&[][..], "a 1, b 1, base 1, c 1, d 1"),
            (&["base"], "a 1, b 1, base 2, c 1, d 1"),
            (&["d"], "a 1, b 1, base 1, c 1, d 2, new 1"),
            // `c` 2 breaks `d` 1, and `b` 1 wants `c` 1: only `a` can stay.
            (&["c"], "a 1, b 2, base 1, c 2, d 2, new 1"),
            (&["a"], "a 2, b 2, base 1, c 2, d 2, new 1"),
        ] {
            assert_eq!(chosen(free, &[]), expected, "{free:?}");
        }
    }

    #[test]
    fn what_is_no_longer_to_be_had_moves_with_what_wants_it() {
        let gone = [("c", "1")];
        assert_eq!(chosen(&[], &gone), "a 1, b 2, base 1, c 2, d 2, new 1");
    }
}
