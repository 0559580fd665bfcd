//! Compressed layers that outlive a run.

use crate::store::{Kind, Label, Lookup, Store};
use boot_kit::{Digest, Result};
use std::{fs::File, io::Write};

/// Writes the bytes that belong under a key.
pub type Make<'a> = &'a mut dyn FnMut(&mut dyn Write) -> Result<()>;

/// Keeps what takes time to compress.
pub trait Compressed {
    /// Finds the bytes kept under `key`, or has them made and keeps them; returns digest, length, and the file at
    /// offset 0.
    ///
    /// A key names all that decides the bytes: the layer, the codec and its version.
    fn get(&self, key: &str, make: Make<'_>) -> Result<(Digest, u64, File)>;
}

/// The bytes are a blob; a note of the name `key` holds its digest and length.
impl Compressed for Store {
    fn get(&self, key: &str, make: Make<'_>) -> Result<(Digest, u64, File)> {
        if let Some((digest, size)) = self.recall(key)?.as_deref().and_then(parse)
            && let Lookup::Found(file) = Store::get(self, &digest)?
        {
            return Ok((digest, size, file));
        }
        let mut incoming = self.incoming()?;
        make(&mut incoming)?;
        let (digest, size, file) = self.keep_new(incoming, true)?;
        let label = Label {
            kind: Kind::Layer,
            name: key.to_owned(),
        };
        self.label(&digest, &label)?;
        self.remember(key, format!("{digest} {size}\n").as_bytes())?;
        Ok((digest, size, file))
    }
}

/// Keeps nothing: what is made is gone when it has been written.
pub struct ForOnce<'a>(pub &'a Store);

impl Compressed for ForOnce<'_> {
    fn get(&self, _key: &str, make: Make<'_>) -> Result<(Digest, u64, File)> {
        let mut incoming = self.0.incoming()?;
        make(&mut incoming)?;
        self.0.keep_new(incoming, false)
    }
}

fn parse(note: &[u8]) -> Option<(Digest, u64)> {
    let (digest, size) = std::str::from_utf8(note).ok()?.trim_end().split_once(' ')?;
    Some((digest.parse().ok()?, size.parse().ok()?))
}
