//! Finds other ways to meet demands that make the whole smaller.
//!
//! A demand such as `usrmerge | usr-is-merged`, or for a virtual package, is met by the first that can be installed,
//! whatever that brings. Here each of the others is tried by solving again, and what comes out smaller is told.

use super::{
    Base, Request, Solution,
    clause::{Clause, Kind, clauses},
    request::names,
    solve,
};
use crate::index::{PackageId, Universe};
use boot_kit::{Alternative, ErrorKind, Result, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// What would save less than this many bytes is not worth a flag.
const LEAST: i64 = 512 << 10;

/// More ways than this to do without one package are not tried: a mail server can be had in twenty.
const MOST_WAYS: usize = 6;

/// Finds what `request` could ask for instead, the largest gain first.
///
/// Of several ways to do without one package only the best is told. Each stands alone: what two of them save together may
/// be less than their sum.
pub fn alternatives(universe: &Universe, request: &Request) -> Result<Vec<Alternative>> {
    let base = Base::solve(universe, request)?;
    let before = base.include(request)?;
    let mut search = Search {
        universe,
        request,
        base,
        fixed: before.base.iter().map(|chosen| chosen.package).collect(),
        before: all(&before),
        needs: BTreeMap::new(),
        open: BTreeMap::new(),
    };
    search.survey()?;
    let mut found: Vec<Alternative> = Vec::new();
    for (package, demands) in &search.open {
        if search.most_gain(*package)? >= LEAST {
            found.extend(search.without(*package, demands)?);
        }
    }
    found.sort_by(|left, right| {
        let key = |it: &Alternative| (-it.gain(), it.exclude.len(), it.include.len());
        key(left)
            .cmp(&key(right))
            .then_with(|| left.instead_of.cmp(&right.instead_of))
    });
    // Two packages that only come and go together are one choice.
    let mut told: Vec<Alternative> = Vec::new();
    for one in found {
        let is_same = |it: &Alternative| it.leaves == one.leaves && it.comes == one.comes;
        if !told.iter().any(is_same) {
            told.push(one);
        }
    }
    Ok(told)
}

fn all(solution: &Solution) -> BTreeSet<PackageId> {
    let chosen = solution.base.iter().chain(&solution.include);
    chosen.map(|chosen| chosen.package).collect()
}

/// A demand that one package alone meets, and others could.
struct Demand {
    owner: PackageId,
    text: String,
    others: Vec<PackageId>,
}

struct Search<'u> {
    universe: &'u Universe<'u>,
    request: &'u Request,
    base: Base<'u>,
    /// The base, which what is included cannot change.
    fixed: BTreeSet<PackageId>,
    /// All that is chosen now.
    before: BTreeSet<PackageId>,
    /// What meets the demands of each of these.
    needs: BTreeMap<PackageId, Vec<PackageId>>,
    /// The demands that leave a choice, by the package that meets them now.
    open: BTreeMap<PackageId, Vec<Demand>>,
}

