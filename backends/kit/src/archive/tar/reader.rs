//! Reading a tar one entry at a time.

use super::{
    describe::Described,
    header::{self, BLOCK, Header},
    pax::{MAX_NAME, MAX_RECORDS, Records},
    sparse::{Map, Pieces, Run},
};
use crate::{Context, Entry, Error, ErrorKind, Kind, Result};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read},
};

/// How much is read at once when headers and small files follow each other.
const BUFFER: usize = 128 << 10;

/// Reads a tar in one pass: one entry, its content, the next.
///
/// The content of an entry need not be read: the next call passes over the rest of it.
pub struct TarReader<R> {
    source: BufReader<R>,
    /// What global headers say of all that follows.
    global: Records,
    /// What is left of the entry last returned.
    stored: u64,
    padding: u64,
    map: Option<Map>,
    /// The name of the entry last seen.
    last: Vec<u8>,
    further: Further,
    may_lack_end: bool,
    ended: bool,
}

/// What the headers of an entry say besides what an [`Entry`] holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Further {
    /// The name as it is packed, not normalised.
    pub name: Vec<u8>,
    /// The owner's name; empty if there is none.
    pub user: Vec<u8>,
    /// The group's name; empty if there is none.
    pub group: Vec<u8>,
    /// Records of extended headers whose keys have a vendor's name and a dot, such as `APK-TOOLS.checksum.SHA1`.
    pub records: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What the headers before an entry's own say of it.
#[derive(Default)]
struct Before {
    records: Option<Records>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl<R: Read> TarReader<R> {
    /// Starts at the first header of an archive that is not compressed.
    pub fn new(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(BUFFER, source),
            global: Records::default(),
            stored: 0,
            padding: 0,
            map: None,
            last: Vec::new(),
            further: Further::default(),
            may_lack_end: false,
            ended: false,
        }
    }

    /// Takes an archive for whole that ends between two entries, without an end mark, as a part of an apk does.
    #[must_use]
    pub fn without_end_mark(mut self) -> Self {
        self.may_lack_end = true;
        self
    }

