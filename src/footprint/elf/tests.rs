use super::*;
use boot_kit::testkit::Elf as Made;

#[test]
fn a_library_says_what_it_is_called_and_what_it_needs() {
    let made = Made::library("libx.so.1").needs("libc.so.6");
    let bytes = made.runpath("$ORIGIN/a:/b").build();
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
    for (kind, flags, wanted) in [
        (2, 0, Some(Sort::Program)),
        // `DF_1_PIE`.
        (3, 0x0800_0000, Some(Sort::Program)),
        (3, 1, Some(Sort::Library)),
        (1, 0, Some(Sort::Object)),
        (4, 0, None),
    ] {
        let mut bytes = Made::shared().needs("libc.so.6").flags(flags).build();
        bytes[16..18].copy_from_slice(&u16::to_le_bytes(kind));
        let facts = read(&bytes);
        assert_eq!(facts.map(|facts| facts.sort), wanted, "{kind} {flags:#x}");
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
    let mut bytes = Made::library("libx.so.1").needs("libc.so.6").build();
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
    let mut bytes = Made::shared().needs("libc.so.6").build();
    let table = bytes.len() as u64;
    // Two tables of symbols that say they are as long as can be, then the names of sections.
    for (kind, offset, length) in [(2_u32, 0, u64::MAX), (2, 0, u64::MAX), (3, table + 192, 1)] {
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for number in [0, 0, offset, length, 0, 0, 0] {
            bytes.extend(u64::to_le_bytes(number));
        }
    }
    bytes.push(0);
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
