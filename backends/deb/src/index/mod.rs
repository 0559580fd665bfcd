//! All packages that could be chosen: the `Packages` files of every archive, indexed by name.
//!
//! Format of the lists: <https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices>. Reading a list keeps
//! offsets only (about 40 bytes a package); fields are parsed again for the few packages that are looked at.

mod compact;
mod mention;
mod package;
mod scan;
mod text;

pub use compact::Compact;
pub(crate) use mention::Mention;
pub use package::{MultiArch, Package, PackageId, Priority};
pub use text::Text;

use crate::version;
use boot_kit::{Digest, Result};
use rayon::prelude::*;
use scan::{BASE, DUPLICATE, Record, hash, index};
use std::{
    cmp::Reverse,
    io::{self, Write},
    ops::Range,
};

/// One uncompressed `Packages` file, verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct List<'a> {
    /// What messages call it, e.g. `trixie/main amd64`.
    pub name: &'a str,
    /// The bytes of the file.
    pub text: Text<'a>,
    /// The caller's number of the archive that files of its packages are fetched from.
    pub archive: u16,
    /// Whether essential packages and priorities are taken from it.
    pub base: bool,
    /// apt's priority of the archive: 500, 100 for `NotAutomatic` with `ButAutomaticUpgrades` (backports), 1 for
    /// `NotAutomatic` alone (experimental). Not positive: never chosen unless asked for by version or suite.
    pub pin: i16,
    /// Names that `name/suite` may use: codename and suite of the Release file, e.g. `trixie`, `stable`.
    pub suites: [&'a str; 2],
}

/// The architectures packages may have: `all` and the native one, then foreign ones.
#[derive(Clone, Debug)]
pub(super) struct Architectures {
    names: Vec<String>,
}

impl Architectures {
    /// The number of `all`.
    const ALL: u8 = 0;
    /// The number of the native architecture.
    const NATIVE: u8 = 1;

    fn find(&self, name: &[u8]) -> Option<u8> {
        let found = self.names.iter().position(|known| known.as_bytes() == name);
        found.and_then(|number| u8::try_from(number).ok())
    }
}

/// A package of one name and architecture, in all its versions. `Architecture: all` counts as the native one.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Where its versions begin in [`Universe::members`].
    first: u32,
    count: u32,
    /// The version that would be installed if nothing else is said.
    candidate: Option<PackageId>,
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

/// All packages of several lists.
#[derive(Debug)]
pub struct Universe<'a> {
    lists: Vec<List<'a>>,
    architectures: Architectures,
    records: Vec<Record>,
    slots: Vec<Slot>,
    /// The versions of each slot, the highest first.
    members: Vec<PackageId>,
    /// Pairs of a hash of a name and the number of a slot of that name, sorted.
    names: Vec<(u32, u32)>,
    /// Pairs of a hash of a provided name and the number of a record, sorted.
    provided: Vec<(u32, u32)>,
}

