//! Reads a `Packages` file once, in parallel, keeping only where things are.

use super::{Architectures, Compact, List, Text};
use boot_kit::{Error, ErrorKind, Result};
use memchr::{memchr, memchr_iter, memmem};
use rayon::prelude::*;

/// What is kept of one stanza; offsets are bytes into the text of its list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub start: u32,
    pub length: u32,
    pub name: u32,
    pub version: u32,
    pub provides: u32,
    pub provides_length: u32,
    pub list: u16,
    /// The highest pin among the lists that have this version.
    pub pin: i16,
    pub name_length: u8,
    pub version_length: u8,
    /// An index into [`Architectures`].
    pub arch: u8,
    pub priority: u8,
    pub flags: u8,
}

pub(super) const ESSENTIAL: u8 = 1;
pub(super) const PROTECTED: u8 = 1 << 1;
pub(super) const SAME: u8 = 1 << 2;
pub(super) const FOREIGN: u8 = 1 << 3;
pub(super) const ALLOWED: u8 = 1 << 4;
/// One of the lists that have this version belongs to a base suite.
pub(super) const BASE: u8 = 1 << 5;
/// An earlier list has the same version.
pub(super) const DUPLICATE: u8 = 1 << 6;

/// Priorities, the most important first; unknown ones count as the last.
pub(super) const PRIORITIES: [&str; 5] = ["required", "important", "standard", "optional", "extra"];

/// What is kept of a list.
#[derive(Default)]
pub(super) struct Kept {
    /// In the order of the list.
    pub records: Vec<Record>,
    /// A hash of every name beside the number of its record.
    pub names: Vec<(u32, u32)>,
    /// A hash of every name provided beside the number of its record.
    pub provided: Vec<(u32, u32)>,
}

impl Kept {
    /// Adds what comes after it.
    pub fn append(&mut self, after: Self) {
        if self.records.is_empty() {
            *self = after;
            return;
        }
        let before = index(self.records.len());
        let moved = |(hash, number)| (hash, number + before);
        self.records.extend(after.records);
        self.names.extend(after.names.into_iter().map(moved));
        self.provided.extend(after.provided.into_iter().map(moved));
    }

    /// Leaves out the records that do not pass `test`.
    fn retain(&mut self, test: impl Fn(&Record) -> bool) {
        let mut count = 0;
        let numbers: Vec<Option<u32>> = self
            .records
            .iter()
            .map(|record| {
                let number = test(record).then_some(count);
                count += u32::from(number.is_some());
                number
            })
            .collect();
        self.records.retain(test);
        for pairs in [&mut self.names, &mut self.provided] {
            pairs.retain_mut(|(_, number)| {
                let kept = numbers[*number as usize];
                *number = kept.unwrap_or_default();
                kept.is_some()
            });
        }
    }
}

/// Reads one list.
///
/// Packages of architectures that are not asked for are left out. Errors name the package and the list.
pub(super) fn read(list: &List, number: u16, architectures: &Architectures) -> Result<Kept> {
    match list.text {
        Text::Plain(text) => scan(list, text, number, architectures),
        Text::Compact(compact) => Ok(recall(list, compact, number, architectures)),
    }
}

/// Takes over what was found out before; nothing if that is damaged.
fn recall(list: &List, compact: &Compact, number: u16, architectures: &Architectures) -> Kept {
    let archs: Vec<Option<u8>> = compact
        .archs()
        .iter()
        .map(|name| architectures.find(name.as_bytes()))
        .collect();
    let mut all = Kept {
        records: compact.records(),
        names: compact.names(),
        provided: compact.provided(),
    };
    if compact.is_damaged() {
        return Kept::default();
    }
    let arch = |record: &Record| archs.get(usize::from(record.arch)).copied().flatten();
    if archs.contains(&None) {
        all.retain(|record| arch(record).is_some());
    }
    for record in &mut all.records {
        record.arch = arch(record).unwrap_or_default();
        record.list = number;
        record.pin = list.pin;
        record.flags |= if list.base { BASE } else { 0 };
    }
    all
}

