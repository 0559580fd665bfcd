//! The exact artifacts of an image, in layers and steps.

use crate::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything a build will use, chosen and proven: a pure function of a recipe and signed indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// The newest date of the signed indexes, seconds since the Unix epoch: the image's date unless told otherwise.
    pub epoch: i64,
    /// What the backend must still know when it installs: small, ordered, its own names and forms.
    pub notes: BTreeMap<String, String>,
}

/// Artifacts that are finished together: `base` is the variant, `include` the rest of the closure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// `base` or `include`.
    pub name: String,
    /// The steps, in order; empty layers are not listed.
    pub steps: Vec<Step>,
}

/// The unit of ordering: its artifacts may be unpacked in any order, at once, and land in the order given here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The artifacts, in the order in which they land.
    pub artifacts: Vec<Artifact>,
}

/// One file to download: a package, a stage tarball.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The package's name, unique within its architecture.
    pub name: String,
    /// Version, in the format's own notation.
    pub version: String,
    /// Architecture, in the format's own notation.
    pub arch: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the whole file, from a signed index.
    pub sha256: Digest,
    /// Where it can be had, best first: complete URLs (`http`, `https`, `file`).
    pub urls: Vec<String>,
    /// Whether it was asked for by name, rather than needed by something that was.
    pub requested: bool,
}

impl Plan {
    /// Goes through all artifacts in plan order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.layers
            .iter()
            .flat_map(|layer| &layer.steps)
            .flat_map(|step| &step.artifacts)
    }

    /// Sums the sizes of all artifacts, in bytes.
    pub fn bytes(&self) -> u64 {
        self.artifacts().map(|artifact| artifact.size).sum()
    }
}
