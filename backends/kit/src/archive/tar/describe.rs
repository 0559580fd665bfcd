//! What a header and its extended headers say together.

use super::{header::Header, pax::Records};
use crate::{Entry, Error, ErrorKind, Kind, Result, RootPath};

/// What is known of an entry before it is put together.
pub(super) struct Described<'a> {
    pub(super) header: &'a Header,
    pub(super) records: &'a mut Records,
    /// The real name, whoever said it.
    pub(super) name: &'a [u8],
    /// GNU's long link target.
    pub(super) long_link: Option<Vec<u8>>,
    /// The length of a file, holes included.
    pub(super) size: u64,
}

impl Described<'_> {
    /// Puts the entry together.
    pub(super) fn entry(self) -> Result<Entry> {
        if self.name.is_empty() {
            return Err(malformed("entry has no name"));
        }
        let path = RootPath::parse(self.name)?;
        let kind = match self.header.type_flag() {
            b'0' | 0 | b'7' if self.name.ends_with(b"/") => Kind::Directory,
            b'0' | 0 | b'7' | b'S' => Kind::File { size: self.size },
            b'1' => Kind::Hardlink(RootPath::parse(self.target()?)?),
            b'2' => Kind::Symlink(self.target()?.to_vec()),
            b'3' => self
                .device()
                .map(|(major, minor)| Kind::Character { major, minor })?,
            b'4' => self
                .device()
                .map(|(major, minor)| Kind::Block { major, minor })?,
            b'5' | b'D' => Kind::Directory,
            b'6' => Kind::Fifo,
            other => {
                let message = format!("entry has the unknown type `{}`", other.escape_ascii());
                return Err(malformed(message));
            }
        };
        if path.is_root() && kind != Kind::Directory {
            return Err(malformed("the root is not a directory"));
        }
        Ok(Entry {
            path,
            kind,
            mode: self.header.mode()?,
            uid: number("owner", self.records.uid, || self.header.uid())?,
            gid: number("group", self.records.gid, || self.header.gid())?,
            mtime: match self.records.mtime {
                Some(mtime) => mtime,
                None => self.header.mtime()?,
            },
            xattrs: std::mem::take(&mut self.records.xattrs),
        })
    }

    fn target(&self) -> Result<&[u8]> {
        let said = self.records.link.as_deref().or(self.long_link.as_deref());
        match said.unwrap_or_else(|| self.header.link()) {
            b"" => Err(malformed("link has no target")),
            target if target.contains(&0) => Err(malformed("link has a NUL byte in its target")),
            target => Ok(target),
        }
    }

    fn device(&self) -> Result<(u32, u32)> {
        let device = || self.header.device();
        let major = number("device number", self.records.major, || Ok(device()?.0))?;
        let minor = number("device number", self.records.minor, || Ok(device()?.1))?;
        Ok((major, minor))
    }
}

/// Takes what the records say, else what the header does.
fn number(what: &str, said: Option<u64>, header: impl FnOnce() -> Result<i64>) -> Result<u32> {
    let refuse = |number: i128| malformed(format!("{what} {number} is out of range"));
    match said {
        Some(number) => u32::try_from(number).map_err(|_| refuse(number.into())),
        None => {
            header().and_then(|number| u32::try_from(number).map_err(|_| refuse(number.into())))
        }
    }
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}