/// Tells whether all stanzas of a text have a record.
pub(super) fn is_all(text: &[u8], records: &[Record]) -> bool {
    let mut end = 0;
    let starts = records.iter().map(|record| record.start as usize);
    let ends = records.iter().map(|it| (it.start + it.length) as usize);
    for (start, next) in starts.chain([text.len()]).zip(ends.chain([text.len()])) {
        if !text[end..start].trim_ascii().is_empty() {
            return false;
        }
        end = next;
    }
    true
}

fn scan(list: &List, text: &[u8], number: u16, architectures: &Architectures) -> Result<Kept> {
    if u32::try_from(text.len()).is_err() {
        let message = format!("`{}` has more than 4 GiB", list.name);
        return Err(Error::new(ErrorKind::Parse, message));
    }
    let reader = Reader {
        list,
        text,
        number,
        architectures,
    };
    let chunks: Vec<Kept> = cut(text)
        .into_par_iter()
        .map(|(start, end)| reader.scan_chunk(start, end))
        .collect::<Result<_>>()?;
    let mut all = Kept::default();
    for chunk in chunks {
        all.append(chunk);
    }
    Ok(all)
}

/// Narrows a number that is known to fit: no list, and no sum of lists, has 2³² stanzas.
pub(super) fn index(number: usize) -> u32 {
    u32::try_from(number).expect("lists are shorter than 4 GiB")
}

/// Cuts a text into pieces of about 4 MiB that end where stanzas end.
fn cut(text: &[u8]) -> Vec<(usize, usize)> {
    const PIECE: usize = 4 << 20;
    let mut pieces = Vec::with_capacity(text.len() / PIECE + 1);
    let mut start = 0;
    while start < text.len() {
        let target = (start + PIECE).min(text.len());
        let blank = memmem::find(&text[target..], b"\n\n");
        let end = blank.map_or(text.len(), |blank| target + blank + 2);
        pieces.push((start, end));
        start = end;
    }
    pieces
}

/// A stanza while it is read.
#[derive(Default)]
struct Reading {
    record: Record,
    has_architecture: bool,
    is_wanted: bool,
    in_provides: bool,
}

/// What reading a plain list needs.
struct Reader<'a> {
    list: &'a List<'a>,
    text: &'a [u8],
    number: u16,
    architectures: &'a Architectures,
}

impl Reader<'_> {
    fn scan_chunk(&self, start: usize, end: usize) -> Result<Kept> {
        let Self { list, number, .. } = *self;
        let text = &self.text[start..end];
        let mut all = Kept {
            records: Vec::with_capacity(text.len() / 800),
            names: Vec::with_capacity(text.len() / 800),
            provided: Vec::new(),
        };
        let mut reading: Option<Reading> = None;
        let mut line_start = start;
        let missing = (!text.ends_with(b"\n")).then_some(text.len());
        let ends = memchr_iter(b'\n', text).chain(missing);
        // One more empty line ends the last stanza.
        for line_end in ends.map(|feed| start + feed).chain([end]) {
            let line = self.text.get(line_start..line_end).unwrap_or_default();
            if line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty() {
                if let Some(mut done) = reading.take() {
                    done.record.length = index(line_start.min(end)) - done.record.start;
                    self.finish(&done, &mut all)?;
                }
            } else {
                let reading = reading.get_or_insert_with(|| Reading {
                    record: Record {
                        start: index(line_start),
                        list: number,
                        pin: list.pin,
                        priority: 4,
                        flags: if list.base { BASE } else { 0 },
                        ..Record::default()
                    },
                    ..Reading::default()
                });
                read_line(reading, line, line_start, self.architectures)
                    .map_err(|why| self.refuse(&reading.record, why))?;
            }
            line_start = line_end + 1;
        }
        Ok(all)
    }

    /// Checks that a stanza is complete and keeps it.
    fn finish(&self, done: &Reading, all: &mut Kept) -> Result<()> {
        let record = &done.record;
        if record.name_length == 0 {
            return Err(self.refuse(record, "has no name"));
        }
        if record.version_length == 0 {
            return Err(self.refuse(record, "has no version"));
        }
        if !done.has_architecture {
            return Err(self.refuse(record, "has no architecture"));
        }
        if !done.is_wanted {
            return Ok(());
        }
        let number = index(all.records.len());
        let name = &self.text[record.name as usize..][..usize::from(record.name_length)];
        all.names.push((hash(name), number));
        if record.provides_length > 0 {
            let text = &self.text[record.provides as usize..][..record.provides_length as usize];
            for part in text.split(|byte| *byte == b',') {
                let part = part.trim_ascii_start();
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"(:".contains(byte);
                let end = part.iter().position(is_end).unwrap_or(part.len());
                all.provided.push((hash(&part[..end]), number));
            }
        }
        all.records.push(*record);
        Ok(())
    }

    fn refuse(&self, record: &Record, why: &str) -> Error {
        let list = self.list;
        let name = &self.text[record.name as usize..][..usize::from(record.name_length)];
        let subject = if name.is_empty() {
            format!("the stanza at byte {} of `{}`", record.start, list.name)
        } else {
            format!("package `{}` in `{}`", name.escape_ascii(), list.name)
        };
        Error::new(ErrorKind::Parse, format!("{subject} {why}"))
    }
}

