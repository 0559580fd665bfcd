//! How the form comes about.

use super::{ENTRY, HEAD, MAGIC, RECORD, full_name};
use crate::{
    index::{
        mention,
        scan::{BASE, DUPLICATE, Record},
    },
    sum::Sum,
};
use boot_kit::Digest;
use memchr::memchr_iter;
use rayon::prelude::*;
use std::io::{self, Write};

/// Packages in one block: what is looked at is scattered, and a block is hashed whole.
const STANZAS: usize = 16;

/// The fields that are kept of a stanza, besides those that name packages.
const FIELDS: [&str; 5] = ["Package", "Section", "Installed-Size", "Filename", "Size"];

/// A list as it was scanned.
#[derive(Clone, Copy)]
pub(in crate::index) struct Scanned<'a> {
    pub text: &'a [u8],
    /// Its length as it was fetched.
    pub packed: u64,
    pub records: &'a [Record],
    /// Hashes of names, and of provided names, with the numbers of records, sorted.
    pub names: &'a [(u32, u32)],
    pub provided: &'a [(u32, u32)],
    /// The architectures' names by the numbers in the records.
    pub archs: &'a [String],
}

/// Writes a list in this form, under a name that stands for its content.
pub(in crate::index) fn write(
    list: Scanned<'_>,
    name: &Digest,
    to: &mut dyn Write,
) -> io::Result<()> {
    let blocks: Vec<(Vec<u8>, Vec<Record>)> = list
        .records
        .par_chunks(STANZAS)
        .map(|records| reduce(list.text, records))
        .collect();
    let mut arena = Vec::new();
    let mut records = Vec::with_capacity(list.records.len() * RECORD);
    let names: usize = list
        .records
        .iter()
        .map(|it| usize::from(it.name_length) + usize::from(it.version_length))
        .sum();
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the list has more than 4 GiB");
    let mut start = u32::try_from(names).map_err(|_| too_long())?;
    let mut table = Vec::with_capacity(blocks.len() * ENTRY);
    let mut originals = list.records.iter();
    for (bytes, reduced) in &blocks {
        for (record, original) in reduced.iter().zip(&mut originals) {
            let mut put = |at: u32, length: u8| {
                let address = u32::try_from(arena.len()).map_err(|_| too_long())?;
                arena.extend_from_slice(&list.text[at as usize..][..usize::from(length)]);
                io::Result::Ok(address)
            };
            let record = Record {
                name: put(original.name, original.name_length)?,
                version: put(original.version, original.version_length)?,
                start: start + record.start,
                provides: start + record.provides,
                ..*record
            };
            records.extend_from_slice(&encode(&record));
        }
        let length = u32::try_from(bytes.len()).map_err(|_| too_long())?;
        table.extend_from_slice(&length.to_le_bytes());
        table.extend_from_slice(Digest::of(bytes).bytes());
        start = start.checked_add(length).ok_or_else(too_long)?;
    }
    let archs = list.archs.join("\n").into_bytes();
    let [names, provided] = [list.names, list.provided].map(written_pairs);
    let in_memory = [arena, archs, table];
    let tables = [records, names, provided];
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(full_name(name).bytes());
    head.extend_from_slice(&(list.text.len() as u64).to_le_bytes());
    head.extend_from_slice(&list.packed.to_le_bytes());
    for section in in_memory.iter().chain(&tables) {
        head.extend_from_slice(&(section.len() as u64).to_le_bytes());
    }
    for table in &tables {
        head.extend_from_slice(Digest::of(table).bytes());
    }
    let mut hashing = boot_kit::digest::Hashing::new(io::sink());
    hashing.write_all(&head)?;
    for section in &in_memory {
        hashing.write_all(section)?;
    }
    head.extend_from_slice(hashing.finish().0.bytes());
    to.write_all(&head)?;
    for section in in_memory.iter().chain(&tables) {
        to.write_all(section)?;
    }
    for (bytes, _) in &blocks {
        to.write_all(bytes)?;
    }
    Ok(())
}

/// Copies the fields of some stanzas that are kept; gives the records with addresses in the copy.
fn reduce(text: &[u8], records: &[Record]) -> (Vec<u8>, Vec<Record>) {
    let mut bytes = Vec::with_capacity(STANZAS * 512);
    let reduced = records
        .iter()
        .map(|record| {
            let stanza = &text[record.start as usize..][..record.length as usize];
            let start = bytes.len();
            let mut provides = 0;
            let (mut line_start, mut is_kept) = (0, false);
            let last = (!stanza.ends_with(b"\n")).then_some(stanza.len());
            for end in memchr_iter(b'\n', stanza).chain(last) {
                let line = &stanza[line_start..end];
                if !matches!(line.first(), Some(b' ' | b'\t')) {
                    is_kept = is_wanted(line, stanza);
                }
                if is_kept {
                    let at = record.start as usize + line_start;
                    let asked = record.provides as usize;
                    if record.provides_length > 0 && (at..at + line.len()).contains(&asked) {
                        provides = bytes.len() + (asked - at);
                    }
                    bytes.extend_from_slice(line);
                    bytes.push(b'\n');
                }
                line_start = end + 1;
            }
            let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
            Record {
                start: number(start),
                length: number(bytes.len() - start),
                provides: number(provides),
                ..*record
            }
        })
        .collect();
    (bytes, reduced)
}

fn is_wanted(line: &[u8], stanza: &[u8]) -> bool {
    let is = |name: &&str| begins(line, name);
    let [best, other] = Sum::FIELDS;
    if is(&other) {
        // One sum is enough.
        let mut lines = stanza.split(|byte| *byte == b'\n');
        return !lines.any(|line| begins(line, best));
    }
    is(&best) || FIELDS.iter().chain(&mention::FIELDS).any(is)
}

/// Tells whether a line begins the field of that name.
fn begins(line: &[u8], name: &str) -> bool {
    let (found, rest) = line.split_at(name.len().min(line.len()));
    rest.first() == Some(&b':') && found.eq_ignore_ascii_case(name.as_bytes())
}

fn encode(record: &Record) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    let numbers = [
        record.start,
        record.length,
        record.name,
        record.version,
        record.provides,
        record.provides_length,
    ];
    for (to, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        to.copy_from_slice(&number.to_le_bytes());
    }
    bytes[24..29].copy_from_slice(&[
        record.name_length,
        record.version_length,
        record.arch,
        record.priority,
        // What several lists together say is found out anew.
        record.flags & !(BASE | DUPLICATE),
    ]);
    bytes
}

fn written_pairs(pairs: &[(u32, u32)]) -> Vec<u8> {
    let bytes = pairs.iter().flat_map(|(hash, number)| {
        let [hash, number] = [hash, number].map(|it| it.to_le_bytes());
        hash.into_iter().chain(number)
    });
    bytes.collect()
}
