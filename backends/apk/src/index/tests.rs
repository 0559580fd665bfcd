use super::*;
use crate::testkit::{self, Apk, Key, data, index};
use boot_kit::ErrorKind;
use std::fs;

fn refused(bytes: &[u8], keys: &Keys) -> String {
    let error = Index::read(bytes, keys, 0).expect_err("is refused");
    assert_eq!(error.kind(), ErrorKind::Trust, "{error:?}");
    error.one_line()
}

#[test]
fn the_genuine_index_is_read_whole() {
    let Some(path) = data("v3.19/main/x86_64/APKINDEX.tar.gz") else {
        return;
    };
    let bytes = fs::read(path).expect("readable");
    let index = Index::read(&bytes, &testkit::alpine_keys(), 3).expect("genuine");
    assert_eq!(
        (
            index.description.as_str(),
            index.packages.len(),
            index.date,
            &index.pkgname_spec
        ),
        ("3.19.1", 100, 1_706_291_505, &None)
    );
    let count = |letter: &str| {
        let has = |package: &&Package| package.stanza.lines().any(|line| line.starts_with(letter));
        index.packages.iter().filter(has).count()
    };
    assert_eq!(
        [count("D:"), count("p:"), count("i:"), count("k:")],
        [82, 65, 12, 6]
    );
    let shell = index
        .packages
        .iter()
        .find(|package| package.name == "busybox-binsh");
    let shell = shell.expect("is there");
    assert_eq!((shell.provider_priority, shell.repository), (100, 3));
    assert_eq!(
        shell
            .provides
            .iter()
            .map(|provide| provide.name.as_str())
            .collect::<Vec<_>>(),
        ["/bin/sh", "cmd:sh"]
    );
}

#[test]
fn every_flipped_byte_of_the_signed_part_is_refused() {
    let key = Key::new("test.rsa.pub");
    let keys = Keys::of(&[key.public()]).expect("a key");
    let stanzas = [Apk::new("a", "1-r0").stanza()];
    let bytes = index(&key, "test", &stanzas, 5);
    let mut read = Index::read(&bytes, &keys, 0).expect("is signed");
    assert_eq!((read.date, read.packages.len()), (Apk::DATE, 1));
    read.packages.clear();
    let end = testkit_signature_end(&bytes);
    for i in end..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[i] ^= mask;
            refused(&altered, &keys);
        }
    }
    for length in 0..bytes.len() {
        assert!(Index::read(&bytes[..length], &keys, 0).is_err());
    }
    let longer = [&bytes[..], b"x"].concat();
    refused(&longer, &keys);
}

/// Where the signatures' member ends.
fn testkit_signature_end(bytes: &[u8]) -> usize {
    let mut reader = crate::archive::member::Hashing::new(bytes);
    reader.read_member(1 << 20).expect("a member");
    usize::try_from(reader.consumed()).expect("fits")
}

#[test]
fn an_index_is_refused_by_name_of_what_is_wrong() {
    let (key, other) = (Key::new("test.rsa.pub"), Key::new("other.rsa.pub"));
    let keys = Keys::of(&[key.public()]).expect("a key");
    let bytes = index(&other, "test", &[], 5);
    assert_eq!(
        refused(&bytes, &keys),
        "it is signed by `other.rsa.pub`, not by the known key `test.rsa.pub`"
    );
    let stripped = &bytes[testkit_signature_end(&bytes)..];
    assert_eq!(refused(stripped, &keys), "it is not signed");
    let bad = index(&Key::new("test.rsa.pub"), "test", &[], 5);
    assert_eq!(
        refused(&bad, &keys),
        "the signature by `test.rsa.pub` is bad: it was altered after signing"
    );
}

#[test]
fn a_package_that_cannot_be_read_is_named() {
    let key = Key::new("test.rsa.pub");
    let keys = Keys::of(&[key.public()]).expect("a key");
    let bytes = index(&key, "test", &["P:a\nV:1\nS:x\n".into()], 5);
    let error = Index::read(&bytes, &keys, 0).expect_err("is malformed");
    assert_eq!(
        error.one_line(),
        "cannot read package `a`: line `S:x` has no number"
    );
}

#[test]
fn the_date_is_that_of_the_index_if_no_package_is_newer() {
    let key = Key::new("test.rsa.pub");
    let keys = Keys::of(&[key.public()]).expect("a key");
    let stanzas = [Apk::new("a", "1-r0").stanza()];
    for (date, expected) in [(5, Apk::DATE), (Apk::DATE + 9, Apk::DATE + 9)] {
        let read = Index::read(&index(&key, "test", &stanzas, date), &keys, 0);
        assert_eq!(read.expect("is signed").date, expected);
    }
}
