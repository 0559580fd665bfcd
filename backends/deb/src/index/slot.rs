//! The versions of a package of one name and architecture.

use super::{
    Architectures, PackageId, Universe,
    scan::{BASE, DUPLICATE, index},
};
use crate::version;
use std::cmp::Reverse;

/// A package of one name and architecture, in all its versions. `Architecture: all` counts as the native one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Where its versions begin in [`Universe::members`].
    pub first: u32,
    pub count: u32,
    /// The version that would be installed if nothing else is said.
    pub candidate: Option<PackageId>,
}

/// The number of a [`Slot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId(pub u32);

impl SlotId {
    /// Makes the id of the slot at `place`.
    pub(crate) fn new(place: usize) -> Self {
        Self(index(place))
    }
}

impl<'a> Universe<'a> {
    /// Gathers the versions of each name and architecture: from pairs of a hash of a name and the number of a record,
    /// sorted, makes those of a hash and the number of a slot. `ends` are the numbers after the last record of each list.
    pub(super) fn make_slots(
        &mut self,
        mut names: Vec<(u32, u32)>,
        ends: &[u32],
    ) -> Vec<(u32, u32)> {
        // There are never more slots than records: what is written has been read before.
        let (mut read, mut written) = (0, 0);
        while let Some((hash, first)) = names.get(read).copied() {
            let rest = names[read..].iter();
            let count = rest.take_while(|name| name.0 == hash).count();
            let before = self.slots.len();
            if count == 1 {
                let list = ends.partition_point(|end| *end <= first);
                self.add_single(first, self.lists[list].pin);
            } else {
                let group = names[read..read + count].iter();
                let mut left: Vec<u32> = group.map(|(_, i)| *i).collect();
                // Mostly one; more for several versions, architectures or names with one hash.
                while let Some(first) = left.first().copied() {
                    let key = self.text_of(first);
                    let (slot, rest): (Vec<u32>, Vec<u32>) =
                        left.iter().partition(|i| self.text_of(**i) == key);
                    left = rest;
                    self.add_slot(slot);
                }
            }
            for slot in before..self.slots.len() {
                names[written] = (hash, index(slot));
                written += 1;
            }
            read += count;
        }
        names.truncate(written);
        names
    }

    /// The name of a record, and its architecture with `all` counted as native.
    pub(super) fn text_of(&self, record: u32) -> (&'a [u8], u8) {
        let record = &self.records[record as usize];
        let text = self.lists[usize::from(record.list)].text;
        let name = text.slice(record.name, u32::from(record.name_length));
        (name, record.arch.max(Architectures::NATIVE))
    }

    /// Adds a slot of one version: as nearly all are.
    fn add_single(&mut self, i: u32, pin: i16) {
        let slot = index(self.slots.len());
        self.slot_of[i as usize] = slot;
        let candidate = (pin > 0).then_some(PackageId::new(i));
        self.slots.push(Slot {
            first: index(self.members.len()),
            count: 1,
            candidate,
        });
        self.members.push(PackageId::new(i));
    }

    fn add_slot(&mut self, mut records: Vec<u32>) {
        let slot = index(self.slots.len());
        if records.len() > 1 {
            let version = |i: u32| self.package(PackageId::new(i)).version();
            // The sort is stable: of equal versions the one of the earliest list stays first.
            records.sort_by(|left, right| version::compare(version(*right), version(*left)));
            let mut kept: Vec<u32> = Vec::with_capacity(records.len());
            for i in records {
                match kept.last().copied() {
                    Some(first) if version_of(self, first) == version_of(self, i) => {
                        let (pin, base) = {
                            let other = &mut self.records[i as usize];
                            other.flags |= DUPLICATE;
                            (other.pin, other.flags & BASE)
                        };
                        let first = &mut self.records[first as usize];
                        first.pin = first.pin.max(pin);
                        first.flags |= base;
                    }
                    _ => kept.push(i),
                }
            }
            records = kept;
        }
        for i in &records {
            self.slot_of[*i as usize] = slot;
        }
        let pin = |i: &&u32| {
            (
                self.records[**i as usize].pin,
                Reverse(version_rank(&records, **i)),
            )
        };
        let candidate = records.iter().max_by_key(pin).filter(|i| pin(i).0 > 0);
        self.slots.push(Slot {
            first: index(self.members.len()),
            count: index(records.len()),
            candidate: candidate.map(|i| PackageId::new(*i)),
        });
        self.members.extend(records.into_iter().map(PackageId::new));
    }
}

fn version_of<'u>(universe: &'u Universe, record: u32) -> &'u str {
    universe.package(PackageId::new(record)).version()
}

/// The place of a record among versions sorted from high to low.
fn version_rank(records: &[u32], record: u32) -> usize {
    records.iter().position(|i| *i == record).unwrap_or(0)
}
