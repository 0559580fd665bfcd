//! Where everything in the store is.

use boot_kit::Digest;
use std::path::{Path, PathBuf};

/// The directories of a store, and the names of what is in them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub blobs: PathBuf,
    pub labels: PathBuf,
    pub layers: PathBuf,
    pub notes: PathBuf,
    pub locks: PathBuf,
    pub runs: PathBuf,
}

impl Places {
    /// Names the places of the store in `directory`; makes nothing.
    pub fn of(directory: &Path) -> Self {
        Self {
            blobs: directory.join("blobs/sha256"),
            labels: directory.join("labels"),
            layers: directory.join("layers"),
            notes: directory.join("notes"),
            locks: directory.join("locks"),
            runs: directory.join("runs"),
        }
    }

    /// All of them.
    pub fn directories(&self) -> [&Path; 6] {
        [
            &self.blobs,
            &self.labels,
            &self.layers,
            &self.notes,
            &self.locks,
            &self.runs,
        ]
    }

    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.to_string())
    }

    pub fn label(&self, digest: &Digest) -> PathBuf {
        self.labels.join(digest.to_string())
    }

    pub fn layer(&self, key: &Digest) -> PathBuf {
        self.layers.join(key.to_string())
    }

    pub fn note(&self, name: &str) -> PathBuf {
        self.notes.join(Digest::of(name).to_string())
    }

    /// The lock of whoever gets what `key` names.
    pub fn claim(&self, key: &Digest) -> PathBuf {
        self.locks.join(key.to_string())
    }

    /// The lock of whoever makes the layer of `key`.
    pub fn layer_lock(&self, key: &Digest) -> PathBuf {
        self.locks.join(format!("layer-{key}"))
    }
}
