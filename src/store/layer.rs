//! Which finished layers there are.

use super::{Store, sealed};
use boot_kit::{Digest, Result};
use serde::{Deserialize, Serialize};
use std::io::Read;

/// A finished layer: a key stands for everything that determined it, a record for what it became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// What it is, for people.
    pub name: String,
    /// SHA-256 of the uncompressed tar: the layer's identity.
    pub diff_id: Digest,
    /// Length of the uncompressed tar in bytes.
    pub size: u64,
    /// SHA-256 of the compressed tar: the blob that holds it.
    pub blob: Digest,
    /// Length of the blob in bytes.
    pub blob_size: u64,
    /// How many entries the tar has.
    pub entries: u64,
}

impl Store {
    /// Looks the layer of `key` up; `None` if there is none, or its blob is gone or has another length.
    ///
    /// Counts as a use of both: no `boot cache clean` takes them away while this run lives. A damaged record is
    /// removed.
    pub fn layer(&self, key: &Digest) -> Result<Option<LayerRecord>> {
        let path = self.places.layer(key);
        let Some(mut file) = self.open_used(&path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        // A disk that cannot read it back is one more way to be damaged.
        let read = file.read_to_end(&mut bytes).is_ok();
        let record = read.then(|| sealed::parsed::<LayerRecord>(bytes)).flatten();
        let Some(record) = record else {
            self.remove_damaged(&path, &file)?;
            return Ok(None);
        };
        let blob = self.open_used(&self.places.blob(&record.blob))?;
        let is_whole = match blob {
            Some(blob) => blob.metadata()?.len() == record.blob_size,
            None => false,
        };
        Ok(is_whole.then_some(record))
    }

    /// Records what the layer of `key` became; its blob has to be kept before.
    pub fn keep_layer(&self, key: &Digest, record: &LayerRecord) -> Result<()> {
        self.put(&self.places.layer(key), &[&sealed::json(record)?])
    }
}
