//! Finished layers, by what determined them.

use super::Store;
use boot_kit::{Digest, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// What is known of a finished layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// `base`, `include` or `top`.
    pub name: String,
    /// SHA-256 of the tar: the layer's identity.
    pub diff_id: Digest,
    /// Length of the tar in bytes.
    pub size: u64,
    /// SHA-256 of the compressed tar, under which it is in the store.
    pub blob: Digest,
    /// Length of the compressed tar in bytes.
    pub blob_size: u64,
    /// How many entries the tar has.
    pub entries: u64,
}

impl Store {
    /// Finds the layer that `key` stands for.
    pub fn layer(&self, key: &Digest) -> Result<Option<LayerRecord>> {
        let bytes = self.recall(&format!("layer {key}"))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Notes which layer `key` stands for.
    pub fn keep_layer(&self, key: &Digest, record: &LayerRecord) -> Result<()> {
        let bytes = serde_json::to_vec(record)
            .map_err(|error| Error::new(ErrorKind::Io, "cannot note a layer").caused_by(error))?;
        self.remember(&format!("layer {key}"), &bytes)
    }
}
