//! How one package format works.

use crate::{
    Alternative, Artifact, Error, ErrorKind, Fetch, Layer, Parcel, Plan, Recipe, Report, Result,
    Root, Runner, Sink, Step, fetch::without_credentials, recipe::Mirrors,
};
use std::fs::File;

/// One package format: `deb`, `apk`, `stage`.
pub trait Backend: Send + Sync {
    /// Chooses the exact artifacts that satisfy `recipe`.
    ///
    /// Trust is settled here: every digest in the plan comes from an index signed by one of the recipe's keys.
    fn resolve(&self, recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan>;

    /// Lists where the archives of `recipe` are: every URL that [`resolve`](Self::resolve) puts into a plan is below one
    /// of these. Uses no network.
    ///
    /// The default takes the mirrors the user named for all archives, else the official ones.
    fn mirrors(&self, recipe: &Recipe, report: &dyn Report) -> Result<Vec<Mirrors>> {
        let _ = report;
        let named = (!recipe.mirrors.is_empty()).then_some(&recipe.mirrors);
        let official = recipe.archives.iter().map(|archive| &archive.mirrors);
        let archives = named.map_or_else(|| official.collect(), |named| vec![named]);
        let mirrors = archives.into_iter().map(|urls: &Vec<String>| {
            let urls: Vec<String> = urls
                .iter()
                .map(|url| url.trim_end_matches('/').to_owned())
                .collect();
            let public = urls.iter().map(|url| without_credentials(url)).collect();
            Mirrors { urls, public }
        });
        Ok(mirrors.collect())
    }

    /// Finds other ways to meet the demands of the packages that [`resolve`](Self::resolve) chooses, which make the whole
    /// smaller: the largest [gain](Alternative::gain) first.
    ///
    /// The default knows none.
    fn alternatives(
        &self,
        recipe: &Recipe,
        fetch: &dyn Fetch,
        report: &dyn Report,
    ) -> Result<Vec<Alternative>> {
        let _ = (recipe, fetch, report);
        Ok(Vec::new())
    }

    /// Counts changes to what a plan becomes: the same plan makes the same tree as long as this stays.
    fn revision(&self) -> u32 {
        1
    }

    /// Tells whether installing runs programs of the packages, which this machine must be able to do.
    ///
    /// The default says so of every recipe.
    fn runs_programs(&self, recipe: &Recipe) -> bool {
        let _ = recipe;
        true
    }

    /// Proves that `file` is the artifact whose proof is a [`Proof::Identity`](crate::Proof::Identity).
    ///
    /// `file` is at offset 0, and has the artifact's size if it has just arrived: one of the store is looked at first,
    /// whatever its size. Where it is left does not matter. Errors with [`ErrorKind::Trust`] if it is another file. Called from many threads. The default knows no identities.
    fn verify(&self, artifact: &Artifact, file: &mut File) -> Result<()> {
        let _ = file;
        let message = format!("`{}` is of no form this format knows", artifact.proof);
        Err(Error::new(ErrorKind::Trust, message))
    }

    /// Starts installing the plan into `site`, from its layer number [`Site::finished`] on.
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
    /// How many of the plan's layers the root holds already, finished and pruned; they are neither unpacked nor
    /// installed again, and all that is known of them is in the root.
    pub finished: usize,
    /// Whether scripts of packages run (`--no-scripts`); a format whose packages are nothing without them refuses.
    pub run_scripts: bool,
}

/// One installation, from an empty root or the layers it holds to a configured one.
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
