//! The files of an image, and what proves them.

use super::Platform;
use crate::tree::Tree;
use boot_kit::{Context, Digest, Error, ErrorKind, Result, RootPath};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, io::Read};

/// The longest manifest, index or configuration, in bytes; registries take manifests of 4 MiB.
const MAX_JSON: u64 = 8 << 20;

/// The files among which an image is.
#[derive(Clone, Copy)]
pub(super) struct Files<'a>(pub &'a Tree);

/// Refers to a blob, <https://github.com/opencontainers/image-spec/blob/main/descriptor.md>.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub media_type: String,
    pub digest: String,
    pub size: u64,
    pub platform: Option<Platform>,
    pub annotations: Option<BTreeMap<String, String>>,
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// The digest, if it is of the only kind that is in use.
    pub fn sha256(&self) -> Result<Digest> {
        let digest = self.digest.strip_prefix("sha256:");
        let refuse = || malformed(format!("`{}` is not a SHA-256 digest", self.digest));
        digest.ok_or_else(refuse)?.parse().map_err(|_| refuse())
    }

    /// Where a layout has the blob.
    pub fn path(&self) -> Result<RootPath> {
        let name = self.sha256()?.to_string();
        Ok(RootPath::from("blobs/sha256").join(name.as_bytes()))
    }

    /// The annotation of that name.
    pub fn annotation(&self, name: &str) -> Option<&String> {
        self.annotations.as_ref()?.get(name)
    }
}

impl Files<'_> {
    /// Tells whether there is a file.
    pub fn has(self, path: &RootPath) -> bool {
        self.0.follow(path).is_some()
    }

    /// Reads a small file, if it is there.
    pub fn read(self, path: &RootPath) -> Result<Option<Vec<u8>>> {
        self.0.read(path, MAX_JSON)
    }

    /// Reads a blob that holds JSON and proves it.
    pub fn json<T: DeserializeOwned>(self, descriptor: &Descriptor) -> Result<T> {
        let digest = descriptor.sha256()?;
        let name = &descriptor.digest;
        let bytes = self.read(&descriptor.path()?)?;
        let bytes = bytes.ok_or_else(|| missing(name))?;
        prove(
            (bytes.len() as u64, Digest::of(&bytes)),
            (descriptor.size, digest),
        )
        .context(|| wrong(name))?;
        parse(name, &bytes)
    }
}

/// Reads JSON; `name` is what it is called.
pub(super) fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| malformed(format!("cannot read `{name}`")).caused_by(error))
}

/// Checks length and digest of a blob.
pub(super) fn prove(found: (u64, Digest), wanted: (u64, Digest)) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let message = if found.0 == wanted.0 {
        format!("its SHA-256 is {}", found.1)
    } else {
        format!("it has {} bytes where {} are named", found.0, wanted.0)
    };
    Err(Error::new(ErrorKind::Trust, message))
}

/// What to say of a blob that is not what its digest says.
pub(super) fn wrong(name: &str) -> String {
    format!("blob `{name}` is not what it is named")
}

/// The error for a blob that is not there.
pub(super) fn missing(name: &str) -> Error {
    malformed(format!("blob `{name}` is not there"))
}

pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

/// Reads until told to stop.
pub(super) struct Stoppable<'a, R> {
    pub inner: R,
    pub stop: &'a dyn Fn() -> Result<()>,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.stop)()?;
        self.inner.read(buffer)
    }
}
