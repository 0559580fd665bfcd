//! Readers of what comes from an archive, fed with well-formed texts and packages that were damaged at random.
//!
//! Signatures and digests keep such data away from most of them; none may panic, hang or fill memory all the same.

use boot_deb::{
    archive,
    control::Control,
    index::{List, Universe},
    relation,
    release::Release,
    stanza::Stanzas,
    version,
};
use boot_kit::{
    Entry, Result, Sink,
    testkit::{Deb, Packing},
};
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

/// How long each reader is tried.
const LONG: Duration = Duration::from_millis(700);

/// Numbers that look random and are the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).expect("31 bits fit") % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\0\n \t:,.|()[]<>=~+-/0918Az\x7f\x80\xc3\xff";
        match self.below(4) {
            0 => u8::try_from(self.below(256)).expect("less than 256"),
            _ => TELLING[self.below(TELLING.len())],
        }
    }

    /// Changes, removes, repeats or adds a few bytes.
    fn damage(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + self.below(40)).min(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                3 => bytes.insert(at, self.byte()),
                _ if at < bytes.len() => bytes[at] = self.byte(),
                _ => {}
            }
        }
        bytes
    }
}

/// Feeds `read` with damaged forms of `whole` for a while; it says whether it took them for good.
fn try_all(whole: &[&[u8]], read: impl Fn(&[u8]) -> bool) {
    for whole in whole {
        assert!(read(whole), "the undamaged form is not understood");
    }
    let (mut dice, begin) = (Dice(0x1234_5678_9abc_def1), Instant::now());
    let mut refused = 0;
    while begin.elapsed() < LONG {
        let chosen = dice.below(whole.len());
        let damaged = dice.damage(whole[chosen]);
        refused += u32::from(!read(&damaged));
    }
    assert!(refused > 0, "no damage was ever noticed");
}

struct Swallow;

impl Sink for Swallow {
    fn entry(&mut self, _entry: &Entry, content: &mut dyn Read) -> Result<()> {
        std::io::copy(&mut content.take(1 << 20), &mut std::io::sink())?;
        Ok(())
    }
}

#[test]
fn damaged_packages_are_read_or_refused() {
    let deb = |packing| {
        Deb::new("a", "1:2-3")
            .depends("b (>= 1) | c, d:any")
            .directory("usr", 0o755)
            .file("usr/file", 0o4755, "content".repeat(100))
            .hardlink("usr/link", "usr/file")
            .symlink("usr/symlink", "../etc")
            .conffile("etc/a", "x")
            .script("preinst", "#!/bin/sh\n")
            .packed(packing)
            .build()
    };
    for packing in [Packing::Plain, Packing::Gzip, Packing::Xz, Packing::Zstd] {
        try_all(&[&deb(packing)], |bytes| {
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(bytes).expect("writable");
            std::io::Seek::rewind(&mut file).expect("seekable");
            archive::unpack(file, &mut Swallow).is_ok()
        });
    }
}

const PACKAGES: &str = "Package: a\nVersion: 1:2-3\nArchitecture: amd64\nEssential: yes\nPriority: required\n\
    Multi-Arch: same\nDepends: b (>= 1~) | c:any, d [amd64]\nProvides: v (= 1), w\nBreaks: x (<< 2)\n\
    Filename: pool/a.deb\nSize: 12\nSHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
    Description: d\n long\n .\n\nPackage: b\nVersion: 1\nArchitecture: all\nFilename: pool/b.deb\nSize: 1\n\
    SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

#[test]
fn damaged_package_lists_are_read_or_refused() {
    try_all(&[PACKAGES.as_bytes()], |bytes| {
        let list = List {
            name: "list",
            text: bytes.into(),
            archive: 0,
            base: true,
            pin: 500,
            suites: ["trixie", "stable"],
        };
        let universe = Universe::read("amd64", &["i386".to_owned()], &[list]);
        universe.is_ok_and(|universe| {
            let request = boot_deb::solve::Request {
                essential: true,
                include: vec!["a".into()],
                ..Default::default()
            };
            boot_deb::solve::solve(&universe, &request).is_ok() || bytes == PACKAGES.as_bytes()
        })
    });
}

#[test]
fn damaged_texts_are_read_or_refused() {
    let control = b"Package: a\nVersion: 1\nArchitecture: amd64\nDescription: d\n e\n\tf\n# g\n";
    try_all(&[control], |bytes| Control::parse(bytes).is_ok());
    try_all(&[PACKAGES.as_bytes()], |bytes| {
        Stanzas::new(bytes).all(|stanza| {
            stanza.is_ok_and(|stanza| {
                stanza
                    .fields()
                    .iter()
                    .all(|field| field.lines().count() > 0)
            })
        })
    });
    let release = b"Suite: stable\nCodename: trixie\nDate: Sun, 01 Jun 2025 00:00:00 UTC\nSHA256:\n \
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages\n";
    try_all(&[release], |bytes| Release::parse(bytes).is_ok());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    try_all(
        &[b"a (>= 1), b:any | c [!amd64] <!nocheck>, d (= 1:2~rc1-3)"],
        |bytes| relation::parse(&text(bytes), "amd64").is_ok(),
    );
    try_all(&[b"1:2.3~rc1+b2-4", b"0", b"1.0-1"], |bytes| {
        let (text, other) = (text(bytes), "1:2.3~rc1+b2-4");
        assert_eq!(
            version::compare(&text, other),
            version::compare(other, &text).reverse()
        );
        version::Version::parse(&text).is_ok()
    });
}
