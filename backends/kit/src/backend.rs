//! How one package format works.

use crate::{
    Artifact, Fetch, Layer, Parcel, Plan, Recipe, Report, Result, Root, Runner, Sink, Step,
};
use std::fs::File;

/// One package format: `deb`, `apk`, `stage`.
pub trait Backend: Send + Sync {
    /// Chooses the exact artifacts that satisfy `recipe`.
    ///
    /// Trust is settled here: every digest in the plan comes from an index signed by one of the recipe's keys.
    fn resolve(&self, recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan>;

    /// Starts installing the plan into `site`.
    fn installer<'a>(&'a self, plan: &'a Plan, site: Site<'a>) -> Result<Box<dyn Installer + 'a>>;
}

/// Where a plan is installed, and with what.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The staging tree.
    pub root: &'a Root,
    /// Runs programs in it.
    pub runner: &'a dyn Runner,
    /// Hears of scripts and warnings.
    pub report: &'a dyn Report,
    /// The image's date, seconds since the Unix epoch.
    pub epoch: i64,
    /// How many things may be done at once.
    pub jobs: usize,
}

/// One installation, from an empty root to a configured one.
///
/// [`unpack`](Self::unpack) is called once per artifact, from many threads, in any order, for any layer. The other two
/// are called by one thread in plan order: [`install`](Self::install) once per step, when all its artifacts are
/// unpacked, [`finish`](Self::finish) once per layer after its last step.
pub trait Installer: Sync {
    /// Streams one artifact's files into `sink`, in archive order.
    ///
    /// `file` is at offset 0 and already proven. Errors with [`ErrorKind::Parse`](crate::ErrorKind::Parse) if the
    /// archive is malformed; entries sent before that stay sent.
    fn unpack(&self, artifact: &Artifact, file: File, sink: &mut dyn Sink) -> Result<()>;

    /// Lands a step's files in the root, by the format's own rules and in the plan's order, with whatever must run
    /// before them. `parcels` are in the order of the step's artifacts.
    fn install(&self, step: &Step, parcels: Vec<Parcel>) -> Result<()>;

    /// Does what remains when a layer's files have landed: package database, configuration, triggers.
    fn finish(&self, layer: &Layer) -> Result<()>;
}
