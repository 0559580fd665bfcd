use super::*;

/// A file of 64 bits for amd64: header, two segments (all of it, and the dynamic section), texts, dynamic section.
fn library(kind: u16, entries: &[(u64, u64)], texts: &[u8]) -> Vec<u8> {
    let (table, count) = (64_u64, 2_u16);
    let strings = table + 56 * u64::from(count);
    let dynamic = strings + texts.len() as u64;
    let mut section = Vec::new();
    for (tag, value) in entries
        .iter()
        .chain(&[(DT_STRTAB, 0x1000 + strings), (0, 0)])
    {
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
    for (kind, offset, length) in [(1_u32, 0, length), (2, dynamic, section.len() as u64)] {
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
