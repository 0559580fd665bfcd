//! Packages of the release medium, and ones made here.

use super::*;
use crate::{
    index::Index,
    testkit::{self, Apk, data},
};
use boot_kit::{Digest, Entry, Kind};
use std::{collections::BTreeMap, io::Write};

/// Keeps every entry, with the SHA-256 of its content.
#[derive(Default)]
pub struct Listing(pub Vec<(Entry, Digest)>);

impl Sink for Listing {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let (digest, _) = Digest::of_reader(content)?;
        self.0.push((entry.clone(), digest));
        Ok(())
    }
}

fn file(bytes: &[u8]) -> OsFile {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("writable");
    file.rewind().expect("seekable");
    file
}

#[test]
fn every_genuine_package_is_proven_by_the_index_and_by_its_signature() {
    let Some(data) = data("v3.19/main/x86_64") else {
        return;
    };
    let keys = testkit::alpine_keys();
    let index = std::fs::read(data.join("APKINDEX.tar.gz")).expect("readable");
    let index = Index::read(&index, &keys, 0).expect("genuine");
    assert_eq!(index.packages.len(), 100);
    for package in &index.packages {
        let path = data.join(package.file_name());
        let mut apk = OsFile::open(&path).expect("is there");
        assert_eq!(apk.metadata().expect("is there").len(), package.size);
        let identity = package.identity.parse().expect("valid");
        verify(&identity, &mut apk).expect(&package.name);
        verify_signature(&keys, &mut apk).expect(&package.name);
        apk.rewind().expect("seekable");
        let mut listing = Listing::default();
        let unpacked = unpack(apk, &mut listing).expect(&package.name);
        assert_eq!(
            (&unpacked.info.name, &unpacked.info.version),
            (&package.name, &package.version)
        );
        assert_eq!(unpacked.files.len(), listing.0.len());
    }
}

/// What apk's own database says of each path, from the reference it was made with.
#[test]
fn files_have_the_checksums_apk_wrote_down() {
    let Some(data) = data("golden/alpine-base.installed.txt") else {
        return;
    };
    let text = std::fs::read_to_string(data).expect("readable");
    let mut checked = 0;
    for stanza in text.split("\n\n") {
        let field = |letter: &str| stanza.lines().find_map(|line| line.strip_prefix(letter));
        let (Some(name), Some(version)) = (field("P:"), field("V:")) else {
            continue;
        };
        let path =
            testkit::data(&format!("v3.19/main/x86_64/{name}-{version}.apk")).expect("is there");
        let file = OsFile::open(path).expect("readable");
        let unpacked = unpack(file, &mut Listing::default()).expect("genuine");
        let found: BTreeMap<String, String> = unpacked
            .files
            .iter()
            .filter_map(|file| Some((file.path.to_string(), file.checksum?.to_string())))
            .collect();
        let (mut directory, mut path, mut expected) = ("", String::new(), BTreeMap::new());
        for line in stanza.lines() {
            if let Some(name) = line.strip_prefix("F:") {
                directory = name;
            } else if let Some(name) = line.strip_prefix("R:") {
                path = format!("{directory}/{name}")
                    .trim_start_matches('/')
                    .to_owned();
            } else if let Some(checksum) = line.strip_prefix("Z:") {
                expected.insert(path.clone(), checksum.to_owned());
            }
        }
        assert_eq!(found, expected, "{name}");
        checked += expected.len();
    }
    assert!(checked > 300, "{checked}");
}

#[test]
fn owners_keep_their_names() {
    let Some(data) = data("v3.19/main/x86_64/chrony-4.5-r0.apk") else {
        return;
    };
    let file = OsFile::open(data).expect("readable");
    let unpacked = unpack(file, &mut Listing::default()).expect("genuine");
    let owned = unpacked.files.iter().filter(|file| file.user != "root");
    let owned: Vec<_> = owned
        .map(|file| {
            (
                file.path.to_string(),
                file.user.as_str(),
                file.uid,
                file.group.as_str(),
                file.gid,
            )
        })
        .collect();
    assert_eq!(
        owned,
        [
            ("etc/chrony".to_owned(), "chrony", 190, "chrony", 188),
            ("var/lib/chrony".to_owned(), "chrony", 190, "chrony", 188),
        ]
    );
    let scripts: Vec<_> = unpacked
        .scripts
        .iter()
        .map(|script| script.kind.name())
        .collect();
    assert_eq!(scripts, ["pre-install", "pre-upgrade"]);
}

