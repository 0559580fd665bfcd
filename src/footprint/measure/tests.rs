use super::*;
use std::collections::BTreeMap;

#[test]
fn private_keys_are_told_by_their_first_lines() {
    for (text, wanted) in [
        (&b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"[..], true),
        (b"-----BEGIN RSA PRIVATE KEY-----\r\nMIIE\r\n", true),
        (b"-----BEGIN PRIVATE KEY-----\nMIIE\n", true),
        (
            b"Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
            true,
        ),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", true),
        (b"-----BEGIN CERTIFICATE-----\nMIIE\n", false),
        (b"It starts with -----BEGIN RSA PRIVATE KEY-----\n", false),
        (b"\x7fELF\0\n-----BEGIN RSA PRIVATE KEY-----\n", false),
    ] {
        assert_eq!(is_private_key(text), wanted, "{}", text.escape_ascii());
    }
}

#[test]
fn scripts_name_their_interpreter() {
    assert_eq!(
        script(b"#! /bin/sh -e\nset\n").as_deref(),
        Some("/bin/sh -e")
    );
    assert_eq!(script(b"\x7fELF"), None);
}

fn file(path: &str, size: usize) -> (Entry, Vec<u8>) {
    let entry = Entry {
        path: RootPath::parse(path).expect("a path"),
        kind: Kind::File { size: size as u64 },
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: BTreeMap::new(),
    };
    (entry, vec![b'x'; size])
}

fn measure() -> Measure {
    let options = Options {
        jobs: 1,
        gzip: false,
        closures: Vec::new(),
        listed: None,
    };
    Measure::new(crate::registry::inventories(), options).expect("rules are well-formed")
}

#[test]
fn many_licences_leave_room_for_the_database() {
    let mut measure = measure();
    measure.most = 1000;
    for package in 0..9 {
        let (entry, content) = file(&format!("usr/share/doc/{package}/copyright"), 200);
        let taken = measure.entry(&entry, &mut &content[..]);
        taken.expect("may be taken");
    }
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n";
    let (entry, _) = file("var/lib/dpkg/status", status.len());
    let taken = measure.entry(&entry, &mut &status[..]);
    taken.expect("may be taken");
    let footprint = measure.finish(Image::default()).expect("is well-formed");
    let names: Vec<_> = footprint.packages.iter().map(|it| &it.name).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(
        footprint.notes,
        [
            "`usr/share/doc/2/copyright` and 6 more are not read: they and what was read before are too large together"
        ]
    );
}

#[test]
fn a_path_longer_than_any_is_refused() {
    let mut measure = measure();
    let (entry, _) = file(&"a/".repeat(MAX_PATH / 2), 0);
    let taken = measure.entry(&entry, &mut io::empty());
    taken.expect("4095 bytes are a path");
    let (entry, _) = file(&"a/".repeat(MAX_PATH), 0);
    let taken = measure.entry(&entry, &mut io::empty());
    let error = taken.expect_err("nothing can unpack it");
    assert_eq!(error.kind(), ErrorKind::Parse);
}
