//! Where the lists first mention a package.
//!
//! Between providers that are alike in everything else, apt takes the one it met last: its `CompareProviders` ends with
//! the number a package got in apt's cache, and packages are numbered when they are first named, be it in a relation.
//! Few choices come that far, so the number is found by a search of the text instead of being kept for all.

use super::{PackageId, SlotId, Universe};
use memchr::{memchr, memmem, memrchr};

/// A place in the lists; the order is that in which apt reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    list: u16,
    stanza: u32,
    /// The place of the field in apt's order of reading a stanza.
    field: u8,
    offset: u32,
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
    /// Finds the first mention of a package of this name and architecture.
    pub(crate) fn first_mention(&self, slot: SlotId) -> Mention {
        let own = self.versions(slot).iter().min().copied();
        let own = own.unwrap_or(PackageId(0));
        let package = self.package(own);
        let (name, arch) = (package.name(), package.own_arch());
        let record = &self.records[own.0 as usize];
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
                for offset in finder.find_iter(&text[..end]) {
                    let Some(field) = field_of_mention(text, offset, name, arch) else {
                        continue;
                    };
                    let offset = start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                    let Some((stanza, owner_arch)) = self.stanza_at(number, offset) else {
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
            stanza: own.0,
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
        Some((number, self.package(PackageId(number)).own_arch()))
    }
}

/// Tells in which field a name stands at `offset`; `None` if it is part of a word, or not in a field with relations.
fn field_of_mention(text: &[u8], offset: usize, name: &str, arch: &str) -> Option<u8> {
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
    u8::try_from(field + 1).ok()
}
