//! All packages that could be chosen: the `Packages` files of every archive, indexed by name.
//!
//! Format of the lists: <https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices>. Reading a list keeps
//! offsets only (about 40 bytes a package); fields are parsed again for the few packages that are looked at.

mod compact;
mod mention;
mod package;
mod scan;
mod slot;
mod text;

pub use compact::Compact;
pub(crate) use mention::Mention;
pub use package::{MultiArch, Package, PackageId, Priority};
pub(crate) use slot::SlotId;
pub use text::Text;

use boot_kit::{Digest, Result};
use mention::Mentions;
use scan::{DUPLICATE, Kept, Record, hash, index};
use slot::Slot;
use std::{
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

/// All packages of several lists.
#[derive(Debug)]
pub struct Universe<'a> {
    lists: Vec<List<'a>>,
    architectures: Architectures,
    records: Vec<Record>,
    /// The number of the slot of each record. Not in the record: slots are made in an order of their own, and this little
    /// stays in the processor's cache.
    slot_of: Vec<u32>,
    slots: Vec<Slot>,
    /// The versions of each slot, the highest first.
    members: Vec<PackageId>,
    /// Pairs of a hash of a name and the number of a slot of that name, sorted.
    names: Vec<(u32, u32)>,
    /// Pairs of a hash of a provided name and the number of a record, sorted.
    provided: Vec<(u32, u32)>,
    mentions: Mentions,
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
        let architectures = Architectures { names };
        let mut all = Kept::default();
        let mut ends = Vec::with_capacity(lists.len());
        for (number, list) in (0..).zip(lists) {
            all.append(scan::read(list, number, &architectures)?);
            ends.push(index(all.records.len()));
        }
        // Those of each list are mostly sorted already, which this way of sorting makes use of.
        #[expect(clippy::stable_sort_primitive, reason = "finds what is sorted already")]
        all.names.sort();
        #[expect(clippy::stable_sort_primitive, reason = "finds what is sorted already")]
        all.provided.sort();
        all.provided.dedup();
        let mut universe = Universe {
            lists: lists.to_vec(),
            architectures,
            slots: Vec::with_capacity(all.records.len()),
            members: Vec::with_capacity(all.records.len()),
            names: Vec::new(),
            slot_of: vec![0; all.records.len()],
            records: all.records,
            provided: all.provided,
            mentions: Mentions::default(),
        };
        universe.names = universe.make_slots(all.names, &ends);
        Ok(universe)
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
        let records = &self.records[range];
        let name_of = |it: &Record| &text[it.name as usize..][..usize::from(it.name_length)];
        let mut names: Vec<(u32, u32)> = (0..)
            .zip(records)
            .map(|(number, record)| (hash(name_of(record)), number))
            .collect();
        names.sort_unstable();
        let scanned = compact::Scanned {
            text,
            packed,
            records,
            names: &names,
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
            .map(|i| self.package(PackageId::new(i)))
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
            .map(|entry| self.package(PackageId::new(entry.1)))
    }

    /// Finds the slots of a name, one per architecture.
    pub(crate) fn slots_named(&self, name: &str) -> Vec<SlotId> {
        let hash = hash(name.as_bytes());
        let start = self.names.partition_point(|entry| entry.0 < hash);
        let same = self.names[start..]
            .iter()
            .take_while(|entry| entry.0 == hash);
        same.map(|entry| SlotId(entry.1))
            .filter(|slot| {
                let first = self.versions(*slot)[0];
                self.text_of(index(first.place())).0 == name.as_bytes()
            })
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
        self.records[first.place()].arch.max(Architectures::NATIVE)
    }
}

#[cfg(test)]
mod tests;
