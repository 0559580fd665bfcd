//! Saying why no set of packages will do: who asks for what, and what stands against it.

use super::{
    check::Problem,
    near::{advice, quoted},
    state::{Asker, Fault, Reason, Solver},
    universe::Provider,
};
use boot_kit::{Error, ErrorKind};
use std::collections::{BTreeMap, VecDeque};

/// How many problems are told.
const TOLD: usize = 5;
/// How many packages are named at one place.
const NAMED: usize = 3;
/// How far a package that cannot be there is followed to the cause.
const DEPTH: usize = 6;

/// Makes the error for a world that cannot be met.
pub(super) fn explain(solver: &Solver, problems: &[Problem]) -> Error {
    let mut story = Story {
        solver,
        parents: parents(solver),
        lines: Vec::new(),
        hint: None,
    };
    // What is not there at all explains more than what is there and should not be.
    let is_cause = |problem: &&Problem| matches!(problem, Problem::Unmet(_));
    let causes = problems.iter().filter(is_cause);
    let rest = problems.iter().filter(|problem| !is_cause(problem));
    for problem in causes.chain(rest).take(TOLD) {
        story.tell(*problem);
    }
    if problems.is_empty() {
        for fault in solver.faults.iter().take(TOLD) {
            story.tell_fault(*fault);
        }
    }
    let message = format!(
        "no set of packages satisfies the world:\n{}",
        story.lines.join("\n")
    );
    let hint = story.hint.unwrap_or_else(|| {
        "leave out one of those that exclude each other, or add a repository with other versions"
            .to_owned()
    });
    Error::new(ErrorKind::Unsatisfiable, message).with_hint(hint)
}

/// Finds for each chosen package one that asks for it, nearest to the world; `None` for what the world asks for.
fn parents(solver: &Solver) -> BTreeMap<usize, Option<usize>> {
    let universe = solver.universe;
    let mut parents = BTreeMap::new();
    let mut queue = VecDeque::new();
    let of_world = solver.world_names.iter().zip(&solver.world);
    for (name, dependency) in of_world {
        let chosen = solver.chosen(*name).filter(|_| !dependency.conflict);
        queue.extend(chosen.map(|it| (it.package(), None)));
    }
    queue.extend(solver.hold.iter().map(|held| (*held, None)));
    while let Some((package, parent)) = queue.pop_front() {
        if parents.contains_key(&package) {
            continue;
        }
        parents.insert(package, parent);
        let depends = universe.package(package).depends.iter();
        for (dependency, name) in depends.zip(universe.depends.row(package)) {
            let chosen = solver
                .chosen(*name as usize)
                .filter(|_| !dependency.conflict);
            queue.extend(chosen.map(|it| (it.package(), Some(package))));
        }
        for pulled in universe.pulled_by(universe.own(package)) {
            let chosen = solver.chosen(*pulled as usize).map(Provider::package);
            let is_pulled = |it: &usize| solver.packages[*it].is_pulled;
            queue.extend(chosen.filter(is_pulled).map(|it| (it, Some(package))));
        }
    }
    parents
}

struct Story<'s, 'u> {
    solver: &'s Solver<'u>,
    parents: BTreeMap<usize, Option<usize>>,
    lines: Vec<String>,
    hint: Option<String>,
}

impl Story<'_, '_> {
    fn tell(&mut self, problem: Problem) {
        match problem {
            Problem::Unmet(asker) => {
                self.lines.push(format!("  {}", self.want(asker)));
                self.tell_unmet(asker, 1);
            }
            Problem::Forbidden { asker, package } => {
                self.lines.push(format!("  {}", self.want(asker)));
                let line = if asker.package == Some(package) {
                    "    which it is or provides itself".to_owned()
                } else {
                    format!("    {} {}", self.chain(package), self.origin(package))
                };
                self.lines.push(line);
            }
            Problem::Clash { name, packages } => self.tell_clash(name, packages),
            Problem::NotAllowed(package) => {
                let line = format!("  {} {}", self.chain(package), self.origin(package));
                self.lines.push(line);
                self.tell_tags(package, 1);
            }
        }
    }

