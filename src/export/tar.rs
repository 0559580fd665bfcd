//! boot tar format 1: our own tar writer, so that the same tree is the same bytes for ever.
//!
//! USTAR (POSIX.1-1988) with PAX extended headers (POSIX.1-2001) where USTAR is too small, and nothing else:
//!
//! | part | rule |
//! | --- | --- |
//! | names | relative, no `./`; directories end in `/`; the root itself is `./` and comes first if it is there at all, which in a layer it is not |
//! | order | bytes of the full path without the last `/`: a directory comes before what is in it; in a layer, whiteouts come right after their directory |
//! | types | `0` file, `1` hard link, `2` symbolic link, `3` `4` devices, `5` directory, `6` named pipe; no sparse files, no GNU types; sockets are not entries |
//! | header | magic `ustar\0`, version `00`; zero-padded octal and NUL (mode, uid, gid, device 7 digits; size, mtime 11; checksum 6, NUL, blank); prefix, uname and gname empty; mode `07777` bits; device 0 where there is none |
//! | PAX | one `x` header before an entry that needs it: name `PaxHeaders`, mode 0644, ids and mtime 0, records sorted by key: `path` or `linkpath` over 100 bytes or not ASCII (as raw bytes), `uid` or `gid` over 2,097,151, `size` from 8 GiB, attributes; the header's own field is then the text's first 100 bytes, or 0 |
//! | times | whole seconds, the file's or the epoch, whichever is earlier, not below 0; directories: the epoch |
//! | attributes | `SCHILY.xattr.` and `security.capability` (revision 2), `user.*`, `system.posix_acl_access` and `_default` |
//! | hard links | to the first path of the group, size 0, with the metadata and attributes of the file: engines set owner and attributes of a link once more, and setting the owner clears capabilities |
//! | end | two zero blocks, no further padding |
//!
//! A change in any row is format 2.

mod aside;
#[cfg(test)]
mod tests;

use super::{
    header::{self, BLOCK},
    xattr,
};
use aside::Aside;
use boot_kit::{Digest, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read, Write},
};

/// The number of the format written here.
pub const FORMAT: u32 = 1;

/// How much is gathered before it is written: few, large writes, and contents are read straight into place.
const BUFFER: usize = 1 << 20;

/// Writes entries as a tar, in boot tar format 1.
///
/// Entries must come sorted by path, each once, hard links after their file; anything else is an error.
pub struct TarWriter<W> {
    inner: W,
    epoch: i64,
    buffer: Box<[u8]>,
    filled: usize,
    aside: Aside,
    header: Vec<u8>,
    last: Option<RootPath>,
    /// The attributes of the files that have some, for hard links to them.
    xattrs: HashMap<RootPath, BTreeMap<Vec<u8>, Vec<u8>>>,
    entries: u64,
    /// Bytes of content since the last header.
    pushed: u64,
}

impl<W: Write> TarWriter<W> {
    /// Starts a tar in `inner`. No time in it will be after `epoch`, seconds since the Unix epoch.
    pub fn new(inner: W, epoch: i64) -> Self {
        Self {
            inner,
            epoch,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            filled: 0,
            aside: Aside::new(),
            header: Vec::new(),
            last: None,
            xattrs: HashMap::new(),
            entries: 0,
            pushed: 0,
        }
    }

    /// Counts the entries so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Ends the tar and writes out what is gathered; returns the tar's digest, its length in bytes and the inner writer,
    /// which is neither flushed nor finished.
    ///
    /// Without this call the tar has no end and readers must take it for cut off.
    pub fn finish(mut self) -> Result<(Digest, u64, W)> {
        self.append(&[0; 2 * BLOCK])?;
        self.write_out()?;
        let (digest, bytes) = self.aside.finish();
        Ok((digest, bytes, self.inner))
    }

    /// Appends the header of `entry`; the content of a file is to follow by [`push`](Self::push).
    pub fn begin(&mut self, entry: &Entry) -> Result<()> {
        self.require_order(&entry.path)?;
        self.out_of_order(entry)
    }

    /// Appends the header of `entry` wherever its path belongs: only for whiteouts, which have an order of their own.
    pub fn out_of_order(&mut self, entry: &Entry) -> Result<()> {
        let xattrs = self.xattrs(entry);
        let mut header = std::mem::take(&mut self.header);
        header.clear();
        header::append(&mut header, entry, &xattrs, self.epoch)?;
        self.append(&header)?;
        self.header = header;
        self.entries += 1;
        self.pushed = 0;
        Ok(())
    }

    /// Appends content of the file begun last.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.pushed += bytes.len() as u64;
        self.append(bytes)
    }

    /// Ends the entry begun last; errors if not all of its content came.
    pub fn end(&mut self, entry: &Entry) -> Result<()> {
        match entry.kind {
            Kind::File { size } if self.pushed != size => Err(shorter(&entry.path)),
            _ => self.fill(self.pushed),
        }
    }

    /// Fills the last block of a content of `size` bytes.
    fn fill(&mut self, size: u64) -> Result<()> {
        let over = usize::try_from(size % BLOCK as u64).expect("less than a block");
        if over > 0 {
            self.append(&[0; BLOCK][over..])?;
        }
        Ok(())
    }

    fn require_order(&mut self, path: &RootPath) -> Result<()> {
        if let Some(last) = self.last.as_ref().filter(|last| *last >= path) {
            let message = format!("`{path}` has its place before `{last}`, not after it");
            return Err(Error::new(ErrorKind::Parse, message));
        }
        self.last = Some(path.clone());
        Ok(())
    }

    /// The allowed attributes of `entry`: a hard link has those of its file.
    fn xattrs(&mut self, entry: &Entry) -> BTreeMap<Vec<u8>, Vec<u8>> {
        if let Kind::Hardlink(first) = &entry.kind {
            return self.xattrs.get(first).cloned().unwrap_or_default();
        }
        let xattrs = xattr::allowed(&entry.xattrs);
        if !xattrs.is_empty() && matches!(entry.kind, Kind::File { .. }) {
            self.xattrs.insert(entry.path.clone(), xattrs.clone());
        }
        xattrs
    }

    fn copy(&mut self, path: &RootPath, size: u64, content: &mut dyn Read) -> Result<()> {
        let mut left = size;
        while left > 0 {
            if self.filled == BUFFER {
                self.write_out()?;
            }
            let room = (BUFFER - self.filled).min(usize::try_from(left).unwrap_or(BUFFER));
            let count = match content.read(&mut self.buffer[self.filled..self.filled + room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if count == 0 {
                return Err(shorter(path));
            }
            self.filled += count;
            left -= count as u64;
        }
        self.fill(size)
    }

    fn append(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.filled == BUFFER {
                self.write_out()?;
            }
            let count = bytes.len().min(BUFFER - self.filled);
            self.buffer[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
            self.filled += count;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<()> {
        self.inner.write_all(&self.buffer[..self.filled])?;
        let buffer = std::mem::take(&mut self.buffer);
        self.buffer = self.aside.take(buffer, self.filled)?;
        self.filled = 0;
        Ok(())
    }
}

impl<W: Write> Sink for TarWriter<W> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.begin(entry)?;
        match entry.kind {
            Kind::File { size } => self.copy(&entry.path, size, content),
            _ => Ok(()),
        }
    }
}

fn shorter(path: &RootPath) -> Error {
    let message = format!("`{path}` has become shorter while it was read");
    Error::new(ErrorKind::Io, message)
}
