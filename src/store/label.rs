//! What is written on a blob: for people who look into the store, never needed for a build.

use super::{Store, sealed};
use boot_kit::{Digest, Result};
use serde::{Deserialize, Serialize};

/// The sorts of things in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A planned download: a package, a stage tarball.
    Artifact,
    /// A list of packages.
    Index,
    /// A finished layer.
    Layer,
    /// What a backend remembers.
    Note,
    /// A blob that nobody labelled.
    Other,
}

/// What a blob is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The sort of thing.
    pub kind: Kind,
    /// Its name, with whatever tells it from others: `libc6 2.41-12 amd64`.
    pub name: String,
}

impl Store {
    /// Labels the blob of `digest`, unless it is labelled already.
    pub fn label(&self, digest: &Digest, label: &Label) -> Result<()> {
        let path = self.places.label(digest);
        if path.exists() {
            return Ok(());
        }
        self.put(&path, &[&sealed::json(label)?])
    }
}

/// Takes users and passwords out of the URLs in a name: `http://user:secret@host/` becomes `http://host/`.
pub(super) fn without_passwords(name: &str) -> String {
    let mut parts = name.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', ' ', '?', '#']).unwrap_or(part.len());
        let start = part[..end].rfind('@').map_or(0, |at| at + 1);
        clean += "://";
        clean += &part[start..];
    }
    clean
}
