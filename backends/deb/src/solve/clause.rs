//! What a package asks of others, with the packages that would do.

use crate::{
    index::{MultiArch, Package, PackageId, Universe},
    relation::{Qualifier, Relation},
};
use boot_kit::Result;

/// One demand of a package: that one of several packages is there, or that some are not.
#[derive(Debug)]
pub(super) struct Clause<'u> {
    pub kind: Kind,
    pub alternatives: Vec<Alternative<'u>>,
}

/// One of the relations of a clause.
#[derive(Debug)]
pub(super) struct Alternative<'u> {
    pub relation: Relation<'u>,
    /// Every package that is meant, of whatever version and architecture; for a negative clause, never the owner.
    pub targets: Vec<PackageId>,
}

/// The field a clause is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    PreDepends,
    Depends,
    Conflicts,
    Breaks,
    Recommends,
    Suggests,
    /// No field: packages of one name but two architectures exclude each other, unless both are `Multi-Arch: same` and
    /// of one version.
    Sibling,
}

impl Kind {
    /// Tells whether the clause asks for something to be absent.
    pub(super) fn is_negative(self) -> bool {
        matches!(self, Self::Conflicts | Self::Breaks | Self::Sibling)
    }

    /// Tells whether a package cannot be installed unless the clause is met.
    pub(super) fn is_critical(self) -> bool {
        !matches!(self, Self::Recommends | Self::Suggests)
    }

    /// What the clause does, as in "`a` *depends on* b".
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::PreDepends => "pre-depends on",
            Self::Depends => "depends on",
            Self::Recommends => "recommends",
            Self::Suggests => "suggests",
            Self::Conflicts => "conflicts with",
            Self::Breaks => "breaks",
            Self::Sibling => "cannot be installed beside",
        }
    }
}

/// The fields apt follows, in the order in which it reads them.
const FIELDS: [(&str, Kind); 6] = [
    ("Pre-Depends", Kind::PreDepends),
    ("Depends", Kind::Depends),
    ("Conflicts", Kind::Conflicts),
    ("Breaks", Kind::Breaks),
    ("Recommends", Kind::Recommends),
    ("Suggests", Kind::Suggests),
];

/// Reads the clauses of a package.
pub(super) fn clauses<'u>(universe: &'u Universe<'u>, id: PackageId) -> Result<Vec<Clause<'u>>> {
    let owner = universe.package(id);
    let stanza = owner.stanza()?;
    let mut clauses = Vec::new();
    for (field, kind) in FIELDS {
        for relations in owner.relations_in(&stanza, field)? {
            let mut alternatives = Vec::with_capacity(relations.len());
            for relation in relations {
                let targets = targets(universe, &owner, &relation, kind.is_negative())?;
                alternatives.push(Alternative { relation, targets });
            }
            if kind.is_negative() {
                // Alternatives make no sense here; each stands for itself.
                let single = |alternative| Clause {
                    kind,
                    alternatives: vec![alternative],
                };
                clauses.extend(alternatives.into_iter().map(single));
            } else {
                clauses.push(Clause { kind, alternatives });
            }
        }
    }
    let siblings = siblings(universe, &owner);
    if !siblings.is_empty() {
        let relation = Relation {
            name: owner.name(),
            qualifier: Qualifier::None,
            constraint: None,
        };
        clauses.push(Clause {
            kind: Kind::Sibling,
            alternatives: vec![Alternative {
                relation,
                targets: siblings,
            }],
        });
    }
    Ok(clauses)
}

/// Finds the packages of other architectures that may not be installed beside `owner`.
fn siblings(universe: &Universe, owner: &Package) -> Vec<PackageId> {
    universe
        .named(owner.name())
        .filter(|other| other.own_arch() != owner.own_arch())
        .filter(|other| {
            let are_same = [owner, other]
                .iter()
                .all(|it| it.multi_arch() == MultiArch::Same);
            !are_same || other.version() != owner.version()
        })
        .map(|other| other.id())
        .collect()
}

/// Finds all packages a relation of `owner` means.
fn targets<'u>(
    universe: &'u Universe<'u>,
    owner: &Package<'u>,
    relation: &Relation<'u>,
    is_negative: bool,
) -> Result<Vec<PackageId>> {
    let mut found = Vec::new();
    for package in universe.named(relation.name) {
        let is_meant = if is_negative {
            let is_self = package.slot() == owner.slot();
            let is_sibling =
                package.name() == owner.name() && owner.multi_arch() == MultiArch::Same;
            !is_self && !is_sibling && avoids(relation, &package)
        } else {
            serves(relation, owner, &package)
        };
        if is_meant && relation.admits(package.version()) {
            found.push(package.id());
        }
    }
    for package in universe.providers(relation.name) {
        // A package that provides a name and conflicts with it wants to be the only one.
        if is_negative && package.name() == owner.name() {
            continue;
        }
        for provided in package.provides()? {
            let is_meant = provided.name == relation.name
                && relation.admits_provided(provided.constraint.map(|it| it.version))
                && if is_negative {
                    avoids(relation, &package)
                } else {
                    serves_provided(relation, owner, &package, provided.qualifier)
                };
            if is_meant && !found.contains(&package.id()) {
                found.push(package.id());
            }
        }
    }
    Ok(found)
}

/// Tells whether `package` is of an architecture that `relation` of `owner` takes.
fn serves(relation: &Relation, owner: &Package, package: &Package) -> bool {
    match relation.qualifier {
        Qualifier::None => {
            package.own_arch() == owner.own_arch() || package.multi_arch() == MultiArch::Foreign
        }
        Qualifier::Any => package.multi_arch() == MultiArch::Allowed,
        Qualifier::Native => package.is_native(),
        Qualifier::Arch(arch) => package.own_arch() == arch,
    }
}

/// The same for a name that `package` provides as `name` or `name:qualifier`.
fn serves_provided(
    relation: &Relation,
    owner: &Package,
    package: &Package,
    provided: Qualifier,
) -> bool {
    match (relation.qualifier, provided) {
        (_, Qualifier::None) => serves(relation, owner, package),
        (Qualifier::Any, Qualifier::Any) => true,
        (Qualifier::None, Qualifier::Arch(arch)) => arch == owner.own_arch(),
        (Qualifier::Arch(wanted), Qualifier::Arch(arch)) => arch == wanted,
        (Qualifier::Native, Qualifier::Arch(_) | Qualifier::Native) => package.is_native(),
        _ => false,
    }
}

/// Tells whether a negative relation means packages of the architecture `package` has: all of them, unless it names one.
fn avoids(relation: &Relation, package: &Package) -> bool {
    match relation.qualifier {
        Qualifier::None | Qualifier::Any => true,
        Qualifier::Native => package.is_native(),
        Qualifier::Arch(arch) => package.own_arch() == arch,
    }
}
