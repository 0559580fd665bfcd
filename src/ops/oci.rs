//! An OCI image of finished layers.

use super::Written;
use crate::{
    export::{
        Options,
        oci::{Compressed, ForOnce, Image, LayerSource, Stored, write_oci},
        output::OciOutput,
    },
    layers::{Gist, Layer},
    recipe::image::{ImageOptions, Reference},
    store::Store,
};
use boot_kit::Result;
use std::io::Read;

/// What an image is called and how it is run.
#[derive(Clone, Copy)]
pub struct Naming<'a> {
    /// How it is to be run.
    pub options: &'a ImageOptions,
    /// What it is called.
    pub reference: &'a Reference,
    /// What it is, in a few words.
    pub title: &'a str,
    /// Its OCI platform, e.g. `linux/arm64`.
    pub platform: &'a str,
}

/// Where layers are put that are compressed for an image.
#[derive(Clone, Copy)]
pub(super) enum Shelf<'a> {
    /// Into the store, for the next image; what is known of an image as well.
    Kept(&'a Store),
    /// Among the store's files that go with this run.
    ForOnce(&'a Store),
}

/// Writes an image of `layers`, the lowest first.
pub(super) fn export_layers(
    layers: &[Layer],
    shelf: Shelf<'_>,
    output: &OciOutput,
    naming: Naming<'_>,
    options: &Options<'_>,
) -> Result<Written> {
    let for_once;
    let (compressed, notes): (&dyn Compressed, _) = match shelf {
        Shelf::Kept(store) => (store, Some(store)),
        Shelf::ForOnce(store) => {
            for_once = ForOnce(store);
            (&for_once, None)
        }
    };
    let gist = Gist::of(layers, notes, options.interrupt)?;
    let image = Image {
        options: naming.options,
        reference: naming.reference,
        platform: naming.platform,
        title: Some(naming.title),
        shell: gist.shell.as_deref(),
    };
    let tars: Vec<_> = layers
        .iter()
        .map(|layer| move || Ok(Box::new(layer.tar()?) as Box<dyn Read + Send>))
        .collect();
    let blobs: Vec<_> = layers
        .iter()
        .map(|layer| move || Ok(Box::new(layer.compressed()) as Box<dyn Read + Send>))
        .collect();
    let sources = layers
        .iter()
        .zip(&tars)
        .zip(&blobs)
        .map(|((layer, tar), blob)| {
            let record = &layer.record;
            LayerSource {
                name: record.name.clone(),
                diff_id: record.diff_id,
                size: record.size,
                created_by: format!("boot {}", env!("CARGO_PKG_VERSION")),
                open: tar,
                zstd: Some(Stored {
                    digest: record.blob,
                    size: record.blob_size,
                    open: blob,
                }),
            }
        });
    let sources: Vec<LayerSource<'_>> = sources.collect();
    let written = write_oci(output, &image, &sources, compressed, options)?;
    Ok(Written {
        files: gist.entries,
        bytes: written.bytes,
        sha256: written.sha256,
        manifest: Some(written.manifest),
    })
}
