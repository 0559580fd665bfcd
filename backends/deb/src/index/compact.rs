//! What the solver and the plan need of a `Packages` file, in a form that is read in parts.
//!
//! ```text
//! head     magic, the list's name (a digest), the lengths of what follows, the digests of records, names and provided, the
//!          digest of everything up to the records
//! arena    names and versions
//! archs    the architectures of the records, one a line
//! table    of each block its length and SHA-256
//! records  32 bytes a package, see [`Record`]
//! names    hashes of names with the numbers of their packages, sorted
//! provided the same for provided names
//! blocks   stanzas of 16 packages each, without the fields that nobody asks for
//! ```
//!
//! All numbers are little-endian. Addresses are offsets into the arena followed by the blocks, which are read when
//! something in them is first looked at: mostly that is a twentieth of them. Everything is checked by a digest as it is
//! read, so a damaged file is known for what it is and made anew.

mod written;

pub(super) use written::{Scanned, write};

use super::scan::Record;
use crate::known::MAKER;
use boot_kit::Digest;
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

const MAGIC: &[u8; 8] = b"deblist2";
const HEAD: usize = 8 + 32 + 8 * 8 + 3 * 32 + 32;
const RECORD: usize = 32;
/// A hash, and the number of a package.
const PAIR: usize = 8;
const ENTRY: usize = 4 + 32;
/// How much of a table is read at once; a multiple of the length of its rows.
const PIECE: usize = 64 << 10;

/// A list in this form, open.
pub struct Compact {
    file: File,
    arena: Vec<u8>,
    archs: Vec<String>,
    /// Records, names, provided.
    tables: [Table; 3],
    blocks: Vec<Block>,
    /// The length of the list it was made from, and as that was fetched.
    plain: u64,
    packed: u64,
    is_damaged: AtomicBool,
}

/// Where a table is.
#[derive(Clone, Copy, Default)]
struct Table {
    offset: u64,
    length: usize,
    digest: [u8; 32],
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
        let mut lengths = [0; 6];
        for length in &mut lengths {
            *length = usize::try_from(number()?).ok()?;
        }
        let mut tables = [Table::default(); 3];
        for table in &mut tables {
            table.digest = take(&mut rest)?;
        }
        let sum = lengths
            .iter()
            .try_fold(HEAD, |sum, it| sum.checked_add(*it))?;
        let size = file.metadata().ok()?.len();
        if sum as u64 > size {
            return None;
        }
        let [in_memory @ .., records, names, provided] = lengths;
        let mut offset = (HEAD + in_memory.iter().sum::<usize>()) as u64;
        for (table, length) in tables.iter_mut().zip([records, names, provided]) {
            (table.offset, table.length) = (offset, length);
            offset += length as u64;
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
        let [arena, archs, table] = in_memory.map(&mut section);
        let (arena, table) = (arena?, table?);
        if hashing.finish().0.bytes()[..] != head[HEAD - 32..] {
            return None;
        }
        let mut start = u32::try_from(arena.len()).ok()?;
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
            arena,
            archs: archs.lines().map(str::to_owned).collect(),
            tables,
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

    /// The records in order, with the architectures' numbers as they are here; none if they cannot be read.
    pub(super) fn records(&self) -> Vec<Record> {
        self.table(0, RECORD, decode)
    }

    /// A hash of every name beside the number of its record, sorted; none if they cannot be read.
    pub(super) fn names(&self) -> Vec<(u32, u32)> {
        self.table(1, PAIR, pair)
    }

    /// A hash of every name provided beside the number of its record, sorted; none if they cannot be read.
    pub(super) fn provided(&self) -> Vec<(u32, u32)> {
        self.table(2, PAIR, pair)
    }

    /// Reads a table row by row. It is needed once, and in another form: so it is never all in memory as it is here.
    fn table<T>(&self, number: usize, width: usize, decode: fn(&[u8]) -> T) -> Vec<T> {
        let Table {
            offset,
            length,
            digest,
        } = self.tables[number];
        let mut rows = Vec::with_capacity(length / width);
        let mut hashing = boot_kit::digest::Hashing::new(io::sink());
        let mut buffer = vec![0; PIECE.min(length)];
        let mut read = 0;
        let mut read_all = || -> io::Result<()> {
            while read < length {
                let piece = &mut buffer[..PIECE.min(length - read)];
                self.file.read_exact_at(piece, offset + read as u64)?;
                hashing.write_all(piece)?;
                rows.extend(piece.chunks_exact(width).map(decode));
                read += piece.len();
            }
            Ok(())
        };
        let is_read = read_all().is_ok();
        if !is_read || *hashing.finish().0.bytes() != digest {
            self.is_damaged.store(true, Ordering::Relaxed);
            rows.clear();
        }
        rows
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

/// Names the list and the program that takes it apart.
fn full_name(name: &Digest) -> Digest {
    Digest::of(format!("{MAKER} {name}"))
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

fn pair(bytes: &[u8]) -> (u32, u32) {
    (number(bytes, 0), number(bytes, 4))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(*first)
}
