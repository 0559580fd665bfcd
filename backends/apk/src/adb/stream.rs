//! The container of a v3 file: compressed or not, and the blocks in it.

use super::malformed;
use boot_kit::Result;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufRead, Read};

/// Blocks begin at multiples of this.
const ALIGNMENT: u64 = 8;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything but contents.
    Adb,
    /// A signature of the ADB block.
    Signature,
    /// A file's content.
    Data,
}

/// The head of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it holds.
    pub kind: Kind,
    /// Length in bytes, without head and padding.
    pub length: u64,
    padding: u64,
}

/// A v3 file from its first byte on.
pub struct Stream<R: BufRead> {
    decoder: Decoder<R>,
    /// What is left of the block that was begun.
    left: u64,
    padding: u64,
}

enum Decoder<R: BufRead> {
    Plain(R),
    Deflate(DeflateDecoder<R>),
    Zstd(Box<zstd::Decoder<'static, R>>),
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(into),
            Self::Deflate(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
        }
    }
}

impl<R: BufRead> Stream<R> {
    /// Begins: `ADB.` is plain, `ADBd` raw deflate, `ADBc` says by which algorithm and level.
    pub fn open(mut reader: R) -> Result<Self> {
        let mut magic = [0; 4];
        reader.read_exact(&mut magic)?;
        let mut decoder = match &magic {
            b"ADB." => Decoder::Plain(reader),
            b"ADBd" => Decoder::Deflate(DeflateDecoder::new(reader)),
            b"ADBc" => {
                let mut algorithm_and_level = [0; 2];
                reader.read_exact(&mut algorithm_and_level)?;
                match algorithm_and_level[0] {
                    0 => Decoder::Plain(reader),
                    1 => Decoder::Deflate(DeflateDecoder::new(reader)),
                    2 => {
                        let decoder = zstd::Decoder::with_buffer(reader)?.single_frame();
                        Decoder::Zstd(Box::new(decoder))
                    }
                    other => {
                        let message = format!("compression {other} is not supported");
                        return Err(malformed(message));
                    }
                }
            }
            _ => return Err(malformed("it is no ADB")),
        };
        if magic != *b"ADB." {
            decoder.read_exact(&mut magic)?;
            if magic != *b"ADB." {
                return Err(malformed("what is compressed in it is no ADB"));
            }
        }
        Ok(Self {
            decoder,
            left: 0,
            padding: 0,
        })
    }

    /// Reads the schema's four bytes, which come first.
    pub fn schema(&mut self) -> Result<[u8; 4]> {
        let mut schema = [0; 4];
        self.decoder.read_exact(&mut schema)?;
        Ok(schema)
    }

    /// Reads the head of the next block; `None` at the end. The block before must be ended.
    pub fn block(&mut self) -> Result<Option<Block>> {
        let mut word = [0; 4];
        let mut have = 0;
        while have < word.len() {
            match self.decoder.read(&mut word[have..])? {
                0 if have == 0 => return Ok(None),
                0 => return Err(malformed("it ends in the head of a block")),
                count => have += count,
            }
        }
        let word = u32::from_le_bytes(word);
        let (kind, size, head) = match (word >> 30, word & 0x3fff_ffff) {
            (3, kind) => {
                let mut rest = [0; 12];
                self.decoder.read_exact(&mut rest)?;
                let [reserved @ .., _, _, _, _, _, _, _, _] = &rest;
                if *reserved != [0; 4] {
                    return Err(malformed("the head of a block has a reserved part"));
                }
                let mut size = [0; 8];
                size.copy_from_slice(&rest[4..]);
                (kind, u64::from_le_bytes(size), 16)
            }
            (kind, size) => (kind, u64::from(size), 4),
        };
        let kind = match kind {
            0 => Kind::Adb,
            1 => Kind::Signature,
            2 => Kind::Data,
            other => {
                return Err(malformed(format!(
                    "there is a block of unknown kind {other}"
                )));
            }
        };
        let length = size.checked_sub(head);
        let length = length.ok_or_else(|| malformed("a block is shorter than its head"))?;
        Ok(Some(Block {
            kind,
            length,
            padding: (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT,
        }))
    }

    /// Begins reading a block's bytes from the stream itself.
    pub fn begin(&mut self, block: &Block) {
        self.left = block.length;
        self.padding = block.padding;
    }

    /// Ends the block that was begun: it must be read to its end, and what fills it up must be zero.
    pub fn end(&mut self) -> Result<()> {
        if self.left > 0 {
            return Err(malformed("a block is longer than what belongs in it"));
        }
        let mut padding = Vec::new();
        let count = (&mut self.decoder)
            .take(self.padding)
            .read_to_end(&mut padding)?;
        if count as u64 != self.padding {
            return Err(malformed("it ends within a block"));
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(malformed("what fills a block up is not zero"));
        }
        Ok(())
    }

    /// Reads a whole block into memory, if it has no more than `limit` bytes.
    pub fn read(&mut self, block: &Block, limit: u64) -> Result<Vec<u8>> {
        if block.length > limit {
            let message = format!("it has {} bytes, more than {limit}", block.length);
            return Err(malformed(message));
        }
        self.begin(block);
        let mut bytes = Vec::new();
        // Grows with what is there, not with what is announced.
        Read::take(&mut *self, block.length).read_to_end(&mut bytes)?;
        self.end()?;
        Ok(bytes)
    }

    /// Checks that nothing follows, neither in the stream nor in the file.
    pub fn finish(mut self) -> Result<()> {
        let rest = match &mut self.decoder {
            Decoder::Plain(reader) => !reader.fill_buf()?.is_empty(),
            Decoder::Deflate(decoder) => {
                decoder.read(&mut [0])? > 0 || !decoder.get_mut().fill_buf()?.is_empty()
            }
            Decoder::Zstd(decoder) => {
                decoder.read(&mut [0])? > 0 || !decoder.get_mut().fill_buf()?.is_empty()
            }
        };
        if rest {
            return Err(malformed("something follows its last block"));
        }
        Ok(())
    }
}

/// Reads what is left of the block that was begun.
impl<R: BufRead> Read for Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let count = self.decoder.read(&mut into[..room])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
