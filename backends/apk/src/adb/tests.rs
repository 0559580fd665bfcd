//! Genuine v3 files of a third party, and ones made here.

use super::*;
use crate::{
    archive::{self, Script, ScriptKind, tests::Listing},
    index::Index,
    testkit::{self, Built, EcKey, block, compressed, data, signature},
};
use boot_kit::{Digest, Kind as FileKind, RootPath};
use std::{fs, fs::File, io::Cursor};

const SAMPLES: &str = "openwrt-v3/mossdef";

/// The genuine packages by path, smallest first.
fn samples() -> Vec<(String, Vec<u8>)> {
    let Some(directory) = data(SAMPLES) else {
        return Vec::new();
    };
    let entries = fs::read_dir(directory).expect("readable");
    let mut samples: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "apk"))
        .map(|path| {
            let name = path.file_name().expect("has a name").to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("readable"))
        })
        .collect();
    samples.sort_by_key(|(_, bytes)| bytes.len());
    assert_eq!(samples.len(), 15);
    samples
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::DeflateDecoder::new(&bytes[4..])
        .read_to_end(&mut plain)
        .expect("genuine");
    plain
}

fn verify(bytes: &[u8], proven: &Proven<'_>) -> Result<()> {
    package::verify(Cursor::new(bytes), proven)
}

#[test]
fn every_sample_is_signed_and_is_what_its_index_names() {
    let Some(directory) = data(SAMPLES) else {
        return;
    };
    let keys = testkit::openwrt_keys();
    let bytes = fs::read(directory.join("packages.adb")).expect("readable");
    let index = Index::read(&bytes, &keys, 0).expect("genuine");
    assert_eq!(index.packages.len(), 15);
    let mut files = 0;
    for package in &index.packages {
        let path = directory.join(package.file_name());
        let mut file = File::open(path).expect("is there");
        assert_eq!(file.metadata().expect("is there").len(), package.size);
        archive::verify(&package.identity.parse().expect("valid"), &mut file).expect("is the one");
        archive::verify_signature(&keys, &mut file).expect("is signed");
        std::io::Seek::rewind(&mut file).expect("seekable");
        let mut listing = Listing::default();
        let unpacked = archive::unpack(file, &mut listing).expect("genuine");
        assert_eq!(
            (&unpacked.info.name, &unpacked.info.version),
            (&package.name, &package.version)
        );
        assert_eq!(unpacked.files.len(), listing.0.len());
        let size: u64 = unpacked.files.iter().map(|file| file.size).sum();
        assert!(
            size <= package.installed_size,
            "{size} of {}",
            package.installed_size
        );
        files += unpacked.files.len();
    }
    assert!(files > 200, "{files}");
}

#[test]
fn a_sample_unpacks_to_its_files() {
    let Some(directory) = data(SAMPLES) else {
        return;
    };
    let file = File::open(directory.join("wireless-regdb-2025.10.07-r2.apk")).expect("is there");
    let mut listing = Listing::default();
    let unpacked = archive::unpack(file, &mut listing).expect("genuine");
    let listed: Vec<_> = unpacked
        .files
        .iter()
        .map(|file| {
            format!(
                "{} {:o} {}:{} {}",
                file.path, file.mode, file.user, file.group, file.size
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            "lib 755 root:root 0",
            "lib/apk 755 root:root 0",
            "lib/apk/packages 755 root:root 0",
            "lib/apk/packages/wireless-regdb.list 644 root:root 28",
            "lib/firmware 755 root:root 0",
            "lib/firmware/regulatory.db 644 root:root 6276",
        ]
    );
    let kinds: Vec<_> = unpacked
        .scripts
        .iter()
        .map(|script| script.kind.name())
        .collect();
    assert_eq!(kinds, ["post-install", "pre-deinstall", "post-upgrade"]);
}

#[test]
fn packages_without_a_signature_are_refused() {
    let keys = Keys::of(&[EcKey::new(1).public("a.pem")]).expect("a key");
    for name in ["base-files-1707~4ccb782af7.apk", "busybox-1.37.0-r6.apk"] {
        let Some(path) = data(&format!("openwrt-v3/base/{name}")) else {
            return;
        };
        let mut file = File::open(path).expect("is there");
        let error = archive::verify_signature(&keys, &mut file).expect_err("is refused");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Trust, "it is not signed")
        );
        // They are well-formed all the same: an index could vouch for them.
        let file = File::open(data(&format!("openwrt-v3/base/{name}")).expect("is there"));
        archive::unpack(file.expect("is there"), &mut Listing::default()).expect("is whole");
    }
}