impl<'a> Universe<'a> {
    /// Reads `lists`; where two have the same version of a package, the earlier one has it.
    ///
    /// `native` and `foreign` are architectures in Debian's notation; packages of others are left out. Uses all cores.
    /// Errors name the package and the list.
    pub fn read(native: &str, foreign: &[String], lists: &[List<'a>]) -> Result<Self> {
        let mut names = vec!["all".to_owned(), native.to_owned()];
        for arch in foreign {
            if !names.contains(arch) {
                names.push(arch.clone());
            }
        }
        let mut universe = Universe {
            lists: lists.to_vec(),
            architectures: Architectures { names },
            records: Vec::new(),
            slots: Vec::new(),
            members: Vec::new(),
            names: Vec::new(),
            provided: Vec::new(),
        };
        for (number, list) in (0..).zip(lists) {
            let (records, provided) = scan::read(list, number, &universe.architectures)?;
            let before = index(universe.records.len());
            if before == 0 {
                universe.records = records;
            } else {
                universe.records.extend(records);
            }
            let provided = provided.into_iter().map(|(hash, i)| (hash, i + before));
            universe.provided.extend(provided);
        }
        universe.provided.par_sort_unstable();
        universe.provided.dedup();
        universe.make_slots();
        Ok(universe)
    }

    /// Gathers the versions of each name and architecture.
    fn make_slots(&mut self) {
        let mut by_name: Vec<(u32, u32)> = (0..index(self.records.len()))
            .into_par_iter()
            .map(|i| (hash(self.text_of(i).0), i))
            .collect();
        by_name.par_sort_unstable();
        self.members.reserve(by_name.len());
        for group in by_name.chunk_by(|left, right| left.0 == right.0) {
            if let [(hash, i)] = *group {
                self.add_single(hash, i);
                continue;
            }
            let mut left: Vec<u32> = group.iter().map(|(_, i)| *i).collect();
            // Mostly one; more for several versions, architectures or names with one hash.
            while let Some(first) = left.first().copied() {
                let key = self.text_of(first);
                let (slot, rest): (Vec<u32>, Vec<u32>) =
                    left.iter().partition(|i| self.text_of(**i) == key);
                left = rest;
                self.add_slot(group[0].0, slot);
            }
        }
    }

    /// The name of a record, and its architecture with `all` counted as native.
    fn text_of(&self, record: u32) -> (&'a [u8], u8) {
        let record = &self.records[record as usize];
        let text = self.lists[usize::from(record.list)].text;
        let name = text.slice(record.name, u32::from(record.name_length));
        (name, record.arch.max(Architectures::NATIVE))
    }

    /// Adds a slot of one version: as nearly all are.
    fn add_single(&mut self, hash: u32, i: u32) {
        let slot = index(self.slots.len());
        let record = &mut self.records[i as usize];
        record.slot = slot;
        let candidate = (record.pin > 0).then_some(PackageId(i));
        self.names.push((hash, slot));
        self.slots.push(Slot {
            first: index(self.members.len()),
            count: 1,
            candidate,
        });
        self.members.push(PackageId(i));
    }

    fn add_slot(&mut self, hash: u32, mut records: Vec<u32>) {
        let slot = index(self.slots.len());
        if records.len() > 1 {
            let version = |i: u32| self.package(PackageId(i)).version();
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
            self.records[*i as usize].slot = slot;
        }
        let pin = |i: &&u32| {
            (
                self.records[**i as usize].pin,
                Reverse(version_rank(&records, **i)),
            )
        };
        let candidate = records.iter().max_by_key(pin).filter(|i| pin(i).0 > 0);
        self.names.push((hash, slot));
        self.slots.push(Slot {
            first: index(self.members.len()),
            count: index(records.len()),
            candidate: candidate.map(|i| PackageId(*i)),
        });
        self.members.extend(records.into_iter().map(PackageId));
    }

    /// The system's architecture.
    pub fn native(&self) -> &str {
        &self.architectures.names[usize::from(Architectures::NATIVE)]
    }

    /// The lists, as given.
    pub fn lists(&self) -> &[List<'a>] {
        &self.lists
    }

    /// The number of packages, each version and architecture counted.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Tells whether there is no package at all.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Tells whether the list of this number can be [written](Self::write_compact): it is a plain text, all of whose
    /// packages were read.
    pub fn can_be_compact(&self, list: u16) -> bool {
        let text = self.lists[usize::from(list)].text;
        matches!(text, Text::Plain(text) if scan::is_all(text, &self.records[self.range(list)]))
    }

    /// Writes the list of this number in the form that [`Compact::open`] opens under `name`.
    ///
    /// `packed` is its length as it was fetched. Nothing is written of a list that
    /// [cannot be written](Self::can_be_compact).
    pub fn write_compact(
        &self,
        list: u16,
        name: &Digest,
        packed: u64,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let Text::Plain(text) = self.lists[usize::from(list)].text else {
            return Ok(());
        };
        let range = self.range(list);
        let (first, end) = (index(range.start), index(range.end));
        let own = |(_, number): &&(u32, u32)| (first..end).contains(number);
        let provided: Vec<(u32, u32)> = self
            .provided
            .iter()
            .filter(own)
            .map(|(hash, number)| (*hash, number - first))
            .collect();
        let scanned = compact::Scanned {
            text,
            packed,
            records: &self.records[range],
            provided: &provided,
            archs: &self.architectures.names,
        };
        compact::write(scanned, name, to)
    }

    /// The numbers of the records of a list.
    fn range(&self, list: u16) -> Range<usize> {
        let first = self.records.partition_point(|record| record.list < list);
        let end = self.records.partition_point(|record| record.list <= list);
        first..end
    }

    /// Gives access to one package.
    pub fn package(&self, id: PackageId) -> Package<'_> {
        Package::new(self, id)
    }