    /// Reads the next entry; none after the last.
    ///
    /// Errors name the entry. After an error the place in the archive is lost.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend the content"
    )]
    pub fn next(&mut self) -> Result<Option<Entry>> {
        if self.ended {
            return Ok(None);
        }
        self.skip_content()?;
        let mut before = Before::default();
        while let Some(header) = self.header()? {
            match header.type_flag() {
                b'x' | b'X' => {
                    let bytes = self.extension(&header, MAX_RECORDS)?;
                    let records = before.records.get_or_insert_with(|| self.global.clone());
                    records
                        .add(&bytes)
                        .context(|| cannot_read(&header.name()))?;
                }
                b'g' => {
                    let bytes = self.extension(&header, MAX_RECORDS)?;
                    self.global
                        .add(&bytes)
                        .context(|| cannot_read(&header.name()))?;
                    // A map belongs to one file.
                    self.global.sparse = None;
                }
                b'L' => before.name = Some(self.long(&header)?),
                b'K' => before.link = Some(self.long(&header)?),
                b'V' => {
                    (self.stored, before) = (header.size()?, Before::default());
                    self.padding = padding(self.stored);
                    self.skip_content()?;
                }
                _ => {
                    let entry = self.describe(&header, before)?;
                    if !matches!(entry.kind, Kind::File { .. }) {
                        self.skip_content()?;
                    }
                    return Ok(Some(entry));
                }
            }
        }
        if before.records.is_some() || before.name.is_some() || before.link.is_some() {
            let message = format!("archive ends before an entry, after {}", self.place());
            return Err(Error::new(ErrorKind::Parse, message));
        }
        self.ended = true;
        Ok(None)
    }

    /// Tells what else the headers of the entry last returned say.
    pub fn further(&self) -> &Further {
        &self.further
    }

    /// Gives the content of the entry last returned: nothing for what is not a file.
    pub fn content(&mut self) -> impl Read + '_ {
        Content(self)
    }

    /// Reads what is left of the entries and what follows them, so that the source is at its end.
    pub fn finish(mut self) -> Result<()> {
        while self.next()?.is_some() {}
        loop {
            let count = fill(&mut self.source)?.len();
            if count == 0 {
                return Ok(());
            }
            self.source.consume(count);
        }
    }

    /// Reads a header; none at the end mark.
    fn header(&mut self) -> Result<Option<Header>> {
        let Some(block) = self.block()? else {
            if self.may_lack_end {
                return Ok(None);
            }
            let message = format!("archive is cut off after {}", self.place());
            return Err(Error::new(ErrorKind::Parse, message));
        };
        if block != [0; BLOCK] {
            let header = Header::parse(&block);
            let header =
                header.context(|| format!("cannot read the header after {}", self.place()));
            return header.map(Some);
        }
        // The end mark is two blocks; some writers make only one, but nobody means entries behind it to be lost.
        match self.block()? {
            Some(block) if block != [0; BLOCK] && Header::parse(&block).is_ok() => {
                let message = format!("archive has a gap after {}", self.place());
                Err(Error::new(ErrorKind::Parse, message))
            }
            _ => Ok(None),
        }
    }

    /// Reads a whole block; none at the end of the source.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let ready = fill(&mut self.source)?;
            let count = ready.len().min(BLOCK - filled);
            if count == 0 {
                if filled == 0 {
                    return Ok(None);
                }
                let message = format!("archive is cut off after {}", self.place());
                return Err(Error::new(ErrorKind::Parse, message));
            }
            block[filled..filled + count].copy_from_slice(&ready[..count]);
            self.source.consume(count);
            filled += count;
        }
        Ok(Some(block))
    }

    /// Reads the content of a header that describes another entry.
    fn extension(&mut self, header: &Header, limit: u64) -> Result<Vec<u8>> {
        self.last = header.name();
        let size = header.size().context(|| cannot_read(&self.last))?;
        if size > limit {
            let message = format!("extended header of {size} bytes is too long");
            let error = Error::new(ErrorKind::Parse, message);
            return Err(error).context(|| cannot_read(&self.last));
        }
        (self.stored, self.padding, self.map) = (size, padding(size), None);
        let mut bytes = Vec::new();
        self.content().read_to_end(&mut bytes)?;
        self.skip_content()?;
        Ok(bytes)
    }

    /// Reads GNU's long name or link target.
    fn long(&mut self, header: &Header) -> Result<Vec<u8>> {
        let mut name = self.extension(header, MAX_NAME)?;
        name.truncate(header::text(&name).len());
        Ok(name)
    }

    /// Puts an entry together and gets ready to read its content.
    fn describe(&mut self, header: &Header, before: Before) -> Result<Entry> {
        let mut records = before.records.unwrap_or_else(|| self.global.clone());
        let sparse = records.sparse.take();
        let said = sparse.as_ref().and_then(|sparse| sparse.name.clone());
        let said = said.or(records.path.take()).or(before.name);
        self.last = said.unwrap_or_else(|| header.name());
        let (user, group) = header.owners();
        self.further = Further {
            name: self.last.clone(),
            user: user.to_vec(),
            group: group.to_vec(),
            records: std::mem::take(&mut records.others),
        };
        let has_content = matches!(header.type_flag(), 0 | b'0' | b'7' | b'S' | b'D');
        let described = (|| {
            let stored = match records.size {
                _ if !has_content => 0,
                Some(size) => size,
                None => header.size()?,
            };
            (self.stored, self.padding, self.map) = (stored, padding(stored), None);
            let pieces = match sparse {
                Some(sparse) if matches!(header.type_flag(), 0 | b'0' | b'7') => {
                    Some(self.pax_pieces(sparse)?)
                }
                _ if header.type_flag() == b'S' => Some(self.old_gnu_pieces(header)?),
                _ => None,
            };
            let mut size = stored;
            if let Some((pieces, real)) = pieces {
                self.map = Some(pieces.fill(real, self.stored)?);
                size = real;
            }
            let name = self.last.clone();
            Described {
                header,
                records: &mut records,
                name: &name,
                long_link: before.link,
                size,
            }
            .entry()
        })();
        described.context(|| cannot_read(&self.last))
    }

    /// The pieces of a sparse file in PAX, and its length with holes.
    fn pax_pieces(&mut self, sparse: super::pax::Sparse) -> Result<(Pieces, u64)> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::Parse, why));
        let Some(real) = sparse.size else {
            return refuse("sparse file has no size");
        };
        match sparse.version {
            (0, _) => Ok((sparse.pieces, real)),
            (1, 0) => {
                let whole = self.stored;
                let pieces = Pieces::read(&mut self.content())?;
                // The map takes whole blocks.
                let mut rest = padding(whole - self.stored).min(self.stored);
                while rest > 0 {
                    rest -= self.pass_over(rest)?;
                }
                Ok((pieces, real))
            }
            _ => refuse("sparse file is of an unknown version"),
        }
    }

    /// The pieces of an old GNU sparse file, and its length with holes.
    fn old_gnu_pieces(&mut self, header: &Header) -> Result<(Pieces, u64)> {
        let Some(gnu) = header.old_gnu() else {
            let message = "sparse file has no map";
            return Err(Error::new(ErrorKind::Parse, message));
        };
        let mut pieces = Pieces::default();
        pieces.push_old_gnu(gnu.pieces())?;
        let mut is_extended = gnu.is_extended();
        while is_extended {
            let block = self.block()?.ok_or_else(|| self.cut_off())?;
            pieces.push_old_gnu(&block[..504])?;
            is_extended = block[504] != 0;
        }
        Ok((pieces, gnu.real_size()?))
    }

    /// Passes over what is left of the entry.
    fn skip_content(&mut self) -> Result<()> {
        self.map = None;
        while self.stored > 0 {
            self.pass_over(self.stored)?;
        }
        self.stored = std::mem::take(&mut self.padding);
        while self.stored > 0 {
            self.pass_over(self.stored)?;
        }
        Ok(())
    }

    /// Passes over some of the next `most` bytes of the content and tells how many.
    fn pass_over(&mut self, most: u64) -> Result<u64> {
        let ready = fill(&mut self.source)?.len();
        if ready == 0 {
            return Err(self.cut_off());
        }
        let count = ready.min(usize::try_from(most).unwrap_or(ready));
        self.source.consume(count);
        self.stored -= count as u64;
        Ok(count as u64)
    }

    /// The end of the source where the content of an entry should be.
    fn cut_off(&self) -> Error {
        let message = format!("archive is cut off in {}", self.place());
        Error::new(ErrorKind::Parse, message)
    }

    /// The entry last seen, for messages.
    fn place(&self) -> String {
        match self.last.as_slice() {
            b"" => "its start".into(),
            name => format!("`{}`", String::from_utf8_lossy(name)),
        }
    }
}