    fn tell_fault(&mut self, fault: Fault) {
        match fault {
            Fault::Broken(package) => {
                let line = format!("  {} {}", self.chain(package), self.origin(package));
                self.lines.push(line);
                self.tell_candidate(package, 1);
            }
            Fault::Clash { name, packages } => self.tell_clash(name, packages),
            Fault::Nobody(name) => {
                let name = self.solver.universe.names.text(name).to_owned();
                self.lines.push(format!("  nothing is chosen for `{name}`"));
            }
        }
    }

    fn tell_clash(&mut self, name: usize, [one, other]: [usize; 2]) {
        let name = self.solver.universe.names.text(name).to_owned();
        if one == other {
            let line = format!("  {} has the name `{name}` twice", self.chain(one));
            self.lines.push(line);
            return;
        }
        let line = format!("  only one package may have the name `{name}`:");
        self.lines.push(line);
        for package in [one, other] {
            let line = format!("    {} {}", self.chain(package), self.origin(package));
            self.lines.push(line);
        }
    }

    /// Says who asks for what.
    fn want(&self, asker: Asker) -> String {
        let (dependency, _) = self.solver.asked(asker);
        match asker.package {
            None => format!("`{dependency}` is asked for"),
            Some(package) => {
                let mut bare = dependency.clone();
                bare.conflict = false;
                let verb = if dependency.conflict {
                    "excludes"
                } else {
                    "needs"
                };
                format!("{} {verb} `{bare}`", self.chain(package))
            }
        }
    }

    /// Says what there is of what somebody asks for in vain.
    fn tell_unmet(&mut self, asker: Asker, depth: usize) {
        let solver = self.solver;
        let universe = solver.universe;
        let (dependency, number) = solver.asked(asker);
        let name = dependency.name.as_str();
        let providers = universe.providers(number);
        let (fit, unfit): (Vec<Provider>, Vec<Provider>) = providers
            .iter()
            .partition(|provider| solver.is_met(dependency, Some(**provider)));
        if providers.is_empty() {
            self.push(
                depth,
                format!("there is no package `{name}`, and none provides it"),
            );
            self.advise(match asker.package {
                None => advice(universe, name),
                Some(_) => format!("add the repository that has `{name}`"),
            });
        } else if fit.is_empty() {
            self.tell_versions(name, &unfit, depth);
        } else if fit.iter().all(|it| self.is_left_to_the_user(number, *it)) {
            let mut packages: Vec<&str> = fit
                .iter()
                .map(|it| universe.package(it.package()).name.as_str())
                .collect();
            packages.dedup();
            packages.truncate(NAMED);
            let packages = quoted(&packages);
            self.push(
                depth,
                format!("it is provided by {packages}, none of which apk takes by itself"),
            );
            self.advise(format!("ask for one of them as well: {packages}"));
        } else {
            let mut packages: Vec<usize> = fit.iter().map(|it| it.package()).collect();
            packages.dedup();
            for package in packages.into_iter().take(NAMED) {
                self.tell_candidate(package, depth);
            }
        }
    }

    fn is_left_to_the_user(&self, name: usize, provider: Provider) -> bool {
        self.solver.is_selectable(provider.package()) && self.solver.needs_naming(name, provider)
    }

    /// Says in which versions a name can be had.
    fn tell_versions(&mut self, name: &str, providers: &[Provider], depth: usize) {
        let universe = self.solver.universe;
        let mut versions: Vec<&str> = providers
            .iter()
            .filter_map(|it| universe.version(*it))
            .collect();
        versions.dedup();
        versions.truncate(NAMED);
        if versions.is_empty() {
            self.push(
                depth,
                format!("`{name}` is only provided without a version"),
            );
        } else {
            self.push(
                depth,
                format!("of `{name}` there is only {}", versions.join(", ")),
            );
        }
        self.advise("ask for a version there is, or add a repository that has another".to_owned());
    }

