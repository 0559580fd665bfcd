//! v3 files: ADB, apk's own binary form (apk-v3(5)).
//!
//! | module | holds |
//! | --- | --- |
//! | [`stream`] | the container: compressed or not, and the blocks in it |
//! | [`value`] | the values of an ADB block |
//! | [`schema`] | what their numbers mean |
//! | [`package`] | a package: its files, each proven by a hash of the ADB block |
//! | [`words`] | dependencies as the words v2 has for them |
//!
//! A file is one ADB block with everything but the contents of files, any number of signatures of that block, and the
//! contents, one DATA block each. An index is the first two.

pub mod package;
pub mod schema;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod value;
pub mod words;

pub use value::{Adb, Slots, Value};

use crate::{
    checksum::Identity,
    trust::{self, Keys},
};
use boot_kit::{Context, Error, ErrorKind, Result, hex};
use sha2::{Digest as _, Sha256, Sha512};
use std::io::{BufRead, Read};
use stream::{Block, Kind, Stream};

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// `pckg`
    Package,
    /// `indx`
    Index,
}

impl Schema {
    /// The four bytes it is known by.
    pub fn magic(self) -> [u8; 4] {
        match self {
            Self::Package => *b"pckg",
            Self::Index => *b"indx",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Index => "index",
        }
    }
}

/// What proves an ADB block.
pub enum Proven<'a> {
    /// It was proven before.
    Already,
    /// Its hash, from a signed index.
    ByIdentity(Identity),
    /// A signature by one of these keys.
    BySignature(&'a Keys),
}

/// What follows the ADB block and its signatures.
pub struct Rest<R: BufRead> {
    stream: Stream<R>,
    next: Option<Block>,
}

/// The most bytes of an ADB block: offsets in it have 28 bits, but no index of a distribution has a quarter of this.
const LIMIT: u64 = 128 << 20;

/// The most bytes of a signature, as apk has it.
const SIGNATURE_LIMIT: u64 = 2048;

/// Opens a file and proves its ADB block before anything in it is looked at.
pub fn open<R: BufRead>(reader: R, schema: Schema, proven: &Proven<'_>) -> Result<(Adb, Rest<R>)> {
    let mut stream = Stream::open(reader)?;
    let found = stream.schema()?;
    if found != schema.magic() {
        let found = found.escape_ascii();
        let message = format!("it is no {}, but of schema `{found}`", schema.title());
        return Err(Error::new(ErrorKind::Parse, message));
    }
    let block = stream.block()?;
    let Some(block) = block.filter(|block| block.kind == Kind::Adb) else {
        return Err(malformed("it does not begin with an ADB block"));
    };
    let bytes = stream
        .read(&block, LIMIT)
        .context(|| "cannot read the ADB block")?;
    let mut trust = Trust::of(&bytes, schema, proven)?;
    let next = loop {
        match stream.block()? {
            Some(block) if block.kind == Kind::Signature => {
                let signature = stream
                    .read(&block, SIGNATURE_LIMIT)
                    .context(|| "cannot read a signature")?;
                trust.signature(&signature)?;
            }
            next => break next,
        }
    };
    trust.settle()?;
    Ok((Adb::new(bytes)?, Rest { stream, next }))
}

impl<R: BufRead> Rest<R> {
    /// Checks that the file ends here.
    pub fn finish(self) -> Result<()> {
        match self.next {
            Some(_) => Err(malformed("a block follows that belongs to nothing")),
            None => self.stream.finish(),
        }
    }

    /// Takes the next DATA block: its length is left to read from [`content`](Self::content).
    fn data(&mut self) -> Result<u64> {
        match self.next.take() {
            Some(block) if block.kind == Kind::Data => {
                self.stream.begin(&block);
                Ok(block.length)
            }
            Some(_) => Err(malformed("a block stands where none of its kind may be")),
            None => Err(malformed("the content of a file is missing")),
        }
    }

    /// What is left of the block begun last.
    fn content(&mut self) -> &mut dyn Read {
        &mut self.stream
    }

    /// Ends the block begun last, which must be read to its end.
    fn end_data(&mut self) -> Result<()> {
        self.stream.end()?;
        self.next = self.stream.block()?;
        Ok(())
    }
}

/// The proof of one ADB block while signatures pass by.
struct Trust<'a> {
    proven: &'a Proven<'a>,
    schema: Schema,
    /// SHA-512 of the ADB block, for signatures.
    hash: Vec<u8>,
    is_signed: bool,
    is_good: bool,
    unknown: Option<String>,
}

impl<'a> Trust<'a> {
    fn of(adb: &[u8], schema: Schema, proven: &'a Proven<'a>) -> Result<Self> {
        let mut hash = Vec::new();
        match proven {
            Proven::Already => {}
            Proven::ByIdentity(identity) => {
                let found: [u8; 32] = Sha256::digest(adb).into();
                let is_same = match identity {
                    Identity::Short(expected) => found[..20] == *expected,
                    Identity::Long(expected) => found == *expected,
                };
                if !is_same {
                    let message = "its ADB block is not the one the index names";
                    return Err(Error::new(ErrorKind::Trust, message));
                }
            }
            Proven::BySignature(_) => hash = Sha512::digest(adb).to_vec(),
        }
        Ok(Self {
            proven,
            schema,
            hash,
            is_signed: false,
            is_good: false,
            unknown: None,
        })
    }

    /// Takes one signature: version, hash, key id, and the key's own form of signature.
    fn signature(&mut self, block: &[u8]) -> Result<()> {
        let ([0, SHA512, id @ ..], signature) = block
            .split_first_chunk::<18>()
            .ok_or_else(|| malformed("a signature is too short"))?
        else {
            let message = "it is signed in a way that is not supported";
            return Err(Error::new(ErrorKind::Trust, message));
        };
        self.is_signed = true;
        let Proven::BySignature(keys) = self.proven else {
            return Ok(());
        };
        let head = &block[..18];
        let message = [&self.schema.magic(), head, &self.hash].concat();
        if keys.verify_v3(*id, &message, signature)? {
            self.is_good = true;
        } else {
            self.unknown.get_or_insert_with(|| hex::encode(id));
        }
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        match (self.proven, &self.unknown) {
            (Proven::BySignature(_), _) if !self.is_signed => Err(trust::unsigned()),
            (Proven::BySignature(keys), Some(id)) if !self.is_good => Err(keys.unknown(id)),
            _ => Ok(()),
        }
    }
}

/// apk's number for SHA-512 in a signature.
const SHA512: u8 = 4;

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}
