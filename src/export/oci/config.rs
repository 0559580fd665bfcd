//! What an image says of itself: the OCI image configuration.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/config.md>.

use super::{date::rfc3339, layer::LayerSource};
use crate::recipe::image::{
    AbsolutePath, Account, CommandLine, ImageOptions, Port, Reference, Signal,
};
use boot_kit::{Error, ErrorKind, Result};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// An image, but for its layers.
pub struct Image<'a> {
    /// How it is to be run.
    pub options: &'a ImageOptions,
    /// What it is called.
    pub reference: &'a Reference,
    /// Its OCI platform, e.g. `linux/arm/v7`.
    pub platform: &'a str,
    /// What it is, in a few words; an annotation.
    pub title: Option<&'a str>,
    /// The shell to run where neither command nor entrypoint is named; `None`: `/bin/sh`.
    pub shell: Option<&'a str>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the specification names them")]
struct Config<'a> {
    created: &'a str,
    architecture: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    os: &'a str,
    config: Run<'a>,
    rootfs: Rootfs,
    history: Vec<History<'a>>,
}

/// The keys are spelt as docker once did.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Run<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_map")]
    exposed_ports: BTreeSet<&'a str>,
    env: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    entrypoint: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cmd: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_map")]
    volumes: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<&'a str>,
}

#[derive(Serialize)]
struct Rootfs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<String>,
}

#[derive(Serialize)]
struct History<'a> {
    created: &'a str,
    created_by: &'a str,
    comment: &'a str,
}

/// Writes the configuration of an image of `layers`, created at `epoch`.
pub(super) fn json(image: &Image<'_>, layers: &[LayerSource<'_>], epoch: i64) -> Result<Vec<u8>> {
    let created = &rfc3339(epoch);
    let (os, architecture, variant) = platform(image.platform)?;
    let history = layers.iter().map(|layer| History {
        created,
        created_by: &layer.created_by,
        comment: &layer.name,
    });
    let config = Config {
        created,
        architecture,
        variant,
        os,
        config: run(image),
        rootfs: Rootfs {
            kind: "layers",
            diff_ids: layers
                .iter()
                .map(|layer| format!("sha256:{}", layer.diff_id))
                .collect(),
        },
        history: history.collect(),
    };
    super::manifest::bytes(&config)
}

fn run<'a>(image: &Image<'a>) -> Run<'a> {
    let options = image.options;
    let entrypoint = options
        .entrypoint
        .as_ref()
        .map_or(&[][..], CommandLine::words);
    let cmd = match &options.cmd {
        Some(cmd) => cmd.words().iter().map(String::as_str).collect(),
        // As in a `Dockerfile`: whoever names the entrypoint gets no arguments for it by default.
        None if options.entrypoint.is_some() => Vec::new(),
        None => vec![image.shell.unwrap_or("/bin/sh")],
    };
    let environment = options.environment().into_iter();
    Run {
        user: options.user.as_ref().map(Account::as_str),
        exposed_ports: options.expose.iter().map(Port::as_str).collect(),
        env: environment
            .map(|pair| format!("{}={}", pair.name, pair.value))
            .collect(),
        entrypoint,
        cmd,
        volumes: options.volume.iter().map(AbsolutePath::as_str).collect(),
        working_dir: options.workdir.as_ref().map(AbsolutePath::as_str),
        labels: options.labels(),
        stop_signal: options.stop_signal.as_ref().map(Signal::as_str),
    }
}

/// Writes a set as the specification has sets: a map from its members to `{}`.
fn as_map<S: Serializer>(members: &BTreeSet<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Nothing {}
    serializer.collect_map(members.iter().map(|member| (member, Nothing {})))
}

/// Splits an OCI platform into operating system, architecture and variant.
pub(super) fn platform(platform: &str) -> Result<(&str, &str, Option<&str>)> {
    let mut parts = platform.splitn(3, '/');
    if let (Some(os), Some(architecture)) = (parts.next(), parts.next()) {
        return Ok((os, architecture, parts.next()));
    }
    let message = format!("`{platform}` is not a platform such as `linux/amd64`");
    Err(Error::new(ErrorKind::Usage, message))
}
