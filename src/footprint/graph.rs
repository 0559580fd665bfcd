//! What needs what in an image: what would leave with a package, and how one came there.

use super::{
    model::{Footprint, Package, Retained, Share},
    retained::{self, Node},
};
use std::collections::VecDeque;

/// Priorities of packages that are there whatever else is wanted.
const ALWAYS: &str = "required";

/// Says for each package of `footprint` what would leave with it.
///
/// Packages of a database that tells no needs at all are left without.
pub fn retain(footprint: &mut Footprint) {
    let found = retained::retained(&graph(footprint));
    let mut sums: Vec<Retained> = vec![Retained::default(); found.len()];
    for (place, package) in footprint.packages.iter().enumerate() {
        let share = package.share();
        let mut at = Some(place);
        while let Some(holder) = at {
            sums[holder].packages += 1;
            sums[holder].share += share;
            at = found[holder].held_by;
        }
    }
    let tells = tells_needs(footprint);
    for (package, sum) in footprint.packages.iter_mut().zip(sums) {
        package.retained = tells[package.inventory as usize].then_some(sum);
    }
}

/// Tells of each database whether its packages say what they need.
fn tells_needs(footprint: &Footprint) -> Vec<bool> {
    let count = footprint
        .packages
        .iter()
        .map(|it| it.inventory as usize + 1);
    let count = count.max().unwrap_or(0).max(footprint.inventories.len());
    let mut tells = vec![false; count];
    for package in &footprint.packages {
        tells[package.inventory as usize] |= !package.needs.is_empty();
    }
    tells
}

/// The packages as a graph, those that were asked for as its roots.
fn graph(footprint: &Footprint) -> Vec<Node> {
    let mut graph: Vec<Node> = footprint
        .packages
        .iter()
        .map(|package| Node {
            bytes: package.share().bytes,
            needs: needs(package).collect(),
            is_root: is_always_there(package),
        })
        .collect();
    // What the base brings is marked as wanted too where it was installed without a package manager: only what the base
    // does not lead to was asked for.
    let mut is_reached = vec![false; graph.len()];
    let mut queue: Vec<usize> = (0..graph.len())
        .filter(|place| graph[*place].is_root)
        .collect();
    while let Some(place) = queue.pop() {
        if place < graph.len() && !std::mem::replace(&mut is_reached[place], true) {
            queue.extend(&graph[place].needs);
        }
    }
    for (place, package) in footprint.packages.iter().enumerate() {
        graph[place].is_root |= package.automatic == Some(false) && !is_reached[place];
    }
    graph
}

fn is_always_there(package: &Package) -> bool {
    package.essential || package.priority.as_deref() == Some(ALWAYS)
}

fn needs(package: &Package) -> impl Iterator<Item = usize> + '_ {
    let met = package.needs.iter().flat_map(|need| &need.met_by);
    met.map(|place| *place as usize)
}

/// Finds the shortest way to a package from one that is there by itself: positions in [`Footprint::packages`], the
/// package itself last.
///
/// A package that was asked for, or that nothing leads to, is its own way.
pub fn way_to(footprint: &Footprint, package: usize) -> Vec<usize> {
    let graph = graph(footprint);
    let mut came_from: Vec<Option<usize>> = vec![None; graph.len()];
    let mut is_seen: Vec<bool> = graph.iter().map(|node| node.is_root).collect();
    // What was asked for explains more than what is always there.
    let roots = (0..graph.len()).filter(|place| graph[*place].is_root);
    let (always, asked): (Vec<usize>, Vec<usize>) =
        roots.partition(|place| is_always_there(&footprint.packages[*place]));
    let mut queue: VecDeque<usize> = asked.into_iter().chain(always).collect();
    while let Some(place) = queue.pop_front() {
        for need in &graph[place].needs {
            if *need < graph.len() && !std::mem::replace(&mut is_seen[*need], true) {
                came_from[*need] = Some(place);
                queue.push_back(*need);
            }
        }
    }
    let mut way = vec![package];
    while let Some(from) = came_from[way[way.len() - 1]] {
        way.push(from);
    }
    way.reverse();
    way
}

/// Sums the files of packages, own and generated.
pub fn share_of<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Share {
    packages
        .into_iter()
        .fold(Share::default(), |mut sum, package| {
            sum += package.share();
            sum
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::footprint::model::{Inventory, Need};

    /// Packages as lines of `name bytes flags needs…`; flags are `e`ssential, `r`equired, `w`anted, `-` none.
    fn footprint(lines: &str) -> Footprint {
        let rows: Vec<Vec<&str>> = lines
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        let place = |name: &str| rows.iter().position(|row| row[0] == name).expect(name);
        let package = |row: &Vec<&str>| Package {
            name: row[0].to_owned(),
            own: Share {
                files: 1,
                bytes: row[1].parse().expect("a number"),
                zstd_bytes: 1,
            },
            essential: row[2] == "e",
            priority: (row[2] == "r").then(|| "required".to_owned()),
            automatic: Some(row[2] == "-"),
            needs: row[3..]
                .iter()
                .map(|name| Need {
                    met_by: vec![u32::try_from(place(name)).expect("few")],
                    ..Need::default()
                })
                .collect(),
            ..Package::default()
        };
        Footprint {
            packages: rows.iter().map(package).collect(),
            inventories: vec![Inventory::default()],
            ..Footprint::default()
        }
    }

    const IMAGE: &str = "\
        helpers 1 e merge
        merge 10 w perl
        perl 100 w
        apt 1000 w libapt
        libapt 10000 - perl
        ceph 100000 w python
        python 1000000 w";

    #[test]
    fn what_leaves_with_a_package_is_what_only_it_leads_to() {
        let mut footprint = footprint(IMAGE);
        retain(&mut footprint);
        let told: Vec<_> = footprint
            .packages
            .iter()
            .map(|package| {
                let retained = package.retained.expect("needs are told");
                (
                    package.name.as_str(),
                    retained.packages,
                    retained.share.bytes,
                )
            })
            .collect();
        // perl is also kept by libapt; python was asked for itself.
        assert_eq!(
            told,
            [
                ("helpers", 2, 11),
                ("merge", 1, 10),
                ("perl", 1, 100),
                ("apt", 2, 11_000),
                ("libapt", 1, 10_000),
                ("ceph", 1, 100_000),
                ("python", 1, 1_000_000),
            ]
        );
    }

    #[test]
    fn nothing_is_said_where_packages_do_not_say_what_they_need() {
        let mut footprint = footprint("busybox 10 -\nzlib 20 -");
        retain(&mut footprint);
        assert!(footprint.packages.iter().all(|it| it.retained.is_none()));
    }

    #[test]
    fn the_way_to_a_package_begins_at_what_was_asked_for() {
        let footprint = footprint(IMAGE);
        let way = |name: &str| -> Vec<&str> {
            let packages = &footprint.packages;
            let place = packages.iter().position(|it| it.name == name).expect(name);
            way_to(&footprint, place)
                .into_iter()
                .map(|place| packages[place].name.as_str())
                .collect()
        };
        assert_eq!(way("perl"), ["apt", "libapt", "perl"]);
        assert_eq!(way("merge"), ["helpers", "merge"]);
        assert_eq!(way("libapt"), ["apt", "libapt"]);
        assert_eq!(way("ceph"), ["ceph"]);
    }
}
