//! `boot buildroot`.

use super::{
    asking::HOW,
    failure,
    messages::{Messages, is_only_thread, wait_for_threads},
    stage::{Done, Making, Proof, enter_if_needed},
};
use crate::{
    ops::{
        buildroot::{self as ops, Building, Options, listing},
        stage::{self as roots, Source},
    },
    progress::quantity::count,
};
use boot_kit::Result;
use boot_stage::buildroot::Inventory;
use clap::Args;
use rustix::process::getuid;
use serde_json::json;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

const WHAT: &str = "What to build";
/// The most licences that are named when an image is done.
const SHOWN: usize = 8;

/// The arguments of `boot buildroot`.
#[derive(Debug, Args)]
pub(super) struct BuildrootArguments {
    /// The root that Buildroot made: a tar, plain or compressed in any way, a URL of one, or - for stdin
    #[arg(value_name = "FILE|URL|-", required_unless_present = "source")]
    rootfs: Option<OsString>,

    /// Build the root from this Buildroot tree
    #[arg(long, value_name = "TREE", conflicts_with = "rootfs", help_heading = WHAT)]
    source: Option<PathBuf>,

    /// Build this configuration: a name of `make list-defconfigs`, or a file [default: that of --output-dir]
    #[arg(long, value_name = "NAME|FILE", requires = "source", conflicts_with = "rootfs", help_heading = WHAT)]
    defconfig: Option<OsString>,

    /// Use this external tree, too (`BR2_EXTERNAL`)
    #[arg(long, value_name = "DIR", requires = "source", conflicts_with = "rootfs", help_heading = WHAT)]
    external: Vec<PathBuf>,

    /// Build in this directory (O=), and go on from what is there [default: one for each configuration, in the cache]
    #[arg(long, value_name = "DIR", requires = "source", conflicts_with = "rootfs", help_heading = WHAT)]
    output_dir: Option<PathBuf>,

    /// Build all anew
    #[arg(long, requires = "source", conflicts_with = "rootfs", help_heading = WHAT)]
    clean: bool,

    #[command(flatten)]
    proof: Proof,

    /// Write the packages with versions, licences and sizes to this file, as JSON
    #[arg(long, value_name = "FILE", help_heading = super::stage::RESULT)]
    packages_json: Option<PathBuf>,

    /// Use no network: only what Buildroot has downloaded before
    #[arg(long, help_heading = HOW)]
    offline: bool,

    #[command(flatten)]
    making: Making,
}

impl BuildrootArguments {
    pub fn run(self) -> ExitCode {
        let messages = self.making.messages.clone();
        failure::end(self.carry_out(&messages), messages.form())
    }

    fn carry_out(self, messages: &Messages) -> Result<()> {
        let rootless = !getuid().is_root();
        let making = self.making.options()?;
        let building = self.source.map(|source| Building {
            source,
            defconfig: self.defconfig,
            external: self.external,
            output_dir: self.output_dir,
            clean: self.clean,
            jobs: making.jobs,
            offline: self.offline,
            epoch: making.epoch,
            cache_dir: making.cache_dir.clone(),
        });
        let options = Options {
            root: roots::Options {
                source: self
                    .rootfs
                    .as_deref()
                    .map(Source::parse)
                    .unwrap_or_default(),
                offline: self.offline,
                ..self.proof.over(making)
            },
            listing: self.packages_json,
        };
        ops::check(&options)?;
        // Make runs before namespaces are entered: as whoever asks, and nobody else.
        let mut report = messages.listener();
        let built = building.map(|building| ops::compile(&building, &*report));
        let built = built.transpose()?;
        if is_only_thread() {
            enter_if_needed(&options.root)?;
        } else {
            // What draws bars has a thread, with which nothing can be entered.
            drop(report);
            wait_for_threads();
            enter_if_needed(&options.root)?;
            report = messages.listener();
        }
        let made = ops::buildroot(&options, built.as_ref(), &*report);
        drop(report);
        let made = made?;
        let inventory = made.inventory.as_ref();
        let done = Done {
            summary: &made.summary,
            image: &options.root.image,
            packages: inventory.map(|inventory| inventory.packages.len()),
            rootless,
        };
        messages.close(
            || with_licences(&done.text(), inventory),
            || inventory.map(event).unwrap_or_default() + &done.json(),
        );
        Ok(())
    }
}

/// Adds the line of licences after that of facts: commands come last.
fn with_licences(closing: &str, inventory: Option<&Inventory>) -> String {
    let (facts, commands) = closing.split_once('\n').unwrap_or((closing, ""));
    format!("{facts}\n{}{commands}", licences(inventory))
}

/// The closing line of licences for people.
fn licences(inventory: Option<&Inventory>) -> String {
    let Some(inventory) = inventory else {
        return "packages unknown: no report of the build is beside the root\n".to_owned();
    };
    let licences: Vec<_> = inventory.licences().into_iter().collect();
    let mut line = count(licences.len() as u64, "licence");
    if !licences.is_empty() && licences.len() <= SHOWN {
        line = format!("{line}: {}", licences.join(", "));
    }
    let unlicensed = inventory.unlicensed() as u64;
    if unlicensed > 0 {
        line = format!("{line}; unknown of {}", count(unlicensed, "package"));
    }
    line + "\n"
}

/// The line of packages for programs: all of them.
fn event(inventory: &Inventory) -> String {
    let object = json!({"event": "inventory", "packages": listing::packages(inventory)});
    format!("{object}\n")
}