impl Search<'_> {
    /// Goes through all demands of what is chosen now.
    fn survey(&mut self) -> Result<()> {
        for owner in self.before.clone() {
            let mut needs = Vec::new();
            for clause in clauses(self.universe, owner)? {
                if !self.follows(&clause) {
                    continue;
                }
                let mut targets: Vec<PackageId> = Vec::new();
                for target in clause.alternatives.iter().flat_map(|it| &it.targets) {
                    if !targets.contains(target) {
                        targets.push(*target);
                    }
                }
                let (met, others): (Vec<PackageId>, Vec<PackageId>) = targets
                    .into_iter()
                    .partition(|target| self.before.contains(target));
                if let [only] = met[..]
                    && !self.is_asked_for(only)
                {
                    let others: Vec<PackageId> = others
                        .into_iter()
                        .filter(|other| self.may_come(*other, only))
                        .collect();
                    if !others.is_empty() {
                        let relations = clause.alternatives.iter();
                        let texts: Vec<String> =
                            relations.map(|it| it.relation.to_string()).collect();
                        self.open.entry(only).or_default().push(Demand {
                            owner,
                            text: texts.join(" | "),
                            others,
                        });
                    }
                }
                needs.extend(met);
            }
            self.needs.insert(owner, needs);
        }
        Ok(())
    }

    fn follows(&self, clause: &Clause) -> bool {
        match clause.kind {
            Kind::PreDepends | Kind::Depends => true,
            Kind::Recommends => self.request.recommends,
            _ => false,
        }
    }

    /// Tells whether a package is there whatever the others need.
    fn is_asked_for(&self, id: PackageId) -> bool {
        let package = self.universe.package(id);
        let request = self.request;
        let is_named = |specs: &[String]| names(specs).any(|name| name == package.name());
        request.essential && package.is_essential()
            || request.priorities.contains(&package.priority())
            || is_named(&request.names)
            || is_named(&request.include)
    }

    /// Tells whether `other` could be chosen in the place of `only`.
    fn may_come(&self, other: PackageId, only: PackageId) -> bool {
        let package = self.universe.package(other);
        package.slot() != self.universe.package(only).slot()
            && self.universe.candidate(package.slot()) == Some(other)
            && package.own_arch() == self.universe.package(only).own_arch()
            && !self
                .request
                .exclude
                .iter()
                .any(|name| name == package.name())
    }

    /// The bytes of all that only `gone` leads to: more cannot be saved by doing without it.
    fn most_gain(&self, gone: PackageId) -> Result<i64> {
        let mut reached: BTreeSet<PackageId> = BTreeSet::new();
        let asked_for = self
            .before
            .iter()
            .copied()
            .filter(|id| self.is_asked_for(*id));
        let mut queue: Vec<PackageId> = asked_for.collect();
        while let Some(id) = queue.pop() {
            if id != gone && reached.insert(id) {
                queue.extend(self.needs.get(&id).into_iter().flatten());
            }
        }
        let lost = self.before.difference(&reached).copied();
        let weights = self.weights(lost)?;
        Ok(Alternative {
            leaves: weights,
            ..Alternative::default()
        }
        .gain())
    }

    /// Finds the best way to do without a package.
    fn without(&self, package: PackageId, demands: &[Demand]) -> Result<Option<Alternative>> {
        let name = self.universe.package(package).to_string();
        let mut ways: Vec<Alternative> = Vec::new();
        if !self.fixed.contains(&package) {
            let mut others: Vec<PackageId> = Vec::new();
            for other in demands.iter().flat_map(|demand| &demand.others) {
                if !others.contains(other) {
                    others.push(*other);
                }
            }
            for other in others.into_iter().take(MOST_WAYS) {
                let include = vec![self.universe.package(other).to_string()];
                ways.extend(self.attempt(package, demands, include, Vec::new())?);
            }
        }
        // The next in line, and the one after it.
        let mut exclude = vec![name];
        for _ in 0..MOST_WAYS / 2 {
            let Some(way) = self.attempt(package, demands, Vec::new(), exclude.clone())? else {
                break;
            };
            exclude.push(way.take.clone());
            ways.push(way);
        }
        ways.retain(|way| way.gain() >= LEAST);
        let most = ways.iter().map(Alternative::gain).max().unwrap_or(0);
        // Of those that save nearly the same, the one the demand names first: its author knows best.
        Ok(ways.into_iter().find(|way| way.gain() >= most - most / 20))
    }

    /// Solves again; nothing if that fails, or if the package is still there.
    fn attempt(
        &self,
        package: PackageId,
        demands: &[Demand],
        include: Vec<String>,
        exclude: Vec<String>,
    ) -> Result<Option<Alternative>> {
        let mut request = self.request.clone();
        request.include.extend(include.iter().cloned());
        request.exclude.extend(exclude.iter().cloned());
        let solved = if exclude.is_empty() {
            self.base.include(&request)
        } else {
            solve(self.universe, &request)
        };
        let after = match solved {
            Ok(solution) => all(&solution),
            Err(error) => {
                let is_no = matches!(error.kind(), ErrorKind::Unsatisfiable | ErrorKind::Usage);
                return if is_no { Ok(None) } else { Err(error) };
            }
        };
        if after.contains(&package) {
            return Ok(None);
        }
        let is_left = |demand: &&Demand| after.contains(&demand.owner);
        let others = demands.iter().filter(is_left).flat_map(|it| &it.others);
        let Some(take) = others.copied().find(|other| after.contains(other)) else {
            return Ok(None);
        };
        let owners: Vec<&Demand> = demands
            .iter()
            .filter(is_left)
            .filter(|demand| demand.others.contains(&take))
            .collect();
        let mut wanted_by: Vec<String> = owners
            .iter()
            .map(|demand| self.universe.package(demand.owner).to_string())
            .collect();
        wanted_by.sort();
        wanted_by.dedup();
        Ok(Some(Alternative {
            instead_of: self.universe.package(package).to_string(),
            take: self.universe.package(take).to_string(),
            demand: owners
                .first()
                .map(|demand| demand.text.clone())
                .unwrap_or_default(),
            wanted_by,
            include,
            exclude,
            leaves: self.weights(self.before.difference(&after).copied())?,
            comes: self.weights(after.difference(&self.before).copied())?,
        }))
    }

    fn weights(&self, packages: impl Iterator<Item = PackageId>) -> Result<Vec<Weight>> {
        let weight = |id| {
            let package = self.universe.package(id);
            Ok(Weight {
                name: package.to_string(),
                installed_bytes: package.installed_bytes()?,
                download_bytes: package.size()?,
            })
        };
        let mut weights: Vec<Weight> = packages.map(weight).collect::<Result<_>>()?;
        weights.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(weights)
    }
}
