//! What would leave with a package: its own bytes, and those of all that only it leads to.
//!
//! In the graph of what needs what, a package *dominates* another if every way from what was asked for leads through
//! it. If it went, so could what it dominates. Dominators are found as in Cooper, Harvey and Kennedy, "A Simple, Fast
//! Dominance Algorithm" (2001).

/// A package of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What it takes by itself, in bytes.
    pub bytes: u64,
    /// The places of those it needs.
    pub needs: Vec<usize>,
    /// Whether it is there by itself: asked for, or essential.
    pub is_root: bool,
}

/// What is known of a package besides its own size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Its own bytes and those of all that would leave with it.
    pub bytes: u64,
    /// How many would leave, itself among them.
    pub packages: usize,
    /// The nearest one without which it would not be there; `None` if no single one keeps it.
    pub held_by: Option<usize>,
}

/// Finds for each package of `graph` what would leave with it, in the same order.
///
/// A package that nothing asked for leads to is there by itself. Needs of places that are not there are passed over.
/// Takes time in proportion to packages and needs, mostly.
pub fn retained(graph: &[Node]) -> Vec<Retained> {
    let roots = roots(graph);
    let order = Order::of(graph, &roots);
    let dominators = dominators(graph, &roots, &order);
    let mut sums: Vec<Retained> = graph
        .iter()
        .zip(&dominators)
        .map(|(node, held_by)| Retained {
            bytes: node.bytes,
            packages: 1,
            held_by: *held_by,
        })
        .collect();
    // A dominator comes before what it dominates.
    for place in order.places.iter().rev() {
        if let Some(dominator) = dominators[*place] {
            let Retained {
                bytes, packages, ..
            } = sums[*place];
            sums[dominator].bytes += bytes;
            sums[dominator].packages += packages;
        }
    }
    sums
}

/// Finds the packages that are there by themselves: those said to be, and one for each part nothing else leads to.
fn roots(graph: &[Node]) -> Vec<usize> {
    let mut roots: Vec<usize> = (0..graph.len())
        .filter(|place| graph[*place].is_root)
        .collect();
    let mut is_reached = vec![false; graph.len()];
    let mark = |from: usize, is_reached: &mut Vec<bool>| {
        let mut queue = vec![from];
        while let Some(place) = queue.pop() {
            if place < graph.len() && !std::mem::replace(&mut is_reached[place], true) {
                queue.extend(&graph[place].needs);
            }
        }
    };
    for root in &roots {
        mark(*root, &mut is_reached);
    }
    // Of what is left, first those that nobody needs; then one of each circle.
    let mut is_needed = vec![false; graph.len()];
    for (place, node) in graph.iter().enumerate() {
        for need in node.needs.iter().filter(|need| **need < graph.len()) {
            is_needed[*need] |= *need != place;
        }
    }
    for wants_needed in [false, true] {
        for place in 0..graph.len() {
            if !is_reached[place] && is_needed[place] == wants_needed {
                roots.push(place);
                mark(place, &mut is_reached);
            }
        }
    }
    roots
}

/// The order of a depth-first search, the last left first: what leads to a package comes before it, circles apart.
struct Order {
    places: Vec<usize>,
    /// The number of each place in it.
    numbers: Vec<usize>,
}

impl Order {
    fn of(graph: &[Node], roots: &[usize]) -> Self {
        let mut is_seen = vec![false; graph.len()];
        let mut places = Vec::with_capacity(graph.len());
        for root in roots {
            if std::mem::replace(&mut is_seen[*root], true) {
                continue;
            }
            let mut path = vec![(*root, 0)];
            while let Some((place, next)) = path.last_mut() {
                match graph[*place].needs.get(*next) {
                    None => {
                        places.push(*place);
                        path.pop();
                    }
                    Some(need) => {
                        *next += 1;
                        let need = *need;
                        if need < graph.len() && !std::mem::replace(&mut is_seen[need], true) {
                            path.push((need, 0));
                        }
                    }
                }
            }
        }
        places.reverse();
        let mut numbers = vec![0; graph.len()];
        for (number, place) in places.iter().enumerate() {
            numbers[*place] = number;
        }
        Self { places, numbers }
    }
}