/// Takes from one line what a record keeps; says what is wrong with it.
fn read_line(
    reading: &mut Reading,
    line: &[u8],
    at: usize,
    architectures: &Architectures,
) -> Result<(), &'static str> {
    let first = line[0].to_ascii_lowercase();
    if first == b' ' || first == b'\t' {
        if reading.in_provides {
            reading.record.provides_length = index(at + line.len()) - reading.record.provides;
        }
        return Ok(());
    }
    reading.in_provides = false;
    if !matches!(first, b'p' | b'v' | b'a' | b'e' | b'm' | b'i') {
        return Ok(());
    }
    let Some(colon) = memchr(b':', line) else {
        return Err("has a line without a colon");
    };
    let (name, mut value) = (&line[..colon], &line[colon + 1..]);
    let is = |field: &str| name.eq_ignore_ascii_case(field.as_bytes());
    let is_yes = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"yes");
    let blanks = value.len() - value.trim_ascii_start().len();
    value = value.trim_ascii();
    let at = index(at + colon + 1 + blanks);
    let record = &mut reading.record;
    match first {
        b'p' if is("Package") => {
            let valid = value.first().is_some_and(u8::is_ascii_alphanumeric)
                && value
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(byte));
            record.name_length = u8::try_from(value.len())
                .ok()
                .filter(|_| valid)
                .ok_or("has no valid name")?;
            record.name = at;
        }
        b'v' if is("Version") => {
            let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-~:".contains(byte);
            record.version = at;
            record.version_length = u8::try_from(value.len())
                .ok()
                .filter(|_| value.iter().all(valid))
                .ok_or("has no valid version")?;
        }
        b'a' if is("Architecture") => {
            reading.has_architecture = true;
            if let Some(number) = architectures.find(value) {
                record.arch = number;
                reading.is_wanted = true;
            }
        }
        b'p' if is("Priority") => {
            let known = |known: &str| value.eq_ignore_ascii_case(known.as_bytes());
            let found = PRIORITIES.iter().position(|priority| known(priority));
            record.priority = u8::try_from(found.unwrap_or(4)).unwrap_or(4);
        }
        b'p' if is("Provides") => {
            record.provides = at;
            record.provides_length = index(value.len());
            reading.in_provides = true;
        }
        b'e' if is("Essential") && is_yes(value) => record.flags |= ESSENTIAL,
        b'p' if is("Protected") && is_yes(value) => record.flags |= PROTECTED,
        b'i' if is("Important") && is_yes(value) => record.flags |= PROTECTED,
        b'm' if is("Multi-Arch") => {
            record.flags |= match value {
                b"same" => SAME,
                b"foreign" => FOREIGN,
                b"allowed" => ALLOWED,
                _ => 0,
            };
        }
        _ => {}
    }
    Ok(())
}

/// Hashes a name; the same on every machine, and not made to withstand an adversary: long chains only cost time.
pub(super) fn hash(name: &[u8]) -> u32 {
    let mix =
        |state: u64, word: u64| (state.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let state = name.chunks(8).fold(name.len() as u64, |state, chunk| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        mix(state, u64::from_le_bytes(bytes))
    });
    u32::try_from(mix(state, 0) >> 32).unwrap_or(0)
}
