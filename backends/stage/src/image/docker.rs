//! What `docker save` writes, and others after it.
//!
//! `manifest.json` names configurations and layers by path: `ID.json` and `ID/layer.tar` at first, which may be a link
//! to that of another, and blobs as in a layout later. Described with docker's image specification 1.2,
//! <https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format>.

use super::{
    Candidate, Config, MAX_MANIFESTS, Named, Place,
    blob::{Files, malformed, missing, parse, prove, wrong},
};
use boot_kit::{Context, Digest, Error, ErrorKind, Result, RootPath};
use serde::Deserialize;

const MANIFEST: &str = "manifest.json";
/// What there was instead before docker 1.10.
const REPOSITORIES: &str = "repositories";

/// One image.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// Reads `manifest.json`; nothing if it is not there, or something else has that name.
pub(super) fn entries(files: Files<'_>) -> Result<Option<Vec<Entry>>> {
    let is_root = ["bin", "etc", "usr"]
        .iter()
        .any(|name| files.0.find(&RootPath::from(*name)).is_some());
    let Some(bytes) = files.read(&RootPath::from(MANIFEST)).unwrap_or_default() else {
        if !is_root && files.has(&RootPath::from(REPOSITORIES)) {
            let error = malformed("image is in a form that docker gave up in 2016");
            return Err(error.with_hint("load it with docker and save it again"));
        }
        return Ok(None);
    };
    match parse::<Vec<Entry>>(MANIFEST, &bytes) {
        Ok(entries) if entries.len() > MAX_MANIFESTS => {
            let message = format!("`{MANIFEST}` names more images than any archive has");
            Err(malformed(message))
        }
        Ok(entries) => Ok(Some(entries)),
        Err(error) if !is_root && files.0.find(&RootPath::from("blobs")).is_some() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The images of `manifest.json`.
pub(super) fn candidates(files: Files<'_>, entries: Vec<Entry>) -> Vec<Candidate> {
    let candidates = entries.into_iter().map(|entry| {
        let path = RootPath::parse(&entry.config).unwrap_or_default();
        let config = files.read(&path).ok().flatten();
        let config = config.and_then(|bytes| serde_json::from_slice::<Config>(&bytes).ok());
        Candidate {
            names: entry.repo_tags.clone().unwrap_or_default(),
            digest: entry.config.clone(),
            platform: config.as_ref().map(Config::platform),
            is_there: config.is_some(),
            place: Place::Docker(entry),
        }
    });
    candidates.collect()
}

/// Reads the configuration; that and layers are proven where their names are digests.
pub(super) fn read(files: Files<'_>, entry: Entry) -> Result<(Config, Vec<Named>)> {
    let path = RootPath::parse(&entry.config)?;
    let bytes = files.read(&path)?;
    let bytes = bytes.ok_or_else(|| missing(&entry.config))?;
    if let Some(digest) = digest_of(&entry.config) {
        let size = bytes.len() as u64;
        prove((size, Digest::of(&bytes)), (size, digest)).context(|| wrong(&entry.config))?;
    }
    let named = entry.layers.into_iter().map(|name| {
        let path = RootPath::parse(&name)?;
        let is_blob = path.bytes().starts_with(b"blobs/sha256/");
        let layer = files.0.follow(&path).ok_or_else(|| missing(&name))?;
        Ok(Named {
            proof: digest_of(&name)
                .filter(|_| is_blob)
                .map(|digest| (layer.size(), digest)),
            path,
            name,
        })
    });
    let named = named.collect::<Result<_>>()?;
    Ok((parse(&entry.config, &bytes)?, named))
}

/// The digest that a path is named after: `blobs/sha256/HEX`, `HEX.json`, `sha256:HEX`.
fn digest_of(path: &str) -> Option<Digest> {
    let name = path.rsplit('/').next()?;
    let name = name.strip_prefix("sha256:").unwrap_or(name);
    name.strip_suffix(".json").unwrap_or(name).parse().ok()
}

/// Refuses an archive that names no image at all.
pub(super) fn none() -> Error {
    Error::new(ErrorKind::Parse, "archive names no image")
}
