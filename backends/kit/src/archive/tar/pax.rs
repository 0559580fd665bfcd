//! PAX extended headers: records that say more than a header can.

use super::{number, sparse::Pieces};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// The longest extended header, in bytes, and the most that attributes may take together.
pub(super) const MAX_RECORDS: u64 = 8 << 20;
/// The longest name or link target, in bytes: Linux takes 4,096.
pub(super) const MAX_NAME: u64 = 64 << 10;

const XATTR: &[u8] = b"SCHILY.xattr.";

/// What extended headers say of an entry.
#[derive(Clone, Default)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<i64>,
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) sparse: Option<Sparse>,
    /// What vendors say in words of their own, such as `APK-TOOLS.checksum.SHA1`.
    pub(super) others: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What `GNU.sparse.*` says of an entry.
#[derive(Clone, Default)]
pub(super) struct Sparse {
    /// The real name: that of the header only stands in for it.
    pub(super) name: Option<Vec<u8>>,
    /// The length with holes.
    pub(super) size: Option<u64>,
    /// The version, where it is said: before 1.0 it was not.
    pub(super) version: (u64, u64),
    /// The pieces, in versions before 1.0.
    pub(super) pieces: Pieces,
    /// An offset whose length is in the next record, in version 0.0.
    offset: Option<u64>,
}

impl Records {
    /// Adds the records of one extended header: a later one replaces an earlier one, an empty one takes it back.
    pub(super) fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (record, rest) = split(bytes)
                .ok_or_else(|| Error::new(ErrorKind::Parse, "extended header is malformed"))?;
            self.record(record.0, record.1)?;
            bytes = rest;
        }
        let weight = self
            .xattrs
            .iter()
            .chain(&self.others)
            .map(|(name, value)| name.len() + value.len());
        if weight.sum::<usize>() as u64 > MAX_RECORDS {
            let message = "extended headers have more attributes than any file can";
            return Err(Error::new(ErrorKind::Parse, message));
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if let Some(name) = key.strip_prefix(XATTR) {
            // Here an empty value is one: GNU tar writes empty attributes so.
            self.xattrs.insert(decoded(name), value.to_vec());
            return Ok(());
        }
        if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
            return self.sparse.get_or_insert_default().record(key, value);
        }
        let given = (!value.is_empty()).then_some(value);
        let decimal = |what| given.map(|text| number::decimal(what, text)).transpose();
        match key {
            b"path" => self.path = given.map(name).transpose()?,
            b"linkpath" => self.link = given.map(name).transpose()?,
            b"size" => self.size = decimal("size")?,
            b"uid" => self.uid = decimal("owner")?,
            b"gid" => self.gid = decimal("group")?,
            b"mtime" => {
                self.mtime = given
                    .map(|text| number::seconds("time", text))
                    .transpose()?;
            }
            b"SCHILY.devmajor" => self.major = decimal("device number")?,
            b"SCHILY.devminor" => self.minor = decimal("device number")?,
            _ if key.contains(&b'.') => match given {
                Some(value) => drop(self.others.insert(key.to_vec(), value.to_vec())),
                None => drop(self.others.remove(key)),
            },
            _ => {}
        }
        Ok(())
    }
}

impl Sparse {
    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let decimal = || number::decimal("sparse map", value);
        match key {
            b"name" => self.name = Some(name(value)?),
            b"size" | b"realsize" => self.size = Some(decimal()?),
            b"major" => self.version.0 = decimal()?,
            b"minor" => self.version.1 = decimal()?,
            b"offset" => self.offset = Some(decimal()?),
            b"numbytes" => {
                let Some(offset) = self.offset.take() else {
                    let message = "sparse map has a length without an offset";
                    return Err(Error::new(ErrorKind::Parse, message));
                };
                self.pieces.push(offset, decimal()?)?;
            }
            b"map" if value.is_empty() => self.pieces = Pieces::default(),
            b"map" => {
                self.pieces = Pieces::default();
                let mut numbers = value
                    .split(|byte| *byte == b',')
                    .map(|text| number::decimal("sparse map", text));
                while let Some(offset) = numbers.next() {
                    let Some(length) = numbers.next() else {
                        let message = "sparse map has an offset without a length";
                        return Err(Error::new(ErrorKind::Parse, message));
                    };
                    self.pieces.push(offset?, length?)?;
                }
            }
            // `numblocks` counts what the map holds.
            _ => {}
        }
        Ok(())
    }
}

/// Splits off the first record, `<length> <key>=<value>\n`, whose length counts all of it.
#[allow(clippy::type_complexity, reason = "a name for it would say no more")]
fn split(bytes: &[u8]) -> Option<((&[u8], &[u8]), &[u8])> {
    let blank = memchr::memchr(b' ', &bytes[..bytes.len().min(20)])?;
    let length = number::decimal("length", &bytes[..blank]).ok()?;
    let length = usize::try_from(length).ok()?;
    let record = bytes.get(blank + 1..length)?.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', record)?;
    Some(((&record[..equals], &record[equals + 1..]), &bytes[length..]))
}

fn name(value: &[u8]) -> Result<Vec<u8>> {
    if value.len() as u64 > MAX_NAME {
        let message = format!("name of {} bytes is too long", value.len());
        return Err(Error::new(ErrorKind::Parse, message));
    }
    Ok(value.to_vec())
}

/// Takes back what GNU tar does to `=` and `%` in the names of attributes.
fn decoded(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    loop {
        rest = match rest {
            [b'%', b'3', b'D', rest @ ..] => {
                decoded.push(b'=');
                rest
            }
            [b'%', b'2', b'5', rest @ ..] => {
                decoded.push(b'%');
                rest
            }
            [byte, rest @ ..] => {
                decoded.push(*byte);
                rest
            }
            [] => return decoded,
        }
    }
}