#[test]
fn an_unknown_key_is_refused_by_its_id() {
    let keys = Keys::of(&[EcKey::new(1).public("a.pem")]).expect("a key");
    let message =
        "it is signed by `bf8e0c844269e563e20782a19fde51e2`, not by the known key `a.pem`";
    for (name, bytes) in samples() {
        let error = verify(&bytes, &Proven::BySignature(&keys)).expect_err("is refused");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Trust, message),
            "{name}"
        );
    }
    if let Some(path) = data("openwrt-v3/mossdef/packages.adb") {
        let error = Index::read(&fs::read(path).expect("readable"), &keys, 0);
        assert_eq!(error.expect_err("is refused").to_string(), message);
    }
}

/// Which offsets to alter: the first and last, and so many between.
fn offsets(bytes: &[u8], count: usize) -> Vec<usize> {
    let length = bytes.len();
    let mut offsets: Vec<usize> = (0..length).step_by((length / count).max(1)).collect();
    offsets.extend((0..length).take(12));
    offsets.extend(length.saturating_sub(12)..length);
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}

/// No signature covers how a file is compressed. So a byte that is inverted is refused, and one bit that is must be
/// refused or leave what is compressed as it was: deflate may say the same thing in several ways, and its last byte has
/// bits that mean nothing.
fn assert_refused_or_the_same(
    bytes: &[u8],
    plain: &[u8],
    i: usize,
    is_good: &dyn Fn(&[u8]) -> bool,
) {
    for mask in [0xff, 0x10] {
        let mut altered = bytes.to_vec();
        altered[i] ^= mask;
        if is_good(&altered) {
            assert_ne!(mask, 0xff, "byte {i}");
            assert_eq!(inflate(&altered), plain);
        }
    }
}

#[test]
fn a_flipped_byte_of_a_compressed_sample_is_refused() {
    let Some(keys) = testkit_keys() else { return };
    for (i, (_, bytes)) in samples().iter().enumerate() {
        let plain = inflate(bytes);
        // Every byte of the smallest.
        for i in offsets(bytes, if i == 0 { bytes.len() } else { 40 }) {
            let is_good = |bytes: &[u8]| verify(bytes, &Proven::BySignature(&keys)).is_ok();
            assert_refused_or_the_same(bytes, &plain, i, &is_good);
        }
    }
}

fn testkit_keys() -> Option<Keys> {
    data(SAMPLES).map(|_| testkit::openwrt_keys())
}

#[test]
fn a_flipped_byte_of_any_section_is_refused() {
    let Some(keys) = testkit_keys() else { return };
    let proven = Proven::BySignature(&keys);
    for (number, (name, bytes)) in samples().iter().enumerate() {
        let plain = inflate(bytes);
        verify(&plain, &proven).expect(name);
        let mut altered = plain.clone();
        let mut offsets = offsets(&plain, if number == 0 { plain.len() } else { 40 });
        // Of every block the head, what comes first, what comes last and what fills it up; all of the signature.
        let mut at = 8;
        while at < plain.len() {
            let word = u32::from_le_bytes(plain[at..at + 4].try_into().expect("four"));
            let end = at + ((word & 0x3fff_ffff) as usize).next_multiple_of(8);
            offsets.extend([at, at + 3, at + 4, at + 8, end - 9, end - 1]);
            if word >> 30 == 1 {
                offsets.extend((at..end).step_by(if number == 0 { 1 } else { 7 }));
            }
            at = end;
        }
        // Each is unpacked to where it differs: of the larger ones fewer are tried.
        let step = if number < 4 { 1 } else { 5 };
        for i in offsets.into_iter().step_by(step) {
            altered[i] ^= 0x04;
            assert!(verify(&altered, &proven).is_err(), "{name}: byte {i}");
            altered[i] = plain[i];
        }
    }
}

