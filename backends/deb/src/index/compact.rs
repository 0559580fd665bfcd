//! What the solver and the plan need of a `Packages` file, in a form that is read in parts.
//!
//! ```text
//! head     magic, the list's name (a digest), the lengths of what follows, the digest of everything up to the blocks
//! records  32 bytes a package, see [`Record`]; then hashes of provided names with the numbers of their packages
//! arena    names and versions
//! archs    the architectures of the records, one a line
//! table    of each block its length and SHA-256
//! blocks   stanzas of 64 packages each, without the fields that nobody asks for
//! ```
//!
//! All numbers are little-endian. Addresses are offsets into the arena followed by the blocks, which are read when
//! something in them is first looked at: mostly that is a tenth of them. Everything is checked by a digest as it is
//! read, so a damaged file is known for what it is and made anew.

use super::{
    mention,
    scan::{BASE, DUPLICATE, Record},
};
use crate::known::MAKER;
use boot_kit::Digest;
use memchr::memchr_iter;
use rayon::prelude::*;
use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    ops::Range,
    os::unix::fs::FileExt,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

const MAGIC: &[u8; 8] = b"deblist1";
const HEAD: usize = 8 + 32 + 7 * 8 + 32;
const RECORD: usize = 32;
const PROVIDED: usize = 8;
const ENTRY: usize = 4 + 32;
/// Packages in one block.
const STANZAS: usize = 64;

/// The fields that are kept of a stanza, besides those that name packages.
const FIELDS: [&str; 5] = ["Package", "Section", "Filename", "Size", "SHA256"];

/// A list in this form, open.
pub struct Compact {
    file: File,
    records: Vec<u8>,
    provided: Vec<u8>,
    arena: Vec<u8>,
    archs: Vec<String>,
    blocks: Vec<Block>,
    /// The length of the list it was made from, and as that was fetched.
    plain: u64,
    packed: u64,
    is_damaged: AtomicBool,
}

struct Block {
    /// Its first address.
    start: u32,
    length: u32,
    offset: u64,
    digest: [u8; 32],
    bytes: OnceLock<Box<[u8]>>,
}

impl Compact {
    /// Opens what was [written](write) for the list of this name; `None` if it is of another, or damaged.
    pub fn open(mut file: File, name: &Digest) -> Option<Self> {
        let name = full_name(name);
        let mut head = [0; HEAD];
        file.read_exact(&mut head).ok()?;
        let mut rest = &head[..];
        if take::<8>(&mut rest)? != *MAGIC || take::<32>(&mut rest)? != *name.bytes() {
            return None;
        }
        let mut number = || Some(u64::from_le_bytes(take(&mut rest)?));
        let (plain, packed) = (number()?, number()?);
        let mut lengths = [0; 5];
        for length in &mut lengths {
            *length = usize::try_from(number()?).ok()?;
        }
        let sum = lengths
            .iter()
            .try_fold(HEAD, |sum, it| sum.checked_add(*it))?;
        let size = file.metadata().ok()?.len();
        if sum as u64 > size {
            return None;
        }
        let mut hashing = boot_kit::digest::Hashing::new(io::sink());
        hashing.write_all(&head[..HEAD - 32]).ok()?;
        let mut section = |length: usize| {
            // Not filled with zeros first: a page is touched once.
            let mut bytes = Vec::with_capacity(length);
            let read = (&file).take(length as u64).read_to_end(&mut bytes);
            if read.ok()? != length {
                return None;
            }
            hashing.write_all(&bytes).ok()?;
            Some(bytes)
        };
        let [records, provided, arena, archs, table] = lengths.map(&mut section);
        let (arena, table) = (arena?, table?);
        if hashing.finish().0.bytes()[..] != head[HEAD - 32..] {
            return None;
        }
        let (mut start, mut offset) = (u32::try_from(arena.len()).ok()?, sum as u64);
        let mut blocks = Vec::with_capacity(table.len() / ENTRY);
        for mut entry in table.chunks_exact(ENTRY) {
            let length = u32::from_le_bytes(take(&mut entry)?);
            blocks.push(Block {
                start,
                length,
                offset,
                digest: take(&mut entry)?,
                bytes: OnceLock::new(),
            });
            start = start.checked_add(length)?;
            offset += u64::from(length);
        }
        if offset != size {
            return None;
        }
        let archs = String::from_utf8(archs?).ok()?;
        Some(Self {
            file,
            records: records?,
            provided: provided?,
            arena,
            archs: archs.lines().map(str::to_owned).collect(),
            blocks,
            plain,
            packed,
            is_damaged: AtomicBool::new(false),
        })
    }

    /// The length of the list it was made from, in bytes.
    pub fn plain_bytes(&self) -> u64 {
        self.plain
    }

    /// The length of that list as it was fetched, in bytes.
    pub fn packed_bytes(&self) -> u64 {
        self.packed
    }

