//! v3 files: values, blocks, signatures, compression.

use super::{EcKey, Signer};
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest as _, Sha256, Sha512};
use std::io::Write;

/// Writes the values of an ADB block.
pub struct Adb {
    bytes: Vec<u8>,
}

/// A package whose parts are still apart.
#[derive(Clone)]
pub struct Built {
    /// The ADB block.
    pub adb: Vec<u8>,
    /// Contents, with the numbers of their directory and file.
    pub data: Vec<(u32, u32, Vec<u8>)>,
}

impl Default for Adb {
    fn default() -> Self {
        Self::new()
    }
}

impl Adb {
    /// Begins with the head of a block.
    pub fn new() -> Self {
        Self { bytes: vec![0; 8] }
    }

    /// Text or bytes.
    pub fn blob(&mut self, bytes: &[u8]) -> u32 {
        let (kind, length) = if bytes.len() < 256 {
            (8, vec![u8::try_from(bytes.len()).expect("fits")])
        } else {
            let length = u32::try_from(bytes.len()).expect("fits");
            (10, length.to_le_bytes().to_vec())
        };
        self.align();
        let value = self.value(kind);
        self.bytes.extend(length);
        self.bytes.extend(bytes);
        value
    }

    /// A number.
    pub fn integer(&mut self, number: u64) -> u32 {
        if number < 1 << 28 {
            return 1 << 28 | u32::try_from(number).expect("fits");
        }
        self.align();
        let value = self.value(3);
        self.bytes.extend(number.to_le_bytes());
        value
    }

    /// An object of these slots.
    pub fn object(&mut self, slots: &[u32]) -> u32 {
        self.align();
        let value = self.value(14);
        let count = u32::try_from(slots.len() + 1).expect("fits");
        for word in [count].iter().chain(slots) {
            self.bytes.extend(word.to_le_bytes());
        }
        value
    }

    /// The block whose root is this value.
    pub fn finish(mut self, root: u32) -> Vec<u8> {
        self.bytes[4..8].copy_from_slice(&root.to_le_bytes());
        self.bytes
    }

    fn align(&mut self) {
        while !self.bytes.len().is_multiple_of(8) {
            self.bytes.push(0);
        }
    }

    fn value(&self, kind: u32) -> u32 {
        kind << 28 | u32::try_from(self.bytes.len()).expect("fits")
    }
}

/// A package `a` 1-r0 of files `name -> content` in `/etc`, a link and an empty file.
pub fn package(files: &[(&str, &str)]) -> Built {
    let mut adb = Adb::new();
    let (name, version) = (adb.blob(b"a"), adb.blob(b"1-r0"));
    let arch = adb.blob(b"noarch");
    let info = adb.object(&[name, version, 0, 0, arch]);
    let root = adb.blob(b"root");
    let mode = adb.integer(0o755);
    let access = adb.object(&[mode, root, root]);
    let mut objects = Vec::new();
    let mut data = Vec::new();
    for (i, (name, content)) in files.iter().enumerate() {
        let name = adb.blob(name.as_bytes());
        let size = adb.integer(content.len() as u64);
        let mtime = adb.integer(1_700_000_000);
        let hash = adb.blob(&Sha256::digest(content));
        objects.push(adb.object(&[name, access, size, mtime, hash]));
        if !content.is_empty() {
            let number = u32::try_from(i + 1).expect("fits");
            data.push((2, number, content.as_bytes().to_vec()));
        }
    }
    let name = adb.blob(b"zlink");
    let target = adb.blob(&[&0o120_000_u16.to_le_bytes()[..], b"../b"].concat());
    objects.push(adb.object(&[name, access, 0, 0, 0, target]));
    let files = adb.object(&objects);
    let top = adb.object(&[0, access]);
    let name = adb.blob(b"etc");
    let etc = adb.object(&[name, access, files]);
    let paths = adb.object(&[top, etc]);
    let script = adb.blob(b"#!/bin/sh\n");
    let scripts = adb.object(&[0, 0, script]);
    let trigger = adb.blob(b"/etc/*");
    let triggers = adb.object(&[trigger]);
    let package = adb.object(&[info, paths, scripts, triggers]);
    Built {
        adb: adb.finish(package),
        data,
    }
}

impl Built {
    /// The plain file, signed by `keys`.
    pub fn file(&self, keys: &[&EcKey]) -> Vec<u8> {
        let mut file = [b"ADB.pckg".to_vec(), block(0, &self.adb)].concat();
        for key in keys {
            file.extend(block(1, &signature(*key, *b"pckg", &self.adb)));
        }
        for (path, number, content) in &self.data {
            let head = [path.to_le_bytes(), number.to_le_bytes()].concat();
            file.extend(block(2, &[&head[..], content].concat()));
        }
        file
    }
}

/// A block, filled up.
pub fn block(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let word = kind << 30 | u32::try_from(bytes.len() + 4).expect("fits");
    let mut block = [&word.to_le_bytes()[..], bytes].concat();
    while !block.len().is_multiple_of(8) {
        block.push(0);
    }
    block
}

/// What a signature's block holds.
pub fn signature(key: &impl Signer, schema: [u8; 4], adb: &[u8]) -> Vec<u8> {
    let head = [&[0, 4][..], &key.id()].concat();
    let message = [&schema[..], &head, &Sha512::digest(adb)].concat();
    [head, key.sign_message(&message)].concat()
}

/// A plain file in each of the forms there are, by name.
pub fn compressed(plain: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(plain).expect("memory");
    let deflate = deflate.finish().expect("memory");
    let zstd = zstd::encode_all(plain, 3).expect("memory");
    vec![
        ("plain", plain.to_vec()),
        ("deflate", [&b"ADBd"[..], &deflate].concat()),
        ("none by number", [&b"ADBc\0\0"[..], plain].concat()),
        (
            "deflate by number",
            [&b"ADBc\x01\x09"[..], &deflate].concat(),
        ),
        ("zstd", [&b"ADBc\x02\x03"[..], &zstd].concat()),
    ]
}
