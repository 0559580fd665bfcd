//! Images of layers, and the root their layers come to.
//!
//! An image comes as the files of an archive or a directory, which are a [`Tree`] by then: so its blobs can be read in
//! any order, whatever order they came in, and links among them are followed as everywhere.
//!
//! | module | holds |
//! | --- | --- |
//! | [`layout`] | OCI image layouts: `index.json`, indexes within it, manifests |
//! | [`docker`] | what `docker save` writes: `manifest.json` |
//! | [`choice`] | which of several images is meant |
//! | [`platform`] | what machine an image is for |
//! | [`config`] | what an image says of how it is run |
//! | [`blob`] | the files of an image, and what proves them |
//! | [`flatten`] | its layers, one over the other |

mod blob;
mod choice;
mod config;
mod docker;
mod flatten;
mod layout;
mod platform;
#[cfg(test)]
mod tests;

pub use choice::Choice;
pub use config::{Config, Run};
pub use flatten::Flattened;
pub use platform::Platform;

use crate::tree::Tree;
use blob::Files;
use boot_kit::{Digest, Error, ErrorKind, Result, RootPath};
use choice::Candidate;

/// How many images of an archive are looked at.
const MAX_MANIFESTS: usize = 1000;

/// An image among the files that came, its manifest and configuration read and proven, its layers not yet.
#[derive(Debug)]
pub struct Image {
    /// What it is called where it came from, the fullest name first; perhaps nothing, perhaps only a tag.
    pub names: Vec<String>,
    /// What it says of itself.
    pub config: Config,
    layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug)]
struct Layer {
    /// Which it is, the lowest is 1.
    number: usize,
    /// What the manifest calls it.
    name: String,
    /// Where it is.
    path: RootPath,
    /// Its length and digest as it is there, where something proven says them.
    blob: Option<(u64, Digest)>,
    /// Its digest when it is not compressed.
    diff_id: Digest,
}

impl Image {
    /// Finds the image that `choice` chooses among `files`; nothing if they are no image.
    ///
    /// A layout that holds `docker save`'s manifest as well is read as a layout. Errors with [`ErrorKind::Usage`] if
    /// the choice leaves none or several, with [`ErrorKind::Trust`] if what describes the image is not what its digest
    /// says.
    pub fn find(files: &Tree, choice: &Choice<'_>) -> Result<Option<Self>> {
        let files = Files(files);
        let candidates = if layout::is_one(files) {
            layout::candidates(files)?
        } else if let Some(entries) = docker::entries(files)? {
            docker::candidates(files, entries)
        } else {
            layout::refuse_rest(files)?;
            return Ok(None);
        };
        let Candidate { names, place, .. } = choice.take(&candidates)?;
        let (config, blobs) = place.read(files)?;
        if let Some(wanted) = choice.platform {
            choice::require(&config.platform(), wanted)?;
        }
        let diff_ids = config.diff_ids()?;
        if diff_ids.len() != blobs.len() {
            let (layers, named) = (blobs.len(), diff_ids.len());
            let message = format!("image has {layers} layers, and a configuration for {named}");
            return Err(Error::new(ErrorKind::Parse, message));
        }
        let layers = blobs.into_iter().zip(diff_ids).zip(1..);
        let layers = layers.map(|((blob, diff_id), number)| Layer {
            number,
            name: blob.name,
            path: blob.path,
            blob: blob.proof,
            diff_id,
        });
        Ok(Some(Self {
            names,
            config,
            layers: layers.collect(),
        }))
    }
}

impl Image {
    /// Lists the layers, the lowest first: length and digest as they are stored, where something proven says them.
    pub fn blobs(&self) -> impl Iterator<Item = Option<(u64, Digest)>> {
        self.layers.iter().map(|layer| layer.blob)
    }
}

/// A layer as a manifest names it.
struct Named {
    name: String,
    path: RootPath,
    proof: Option<(u64, Digest)>,
}

/// Where an image's manifest is.
#[derive(Clone, Debug)]
enum Place {
    /// A blob of a layout.
    Layout(blob::Descriptor),
    /// An entry of `manifest.json`.
    Docker(docker::Entry),
}

impl Place {
    /// Reads what describes the image, and names its layers, the lowest first.
    fn read(self, files: Files<'_>) -> Result<(Config, Vec<Named>)> {
        match self {
            Self::Layout(descriptor) => layout::read(files, &descriptor),
            Self::Docker(entry) => docker::read(files, entry),
        }
    }
}
