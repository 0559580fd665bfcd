//! A v3 package: the files that its ADB block lists, and a DATA block for each content.

use super::{
    Proven, Rest, Schema, Slots, malformed, open,
    schema::{self, acl, directory, file},
};
use crate::{
    archive::{File, Unpacked},
    checksum::Checksum,
};
use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read},
};

/// The owner of what no name is known for, as apk has it.
const NOBODY: u32 = 65534;

/// Types of files, as in a mode.
const FIFO: u16 = 0o010_000;
const CHARACTER: u16 = 0o020_000;
const BLOCK: u16 = 0o060_000;
const REGULAR: u16 = 0o100_000;
const LINK: u16 = 0o120_000;

/// Proves a whole package, contents and all.
pub fn verify(reader: impl BufRead, proven: &Proven<'_>) -> Result<()> {
    unpack(reader, proven, &mut Nowhere).map(drop)
}

/// Reads a whole package, sending its files to `sink` in the order of its ADB block.
pub fn unpack(reader: impl BufRead, proven: &Proven<'_>, sink: &mut dyn Sink) -> Result<Unpacked> {
    let (adb, mut rest) = open(reader, Schema::Package, proven)?;
    let root = adb.root()?;
    let mut files = Vec::new();
    for (i, directory) in root.slots(schema::package::PATHS)?.objects().enumerate() {
        let directory = directory?;
        let path = RootPath::parse(directory.blob(directory::NAME)?.unwrap_or_default())?;
        if path.bytes().contains(&b'\n') {
            let name = path.bytes().escape_ascii();
            let message = format!("`{name}` has a line feed in its name");
            return Err(Error::new(ErrorKind::Parse, message));
        }
        let access = access(directory.slots(directory::ACL)?)?;
        if !path.is_root() {
            let entry = access.entry(path.clone(), Kind::Directory, 0);
            sink.entry(&entry, &mut io::empty())?;
            files.push(access.file(&entry, None));
        }
        for (j, object) in directory.slots(directory::FILES)?.objects().enumerate() {
            let listed = Listed::read(object?, &path)?;
            let file = listed.send(&mut rest, (i + 1, j + 1), sink);
            files.push(file.context(|| format!("cannot unpack `{}`", listed.entry.path))?);
        }
    }
    rest.finish()?;
    Ok(Unpacked {
        info: schema::pkg_info(root)?,
        scripts: schema::scripts(root)?,
        files,
        is_v3: true,
    })
}

/// Takes entries to prove their contents.
struct Nowhere;

impl Sink for Nowhere {
    fn entry(&mut self, _entry: &Entry, _content: &mut dyn Read) -> Result<()> {
        Ok(())
    }
}

/// Who may do what with a file.
struct Access {
    mode: u32,
    user: String,
    group: String,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn access(slots: Slots<'_>) -> Result<Access> {
    let mode = slots.integer(acl::MODE)?.unwrap_or(0) & 0o7777;
    let mut xattrs = BTreeMap::new();
    let array = slots.slots(acl::XATTRS)?;
    for slot in 1..=array.len() {
        let bytes = array.blob(slot)?.unwrap_or_default();
        let nul = bytes.iter().position(|byte| *byte == 0);
        let nul = nul.ok_or_else(|| malformed("an extended attribute has no value"))?;
        xattrs.insert(bytes[..nul].to_vec(), bytes[nul + 1..].to_vec());
    }
    Ok(Access {
        mode: u32::try_from(mode).unwrap_or(0),
        user: slots.text(acl::USER)?.to_owned(),
        group: slots.text(acl::GROUP)?.to_owned(),
        xattrs,
    })
}

impl Access {
    fn entry(&self, path: RootPath, kind: Kind, mtime: i64) -> Entry {
        let id = |name: &str| if name == "root" { 0 } else { NOBODY };
        Entry {
            path,
            kind,
            mode: self.mode,
            uid: id(&self.user),
            gid: id(&self.group),
            mtime,
            xattrs: self.xattrs.clone(),
        }
    }

    fn file(&self, entry: &Entry, checksum: Option<Checksum>) -> File {
        File {
            path: entry.path.clone(),
            kind: entry.kind.clone(),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            user: self.user.clone(),
            group: self.group.clone(),
            mtime: entry.mtime,
            checksum,
            size: match entry.kind {
                Kind::File { size } => size,
                _ => 0,
            },
        }
    }
}

/// One file as its directory lists it.
struct Listed<'a> {
    entry: Entry,
    access: Access,
    hash: &'a [u8],
}

