//! A v2 package: gzip members of signatures, control and data (apk-v2(5)).
//!
//! The index's `C:` is the SHA-1 of the compressed control member, whose `.PKGINFO` has the SHA-256 of the compressed
//! data member. So a signed index proves every byte of the last two; what is signed in the first is the second.

use super::{
    File, PkgInfo, Script, ScriptKind, Unpacked,
    member::{Hashers, Hashing},
};
use crate::{
    checksum::{Checksum, Identity},
    trust::{Keys, Signature},
};
use boot_kit::{
    Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink,
    archive::{Further, TarReader},
    hex,
};
use sha1::{Digest as _, Sha1};
use std::{
    collections::HashMap,
    io::{self, BufRead, Read},
};

/// The most bytes of a signature or control member: they are kept in memory.
const LIMIT: u64 = 64 << 20;

/// The most members of signatures before the control member.
const SIGNATURE_MEMBERS: usize = 16;

/// The PAX record that holds a file's SHA-1.
const SHA1_RECORD: &[u8] = b"APK-TOOLS.checksum.SHA1";

/// What is to prove a package.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// The hash in a signed index.
    Identity(Identity),
    /// Its own signature by one of these keys.
    Signature(&'a Keys),
}

/// What comes before the data.
struct Head {
    signatures: Vec<Signature>,
    info: PkgInfo,
    scripts: Vec<Script>,
    /// Of the control member as it is compressed.
    hashes: Hashers,
}

/// Proves that the package is the one meant and that its data are the ones it names.
pub fn verify(reader: impl BufRead, proof: Proof<'_>) -> Result<()> {
    let mut reader = Hashing::new(reader);
    let head = head(&mut reader, &Hashers::all())?;
    match proof {
        Proof::Identity(expected) => {
            let is_same = match expected {
                Identity::Short(hash) => head.hashes.finish_sha1() == Some(hash),
                Identity::Long(hash) => head.hashes.finish_sha256() == Some(hash),
            };
            if !is_same {
                return Err(distrust(
                    "its control member is not the one the index names",
                ));
            }
        }
        Proof::Signature(keys) => keys.verify_v2(&head.signatures, &head.hashes)?,
    }
    let Some(expected) = head.info.data_hash else {
        return Err(distrust("it has no `datahash`"));
    };
    reader.exchange(Hashers::sha256());
    reader.skip_all()?;
    if reader.exchange(Hashers::default()).finish_sha256() != Some(expected) {
        return Err(distrust(
            "its data member is not the one its control member names",
        ));
    }
    Ok(())
}

/// Reads a whole package, sending its files to `sink`.
pub fn unpack(reader: impl BufRead, sink: &mut dyn Sink) -> Result<Unpacked> {
    let mut reader = Hashing::new(reader);
    let head = head(&mut reader, &Hashers::default())?;
    let mut files = Files {
        sink,
        listed: Vec::new(),
        checksums: HashMap::new(),
    };
    files
        .take_all(TarReader::new(reader.member()))
        .context(|| "cannot read the data member")?;
    if !reader.is_at_end()? {
        return Err(malformed("something follows the data member"));
    }
    Ok(Unpacked {
        info: head.info,
        scripts: head.scripts,
        files: files.listed,
        is_v3: false,
    })
}

/// Reads signatures and control, and stops before the data.
fn head(reader: &mut Hashing<impl BufRead>, hashers: &Hashers) -> Result<Head> {
    let mut signatures = Vec::new();
    for _ in 0..=SIGNATURE_MEMBERS {
        if reader.is_at_end()? {
            return Err(malformed("it has no control member"));
        }
        reader.exchange(hashers.clone());
        let tar = reader.read_member(LIMIT)?;
        let hashes = reader.exchange(Hashers::default());
        let found = signatures_of(&tar)?;
        if found.is_empty() {
            let (info, scripts) = control(&tar).context(|| "cannot read the control member")?;
            return Ok(Head {
                signatures,
                info,
                scripts,
                hashes,
            });
        }
        signatures.extend(found);
    }
    Err(malformed("it has too many signatures"))
}

