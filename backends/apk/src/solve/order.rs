//! The order in which apk installs what was chosen: dependencies first, along the sorted world; what is pulled in as
//! soon as the last item of its `install_if` is there.

use super::state::Solver;

/// A chosen package on its way.
struct Visit {
    package: usize,
    /// The next dependency.
    dependency: usize,
    is_recorded: bool,
    /// The next name that this package may pull in.
    pulled: usize,
}

impl Solver<'_> {
    /// Lists the chosen packages in apk's order, those of the base among them.
    ///
    /// A package whose `install_if` is met only by provided names does not come in here: apk looks at what a package
    /// pulls in by its own name alone. An accident, but it leaves such packages out of every root made by apk 2.
    pub(super) fn order(&mut self) -> Vec<usize> {
        let held: Vec<usize> = self.hold.iter().map(|it| self.universe.own(*it)).collect();
        let mut order = Vec::new();
        for name in self.world_names.clone().into_iter().chain(held) {
            self.order_name(name, &mut order);
        }
        order
    }

    fn order_name(&mut self, name: usize, order: &mut Vec<usize>) {
        let universe = self.universe;
        let mut stack: Vec<Visit> = self.begin_name(name).into_iter().collect();
        while let Some(visit) = stack.last_mut() {
            let package = visit.package;
            if let Some(name) = universe.depends.row(package).get(visit.dependency) {
                visit.dependency += 1;
                stack.extend(self.begin_name(*name as usize));
                continue;
            }
            if !visit.is_recorded {
                visit.is_recorded = true;
                order.push(package);
            }
            let Some(pulled) = universe.pulled_by(universe.own(package)).get(visit.pulled) else {
                stack.pop();
                continue;
            };
            visit.pulled += 1;
            if self.is_pulled_now(*pulled as usize) {
                stack.extend(self.begin_name(*pulled as usize));
            }
        }
    }

    /// Begins with the package chosen for a name, if neither had its turn.
    fn begin_name(&mut self, name: usize) -> Option<Visit> {
        if std::mem::replace(&mut self.names[name].is_ordered, true) {
            return None;
        }
        let package = self.chosen(name)?.package();
        if std::mem::replace(&mut self.packages[package].is_ordered, true) {
            return None;
        }
        let universe = self.universe;
        for (name, _) in universe.roles(package) {
            self.names[name].is_ordered = true;
        }
        Some(Visit {
            package,
            dependency: 0,
            is_recorded: false,
            pulled: 0,
        })
    }

    /// Tells whether all of the `install_if` of the package chosen for a name had their turn.
    ///
    /// So it is for a package without any that has a name which another one would have been pulled in by: apk does not
    /// look whether it is that one, and installs it a little early.
    fn is_pulled_now(&self, name: usize) -> bool {
        let Some(package) = self.chosen(name) else {
            return false;
        };
        let universe = self.universe;
        let items = &universe.package(package.package()).install_if;
        let names = universe.install_if.row(package.package());
        let mut pairs = items.iter().zip(names.iter().map(|name| *name as usize));
        !self.names[name].is_ordered
            && pairs.all(|(item, name)| {
                self.names[name].is_ordered && self.is_met(item, self.chosen(name))
            })
    }
}