/// Finds the immediate dominator of each package; `None` for those that only the whole image holds.
fn dominators(graph: &[Node], roots: &[usize], order: &Order) -> Vec<Option<usize>> {
    // In terms of numbers of the order, moved by one: 0 is the image, which needs all roots.
    let count = graph.len();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
    for root in roots {
        needed_by[order.numbers[*root] + 1].push(0);
    }
    for (place, node) in graph.iter().enumerate() {
        for need in node.needs.iter().filter(|need| **need < count) {
            needed_by[order.numbers[*need] + 1].push(order.numbers[place] + 1);
        }
    }
    let mut found: Vec<Option<usize>> = vec![None; count + 1];
    found[0] = Some(0);
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for number in 1..=count {
            let known = needed_by[number].iter().copied();
            let known = known.filter(|other| found[*other].is_some());
            let nearest = known.reduce(|left, right| meet(&found, left, right));
            if nearest != found[number] {
                found[number] = nearest;
                is_settled = false;
            }
        }
    }
    let place_of = |number: usize| (number > 0).then(|| order.places[number - 1]);
    let dominator = |place: usize| found[order.numbers[place] + 1].and_then(place_of);
    (0..count).map(dominator).collect()
}

/// Goes up from two numbers to the first that dominates both.
fn meet(found: &[Option<usize>], mut left: usize, mut right: usize) -> usize {
    while left != right {
        let higher = if left > right { &mut left } else { &mut right };
        // A dominator has a smaller number, and all on the way are known.
        *higher = found[*higher].unwrap_or(0);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(lines: &[(u64, bool, &[usize])]) -> Vec<Node> {
        let node = |(bytes, is_root, needs): &(u64, bool, &[usize])| Node {
            bytes: *bytes,
            needs: needs.to_vec(),
            is_root: *is_root,
        };
        lines.iter().map(node).collect()
    }

    /// What cannot be reached any more without `gone`, by trying.
    fn brute(graph: &[Node], gone: usize) -> (u64, usize) {
        let reach = |gone: Option<usize>| {
            let mut is_reached = vec![false; graph.len()];
            let mut queue = roots(graph);
            while let Some(place) = queue.pop() {
                let is_there = place < graph.len() && Some(place) != gone;
                if is_there && !std::mem::replace(&mut is_reached[place], true) {
                    queue.extend(&graph[place].needs);
                }
            }
            is_reached
        };
        let (all, left) = (reach(None), reach(Some(gone)));
        let lost = (0..graph.len()).filter(|place| all[*place] && !left[*place]);
        lost.fold((0, 0), |(bytes, count), place| {
            (bytes + graph[place].bytes, count + 1)
        })
    }

    #[test]
    fn what_only_one_leads_to_leaves_with_it() {
        // 0 asks for 1 and 2; both need 3; 2 alone needs 4, which needs 5 and 2 again.
        let graph = graph(&[
            (1, true, &[1, 2]),
            (10, false, &[3]),
            (100, false, &[3, 4]),
            (1000, false, &[]),
            (10_000, false, &[5, 2]),
            (100_000, false, &[]),
        ]);
        let told: Vec<_> = retained(&graph)
            .iter()
            .map(|it| (it.bytes, it.packages, it.held_by))
            .collect();
        assert_eq!(
            told,
            [
                (111_111, 6, None),
                (10, 1, Some(0)),
                (110_100, 3, Some(0)),
                (1000, 1, Some(0)),
                (110_000, 2, Some(2)),
                (100_000, 1, Some(4)),
            ]
        );
    }

    #[test]
    fn what_nothing_asked_for_is_there_by_itself() {
        // Nobody needs 0; 1 and 2 need each other; 3 needs a place that is not there, and itself.
        let graph = graph(&[
            (1, false, &[]),
            (2, false, &[2]),
            (4, false, &[1]),
            (8, false, &[9, 3]),
        ]);
        let told: Vec<_> = retained(&graph)
            .iter()
            .map(|it| (it.bytes, it.held_by))
            .collect();
        assert_eq!(told, [(1, None), (6, None), (4, Some(1)), (8, None)]);
        assert_eq!(retained(&[]), []);
    }

    #[test]
    fn dominators_are_what_trying_finds() {
        // A small generator of numbers, the same at every run.
        let mut seed = 1_u64;
        let mut below = |limit: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).expect("31 bits") % limit
        };
        for round in 0..400 {
            let count = 1 + below(14);
            let graph: Vec<Node> = (0..count)
                .map(|place| Node {
                    bytes: 1 << place,
                    needs: (0..below(4)).map(|_| below(count)).collect(),
                    is_root: below(5) == 0,
                })
                .collect();
            let found: Vec<_> = retained(&graph)
                .iter()
                .map(|it| (it.bytes, it.packages))
                .collect();
            let tried: Vec<_> = (0..count).map(|gone| brute(&graph, gone)).collect();
            assert_eq!(found, tried, "round {round}: {graph:?}");
        }
    }
}