/// The content of one entry of a [`TarReader`], holes filled with zeros.
struct Content<'a, R>(&'a mut TarReader<R>);

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let archive = &mut *self.0;
        let most = match archive.map.as_mut().map(Map::run) {
            None => archive.stored,
            Some(None) => 0,
            Some(Some(Run::Data(count))) => count,
            Some(Some(Run::Hole(count))) => {
                let count = buffer
                    .len()
                    .min(usize::try_from(count).unwrap_or(usize::MAX));
                buffer[..count].fill(0);
                if let Some(map) = &mut archive.map {
                    map.advance(count as u64);
                }
                return Ok(count);
            }
        };
        let room = buffer
            .len()
            .min(usize::try_from(most).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let count = archive.source.read(&mut buffer[..room])?;
        if count == 0 {
            return Err(archive.cut_off().into());
        }
        archive.stored -= count as u64;
        if let Some(map) = &mut archive.map {
            map.advance(count as u64);
        }
        Ok(count)
    }
}

/// The bytes that are ready, read if there are none; empty at the end of the source.
fn fill(source: &mut impl BufRead) -> Result<&[u8]> {
    loop {
        match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    // The borrow checker does not yet see that the buffer is not borrowed when the loop goes on.
    Ok(source.fill_buf()?)
}

/// How far the next whole block is after `size` bytes.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn cannot_read(name: &[u8]) -> String {
    format!("cannot read entry `{}`", String::from_utf8_lossy(name))
}
