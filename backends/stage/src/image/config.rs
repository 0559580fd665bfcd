//! What an image says of itself.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/config.md>; docker adds fields of its own.

use super::{Platform, blob::malformed};
use boot_kit::{Digest, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An image's configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the specification names them")]
pub struct Config {
    architecture: String,
    os: String,
    variant: Option<String>,
    created: Option<String>,
    config: Option<Run>,
    rootfs: Rootfs,
}

/// How an image is to be run; the keys are spelt as docker once did.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Run {
    /// A user and perhaps a group.
    pub user: Option<String>,
    /// Ports, as keys.
    pub exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    /// `NAME=VALUE`.
    pub env: Option<Vec<String>>,
    /// The words of the command that is always run.
    pub entrypoint: Option<Vec<String>>,
    /// The words of the command that is run by default, or its arguments.
    pub cmd: Option<Vec<String>>,
    /// Directories, as keys.
    pub volumes: Option<BTreeMap<String, serde_json::Value>>,
    /// Where it runs.
    pub working_dir: Option<String>,
    /// Labels by name.
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal that stops it, by name or number.
    pub stop_signal: Option<String>,
    /// Docker's own: how it is found out whether the program is well.
    pub healthcheck: Option<serde_json::Value>,
    /// Docker's own: what an image made of this one does first.
    pub on_build: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Rootfs {
    diff_ids: Vec<String>,
}

impl Config {
    /// What machine it is for.
    pub fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
        }
    }

    /// When it was made, seconds since the Unix epoch, if it says so.
    pub fn created(&self) -> Option<i64> {
        let created: jiff::Timestamp = self.created.as_deref()?.parse().ok()?;
        Some(created.as_second())
    }

    /// How it is to be run.
    pub fn run(&self) -> Run {
        self.config.clone().unwrap_or_default()
    }

    /// The digests of the layers when they are not compressed, the lowest first.
    pub(super) fn diff_ids(&self) -> Result<Vec<Digest>> {
        let digests = self.rootfs.diff_ids.iter().map(|text| {
            let digest = text
                .strip_prefix("sha256:")
                .and_then(|hex| hex.parse().ok());
            digest.ok_or_else(|| malformed(format!("`{text}` is not a SHA-256 digest")))
        });
        digests.collect()
    }
}
