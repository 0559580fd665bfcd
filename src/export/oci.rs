//! OCI images: layers that exist already get a configuration, a manifest, an index, and a form to be carried in.
//!
//! | module | holds |
//! | --- | --- |
//! | [`layer`] | a finished layer, and how it is compressed |
//! | [`cache`] | compressed layers that outlive a run |
//! | [`config`] | what the image says of itself |
//! | [`manifest`] | what the image consists of, for OCI's tools and for `docker load` |
//! | [`blob`] | content named by its digest, and the tree of an image layout |
//! | [`whiteout`] | how a layer removes what is below it |
//!
//! Specification: <https://github.com/opencontainers/image-spec>. All JSON is written without blanks; its keys are in a
//! fixed order, those of a map sorted; so the same image is always the same bytes. `docs/reference/image-config.md`
//! shows all of it.

mod blob;
pub mod cache;
pub mod config;
pub(crate) mod date;
pub mod layer;
pub mod manifest;
#[cfg(test)]
mod tests;
pub mod whiteout;

pub use cache::{Compressed, ForOnce};
pub use config::Image;
pub use layer::{LayerCompression, LayerSource, Stored};

use super::{
    Options, PendingDirectory, PendingFile,
    directory::DirectoryWriter,
    output::{OciForm, OciOutput},
    tar::TarWriter,
    watch::Watch,
};
use blob::{Blob, Layout, Permissions};
use boot_kit::{Context, Digest, Result};
use layer::encode;
use std::io::Write;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the output in bytes; of a directory, that of its files.
    pub bytes: u64,
    /// Digest of the output; none for a directory.
    pub sha256: Option<Digest>,
    /// Digest of the manifest: the name of the image in a registry, and in containerd.
    pub manifest: Digest,
    /// Digest of the configuration: the name of the image in docker's classic store, and in podman.
    pub config: Digest,
    /// Digests of the layers as they lie in the output, the lowest first.
    pub layers: Vec<Digest>,
}

/// Writes an image of `layers`, the lowest first, to `output`.
///
/// Layers are compressed as `image` says, else as suits the output: not at all in an archive, which is made to be
/// loaded, with gzip in a layout, which is made to be pushed. `compressed` keeps what takes time to make.
///
/// Nothing is at the output's place until all of it is. Errors with [`ErrorKind::Trust`](boot_kit::ErrorKind::Trust) if
/// a layer's bytes are not those its digest names.
pub fn write_oci(
    output: &OciOutput,
    image: &Image<'_>,
    layers: &[LayerSource<'_>],
    compressed: &dyn Compressed,
    options: &Options<'_>,
) -> Result<Written> {
    output.check(options.force)?;
    let write = || -> Result<Written> {
        let compression = image
            .options
            .layer_compression
            .unwrap_or(match output.form {
                OciForm::Archive => LayerCompression::None,
                OciForm::Layout => LayerCompression::Gzip,
            });
        let mut blobs = Vec::new();
        let mut descriptors = Vec::new();
        for layer in layers {
            let blob = encode(layer, compression, compressed, options)
                .context(|| format!("cannot compress layer `{}`", layer.name))?;
            descriptors.push(manifest::layer(layer, compression, &blob));
            blobs.push(blob);
        }
        let config = Blob::of_bytes(config::json(image, layers, options.epoch)?);
        let manifest = Blob::of_bytes(manifest::json(image, &config, &descriptors, options.epoch)?);
        let mut layout = Layout::default();
        layout.add_file("oci-layout", manifest::layout()?);
        layout.add_file("index.json", manifest::index(image, &manifest)?);
        if output.form == OciForm::Archive {
            let docker = manifest::docker(image, &config, &blobs)?;
            layout.add_file("manifest.json", docker);
        }
        let mut written = Written {
            bytes: 0,
            sha256: None,
            manifest: manifest.digest,
            config: config.digest,
            layers: blobs.iter().map(|blob| blob.digest).collect(),
        };
        for blob in blobs.into_iter().chain([config, manifest]) {
            layout.add_blob(blob);
        }
        match output.form {
            OciForm::Archive => {
                let (sha256, bytes) = write_archive(output, layout, options)?;
                written.sha256 = Some(sha256);
                written.bytes = bytes;
            }
            OciForm::Layout => written.bytes = write_layout(output, layout, options)?,
        }
        Ok(written)
    };
    write().context(|| format!("cannot write `{}`", output.path.display()))
}

/// Puts the tree into one tar, in boot tar format 1, so that it too is always the same bytes.
fn write_archive(
    output: &OciOutput,
    layout: Layout<'_>,
    options: &Options<'_>,
) -> Result<(Digest, u64)> {
    let mut file = PendingFile::create(&output.path)?;
    let mut tar = TarWriter::new(&mut file, options.epoch);
    let mut watch = Watch::new(&mut tar, options);
    layout.send(&mut watch, &Permissions::ANYWHERE, options.epoch)?;
    watch.finish()?;
    let (sha256, bytes, _) = tar.finish()?;
    file.flush()?;
    file.commit(options.epoch.max(0), options.force)?;
    Ok((sha256, bytes))
}

fn write_layout(output: &OciOutput, layout: Layout<'_>, options: &Options<'_>) -> Result<u64> {
    let pending = PendingDirectory::create(&output.path)?;
    let mut writer = DirectoryWriter::new(pending.building(), options.epoch, options.report)?;
    let mut watch = Watch::new(&mut writer, options);
    layout.send(&mut watch, &Permissions::here()?, options.epoch)?;
    watch.finish()?;
    let (_, bytes) = writer.written();
    writer.finish()?;
    pending.commit(options.force, &|| output.check(true))?;
    Ok(bytes)
}
