//! Finished layers: what a build made of one layer of its plan, for every later build that needs the same.
//!
//! | module | holds |
//! | --- | --- |
//! | [`key`] | what determines a layer, and so names it |
//! | [`tree`] | what a stack of layers holds, file by file |
//! | [`change`] | what a root has more, less or otherwise than the layers below it |
//! | [`write`] | a layer as a tar, while the root is walked |
//! | [`merge`] | a stack of layers as one tree again |
//! | [`restore`] | and as a root again, to build on |
//!
//! A layer is a tar in boot tar format 1 without a root entry, with whiteouts (`.wh.` before a name) right after their
//! directory. It holds every directory on the way to what it holds, so that it never depends on how an engine makes
//! missing ones, and all names of a file or none. Its identity is the digest of the tar; the store keeps it compressed.

pub mod change;
mod gist;
pub mod key;
pub mod merge;
pub(crate) mod prefetch;
pub mod restore;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod write;

pub use change::{Base, Change};
pub use gist::Gist;
pub use merge::Stack;
pub use tree::Tree;

use crate::store::{LayerRecord, Lookup, Store};
use boot_kit::{Digest, Result};
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    sync::{Arc, atomic::AtomicBool},
};

/// One finished layer; its bytes stay readable even if the store is cleaned meanwhile.
#[derive(Clone)]
pub struct Layer {
    /// What is known of it.
    pub record: LayerRecord,
    blob: Arc<File>,
}

impl Layer {
    /// Finds the layer of `key` in the store and proves its bytes; `None` if it must be made.
    ///
    /// Errors with [`boot_kit::ErrorKind::Interrupted`] once `stop` is set.
    pub fn find(store: &Store, key: &Digest, stop: &AtomicBool) -> Result<Option<Self>> {
        let Some(record) = store.layer(key)? else {
            return Ok(None);
        };
        Ok(match store.get_until(&record.blob, stop)? {
            Lookup::Found(blob) => Some(Self {
                record,
                blob: Arc::new(blob),
            }),
            Lookup::Missing | Lookup::Corrupt => None,
        })
    }

    /// Finds the layer of `key` in the store as it is: whoever reads it has to prove what comes of it. `None` if it
    /// must be made.
    pub fn find_unproven(store: &Store, key: &Digest) -> Result<Option<Self>> {
        let Some(record) = store.layer(key)? else {
            return Ok(None);
        };
        let blob = store.open_unproven(&record.blob)?;
        Ok(blob.map(|blob| Self {
            record,
            blob: Arc::new(blob),
        }))
    }

    /// Opens the compressed tar at its beginning.
    pub fn compressed(&self) -> impl Read + Send + use<> {
        FromStart {
            file: Arc::clone(&self.blob),
            offset: 0,
        }
    }

    /// Opens the tar at its beginning, decompressed on another thread.
    pub fn tar(&self) -> Result<impl Read + Send + use<>> {
        let decoder = zstd::Decoder::new(self.compressed())?;
        Ok(prefetch::Prefetch::start(decoder))
    }
}

/// Reads a file from its beginning, wherever others are in it.
struct FromStart {
    file: Arc<File>,
    offset: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
