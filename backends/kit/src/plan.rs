//! The exact artifacts of an image, in layers and steps.

use crate::{Digest, Error};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Everything a build will use, chosen and proven: a pure function of a recipe and signed indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// The newest date of the signed indexes, seconds since the Unix epoch: the image's date unless told otherwise.
    pub epoch: i64,
    /// The signed files all proofs come from, in the order of the recipe's archives.
    #[serde(default)]
    pub indexes: Vec<SignedIndex>,
    /// What the backend must still know when it installs: small, ordered, its own names and forms. What is named
    /// `NAME@LAYER` only that layer and those above it depend on.
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
    /// The package's name, unique within its architecture; with a slash and more after it if it is only a part of it.
    pub name: String,
    /// Version, in the format's own notation.
    pub version: String,
    /// Architecture, in the format's own notation.
    pub arch: String,
    /// Length in bytes.
    pub size: u64,
    /// What proves the file, from a signed index.
    pub proof: Proof,
    /// Where it can be had, best first: complete URLs (`http`, `https`, `file`).
    pub urls: Vec<String>,
    /// Whether it was asked for by name, rather than needed by something that was.
    pub requested: bool,
}

/// One signed file that vouches for artifacts: an `InRelease`, an `APKINDEX.tar.gz`, a pointer to a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIndex {
    /// What it is, e.g. `trixie InRelease`.
    pub name: String,
    /// Where it was had, without credentials; where it would be had first, if it came from the store.
    pub url: String,
    /// SHA-256 of the file as it was signed.
    pub sha256: Digest,
    /// Its own date, seconds since the Unix epoch; 0 if it has none.
    pub date: i64,
}

/// What proves that a file is the artifact it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Proof {
    /// The SHA-256 of the whole file; written `sha256:<64 hexadecimal digits>`.
    Sha256(Digest),
    /// A format's own name for the content, e.g. apk's `Q1…`, which [`Backend::verify`](crate::Backend::verify) checks;
    /// written as it is.
    Identity(String),
}

impl Proof {
    /// The digest of the whole file, if that is what proves it.
    pub fn sha256(&self) -> Option<Digest> {
        match self {
            Self::Sha256(digest) => Some(*digest),
            Self::Identity(_) => None,
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256:{digest}"),
            Self::Identity(identity) => f.write_str(identity),
        }
    }
}

impl FromStr for Proof {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text.strip_prefix("sha256:") {
            Some(digest) => Self::Sha256(digest.parse()?),
            None => Self::Identity(text.to_owned()),
        })
    }
}

impl From<Proof> for String {
    fn from(proof: Proof) -> Self {
        proof.to_string()
    }
}

impl TryFrom<String> for Proof {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl Layer {
    /// Goes through its artifacts in plan order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.steps.iter().flat_map(|step| &step.artifacts)
    }
}

impl Plan {
    /// Goes through all artifacts in plan order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.layers.iter().flat_map(Layer::artifacts)
    }

    /// Sums the sizes of all artifacts, in bytes.
    pub fn bytes(&self) -> u64 {
        self.artifacts().map(|artifact| artifact.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_survive_their_text() {
        for proof in [
            Proof::Sha256(Digest::of("x")),
            Proof::Identity("Q1abc=".into()),
        ] {
            assert_eq!(proof.to_string().parse::<Proof>().expect("valid"), proof);
        }
        assert!("sha256:12".parse::<Proof>().is_err());
    }
}
