//! The names that wait to be decided.

use std::{cmp::Reverse, collections::BTreeMap};

/// What decides when a name has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Nobody can ask more of it, and there is nothing to choose.
    pub is_ready: bool,
    /// Somebody asks for it; else it is only pulled in.
    pub is_asked_for: bool,
    /// 0 if only packages of the name have it, 2 if only others do, 1 if both.
    pub provided: u8,
    /// The longest chain of dependencies below it.
    pub chain: u32,
}

type Rank = (Reverse<bool>, u8, Reverse<u32>, Reverse<u64>);

/// Names in the order of their turns.
///
/// The newest of those that are ready comes first. Then come those that are asked for before those pulled in,
/// packages before what is provided, and longer chains before shorter; of equals again the newest.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// When each name joined, and its turn as it was last told.
    members: BTreeMap<usize, (u64, Turn)>,
    ready: BTreeMap<u64, usize>,
    ranked: BTreeMap<Rank, usize>,
    joined: u64,
}

impl Queue {
    /// Adds a name, or tells that its turn is another; it keeps its age.
    pub(super) fn set(&mut self, name: usize, turn: Turn) {
        let age = match self.members.get(&name) {
            Some((_, known)) if *known == turn => return,
            Some((age, _)) => *age,
            None => {
                self.joined += 1;
                self.joined
            }
        };
        self.remove(name);
        self.members.insert(name, (age, turn));
        if turn.is_ready {
            self.ready.insert(age, name);
        }
        self.ranked.insert(rank(age, turn), name);
    }

    /// Takes a name off, if it is there.
    pub(super) fn remove(&mut self, name: usize) {
        if let Some((age, turn)) = self.members.remove(&name) {
            self.ready.remove(&age);
            self.ranked.remove(&rank(age, turn));
        }
    }

    /// Finds the name whose turn it is; it stays where it is.
    pub(super) fn first(&self) -> Option<usize> {
        let ready = self.ready.values().next_back();
        ready.or_else(|| self.ranked.values().next()).copied()
    }
}

fn rank(age: u64, turn: Turn) -> Rank {
    let Turn {
        is_asked_for,
        provided,
        chain,
        ..
    } = turn;
    (
        Reverse(is_asked_for),
        provided,
        Reverse(chain),
        Reverse(age),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_by_readiness_then_rank_then_age() {
        let turn = |is_ready, is_asked_for, provided, chain| Turn {
            is_ready,
            is_asked_for,
            provided,
            chain,
        };
        let mut queue = Queue::default();
        queue.set(1, turn(true, true, 2, 0));
        queue.set(2, turn(true, true, 2, 0));
        queue.set(3, turn(false, false, 0, 9));
        queue.set(4, turn(false, true, 1, 9));
        queue.set(5, turn(false, true, 0, 1));
        queue.set(6, turn(false, true, 0, 2));
        queue.set(7, turn(false, true, 0, 2));
        queue.set(8, turn(true, true, 0, 0));
        queue.set(8, turn(false, false, 0, 10));
        queue.remove(9);
        let mut order = Vec::new();
        while let Some(name) = queue.first() {
            order.push(name);
            queue.remove(name);
        }
        assert_eq!(order, [2, 1, 7, 6, 5, 4, 8, 3]);
    }
}
