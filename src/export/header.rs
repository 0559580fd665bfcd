//! The headers of boot tar format 1; [`super::tar`] describes the format.

use super::xattr;
use boot_kit::{Entry, Error, ErrorKind, Kind, Result};
use std::collections::BTreeMap;

/// The unit of a tar: headers take one, contents are filled up to a whole number.
pub(crate) const BLOCK: usize = 512;

/// The largest file whose length fits eleven octal digits; one byte more is 8 GiB.
const MAX_SIZE: u64 = 0o777_7777_7777;
/// The largest number that fits seven octal digits.
const MAX_SHORT: u32 = 0o777_7777;
/// The longest name and link target that fit the header.
const MAX_NAME: usize = 100;

/// Everything of an entry but its content, as the header says it.
struct Fields<'a> {
    name: &'a [u8],
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    mtime: u64,
    type_flag: u8,
    link: &'a [u8],
    major: u32,
    minor: u32,
}

/// Appends what comes before the content of `entry`: its extended header if it needs one, then its header.
///
/// `xattrs` are the allowed ones, in the form in which they are written.
pub(crate) fn append(
    out: &mut Vec<u8>,
    entry: &Entry,
    xattrs: &BTreeMap<Vec<u8>, Vec<u8>>,
    epoch: i64,
) -> Result<()> {
    let mut name = entry.path.bytes().to_vec();
    if entry.path.is_root() {
        name.push(b'.');
    }
    if entry.kind == Kind::Directory {
        name.push(b'/');
    }
    let (type_flag, link, size, (major, minor)) = match &entry.kind {
        Kind::File { size } => (b'0', &b""[..], *size, (0, 0)),
        Kind::Hardlink(first) => (b'1', first.bytes(), 0, (0, 0)),
        Kind::Symlink(target) => (b'2', target.as_slice(), 0, (0, 0)),
        Kind::Character { major, minor } => (b'3', &b""[..], 0, (*major, *minor)),
        Kind::Block { major, minor } => (b'4', &b""[..], 0, (*major, *minor)),
        Kind::Directory => (b'5', &b""[..], 0, (0, 0)),
        Kind::Fifo => (b'6', &b""[..], 0, (0, 0)),
    };
    if major > MAX_SHORT || minor > MAX_SHORT {
        let message = format!("`{}` has a device number no tar can hold", entry.path);
        return Err(Error::new(ErrorKind::Parse, message));
    }
    let fields = Fields {
        name: &name,
        mode: entry.mode & 0o7777,
        uid: entry.uid,
        gid: entry.gid,
        size,
        mtime: time(entry, epoch),
        type_flag,
        link,
        major,
        minor,
    };
    let records = records(&fields, xattrs);
    if !records.is_empty() {
        append_header(out, &extended(records.len() as u64));
        out.extend_from_slice(&records);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    append_header(out, &fields);
    Ok(())
}

/// Picks the attributes of `entry` that are written, in the form in which they are.
pub(crate) fn attributes(entry: &Entry) -> BTreeMap<Vec<u8>, Vec<u8>> {
    xattr::allowed(&entry.xattrs)
}

/// Whole seconds, at most the epoch, not below zero; a directory's is the epoch.
pub(super) fn time(entry: &Entry, epoch: i64) -> u64 {
    let seconds = match entry.kind {
        Kind::Directory => epoch,
        _ => entry.mtime.min(epoch),
    };
    u64::try_from(seconds).unwrap_or(0).min(MAX_SIZE)
}

/// The header of an extended header of `size` bytes.
fn extended(size: u64) -> Fields<'static> {
    Fields {
        name: b"PaxHeaders",
        mode: 0o644,
        uid: 0,
        gid: 0,
        size,
        mtime: 0,
        type_flag: b'x',
        link: b"",
        major: 0,
        minor: 0,
    }
}

/// What does not fit the header, as PAX records sorted by key; empty if everything fits.
fn records(fields: &Fields<'_>, xattrs: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut records: BTreeMap<Vec<u8>, Vec<u8>> = xattrs
        .iter()
        .map(|(name, value)| ([xattr::PAX_PREFIX, name].concat(), value.clone()))
        .collect();
    for (key, text) in [("path", fields.name), ("linkpath", fields.link)] {
        if text.len() > MAX_NAME || !text.is_ascii() {
            records.insert(key.into(), text.to_vec());
        }
    }
    for (key, number) in [("uid", fields.uid), ("gid", fields.gid)] {
        if number > MAX_SHORT {
            records.insert(key.into(), number.to_string().into_bytes());
        }
    }
    if fields.size > MAX_SIZE {
        records.insert(b"size".to_vec(), fields.size.to_string().into_bytes());
    }
    let mut bytes = Vec::new();
    for (key, value) in records {
        append_record(&mut bytes, &key, &value);
    }
    bytes
}

/// Appends `<length> <key>=<value>\n`, where the length counts the whole record, its own digits included.
fn append_record(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// Appends one header block. What does not fit is in the extended header: texts are cut, numbers zero.
fn append_header(out: &mut Vec<u8>, fields: &Fields<'_>) {
    let mut block = [0; BLOCK];
    let name = &fields.name[..fields.name.len().min(MAX_NAME)];
    let link = &fields.link[..fields.link.len().min(MAX_NAME)];
    let short = |number: u32| u64::from(if number > MAX_SHORT { 0 } else { number });
    let size = if fields.size > MAX_SIZE {
        0
    } else {
        fields.size
    };
    block[..name.len()].copy_from_slice(name);
    octal(&mut block[100..107], u64::from(fields.mode));
    octal(&mut block[108..115], short(fields.uid));
    octal(&mut block[116..123], short(fields.gid));
    octal(&mut block[124..135], size);
    octal(&mut block[136..147], fields.mtime);
    block[148..156].fill(b' ');
    block[156] = fields.type_flag;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    octal(&mut block[329..336], u64::from(fields.major));
    octal(&mut block[337..344], u64::from(fields.minor));
    let checksum = block.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut block[148..154], checksum);
    block[154] = 0;
    out.extend_from_slice(&block);
}

/// Fills `field` with the last octal digits of `number`, zeros in front.
fn octal(field: &mut [u8], number: u64) {
    for (i, digit) in field.iter_mut().rev().enumerate() {
        *digit = b'0' + ((number >> (3 * i)) & 7) as u8;
    }
}
