//! v2 packages and indexes.

use super::Key;
use crate::checksum::Identity;
use boot_kit::hex;
use flate2::{Compression, write::GzEncoder};
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256, Sha512};
use std::{fmt::Write as _, io::Write};

/// A v2 package.
#[derive(Clone)]
pub struct Apk {
    lines: Vec<String>,
    scripts: Vec<(String, String)>,
    /// A tar without its end mark.
    data: Vec<u8>,
    algorithm: &'static str,
    has_data_hash: bool,
}

impl Apk {
    /// The date of everything.
    pub const DATE: i64 = 1_700_000_000;

    /// One without files, for `x86_64`.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            lines: vec![
                format!("pkgname = {name}"),
                format!("pkgver = {version}"),
                "arch = x86_64".into(),
                format!("builddate = {}", Self::DATE),
            ],
            scripts: Vec::new(),
            data: Vec::new(),
            algorithm: "RSA",
            has_data_hash: true,
        }
    }

    /// Adds a line to `.PKGINFO`.
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Adds a script, e.g. `post-install`.
    pub fn script(mut self, name: &str, text: &str) -> Self {
        self.scripts.push((format!(".{name}"), text.to_owned()));
        self
    }

    /// Adds a file.
    pub fn file(self, path: &str, mode: u32, content: &str) -> Self {
        self.add(path, mode, content, content)
    }

    /// Adds a file whose header has the hash of another content.
    pub fn file_stated(self, path: &str, content: &str, stated: &str) -> Self {
        self.add(path, 0o644, content, stated)
    }

    fn add(mut self, path: &str, mode: u32, content: &str, stated: &str) -> Self {
        self.append(Some(stated), |tar| {
            let mut header = header(tar::EntryType::Regular, mode, content.len());
            tar.append_data(&mut header, path, content.as_bytes())
        });
        self
    }

    /// Adds a directory.
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self.append(None, |tar| {
            let mut header = header(tar::EntryType::Directory, mode, 0);
            tar.append_data(&mut header, format!("{path}/"), &[][..])
        });
        self
    }

    /// Adds a link.
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        self.append(Some(target), |tar| {
            let mut header = header(tar::EntryType::Symlink, 0o777, 0);
            tar.append_link(&mut header, path, target)
        });
        self
    }

    /// Adds a second name of a file before.
    pub fn hardlink(mut self, path: &str, target: &str) -> Self {
        self.append(None, |tar| {
            let mut header = header(tar::EntryType::Link, 0o755, 0);
            tar.append_link(&mut header, path, target)
        });
        self
    }

    /// Appends an entry, with the hash of `content` in its header.
    fn append(
        &mut self,
        content: Option<&str>,
        append: impl FnOnce(&mut tar::Builder<Vec<u8>>) -> std::io::Result<()>,
    ) {
        let mut tar = tar::Builder::new(Vec::new());
        if let Some(content) = content {
            let hash = hex::encode(Sha1::digest(content));
            let record = [("APK-TOOLS.checksum.SHA1", hash.as_bytes())];
            tar.append_pax_extensions(record).expect("memory");
        }
        append(&mut tar).expect("memory");
        self.data.extend(cut(&tar.into_inner().expect("memory")));
    }

    /// Has it signed with `RSA`, `RSA256`, `RSA512` or something that is none.
    pub fn signed_with(mut self, algorithm: &'static str) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Leaves out the hash of its data.
    pub fn without_data_hash(mut self) -> Self {
        self.has_data_hash = false;
        self
    }

    /// The package without its signature.
    pub fn unsigned(&self) -> Vec<u8> {
        let (control, data) = self.members();
        [control, data].concat()
    }

    /// The package.
    pub fn build(&self, key: &Key) -> Vec<u8> {
        let (control, data) = self.members();
        [sign(key, self.algorithm, &control), control, data].concat()
    }

    /// What an index says of it.
    pub fn identity(&self) -> Identity {
        Identity::Short(Sha1::digest(self.members().0).into())
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}-{}.apk", self.field("pkgname"), self.field("pkgver"))
    }

    fn field(&self, key: &str) -> &str {
        let mut lines = self.lines.iter();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        value.expect("is set")
    }

    /// Its stanza in an index, for a file whose length does not matter.
    pub fn stanza(&self) -> String {
        // Every key of tests is of one length.
        self.stanza_for(&Key::new("x.rsa.pub"))
    }

    /// Its stanza in an index of files that `key` signed.
    pub fn stanza_for(&self, key: &Key) -> String {
        let field = |key: &str| {
            let mut lines = self.lines.iter();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
        };
        let mut stanza = format!("C:{}\n", self.identity());
        for (letter, key) in [
            ('P', "pkgname"),
            ('V', "pkgver"),
            ('A', "arch"),
            ('t', "builddate"),
        ] {
            writeln!(stanza, "{letter}:{}", field(key).expect("is set")).expect("memory");
        }
        let size = self.build(key).len();
        writeln!(stanza, "S:{size}\nI:1").expect("memory");
        for (letter, key) in [('D', "depend"), ('p', "provides"), ('i', "install_if")] {
            if let Some(value) = field(key) {
                writeln!(stanza, "{letter}:{value}").expect("memory");
            }
        }
        stanza
    }

    fn members(&self) -> (Vec<u8>, Vec<u8>) {
        let data = gzip(&[&self.data[..], &[0; 1024]].concat());
        let mut lines = self.lines.clone();
        if self.has_data_hash {
            lines.push(format!("datahash = {}", hex::encode(Sha256::digest(&data))));
        }
        let mut control = tar::Builder::new(Vec::new());
        let info = lines.join("\n") + "\n";
        add(&mut control, ".PKGINFO", &info);
        for (name, text) in &self.scripts {
            add(&mut control, name, text);
        }
        (gzip(cut(&control.into_inner().expect("memory"))), data)
    }
}

