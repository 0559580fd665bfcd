//! What an image consists of: the OCI manifest, the index and marker of a layout, and `docker load`'s own manifest.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/manifest.md> and `image-layout.md` beside it;
//! docker's is described with its image specification 1.2,
//! <https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format>.

use super::{
    blob::Blob,
    config::{Image, platform},
    date::rfc3339,
    layer::{LayerCompression, LayerSource},
};
use boot_kit::{Digest, Error, ErrorKind, Result};
use serde::Serialize;
use std::collections::BTreeMap;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Names a layer of ours: `base`, `include`, `top`.
const LAYER_NAME: &str = "boot.layer";

/// Refers to a blob.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor<'a> {
    media_type: &'static str,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, String>,
}

#[derive(Clone, Serialize)]
struct Platform<'a> {
    architecture: &'a str,
    os: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor<'a>,
    layers: &'a [Descriptor<'a>],
    annotations: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u8,
    media_type: &'static str,
    manifests: [Descriptor<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Docker<'a> {
    config: String,
    repo_tags: [&'a str; 1],
    layers: Vec<String>,
}

/// Refers to a layer, naming it.
pub(super) fn layer<'a>(
    layer: &LayerSource<'_>,
    compression: LayerCompression,
    blob: &Blob<'_>,
) -> Descriptor<'a> {
    let annotations = BTreeMap::from([(LAYER_NAME, layer.name.clone())]);
    Descriptor {
        annotations,
        ..descriptor(compression.media_type(), blob)
    }
}

/// Writes the manifest of an image created at `epoch`; annotations asked for take the place of ours.
pub(super) fn json(
    image: &Image<'_>,
    config: &Blob<'_>,
    layers: &[Descriptor<'_>],
    epoch: i64,
) -> Result<Vec<u8>> {
    let mut annotations = BTreeMap::from([("org.opencontainers.image.created", rfc3339(epoch))]);
    if let Some(title) = image.title {
        annotations.insert("org.opencontainers.image.title", title.to_owned());
    }
    for (name, value) in image.options.annotations() {
        annotations.insert(name, value.to_owned());
    }
    bytes(&Manifest {
        schema_version: 2,
        media_type: MANIFEST,
        config: descriptor(CONFIG, config),
        layers,
        annotations,
    })
}

/// Writes `index.json`, which names the image for podman, skopeo and umoci (`ref.name`) and for containerd.
pub(super) fn index(image: &Image<'_>, manifest: &Blob<'_>) -> Result<Vec<u8>> {
    let (os, architecture, variant) = platform(image.platform)?;
    let annotations = BTreeMap::from([
        ("io.containerd.image.name", image.reference.canonical()),
        (
            "org.opencontainers.image.ref.name",
            image.reference.to_string(),
        ),
    ]);
    bytes(&Index {
        schema_version: 2,
        media_type: INDEX,
        manifests: [Descriptor {
            platform: Some(Platform {
                architecture,
                os,
                variant,
            }),
            annotations,
            ..descriptor(MANIFEST, manifest)
        }],
    })
}

/// Writes `oci-layout`.
pub(super) fn layout() -> Result<Vec<u8>> {
    bytes(&BTreeMap::from([("imageLayoutVersion", "1.0.0")]))
}

/// Writes `manifest.json`, by which docker's classic store loads an image.
pub(super) fn docker(image: &Image<'_>, config: &Blob<'_>, layers: &[Blob<'_>]) -> Result<Vec<u8>> {
    bytes(&[Docker {
        config: path(&config.digest),
        repo_tags: [image.reference.as_str()],
        layers: layers.iter().map(|layer| path(&layer.digest)).collect(),
    }])
}

/// Writes JSON without blanks, keys in the order of the fields.
pub(super) fn bytes(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot write JSON").caused_by(error))
}

fn descriptor<'a>(media_type: &'static str, blob: &Blob<'_>) -> Descriptor<'a> {
    Descriptor {
        media_type,
        digest: format!("sha256:{}", blob.digest),
        size: blob.size,
        platform: None,
        annotations: BTreeMap::new(),
    }
}

fn path(digest: &Digest) -> String {
    format!("blobs/sha256/{digest}")
}