    /// Tells whether something that was looked at could not be read: what was made of it must not be used.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// The architectures of the records, by number.
    pub(super) fn archs(&self) -> &[String] {
        &self.archs
    }

    /// The records in order, with the architectures' numbers as they are here.
    pub(super) fn records(&self) -> impl ExactSizeIterator<Item = Record> {
        self.records.chunks_exact(RECORD).map(decode)
    }

    /// A hash of every name provided beside the number of its record.
    pub(super) fn provided(&self) -> impl Iterator<Item = (u32, u32)> {
        let pairs = self.provided.chunks_exact(PROVIDED);
        pairs.map(|pair| (number(pair, 0), number(pair, 4)))
    }

    /// The bytes at an address; none if they cannot be read.
    pub(super) fn slice(&self, start: u32, length: u32) -> &[u8] {
        if length == 0 {
            return &[];
        }
        let range = |first: u32| -> Option<Range<usize>> {
            let start = start.checked_sub(first)? as usize;
            Some(start..start + length as usize)
        };
        let found = if (start as usize) < self.arena.len() {
            range(0).and_then(|it| self.arena.get(it))
        } else {
            let after = self.blocks.partition_point(|block| block.start <= start);
            after.checked_sub(1).and_then(|i| {
                let range = range(self.blocks[i].start)?;
                self.block(i).get(range)
            })
        };
        found.unwrap_or_else(|| {
            self.is_damaged.store(true, Ordering::Relaxed);
            &[]
        })
    }

    /// The stanzas in order, in pieces with their first addresses.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..self.blocks.len()).map(|i| (self.blocks[i].start, self.block(i)))
    }

    fn block(&self, number: usize) -> &[u8] {
        let block = &self.blocks[number];
        block.bytes.get_or_init(|| {
            let mut bytes = vec![0; block.length as usize];
            let read = self.file.read_exact_at(&mut bytes, block.offset);
            if read.is_err() || *Digest::of(&bytes).bytes() != block.digest {
                self.is_damaged.store(true, Ordering::Relaxed);
                bytes.clear();
            }
            bytes.into()
        })
    }
}

impl fmt::Debug for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compact({} bytes)", self.plain)
    }
}

/// A list as it was scanned.
#[derive(Clone, Copy)]
pub(super) struct Scanned<'a> {
    pub text: &'a [u8],
    /// Its length as it was fetched.
    pub packed: u64,
    pub records: &'a [Record],
    pub provided: &'a [(u32, u32)],
    /// The architectures' names by the numbers in the records.
    pub archs: &'a [String],
}

/// Writes a list in this form, under a name that stands for its content.
pub(super) fn write(list: Scanned<'_>, name: &Digest, to: &mut dyn Write) -> io::Result<()> {
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
    let mut provided = Vec::with_capacity(list.provided.len() * PROVIDED);
    for (hash, number) in list.provided {
        provided.extend_from_slice(&hash.to_le_bytes());
        provided.extend_from_slice(&number.to_le_bytes());
    }
    let archs = list.archs.join("\n").into_bytes();
    let sections = [records, provided, arena, archs, table];
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(full_name(name).bytes());
    head.extend_from_slice(&(list.text.len() as u64).to_le_bytes());
    head.extend_from_slice(&list.packed.to_le_bytes());
    for section in &sections {
        head.extend_from_slice(&(section.len() as u64).to_le_bytes());
    }
    let mut hashing = boot_kit::digest::Hashing::new(io::sink());
    hashing.write_all(&head)?;
    for section in &sections {
        hashing.write_all(section)?;
    }
    head.extend_from_slice(hashing.finish().0.bytes());
    to.write_all(&head)?;
    for section in &sections {
        to.write_all(section)?;
    }
    for (bytes, _) in &blocks {
        to.write_all(bytes)?;
    }
    Ok(())
}

/// Names the list and the program that takes it apart.
fn full_name(name: &Digest) -> Digest {
    Digest::of(format!("{MAKER} {name}"))
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
                    is_kept = is_wanted(line);
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

fn is_wanted(line: &[u8]) -> bool {
    let colon = line.iter().position(|byte| *byte == b':');
    let name = &line[..colon.unwrap_or(0)];
    FIELDS
        .iter()
        .chain(&mention::FIELDS)
        .any(|field| field.as_bytes().eq_ignore_ascii_case(name))
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

fn decode(bytes: &[u8]) -> Record {
    Record {
        start: number(bytes, 0),
        length: number(bytes, 4),
        name: number(bytes, 8),
        version: number(bytes, 12),
        provides: number(bytes, 16),
        provides_length: number(bytes, 20),
        name_length: bytes[24],
        version_length: bytes[25],
        arch: bytes[26],
        priority: bytes[27],
        flags: bytes[28],
        ..Record::default()
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(*first)
}
