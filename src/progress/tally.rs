//! What every listener counts.

use boot_kit::{Event, event::Phase};
use std::collections::BTreeSet;

/// The sum of the events so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Phases that have begun.
    pub phases: BTreeSet<Phase>,
    /// Indexes read.
    pub indexes: u64,
    /// Their size in bytes.
    pub index_bytes: u64,
    /// Artifacts of the plan.
    pub planned: u64,
    /// Their size in bytes.
    pub planned_bytes: u64,
    /// Bytes of them that are here: arrived, or in the store already.
    pub here_bytes: u64,
    /// Artifacts complete and proven.
    pub fetched: u64,
    /// How many of those were in the store already.
    pub cached: u64,
    /// Artifacts unpacked.
    pub unpacked: u64,
    /// Scripts begun.
    pub scripts: u64,
    /// The last of them.
    pub script: String,
    /// The last step of a compilation.
    pub step: String,
    /// Packages whose compilation has begun.
    pub begun: u64,
    /// Packages to compile; 0 if nobody knows.
    pub to_compile: u64,
    /// Bytes of the image written.
    pub written_bytes: u64,
    /// Bytes of the store hashed.
    pub checked_bytes: u64,
    /// Bytes of the store to hash.
    pub checkable_bytes: u64,
}

impl Tally {
    /// Adds one event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Phase(phase) => {
                self.phases.insert(*phase);
            }
            Event::Index { bytes, .. } => {
                self.indexes += 1;
                self.index_bytes += bytes;
            }
            Event::Planned { artifacts, bytes } => {
                self.planned = *artifacts as u64;
                self.planned_bytes = *bytes;
            }
            Event::Received { bytes } => self.here_bytes += bytes,
            Event::Fetched { bytes, cached, .. } => {
                self.fetched += 1;
                if *cached {
                    self.cached += 1;
                    self.here_bytes += bytes;
                }
            }
            Event::Unpacked { .. } => self.unpacked += 1,
            Event::Script { label } => {
                self.scripts += 1;
                self.script.clone_from(label);
            }
            Event::Step {
                label,
                begun,
                packages,
            } => {
                self.step.clone_from(label);
                self.begun = *begun;
                self.to_compile = *packages;
            }
            Event::Written { bytes } => self.written_bytes += bytes,
            Event::Checked { bytes, total } => {
                self.checked_bytes += bytes;
                self.checkable_bytes = *total;
            }
            Event::Layer { .. } | Event::Output { .. } | Event::Warning { .. } => {}
        }
        // A broken transfer is begun again: what came twice counts once.
        self.here_bytes = self.here_bytes.min(self.planned_bytes);
        if self.planned > 0 && self.fetched == self.planned {
            self.here_bytes = self.planned_bytes;
        }
    }
}
