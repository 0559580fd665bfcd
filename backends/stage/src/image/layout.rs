//! OCI image layouts.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>. An index may name others;
//! docker's manifest lists and manifests (schema 2) are the same under other names.

use super::{
    Candidate, Config, MAX_MANIFESTS, Named, Place,
    blob::{Descriptor, Files, malformed, missing, parse},
};
use boot_kit::{Error, ErrorKind, Result, RootPath};
use serde::Deserialize;

const INDEX: &str = "index.json";
/// What makes files a layout.
const MARK: &str = "oci-layout";
/// How deep indexes may be in one another.
const MAX_DEPTH: usize = 4;
/// The full name of an image, as containerd keeps it.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// The name of an image, or only its tag.
const REFERENCE: &str = "org.opencontainers.image.ref.name";
/// Says of a manifest that it holds what somebody says of another one.
const DOCKER_REFERENCE: &str = "vnd.docker.reference.type";

/// An index or a manifest: which of the two, its fields tell.
#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// Tells whether files are a layout.
pub(super) fn is_one(files: Files<'_>) -> bool {
    files.has(&RootPath::from(MARK)) && files.has(&RootPath::from(INDEX))
}

/// Refuses what is left of a layout.
pub(super) fn refuse_rest(files: Files<'_>) -> Result<()> {
    let is_left =
        files.has(&RootPath::from(MARK)) && files.0.find(&RootPath::from("blobs")).is_some();
    if is_left {
        return Err(malformed(format!("image layout has no `{INDEX}`")));
    }
    Ok(())
}

/// Finds the images of a layout.
pub(super) fn candidates(files: Files<'_>) -> Result<Vec<Candidate>> {
    let bytes = files.read(&RootPath::from(INDEX))?;
    let index: Document = parse(INDEX, &bytes.ok_or_else(|| missing(INDEX))?)?;
    let mut found = Vec::new();
    let mut seen = 0;
    for descriptor in index.manifests.unwrap_or_default() {
        let names = [CONTAINERD_NAME, REFERENCE].iter();
        let names: Vec<String> = names
            .filter_map(|name| descriptor.annotation(name).cloned())
            .collect();
        collect(files, descriptor, &names, 0, &mut seen, &mut found)?;
    }
    Ok(found)
}

/// Adds the images that a descriptor leads to.
fn collect(
    files: Files<'_>,
    descriptor: Descriptor,
    names: &[String],
    depth: usize,
    seen: &mut usize,
    found: &mut Vec<Candidate>,
) -> Result<()> {
    *seen += 1;
    if *seen > MAX_MANIFESTS || depth > MAX_DEPTH {
        return Err(malformed("its indexes name more than any image has"));
    }
    if descriptor.annotation(DOCKER_REFERENCE).is_some() || descriptor.artifact_type.is_some() {
        return Ok(());
    }
    let is_there = files.has(&descriptor.path()?);
    let is_index = ["index", "manifest.list"]
        .iter()
        .any(|word| descriptor.media_type.contains(word));
    // Without a type, only the blob can tell.
    if is_there && (is_index || descriptor.media_type.is_empty()) {
        let document: Document = files.json(&descriptor)?;
        if let Some(manifests) = document.manifests {
            for descriptor in manifests {
                collect(files, descriptor, names, depth + 1, seen, found)?;
            }
            return Ok(());
        }
    }
    found.push(Candidate {
        names: names.to_vec(),
        digest: descriptor.digest.clone(),
        platform: descriptor.platform.clone(),
        is_there,
        place: Place::Layout(descriptor),
    });
    Ok(())
}

/// Reads a manifest and the configuration it names.
pub(super) fn read(files: Files<'_>, descriptor: &Descriptor) -> Result<(Config, Vec<Named>)> {
    let manifest: Document = files.json(descriptor)?;
    let (Some(config), Some(layers)) = (manifest.config, manifest.layers) else {
        let message = format!("`{}` is not the manifest of an image", descriptor.digest);
        let error = Error::new(ErrorKind::Parse, message);
        return Err(
            error.with_hint("let `skopeo copy` write the image anew: it may be of an old schema")
        );
    };
    let named = layers.into_iter().map(|layer| {
        if layer.media_type.ends_with("+encrypted") {
            return Err(malformed(format!("blob `{}` is encrypted", layer.digest)));
        }
        Ok(Named {
            path: layer.path()?,
            proof: Some((layer.size, layer.sha256()?)),
            name: layer.digest,
        })
    });
    let named: Vec<Named> = named.collect::<Result<_>>()?;
    Ok((files.json(&config)?, named))
}