    /// Goes through all packages, in the order of the lists.
    pub fn packages(&self) -> impl Iterator<Item = Package<'_>> {
        (0..index(self.records.len()))
            .filter(|i| self.records[*i as usize].flags & DUPLICATE == 0)
            .map(|i| self.package(PackageId(i)))
    }

    /// Finds the packages of this name: native before foreign ones, of each the highest version first.
    pub fn named(&self, name: &str) -> impl Iterator<Item = Package<'_>> {
        let mut slots = self.slots_named(name);
        slots.sort_by_key(|slot| self.arch_of(*slot));
        let members = slots
            .into_iter()
            .flat_map(|slot| self.versions(slot).iter());
        members.map(|id| self.package(*id))
    }

    /// Finds the packages that may provide a virtual package of this name, whatever the version.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = Package<'_>> {
        let hash = hash(name.as_bytes());
        let start = self.provided.partition_point(|entry| entry.0 < hash);
        let same = self.provided[start..]
            .iter()
            .take_while(move |entry| entry.0 == hash);
        same.filter(|entry| self.records[entry.1 as usize].flags & DUPLICATE == 0)
            .map(|entry| self.package(PackageId(entry.1)))
    }

    /// Finds the slots of a name, one per architecture.
    pub(crate) fn slots_named(&self, name: &str) -> Vec<SlotId> {
        let hash = hash(name.as_bytes());
        let start = self.names.partition_point(|entry| entry.0 < hash);
        let same = self.names[start..]
            .iter()
            .take_while(|entry| entry.0 == hash);
        same.map(|entry| SlotId(entry.1))
            .filter(|slot| self.package(self.versions(*slot)[0]).name() == name)
            .collect()
    }

    /// The versions of a slot, the highest first; never none.
    pub(crate) fn versions(&self, slot: SlotId) -> &[PackageId] {
        let slot = &self.slots[slot.0 as usize];
        &self.members[slot.first as usize..][..slot.count as usize]
    }

    /// The version of a slot that would be installed if nothing else is said.
    pub(crate) fn candidate(&self, slot: SlotId) -> Option<PackageId> {
        self.slots[slot.0 as usize].candidate
    }

    /// Makes this version the one that would be installed if nothing else is said.
    pub(crate) fn set_candidate(&mut self, package: PackageId) {
        let slot = self.package(package).slot();
        self.slots[slot.0 as usize].candidate = Some(package);
    }

    /// The number of slots.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The number of a slot's architecture: the native one, or `all`, first.
    fn arch_of(&self, slot: SlotId) -> u8 {
        let first = self.versions(slot)[0];
        self.records[first.0 as usize]
            .arch
            .max(Architectures::NATIVE)
    }
}

fn version_of<'u>(universe: &'u Universe, record: u32) -> &'u str {
    universe.package(PackageId(record)).version()
}

/// The place of a record among versions sorted from high to low.
fn version_rank(records: &[u32], record: u32) -> usize {
    records.iter().position(|i| *i == record).unwrap_or(0)
}

#[cfg(test)]
mod tests;
