use super::*;

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;

/// A file of 64 bits for amd64: header, segments (all of it, the dynamic section, the name of an interpreter), texts,
/// dynamic section.
fn object(
    kind: u16,
    interpreter: Option<(u64, u64)>,
    entries: &[(u64, u64)],
    texts: &[u8],
) -> Vec<u8> {
    let (table, count) = (64_u64, 2 + u16::from(interpreter.is_some()));
    let strings = table + 56 * u64::from(count);
    let dynamic = strings + texts.len() as u64;
    let mut section = Vec::new();
    let own = [
        (DT_STRTAB, 0x1000 + strings),
        (DT_STRSZ, texts.len() as u64),
        (0, 0),
    ];
    for (tag, value) in entries.iter().chain(&own) {
        section.extend(tag.to_le_bytes());
        section.extend(value.to_le_bytes());
    }
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes[16..18].copy_from_slice(&kind.to_le_bytes());
    bytes[18..20].copy_from_slice(&62_u16.to_le_bytes());
    bytes[32..40].copy_from_slice(&table.to_le_bytes());
    bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
    bytes[56..58].copy_from_slice(&count.to_le_bytes());
    let length = dynamic + section.len() as u64;
    let segments = [(1_u32, 0, length), (2, dynamic, section.len() as u64)];
    let interpreter = interpreter.map(|(at, length)| (3, strings + at, length));
    for (kind, offset, length) in segments.into_iter().chain(interpreter) {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        for number in [offset, 0x1000 + offset, 0, length, length, 0] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes.extend(texts);
    bytes.extend(section);
    bytes
}

fn library(kind: u16, entries: &[(u64, u64)], texts: &[u8]) -> Vec<u8> {
    object(kind, None, entries, texts)
}

/// What an ELF file is to say, for trees of other tests.
#[derive(Default)]
pub(in crate::footprint) struct Said<'a> {
    pub interpreter: Option<&'a str>,
    pub soname: Option<&'a str>,
    pub needed: &'a [&'a str],
    pub rpath: Option<&'a str>,
    pub runpath: Option<&'a str>,
}

impl Said<'_> {
    /// The file that says it.
    pub fn file(&self) -> Vec<u8> {
        let mut texts = vec![0];
        let mut place = |text: &str| {
            let at = texts.len() as u64;
            texts.extend(text.as_bytes());
            texts.push(0);
            at
        };
        let interpreter = self.interpreter.map(|it| (place(it), it.len() as u64 + 1));
        let mut entries: Vec<_> = self
            .needed
            .iter()
            .map(|it| (DT_NEEDED, place(it)))
            .collect();
        for (tag, text) in [
            (DT_SONAME, self.soname),
            (DT_RPATH, self.rpath),
            (DT_RUNPATH, self.runpath),
        ] {
            entries.extend(text.map(|text| (tag, place(text))));
        }
        object(3, interpreter, &entries, &texts)
    }
}

const TEXTS: &[u8] = b"\0libx.so.1\0libc.so.6\0$ORIGIN/a:/b\0";

#[test]
fn a_library_says_what_it_is_called_and_what_it_needs() {
    let bytes = library(
        3,
        &[(DT_SONAME, 1), (DT_NEEDED, 11), (DT_RUNPATH, 21)],
        TEXTS,
    );
    let wanted = Facts {
        sort: Sort::Library,
        platform: Some("linux/amd64"),
        soname: Some("libx.so.1".into()),
        needed: vec!["libc.so.6".into()],
        search: vec!["$ORIGIN/a".into(), "/b".into()],
        passes_on: false,
        interpreter: None,
        symbol_bytes: 0,
        has_symbols: false,
    };
    assert_eq!(read(&bytes), Some(wanted));
}

#[test]
fn programs_and_objects_are_told_apart() {
    for (kind, entries, wanted) in [
        (2, &[][..], Some(Sort::Program)),
        (3, &[(DT_FLAGS_1, DF_1_PIE)], Some(Sort::Program)),
        (3, &[(DT_FLAGS_1, 1)], Some(Sort::Library)),
        (1, &[], Some(Sort::Object)),
        (4, &[], None),
    ] {
        let facts = read(&library(kind, entries, TEXTS));
        assert_eq!(facts.map(|facts| facts.sort), wanted, "{kind} {entries:?}");
    }
    assert_eq!(read(b"#!/bin/sh\n"), None);
}

#[test]
fn this_program_is_read_as_what_it_is() {
    let path = std::env::current_exe().expect("has a path");
    let bytes = fs_err::read(path).expect("may be read");
    let facts = read(&bytes).expect("is an ELF file");
    assert_eq!(facts.sort, Sort::Program);
    assert!(
        facts.has_symbols && facts.symbol_bytes > 1_000_000,
        "tests are not stripped"
    );
    let is_static = facts.interpreter.is_none();
    assert!(is_static || facts.needed.iter().any(|name| name.starts_with("libc.")));
}

#[test]
fn a_damaged_file_never_panics() {
    let mut bytes = library(3, &[(DT_SONAME, 1), (DT_NEEDED, 11)], TEXTS);
    for place in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let kept = std::mem::replace(&mut bytes[place], value);
            let _either = read(&bytes);
            bytes[place] = kept;
        }
        let _either = read(&bytes[..place]);
    }
}

#[test]
fn sections_are_no_longer_than_their_file() {
    let mut bytes = library(3, &[], TEXTS);
    let (table, names) = (bytes.len() as u64, TEXTS);
    // Two tables of symbols that say they are as long as can be, then the names of sections.
    for (kind, offset, length) in [(2_u32, 0, u64::MAX), (2, 0, u64::MAX), (3, table + 192, 9)] {
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for number in [0, 0, offset, length, 0, 0, 0] {
            bytes.extend(u64::to_le_bytes(number));
        }
    }
    bytes.extend(names);
    bytes[40..48].copy_from_slice(&table.to_le_bytes());
    for (at, number) in [(58, 64_u16), (60, 3), (62, 2)] {
        bytes[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let facts = read(&bytes).expect("is an ELF file");
    assert_eq!(
        (facts.has_symbols, facts.symbol_bytes),
        (true, bytes.len() as u64)
    );
}
