//! How an image is to be run, and what it is called: flags, or the keys of a recipe's table `image`.

mod command;
mod pair;
mod reference;
#[cfg(test)]
mod tests;
mod words;

pub use command::CommandLine;
pub use pair::Pair;
pub use reference::Reference;
pub(super) use words::list;
pub use words::{AbsolutePath, Account, Port, Signal};

use crate::export::oci::LayerCompression;
use boot_kit::Recipe;
use clap::Args;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What somebody says of an image besides what is in it; nothing filled in.
///
/// An OCI image holds all of it. A tar holds none: there the command that imports it says it, but for annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageOptions {
    /// Name the image [default: DISTRIBUTION:RELEASE-VARIANT]
    #[arg(long, value_name = "NAME:TAG", help_heading = HEADING)]
    pub name: Option<Reference>,

    /// Always run this: a JSON list of words, or a command for /bin/sh
    #[arg(long, value_name = "COMMAND", help_heading = HEADING)]
    pub entrypoint: Option<CommandLine>,

    /// Run this by default, or give it to the entrypoint [default: a shell]
    #[arg(long, value_name = "COMMAND", help_heading = HEADING)]
    pub cmd: Option<CommandLine>,

    /// Set this environment variable
    #[arg(long, value_name = "NAME=VALUE", help_heading = HEADING)]
    #[serde(deserialize_with = "pair::pairs")]
    pub env: Vec<Pair>,

    /// Run as this user
    #[arg(long, value_name = "USER[:GROUP]", help_heading = HEADING)]
    pub user: Option<Account>,

    /// Run in this directory
    #[arg(long, value_name = "DIR", help_heading = HEADING)]
    pub workdir: Option<AbsolutePath>,

    /// Say that this port is served, e.g. 80/tcp
    #[arg(long, value_name = "PORT", help_heading = HEADING)]
    #[serde(deserialize_with = "words::list")]
    pub expose: Vec<Port>,

    /// Say that this directory is for data that outlives the container
    #[arg(long, value_name = "DIR", help_heading = HEADING)]
    #[serde(deserialize_with = "words::list")]
    pub volume: Vec<AbsolutePath>,

    /// Stop it with this signal, e.g. SIGQUIT
    #[arg(long, value_name = "SIGNAL", help_heading = HEADING)]
    pub stop_signal: Option<Signal>,

    /// Label the image
    #[arg(long, value_name = "NAME=VALUE", help_heading = HEADING)]
    #[serde(deserialize_with = "pair::pairs")]
    pub label: Vec<Pair>,

    /// Annotate the manifest of an OCI image
    #[arg(long, value_name = "NAME=VALUE", help_heading = HEADING)]
    #[serde(deserialize_with = "pair::pairs")]
    pub annotation: Vec<Pair>,

    /// Compress the layers of an OCI image [default: none in .oci.tar, gzip in .oci/]
    #[arg(long, value_enum, value_name = "HOW", help_heading = HEADING)]
    pub layer_compression: Option<LayerCompression>,
}

const HEADING: &str = "The image's configuration";

/// Where programs are in an image, unless it says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl ImageOptions {
    /// Lays `flags` over what a file says: a value replaces the file's, lists are added to.
    #[must_use]
    pub fn overlaid_by(self, flags: Self) -> Self {
        Self {
            name: flags.name.or(self.name),
            entrypoint: flags.entrypoint.or(self.entrypoint),
            cmd: flags.cmd.or(self.cmd),
            env: [self.env, flags.env].concat(),
            user: flags.user.or(self.user),
            workdir: flags.workdir.or(self.workdir),
            expose: [self.expose, flags.expose].concat(),
            volume: [self.volume, flags.volume].concat(),
            stop_signal: flags.stop_signal.or(self.stop_signal),
            label: [self.label, flags.label].concat(),
            annotation: [self.annotation, flags.annotation].concat(),
            layer_compression: flags.layer_compression.or(self.layer_compression),
        }
    }

    /// The image's name: the one given, else `<distribution>:<release>-<variant>`.
    pub fn reference(&self, recipe: &Recipe) -> Reference {
        self.name.clone().unwrap_or_else(|| {
            Reference::of_parts(&recipe.distribution, &[&recipe.release, &recipe.variant])
        })
    }

    /// The environment in the order given, after `PATH`; of variables named twice the last value counts, in the first
    /// place.
    pub fn environment(&self) -> Vec<Pair> {
        let mut variables = vec![Pair {
            name: "PATH".to_owned(),
            value: PATH.to_owned(),
        }];
        for pair in &self.env {
            match variables.iter_mut().find(|known| known.name == pair.name) {
                Some(known) => known.value.clone_from(&pair.value),
                None => variables.push(pair.clone()),
            }
        }
        variables
    }

    /// The labels by name; of those named twice the last.
    pub fn labels(&self) -> BTreeMap<&str, &str> {
        pair::by_name(&self.label)
    }

    /// The annotations by name; of those named twice the last.
    pub fn annotations(&self) -> BTreeMap<&str, &str> {
        pair::by_name(&self.annotation)
    }
}