    /// Says why a package that would do is not there.
    fn tell_candidate(&mut self, package: usize, depth: usize) {
        let solver = self.solver;
        let universe = solver.universe;
        let label = self.label(package);
        match solver.packages[package].ruled_out {
            None if !solver.packages[package].is_allowed => self.tell_tags(package, depth),
            None => self.push(depth, format!("{label} would do, but another is chosen")),
            Some(Reason::Excluded) => {
                self.push(depth, format!("{label} is excluded"));
                self.advise(format!(
                    "no longer exclude `{}`",
                    universe.package(package).name
                ));
            }
            Some(Reason::Unwanted(asker)) => {
                self.push(depth, format!("{label} is ruled out: {}", self.want(asker)));
            }
            Some(Reason::Unmet(place)) => {
                let dependency = &universe.package(package).depends[place];
                let asker = Asker {
                    package: Some(package),
                    place,
                };
                if dependency.conflict {
                    let name = universe.depends.row(package)[place] as usize;
                    let against = solver.chosen(name).map(Provider::package);
                    self.push(depth, format!("{label} excludes `{}`", dependency.name));
                    if let Some(against) = against {
                        let line = format!("{} {}", self.chain(against), self.origin(against));
                        self.push(depth + 1, line);
                    }
                } else if depth < DEPTH {
                    self.push(depth, format!("{label} needs `{dependency}`"));
                    self.tell_unmet(asker, depth + 1);
                }
            }
            Some(Reason::NotWith { name, provided }) => {
                let (name, provided) = (universe.names.text(name), universe.names.text(provided));
                self.push(
                    depth,
                    format!("{label} has `{provided}`, as all have that could be `{name}`"),
                );
            }
            Some(Reason::Taken { name, by }) => {
                let name = universe.names.text(name);
                let line = match by {
                    Some(by) => {
                        let by = format!("{} {}", self.chain(by), self.origin(by));
                        format!("{label} has the name `{name}`, which only one may have: {by}")
                    }
                    None => format!("{label} came too late for the name `{name}`"),
                };
                self.push(depth, line);
            }
            Some(Reason::Held(held)) => {
                self.push(depth, format!("{label}: the base has {}", self.label(held)));
                self.advise("give the version up, or use a base without the package".to_owned());
            }
        }
    }

    /// Says that a package is only in repositories with a tag.
    fn tell_tags(&mut self, package: usize, depth: usize) {
        let universe = self.solver.universe;
        let repositories = universe.repositories(package);
        let tags: Vec<&String> = universe
            .tags()
            .iter()
            .enumerate()
            .filter(|(place, _)| repositories & universe.repositories_of(1 << (place + 1)) != 0)
            .map(|(_, tag)| tag)
            .collect();
        let label = self.label(package);
        let line = format!("{label} is only in repositories tagged {}", quoted(&tags));
        self.push(depth, line);
        if let Some(tag) = tags.first() {
            let name = &universe.package(package).name;
            self.advise(format!("ask for it by its tag: `{name}@{tag}`"));
        }
    }

    fn push(&mut self, depth: usize, line: impl std::fmt::Display) {
        self.lines.push(format!("{}{line}", "  ".repeat(depth + 1)));
    }

    /// Keeps the first advice: that for the first problem.
    fn advise(&mut self, advice: String) {
        self.hint.get_or_insert(advice);
    }

    fn label(&self, package: usize) -> String {
        let package = self.solver.universe.package(package);
        format!("`{}-{}`", package.name, package.version)
    }

    /// Shows how a package came in, from what was asked for.
    fn chain(&self, package: usize) -> String {
        let mut labels = vec![self.label(package)];
        let mut at = package;
        while let Some(Some(parent)) = self.parents.get(&at) {
            at = *parent;
            labels.push(self.label(at));
        }
        labels.reverse();
        labels.join(" → ")
    }

    fn origin(&self, package: usize) -> &'static str {
        if self.solver.packages[package].is_held {
            return "is in the base";
        }
        match self.parents.get(&package) {
            Some(None) => "is asked for",
            Some(Some(_)) => "is needed",
            None => "is chosen",
        }
    }
}
