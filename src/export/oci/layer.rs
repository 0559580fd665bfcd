//! A finished layer, and how it is compressed.

use super::{
    Options,
    blob::{Blob, Content},
    cache::Compressed,
};
use crate::export::{
    compress::{Compression, Encoder},
    watch,
};
use boot_kit::{Context, Digest, Error, ErrorKind, Result, digest::Hashing};
use clap::ValueEnum;
use serde::Deserialize;
use std::io::{self, Read, Write};

/// One finished layer: a tar in boot tar format 1.
pub struct LayerSource<'a> {
    /// What it is called among the layers of its image: `base`, `include`, `top`.
    pub name: String,
    /// Digest of the tar.
    pub diff_id: Digest,
    /// Length of the tar in bytes.
    pub size: u64,
    /// How it came about, for the image's history.
    pub created_by: String,
    /// Opens the tar at its beginning; may be called more than once.
    pub open: &'a (dyn Fn() -> Result<Box<dyn Read + Send>> + Sync),
    /// The same compressed with zstd, if it is at hand.
    pub zstd: Option<Stored<'a>>,
}

/// A compressed layer as it lies in the store, already proven.
pub struct Stored<'a> {
    /// Digest of the file.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Opens it at its beginning.
    pub open: &'a (dyn Fn() -> Result<Box<dyn Read + Send>> + Sync),
}

/// What the layers of an image are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerCompression {
    /// Nothing: the fastest to load
    None,
    /// What every tool and registry knows
    Gzip,
    /// Smaller and faster than gzip; tools from before 2021 may not know it
    Zstd,
}

impl LayerCompression {
    /// The media type of a layer.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::None => "application/vnd.oci.image.layer.v1.tar",
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }

    /// The encoder and a name for all that decides its bytes, which changes whenever they do.
    fn encoder(self) -> Option<(Compression, &'static str)> {
        match self {
            Self::None => None,
            Self::Gzip => Some((Compression::Gzip, "gzip 1")),
            Self::Zstd => Some((Compression::Zstd, "zstd 1")),
        }
    }
}

/// Finds the bytes a layer has in the image, compressing them if they are not at hand.
pub(super) fn encode<'a>(
    layer: &'a LayerSource<'a>,
    compression: LayerCompression,
    compressed: &dyn Compressed,
    options: &Options<'_>,
) -> Result<Blob<'a>> {
    if let (LayerCompression::Zstd, Some(stored)) = (compression, &layer.zstd) {
        return Ok(Blob {
            digest: stored.digest,
            size: stored.size,
            content: Content::Stored(stored),
        });
    }
    let Some((encoder, name)) = compression.encoder() else {
        return Ok(Blob {
            digest: layer.diff_id,
            size: layer.size,
            content: Content::Layer(layer),
        });
    };
    let key = format!("layer {} {name}", layer.diff_id);
    let (digest, size, file) =
        compressed.get(&key, &mut |out| compress(layer, encoder, out, options))?;
    Ok(Blob {
        digest,
        size,
        content: Content::File(file),
    })
}

fn compress(
    layer: &LayerSource<'_>,
    compression: Compression,
    out: &mut dyn Write,
    options: &Options<'_>,
) -> Result<()> {
    let mut content = Verified::open(layer)?;
    let mut encoder = Encoder::new(out, compression, options.jobs)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        watch::check(options)?;
        match content.read(&mut buffer)? {
            0 => break,
            count => encoder.write_all(&buffer[..count])?,
        }
    }
    encoder.finish()?;
    content.finish()
}

/// A layer's tar being read, which must turn out to be the one its digest names.
pub(super) struct Verified<'a> {
    layer: &'a LayerSource<'a>,
    content: Box<dyn Read + Send>,
    hashing: Hashing<io::Sink>,
}

impl<'a> Verified<'a> {
    pub fn open(layer: &'a LayerSource<'a>) -> Result<Self> {
        let content = (layer.open)().context(|| format!("cannot open layer `{}`", layer.name))?;
        Ok(Self {
            layer,
            content,
            hashing: Hashing::new(io::sink()),
        })
    }

    /// Errors with [`ErrorKind::Trust`] unless what was read is the layer, whole.
    pub fn finish(self) -> Result<()> {
        let Self { layer, hashing, .. } = self;
        let found = hashing.finish();
        if found == (layer.diff_id, layer.size) {
            return Ok(());
        }
        let message = format!(
            "layer `{}` is {} bytes with the SHA-256 {}, not {} bytes with {}",
            layer.name, found.1, found.0, layer.size, layer.diff_id
        );
        Err(Error::new(ErrorKind::Trust, message))
    }
}

impl Read for Verified<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.hashing.write_all(&buffer[..count])?;
        Ok(count)
    }
}