#[test]
fn a_flipped_byte_of_the_index_is_refused() {
    let Some(path) = data("openwrt-v3/mossdef/packages.adb") else {
        return;
    };
    let keys = testkit::openwrt_keys();
    let bytes = fs::read(path).expect("readable");
    let plain = inflate(&bytes);
    let read = Index::read(&bytes, &keys, 0).expect("genuine");
    assert_eq!(Index::read(&plain, &keys, 0).expect("the same"), read);
    let is_good = |bytes: &[u8]| Index::read(bytes, &keys, 0).is_ok();
    for i in 0..bytes.len() {
        assert_refused_or_the_same(&bytes, &plain, i, &is_good);
    }
    for i in 0..plain.len() {
        let mut altered = plain.clone();
        altered[i] ^= 0x10;
        assert!(!is_good(&altered), "byte {i}");
    }
    for bytes in [bytes, plain] {
        for length in (0..bytes.len()).step_by(8) {
            assert!(
                Index::read(&bytes[..length], &keys, 0).is_err(),
                "{length} bytes"
            );
        }
        let longer = [&bytes[..], &[0; 8]].concat();
        assert!(Index::read(&longer, &keys, 0).is_err());
    }
}

#[test]
fn a_truncated_sample_is_refused() {
    for (name, bytes) in &samples() {
        for bytes in [bytes, &inflate(bytes)] {
            for length in (0..bytes.len()).step_by(512) {
                let cut = Cursor::new(&bytes[..length]);
                let error = package::verify(cut, &Proven::Already).expect_err("is refused");
                assert_eq!(error.kind(), ErrorKind::Parse, "{name}: {length} bytes");
            }
        }
    }
}

fn small() -> Built {
    testkit::package(&[("a", "content"), ("b", ""), ("c", &"long ".repeat(100))])
}

#[test]
fn every_byte_of_every_form_counts() {
    let key = EcKey::new(1);
    let keys = Keys::of(&[key.public("a.pem")]).expect("a key");
    let proven = Proven::BySignature(&keys);
    for (form, bytes) in compressed(&small().file(&[&key])) {
        verify(&bytes, &proven).expect(form);
        for i in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[i] ^= 0xff;
            // The level is only what the writer noted.
            let is_level = bytes.starts_with(b"ADBc") && i == 5;
            assert_eq!(
                verify(&altered, &proven).is_ok(),
                is_level,
                "{form}: byte {i}"
            );
        }
        for length in 0..bytes.len() {
            assert!(
                verify(&bytes[..length], &proven).is_err(),
                "{form}: {length} bytes"
            );
        }
        let longer = [&bytes[..], &[0; 8]].concat();
        assert!(verify(&longer, &proven).is_err(), "{form}");
    }
}