/// An index of these stanzas.
pub fn index(key: &Key, description: &str, stanzas: &[String], date: i64) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in [
        ("DESCRIPTION", description),
        ("APKINDEX", &stanzas.join("\n")),
    ] {
        let mut header = header(tar::EntryType::Regular, 0o644, text.len());
        header.set_mtime(u64::try_from(date).expect("is positive"));
        tar.append_data(&mut header, name, text.as_bytes())
            .expect("memory");
    }
    let index = gzip(&tar.into_inner().expect("memory"));
    [sign(key, "RSA256", &index), index].concat()
}

/// The signatures' member for these bytes.
fn sign(key: &Key, algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let signature = match algorithm {
        "RSA256" => key.sign(&crate::trust::key::SHA256, &Sha256::digest(bytes)),
        "RSA512" => key.sign(&crate::trust::key::SHA512, &Sha512::digest(bytes)),
        _ => key.sign(&crate::trust::key::SHA1, &Sha1::digest(bytes)),
    };
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = header(tar::EntryType::Regular, 0o644, signature.len());
    let name = format!(".SIGN.{algorithm}.{}", key.name());
    tar.append_data(&mut header, name, &signature[..])
        .expect("memory");
    gzip(cut(&tar.into_inner().expect("memory")))
}

fn add(tar: &mut tar::Builder<Vec<u8>>, name: &str, text: &str) {
    let mut header = header(tar::EntryType::Regular, 0o644, text.len());
    tar.append_data(&mut header, name, text.as_bytes())
        .expect("memory");
}

fn header(kind: tar::EntryType, mode: u32, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root").expect("fits");
    header.set_groupname("root").expect("fits");
    header.set_mtime(u64::try_from(Apk::DATE).expect("is positive"));
    header
}

/// Takes the end mark off, so that what follows is of the same archive.
fn cut(tar: &[u8]) -> &[u8] {
    &tar[..tar.len() - 1024]
}

/// Compresses into one member.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