impl<'a> Listed<'a> {
    fn read(object: Slots<'a>, directory: &RootPath) -> Result<Self> {
        let name = object.blob(file::NAME)?.unwrap_or_default();
        if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| b"/\n\0".contains(byte)) {
            let message = format!("a file has the malformed name `{}`", name.escape_ascii());
            return Err(malformed(message));
        }
        let access = access(object.slots(file::ACL)?)?;
        let size = object.integer(file::SIZE)?.unwrap_or(0);
        let kind = match object.blob(file::TARGET)? {
            None => Kind::File { size },
            Some(target) => special(target)?,
        };
        let mtime = object.integer(file::MTIME)?.unwrap_or(0);
        let mtime = i64::try_from(mtime).unwrap_or(0);
        Ok(Self {
            entry: access.entry(directory.join(name), kind, mtime),
            access,
            hash: object.blob(file::HASH)?.unwrap_or_default(),
        })
    }

    /// Sends it with its content, which the next DATA block must be.
    fn send<R: BufRead>(
        &self,
        rest: &mut Rest<R>,
        place: (usize, usize),
        sink: &mut dyn Sink,
    ) -> Result<File> {
        let entry = &self.entry;
        let checksum = match &entry.kind {
            Kind::File { size: 0 } => {
                sink.entry(entry, &mut io::empty())?;
                Some(self.prove(Sha256::new())?)
            }
            Kind::File { size } => {
                let length = rest.data()?;
                let mut head = [0; 8];
                if length.checked_sub(head.len() as u64) != Some(*size) {
                    return Err(malformed("its block is of another length"));
                }
                rest.content().read_exact(&mut head)?;
                let number = |bytes: &[u8]| {
                    let bytes = bytes.try_into().unwrap_or_default();
                    u32::from_le_bytes(bytes) as usize
                };
                if (number(&head[..4]), number(&head[4..])) != place {
                    return Err(malformed("the next block belongs to another file"));
                }
                let mut content = Hashing {
                    inner: rest.content(),
                    hasher: Sha256::new(),
                };
                sink.entry(entry, &mut content)?;
                io::copy(&mut content, &mut io::sink())?;
                let hasher = content.hasher;
                let checksum = self.prove(hasher)?;
                rest.end_data()?;
                Some(checksum)
            }
            kind => {
                sink.entry(entry, &mut io::empty())?;
                match kind {
                    Kind::Symlink(target) => Some(short(&Sha256::digest(target).into())),
                    _ => None,
                }
            }
        };
        Ok(self.access.file(entry, checksum))
    }

    fn prove(&self, hasher: Sha256) -> Result<Checksum> {
        let found: [u8; 32] = hasher.finalize().into();
        if self.hash == found {
            return Ok(short(&found));
        }
        let message = if self.hash.len() == found.len() {
            "its content is not the one the package names"
        } else {
            "it is hashed in a way that is not supported"
        };
        Err(Error::new(ErrorKind::Trust, message))
    }
}

/// What is no plain file.
fn special(target: &[u8]) -> Result<Kind> {
    let bad = || malformed("a file is of an unknown type");
    let (kind, target) = target.split_first_chunk::<2>().ok_or_else(bad)?;
    let device = || -> Result<(u32, u32)> {
        let number: [u8; 8] = target.try_into().map_err(|_| bad())?;
        let number = u64::from_le_bytes(number);
        Ok((major(number), minor(number)))
    };
    Ok(match u16::from_le_bytes(*kind) {
        LINK if !target.is_empty() && !target.contains(&0) => Kind::Symlink(target.to_vec()),
        REGULAR => Kind::Hardlink(RootPath::parse(target)?),
        CHARACTER => device().map(|(major, minor)| Kind::Character { major, minor })?,
        BLOCK => device().map(|(major, minor)| Kind::Block { major, minor })?,
        FIFO => Kind::Fifo,
        _ => return Err(bad()),
    })
}

/// The major number in Linux' 64-bit form of a device.
#[allow(clippy::cast_possible_truncation)]
fn major(device: u64) -> u32 {
    (((device >> 32) & 0xffff_f000) | ((device >> 8) & 0xfff)) as u32
}

/// The minor number in it.
#[allow(clippy::cast_possible_truncation)]
fn minor(device: u64) -> u32 {
    (((device >> 12) & 0xffff_ff00) | (device & 0xff)) as u32
}

/// The first 20 bytes, as apk's database keeps them.
fn short(hash: &[u8; 32]) -> Checksum {
    let mut checksum = [0; 20];
    checksum.copy_from_slice(&hash[..20]);
    Checksum(checksum)
}

/// Hashes a content as it is read.
struct Hashing<'a> {
    inner: &'a mut dyn Read,
    hasher: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}
