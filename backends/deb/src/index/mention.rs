//! Where the lists first mention a package.
//!
//! Between providers that are alike in everything else, apt takes the one it met last: its `CompareProviders` ends with
//! the number a package got in apt's cache, and packages are numbered when they are first named, be it in a relation.
//! Few choices come that far, so the number is found by a search of the text instead of being kept for all. As the same
//! few come every time, what was found can be kept for the next time.

use super::{PackageId, SlotId, Universe, scan::index};
use memchr::{memchr, memmem, memrchr};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A place in the lists; the order is that in which apt reads. The same in whatever form the lists are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Mention {
    list: u16,
    stanza: u32,
    /// The place of the field in apt's order of reading a stanza.
    field: u8,
    /// The place in the field.
    offset: u32,
}

/// What was found so far, by the number of the slot.
#[derive(Debug, Default)]
pub(super) struct Mentions(Mutex<BTreeMap<u32, Mention>>);

impl Mentions {
    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Mention>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fields that name packages, as apt reads them after the package's own name.
pub(super) const FIELDS: [&str; 9] = [
    "Pre-Depends",
    "Depends",
    "Conflicts",
    "Breaks",
    "Recommends",
    "Suggests",
    "Replaces",
    "Enhances",
    "Provides",
];

impl Universe<'_> {
    /// Tells what was found of mentions, to be [recalled](Self::recall_mentions) with the same lists and architectures.
    pub(crate) fn mentions(&self) -> BTreeMap<u32, Mention> {
        self.mentions.known().clone()
    }

    /// Takes over what another universe of the same lists and architectures has found.
    pub(crate) fn recall_mentions(&self, found: BTreeMap<u32, Mention>) {
        *self.mentions.known() = found;
    }

    /// Finds the first mention of a package of this name and architecture.
    pub(crate) fn first_mention(&self, slot: SlotId) -> Mention {
        if let Some(known) = self.mentions.known().get(&slot.0) {
            return *known;
        }
        let found = self.find_mention(slot);
        self.mentions.known().insert(slot.0, found);
        found
    }

    fn find_mention(&self, slot: SlotId) -> Mention {
        let own = self.versions(slot).iter().min().copied();
        let own = own.unwrap_or(PackageId::new(0));
        let package = self.package(own);
        let (name, arch) = (package.name(), package.own_arch());
        let record = &self.records[own.place()];
        let finder = memmem::Finder::new(name);
        for (number, list) in (0..=record.list).zip(&self.lists) {
            let is_own = number == record.list;
            let mut found: Option<Mention> = None;
            'list: for (start, text) in list.text.pieces() {
                let before = record.start.saturating_sub(start) as usize;
                let end = if is_own {
                    before.min(text.len())
                } else {
                    text.len()
                };
                for place in finder.find_iter(&text[..end]) {
                    let Some((field, offset)) = field_of_mention(text, place, name, arch) else {
                        continue;
                    };
                    let place = start.saturating_add(u32::try_from(place).unwrap_or(u32::MAX));
                    let Some((stanza, owner_arch)) = self.stanza_at(number, place) else {
                        continue;
                    };
                    if found.is_some_and(|first| first.stanza != stanza) {
                        break 'list;
                    }
                    if owner_arch != arch {
                        continue;
                    }
                    let mention = Mention {
                        list: number,
                        stanza,
                        field,
                        offset,
                    };
                    found = Some(found.map_or(mention, |first| first.min(mention)));
                }
                // The first stanza that mentions it is read to its end, and no piece ends before that.
                if found.is_some() {
                    break;
                }
            }
            if let Some(mention) = found {
                return mention;
            }
        }
        Mention {
            list: record.list,
            stanza: index(own.place()),
            field: 0,
            offset: 0,
        }
    }

    /// Finds the stanza around an address: its number and architecture.
    fn stanza_at(&self, list: u16, address: u32) -> Option<(u32, &str)> {
        let place = (list, address);
        let after = self
            .records
            .partition_point(|record| (record.list, record.start) <= place);
        let number = after.checked_sub(1)?;
        let record = &self.records[number];
        if record.list != list || address >= record.start + record.length {
            return None;
        }
        let number = u32::try_from(number).ok()?;
        Some((number, self.package(PackageId::new(number)).own_arch()))
    }
}

/// Tells in which field a name at `offset` stands, and where in it; `None` if it is part of a word, or not in a field with
/// relations.
fn field_of_mention(text: &[u8], offset: usize, name: &str, arch: &str) -> Option<(u8, u32)> {
    let before = offset.checked_sub(1).map(|i| text[i])?;
    if !before.is_ascii_whitespace() && !b",|:".contains(&before) {
        return None;
    }
    let after = &text[offset + name.len()..];
    match after.first() {
        Some(b':') => {
            // `name:any` is a package of its own to apt; `name:arch` is this one.
            let qualifier = after[1..].strip_prefix(arch.as_bytes())?;
            if qualifier.first().is_some_and(u8::is_ascii_alphanumeric) {
                return None;
            }
        }
        Some(byte) if !byte.is_ascii_whitespace() && !b",|(".contains(byte) => return None,
        _ => {}
    }
    let mut line = memrchr(b'\n', &text[..offset]).map_or(0, |feed| feed + 1);
    while line > 0 && text[line].is_ascii_whitespace() {
        line = memrchr(b'\n', &text[..line - 1]).map_or(0, |feed| feed + 1);
    }
    let colon = memchr(b':', &text[line..])? + line;
    let field = FIELDS
        .iter()
        .position(|field| text[line..colon].eq_ignore_ascii_case(field.as_bytes()))?;
    Some((
        u8::try_from(field + 1).ok()?,
        u32::try_from(offset - line).ok()?,
    ))
}