#[test]
fn what_is_not_in_the_root_is_skipped_and_links_share_a_checksum() {
    let key = testkit::Key::new("test.rsa.pub");
    let apk = Apk::new("a", "1-r0")
        .file(".dummy", 0o644, "")
        .directory("usr", 0o755)
        .file("usr/b", 0o4755, "content")
        .hardlink("usr/c", "usr/b")
        .symlink("usr/d", "b")
        .script("post-install", "#!/bin/sh\n")
        .line("replaces = z")
        .line("triggers = /usr/* /etc");
    let mut listing = Listing::default();
    let unpacked = unpack(file(&apk.build(&key)), &mut listing).expect("well-formed");
    let paths: Vec<_> = listing
        .0
        .iter()
        .map(|(entry, _)| entry.path.to_string())
        .collect();
    assert_eq!(paths, ["usr", "usr/b", "usr/c", "usr/d"]);
    let sha1 = |text: &str| {
        let hash = <sha1::Sha1 as sha1::Digest>::digest(text);
        Some(Checksum(hash.into()))
    };
    let checksums: Vec<_> = unpacked.files.iter().map(|file| file.checksum).collect();
    assert_eq!(
        checksums,
        [None, sha1("content"), sha1("content"), sha1("b")]
    );
    assert_eq!(unpacked.files[1].kind, Kind::File { size: 7 });
    assert_eq!(unpacked.info.replaces, ["z"]);
    assert_eq!(unpacked.info.triggers, ["/usr/*", "/etc"]);
    assert_eq!(
        unpacked.scripts,
        [Script {
            kind: ScriptKind::PostInstall,
            content: b"#!/bin/sh\n".to_vec(),
            mtime: Apk::DATE
        }]
    );
}

#[test]
fn a_content_that_is_not_its_headers_is_refused() {
    let key = testkit::Key::new("test.rsa.pub");
    let apk = Apk::new("a", "1-r0").file_stated("b", "content", "other");
    let error = unpack(file(&apk.build(&key)), &mut Listing::default()).expect_err("is refused");
    assert_eq!(
        error.one_line(),
        "cannot read the data member: the content of `b` is not the one its header names"
    );
    assert_eq!(error.kind(), ErrorKind::Trust);
}

#[test]
fn a_package_is_refused_by_name_of_what_is_wrong() {
    let key = testkit::Key::new("test.rsa.pub");
    let other = testkit::Key::new("other.rsa.pub");
    let keys = Keys::of(&[key.public()]).expect("a key");
    let impostor = testkit::Key::new("test.rsa.pub");
    let apk = Apk::new("a", "1-r0").file("b", 0o644, "content");
    for (bytes, message) in [
        (
            apk.build(&other),
            "it is signed by `other.rsa.pub`, not by the known key `test.rsa.pub`",
        ),
        (
            apk.build(&impostor),
            "the signature by `test.rsa.pub` is bad: it was altered after signing",
        ),
        (apk.unsigned(), "it is not signed"),
        (
            apk.clone().without_data_hash().build(&key),
            "it has no `datahash`",
        ),
    ] {
        let error = verify_signature(&keys, &mut file(&bytes)).expect_err("is refused");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Trust, message)
        );
    }
    verify_signature(&keys, &mut file(&apk.build(&key))).expect("is signed");
    // No index's identity needs a signature.
    verify(&apk.identity(), &mut file(&apk.unsigned())).expect("is the one meant");
    let error = verify(
        &apk.identity(),
        &mut file(&Apk::new("a", "2-r0").unsigned()),
    );
    assert_eq!(
        error.expect_err("is another").to_string(),
        "its control member is not the one the index names"
    );
}

#[test]
fn all_kinds_of_rsa_signatures_are_known() {
    let key = testkit::Key::new("test.rsa.pub");
    let keys = Keys::of(&[key.public()]).expect("a key");
    let apk = Apk::new("a", "1-r0").file("b", 0o644, "content");
    for algorithm in ["RSA", "RSA256", "RSA512"] {
        let bytes = apk.clone().signed_with(algorithm).build(&key);
        verify_signature(&keys, &mut file(&bytes)).expect(algorithm);
    }
    let bytes = apk.signed_with("DSA").build(&key);
    let error = verify_signature(&keys, &mut file(&bytes)).expect_err("is not supported");
    assert_eq!(
        error.to_string(),
        "it is signed with `DSA`, which is not supported"
    );
}

#[test]
fn a_flipped_byte_of_control_or_data_is_refused() {
    let key = testkit::Key::new("test.rsa.pub");
    let apk = Apk::new("a", "1-r0")
        .file("b", 0o644, "content")
        .symlink("c", "b");
    let bytes = apk.build(&key);
    let control = bytes.len() - apk.unsigned().len();
    let identity = apk.identity();
    verify(&identity, &mut file(&bytes)).expect("is the one meant");
    for i in control..bytes.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[i] ^= mask;
            let error = verify(&identity, &mut file(&altered)).expect_err("is altered");
            assert_eq!(error.kind(), ErrorKind::Trust, "byte {i}");
        }
    }
    for length in 0..bytes.len() {
        assert!(
            verify(&identity, &mut file(&bytes[..length])).is_err(),
            "{length} bytes"
        );
        assert!(
            unpack(file(&bytes[..length]), &mut Listing::default()).is_err(),
            "{length} bytes"
        );
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(verify(&identity, &mut file(&longer)).is_err());
    assert!(unpack(file(&longer), &mut Listing::default()).is_err());
}
