//! Where the threads of a run leave their work for each other.

use boot_kit::{Error, ErrorKind, Parcel, Result};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    ops::Range,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// How many files may wait to be unpacked; the usual limit of open files is 1024.
pub const MOST_READY: usize = 64;

/// The state of every artifact, by its number in the plan.
pub struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    to_fetch: VecDeque<usize>,
    /// The place of each artifact in the schedule.
    ranks: Vec<usize>,
    /// Arrived files, by rank.
    ready: BTreeMap<usize, (usize, File)>,
    parcels: BTreeMap<usize, Parcel>,
    left_to_unpack: usize,
    failure: Option<Error>,
    is_closed: bool,
}

impl Board {
    /// Lays out the artifacts in the order in which they are to be fetched.
    pub fn new(schedule: Vec<usize>) -> Self {
        let mut ranks = vec![0; schedule.len()];
        for (rank, number) in schedule.iter().enumerate() {
            ranks[*number] = rank;
        }
        let state = State {
            ranks,
            ready: BTreeMap::new(),
            parcels: BTreeMap::new(),
            left_to_unpack: schedule.len(),
            to_fetch: schedule.into(),
            failure: None,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Takes the next artifact to fetch; `None` when there is nothing more to do.
    ///
    /// Waits while [`MOST_READY`] files are waiting to be unpacked: each is an open one.
    pub fn next_to_fetch(&self) -> Option<usize> {
        let mut state = self.lock();
        while !state.is_closed && state.ready.len() >= MOST_READY {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed {
            None
        } else {
            state.to_fetch.pop_front()
        }
    }

    /// Hands over a fetched file.
    pub fn arrived(&self, number: usize, file: File) {
        let mut state = self.lock();
        let rank = state.ranks[number];
        state.ready.insert(rank, (number, file));
        self.changed.notify_all();
    }

    /// Waits for the next file to unpack; `None` when there is nothing more to do.
    pub fn next_to_unpack(&self) -> Option<(usize, File)> {
        let mut state = self.lock();
        loop {
            if state.is_closed || state.failure.is_some() || state.left_to_unpack == 0 {
                return None;
            }
            if let Some((_, work)) = state.ready.pop_first() {
                state.left_to_unpack -= 1;
                if state.left_to_unpack == 0 || state.ready.len() + 1 == MOST_READY {
                    self.changed.notify_all();
                }
                return Some(work);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands over an unpacked parcel.
    pub fn unpacked(&self, number: usize, parcel: Parcel) {
        self.lock().parcels.insert(number, parcel);
        self.changed.notify_all();
    }

    /// Waits for the parcels of these artifacts; returns them in their order.
    pub fn wait_for(&self, numbers: Range<usize>) -> Result<Vec<Parcel>> {
        let mut state = self.lock();
        loop {
            if let Some(error) = state.failure.take() {
                return Err(error);
            }
            if state.is_closed {
                return Err(Error::new(ErrorKind::Interrupted, "the run was stopped"));
            }
            if numbers
                .clone()
                .all(|number| state.parcels.contains_key(&number))
            {
                return Ok(numbers
                    .filter_map(|number| state.parcels.remove(&number))
                    .collect());
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sees to it that a thread that panics ends the run: what it was to hand over would be waited for for ever.
    pub fn watch(&self) -> Watch<'_> {
        Watch(self)
    }

    /// Reports a failure: the first one ends the run.
    pub fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.failure.get_or_insert(error);
        state.to_fetch.clear();
        state.ready.clear();
        self.changed.notify_all();
    }

    /// Sends everybody home; `outcome` is what became of installing. Returns what became of the run.
    pub fn close(&self, outcome: Result<()>) -> Result<()> {
        let mut state = self.lock();
        state.is_closed = true;
        state.to_fetch.clear();
        self.changed.notify_all();
        match (outcome, state.failure.take()) {
            // It stopped because something else had failed.
            (Err(error), Some(failure)) if error.kind() == ErrorKind::Interrupted => Err(failure),
            (outcome, _) => outcome,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Made by [`Board::watch`]; lives as long as the thread's work.
pub struct Watch<'a>(&'a Board);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0
                .fail(Error::new(ErrorKind::Io, "a thread of the program failed"));
        }
    }
}
