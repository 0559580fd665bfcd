//! What a command that makes an image says of it.

use crate::export;
use boot_kit::Digest;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files in it, directories and links among them.
    pub files: u64,
    /// Length of the output in bytes; for a directory the sum of its files.
    pub bytes: u64,
    /// SHA-256 of the output as written; `None` for a directory.
    pub sha256: Option<Digest>,
    /// Digest of an OCI image's manifest, by which registries name it.
    pub manifest: Option<Digest>,
}

impl From<export::Written> for Written {
    fn from(written: export::Written) -> Self {
        Self {
            files: written.entries,
            bytes: written.bytes,
            sha256: written.sha256,
            manifest: None,
        }
    }
}