#[test]
fn a_package_is_unpacked_as_it_lists_itself() {
    let built = small();
    let mut listing = Listing::default();
    let unpacked = package::unpack(Cursor::new(built.file(&[])), &Proven::Already, &mut listing);
    let unpacked = unpacked.expect("well-formed");
    let seen: Vec<_> = listing
        .0
        .iter()
        .map(|(entry, digest)| (entry.path.to_string(), entry.kind.clone(), *digest))
        .collect();
    let empty = Digest::of("");
    let long = "long ".repeat(100);
    assert_eq!(
        seen,
        [
            ("etc".into(), FileKind::Directory, empty),
            (
                "etc/a".into(),
                FileKind::File { size: 7 },
                Digest::of("content")
            ),
            ("etc/b".into(), FileKind::File { size: 0 }, empty),
            (
                "etc/c".into(),
                FileKind::File { size: 500 },
                Digest::of(&long)
            ),
            (
                "etc/zlink".into(),
                FileKind::Symlink(b"../b".to_vec()),
                empty
            ),
        ]
    );
    assert_eq!(unpacked.info.triggers, ["/etc/*"]);
    assert_eq!(
        unpacked.scripts,
        [Script {
            kind: ScriptKind::PostInstall,
            content: b"#!/bin/sh\n".to_vec(),
            mtime: 0
        }]
    );
    assert_eq!(unpacked.files[1].path, RootPath::from("etc/a"));
}

#[test]
fn one_good_signature_of_a_known_key_is_enough_but_a_bad_one_is_not_passed_over() {
    let (ours, other) = (EcKey::new(1), EcKey::new(2));
    let keys = Keys::of(&[ours.public("a.pem")]).expect("a key");
    let built = small();
    verify(&built.file(&[&other, &ours]), &Proven::BySignature(&keys)).expect("one is known");
    let error = verify(&built.file(&[]), &Proven::BySignature(&keys)).expect_err("is refused");
    assert_eq!(error.to_string(), "it is not signed");
    // A signature for another schema, or of another block, is none.
    for bytes in [
        signature(&ours, *b"indx", &built.adb),
        signature(&ours, *b"pckg", b"other"),
    ] {
        let file = [&b"ADB.pckg"[..], &block(0, &built.adb), &block(1, &bytes)].concat();
        let error = verify(&file, &Proven::BySignature(&keys)).expect_err("is refused");
        assert_eq!(
            error.to_string(),
            "the signature by `a.pem` is bad: it was altered after signing"
        );
    }
}

#[test]
fn contents_must_be_those_listed_in_their_order() {
    let built = small();
    let identity = {
        let hash: [u8; 32] = Sha256::digest(&built.adb).into();
        Identity::Long(hash)
    };
    let check = |built: &Built| {
        let proven = Proven::ByIdentity(identity);
        verify(&built.file(&[]), &proven)
            .err()
            .map(|error| error.one_line())
    };
    assert_eq!(check(&built), None);
    let change = |change: &dyn Fn(&mut Built)| {
        let mut built = built.clone();
        change(&mut built);
        check(&built).expect("is refused")
    };
    assert_eq!(
        change(&|built| built.data[0].2[0] ^= 1),
        "cannot unpack `etc/a`: its content is not the one the package names"
    );
    assert_eq!(
        change(&|built| built.data[0].2.push(0)),
        "cannot unpack `etc/a`: its block is of another length"
    );
    assert_eq!(
        change(&|built| built.data.swap(0, 1)),
        "cannot unpack `etc/a`: its block is of another length"
    );
    assert_eq!(
        change(&|built| built.data[0].1 = 2),
        "cannot unpack `etc/a`: the next block belongs to another file"
    );
    assert_eq!(
        change(&|built| drop(built.data.pop())),
        "cannot unpack `etc/c`: the content of a file is missing"
    );
    assert_eq!(
        change(&|built| built.data.push((2, 4, b"x".to_vec()))),
        "a block follows that belongs to nothing"
    );
    assert_eq!(
        change(&|built| *built.adb.last_mut().expect("is not empty") ^= 1),
        "its ADB block is not the one the index names"
    );
}

