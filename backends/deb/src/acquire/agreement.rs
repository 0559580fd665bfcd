//! Whether all suites are what they were, known before the first list is fetched.

use std::{
    cell::Cell,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A vote of several threads.
pub struct Agreement {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Who has not voted yet.
    missing: usize,
    is_refused: bool,
}

/// One of those who vote; whoever goes without a word has voted no.
pub struct Voter<'a> {
    agreement: &'a Agreement,
    has_voted: Cell<bool>,
}

impl Agreement {
    /// Begins a vote of as many as `voters`.
    pub fn new(voters: usize) -> Self {
        let state = State {
            missing: voters,
            is_refused: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Gives one of them the word.
    pub fn voter(&self) -> Voter<'_> {
        Voter {
            agreement: self,
            has_voted: Cell::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Voter<'_> {
    /// Votes; tells whether all say yes, which takes until the last has voted or the first says no.
    ///
    /// Only the first vote counts: after it the answer is no.
    pub fn agree(&self, yes: bool) -> bool {
        if self.has_voted.replace(true) {
            return false;
        }
        let agreement = self.agreement;
        let mut state = agreement.lock();
        state.missing -= 1;
        state.is_refused |= !yes;
        agreement.changed.notify_all();
        while state.missing > 0 && !state.is_refused {
            let waited = agreement.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        !state.is_refused
    }
}

impl Drop for Voter<'_> {
    fn drop(&mut self) {
        self.agree(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Lets threads vote, `None` by going without a word; returns what they are told.
    fn vote(votes: &[Option<bool>]) -> Vec<bool> {
        let agreement = Agreement::new(votes.len());
        thread::scope(|scope| {
            let threads: Vec<_> = votes
                .iter()
                .map(|vote| {
                    scope.spawn(|| {
                        let voter = agreement.voter();
                        vote.is_some_and(|yes| voter.agree(yes))
                    })
                })
                .collect();
            let told = threads.into_iter().map(|it| it.join().expect("no panic"));
            told.collect()
        })
    }

    #[test]
    fn only_a_yes_of_all_is_one() {
        assert_eq!(vote(&[Some(true); 3]), [true; 3]);
        assert_eq!(vote(&[Some(true), Some(false), Some(true)]), [false; 3]);
        assert_eq!(vote(&[Some(true), None, Some(true)]), [false; 3]);
    }

    #[test]
    fn a_second_vote_is_a_no() {
        let agreement = Agreement::new(1);
        let voter = agreement.voter();
        assert!(voter.agree(true));
        assert!(!voter.agree(true));
    }
}