/// Reads the signatures a member's tar begins with; empty if it holds something else.
pub(crate) fn signatures_of(tar: &[u8]) -> Result<Vec<Signature>> {
    let mut signatures = Vec::new();
    let mut others = 0;
    let mut archive = TarReader::new(tar).without_end_mark();
    while archive.next()?.is_some() {
        let name = String::from_utf8_lossy(&archive.further().name).into_owned();
        if name.starts_with(".SIGN.") {
            let mut bytes = Vec::new();
            archive.content().read_to_end(&mut bytes)?;
            signatures.extend(Signature::parse(&name, bytes));
        } else {
            others += 1;
        }
    }
    if others > 0 && !signatures.is_empty() {
        return Err(malformed("its signatures share a member with other files"));
    }
    Ok(signatures)
}

fn control(tar: &[u8]) -> Result<(PkgInfo, Vec<Script>)> {
    let mut info = None;
    let mut scripts = Vec::new();
    let mut archive = TarReader::new(tar).without_end_mark();
    while let Some(entry) = archive.next()? {
        let name = String::from_utf8_lossy(&archive.further().name).into_owned();
        let mut bytes = Vec::new();
        archive.content().read_to_end(&mut bytes)?;
        if name == ".PKGINFO" {
            info = Some(PkgInfo::parse(&bytes)?);
        } else if let Some(kind) = name.strip_prefix('.').and_then(ScriptKind::named) {
            scripts.push(Script {
                kind,
                content: bytes,
                mtime: entry.mtime,
            });
        }
    }
    let info = info.ok_or_else(|| malformed("it has no `.PKGINFO`"))?;
    Ok((info, scripts))
}

/// Notes the files on their way, and hashes them.
struct Files<'a> {
    sink: &'a mut dyn Sink,
    listed: Vec<File>,
    /// For further names of the same files.
    checksums: HashMap<RootPath, Checksum>,
}

impl Files<'_> {
    fn take_all(&mut self, mut archive: TarReader<impl Read>) -> Result<()> {
        while let Some(entry) = archive.next()? {
            // apk takes these for control files wherever they are.
            if !archive.further().name.starts_with(b".") {
                let further = archive.further().clone();
                self.take(&entry, &further, &mut archive.content())?;
            }
        }
        archive.finish()
    }

    fn take(&mut self, entry: &Entry, header: &Further, content: &mut dyn Read) -> Result<()> {
        if entry.path.bytes().contains(&b'\n') {
            let name = entry.path.bytes().escape_ascii();
            return Err(malformed(format!("`{name}` has a line feed in its name")));
        }
        let mut content = Sha1Reader {
            inner: content,
            hasher: Sha1::new(),
        };
        self.sink.entry(entry, &mut content)?;
        let checksum = match &entry.kind {
            Kind::File { .. } => {
                // A sink may leave out what it does not keep; the database has it all the same.
                io::copy(&mut content, &mut io::sink())?;
                Some(Checksum(content.hasher.finalize().into()))
            }
            Kind::Symlink(target) => Some(Checksum(Sha1::digest(target).into())),
            Kind::Hardlink(target) => self.checksums.get(target).copied(),
            _ => None,
        };
        if let (Some(stated), Some(found)) = (header.records.get(SHA1_RECORD), checksum)
            && *stated != hex::encode(found.0).into_bytes()
        {
            let message = format!(
                "the content of `{}` is not the one its header names",
                entry.path
            );
            return Err(distrust(message));
        }
        if let Some(checksum) = checksum {
            self.checksums.insert(entry.path.clone(), checksum);
        }
        let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.listed.push(File {
            path: entry.path.clone(),
            kind: entry.kind.clone(),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            user: name(&header.user),
            group: name(&header.group),
            mtime: entry.mtime,
            checksum,
            size: match entry.kind {
                Kind::File { size } => size,
                _ => 0,
            },
        });
        Ok(())
    }
}

/// Hashes a content as it is read.
struct Sha1Reader<'a> {
    inner: &'a mut dyn Read,
    hasher: Sha1,
}

impl Read for Sha1Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

fn distrust(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Trust, message)
}