#[test]
fn a_hostile_block_is_an_error_and_no_more() {
    let plain = small().adb;
    let mut altered = plain.clone();
    // Every word of the block, as an offset, a length and a count that is wrong.
    for at in (0..plain.len() - 4).step_by(4) {
        for word in [
            0,
            1,
            0x0fff_ffff,
            0x8000_0000,
            0x8fff_ffff,
            0x9000_0004,
            0xa000_0004,
            0xafff_ffff,
            0xd000_0000,
            0xe000_0004,
            0xe000_0008,
            0xefff_ffff,
            0x2fff_fffd,
            0x3fff_fff9,
            0xffff_ffff,
            u32::try_from(at).expect("fits") | 0xe000_0000,
        ] {
            altered[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
            let built = Built {
                adb: altered.clone(),
                data: small().data,
            };
            // Some are harmless: an absent field. None may panic, hang, or ask for gigabytes.
            let _ = package::unpack(
                Cursor::new(built.file(&[])),
                &Proven::Already,
                &mut Listing::default(),
            );
            altered[at..at + 4].copy_from_slice(&plain[at..at + 4]);
        }
    }
}

#[test]
fn a_length_that_lies_is_found_out_without_room_for_it() {
    let plain = small().file(&[]);
    let extended = |kind: u32, size: u64| {
        let head = (3 << 30 | kind).to_le_bytes();
        [
            &b"ADB.pckg"[..],
            &head,
            &[0; 4],
            &size.to_le_bytes(),
            &[0; 64],
        ]
        .concat()
    };
    let mut long = plain.clone();
    long[8..12].copy_from_slice(&0x3fff_fff8_u32.to_le_bytes());
    let mut short = plain.clone();
    short[8..12].copy_from_slice(&3_u32.to_le_bytes());
    let mut kind = plain.clone();
    kind[8..12].copy_from_slice(&(3_u32 << 30).to_le_bytes());
    kind[12] = 1;
    for (bytes, message) in [
        (
            long,
            "cannot read the ADB block: it has 1073741812 bytes, more than 134217728",
        ),
        (short, "a block is shorter than its head"),
        (kind, "the head of a block has a reserved part"),
        (extended(7, 80), "there is a block of unknown kind 7"),
        (
            extended(0, u64::MAX),
            "cannot read the ADB block: it has 18446744073709551599 bytes, more than 134217728",
        ),
        (
            extended(0, 100 << 20),
            "cannot read the ADB block: unexpected end of file",
        ),
        (extended(0, 15), "a block is shorter than its head"),
        (extended(2, 80), "it does not begin with an ADB block"),
        (b"ADB.pckg".to_vec(), "it does not begin with an ADB block"),
        (
            b"ADB.indx".to_vec(),
            "it is no package, but of schema `indx`",
        ),
        (b"ADBx".to_vec(), "it is no ADB"),
        (b"ADBc\x09\0".to_vec(), "compression 9 is not supported"),
    ] {
        let error = verify(&bytes, &Proven::Already).expect_err("is refused");
        assert_eq!(error.one_line(), message);
    }
}

#[test]
fn values_that_share_cannot_stand_for_endless_ones() {
    let mut adb = testkit::Adb::new();
    let name = adb.blob(b"x");
    let root = adb.blob(b"root");
    let access = adb.object(&[0x1000_01ed, root, root]);
    let hash = adb.blob(&Sha256::digest(""));
    let file = adb.object(&[name, access, 0, 0, hash]);
    let files = adb.object(&vec![file; 20_000]);
    let directory = adb.object(&[name, access, files]);
    let paths = adb.object(&vec![directory; 20_000]);
    let version = adb.blob(b"1");
    let info = adb.object(&[name, version]);
    let package = adb.object(&[info, paths]);
    let built = Built {
        adb: adb.finish(package),
        data: Vec::new(),
    };
    let error = package::verify(Cursor::new(built.file(&[])), &Proven::Already);
    assert_eq!(
        error.expect_err("is refused").one_line(),
        "its values are too many to be meant"
    );
}

#[test]
fn paths_that_point_out_are_refused() {
    for name in ["..", ".", "a/b", "a\nb"] {
        let built = testkit::package(&[(name, "content")]);
        let error = verify(&built.file(&[]), &Proven::Already).expect_err("is refused");
        let shown = name.as_bytes().escape_ascii();
        assert_eq!(
            error.to_string(),
            format!("a file has the malformed name `{shown}`")
        );
    }
}
