//! From a recipe to an image.

use super::{
    Written,
    assemble::{Assembly, Target},
    connect,
    oci::Naming,
    planning::plan_for,
    top::Top,
};
use crate::{
    export::Output,
    interrupt, prune,
    recipe::{Addition, ImageOptions, Profile, distribution::Format},
    registry,
    sandbox::{self, Entered},
    work::{self, Place},
};
use boot_kit::{Event, Plan, Recipe, Report, Result, Sink};
use std::{
    cell::RefCell,
    num::NonZero,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

/// How to build, besides what the recipe says.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches are booleans")]
pub struct Options {
    /// Which backend knows the packages.
    pub format: Format,
    /// The OCI platform of the image, e.g. `linux/arm64`.
    pub platform: String,
    /// Where the image goes: a file whose ending says its form, a directory if it ends in `/`, `-` for stdout.
    pub output: PathBuf,
    /// How the image is to be run, and what it is called.
    pub image: ImageOptions,
    /// Files of the host that go on top of the packages.
    pub add: Vec<Addition>,
    /// Commands that are run in the image after that.
    pub run: Vec<String>,
    /// Replace what is there.
    pub force: bool,
    /// What to leave out.
    pub prune: Profile,
    /// Languages whose translations stay, e.g. `de`; empty: whatever the profile says.
    pub keep_locales: Vec<String>,
    /// The image's date, seconds since the Unix epoch; `None`: that of the plan.
    pub epoch: Option<i64>,
    /// Threads for the work of the processor; `None`: one for each of its cores.
    pub jobs: Option<NonZero<usize>>,
    /// Where the store is; `None`: the user's cache directory.
    pub cache_dir: Option<PathBuf>,
    /// Where the tree is put together.
    pub staging: Staging,
    /// Use no network.
    pub offline: bool,
    /// Take finished layers from the store, and put them there.
    pub cached: bool,
    /// Whether scripts of packages run.
    pub run_scripts: bool,
    /// Take the plan from this lock; `None`: resolve.
    pub lockfile: Option<PathBuf>,
}

/// Where the tree is put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Staging {
    /// In memory if it fits, else on disk.
    #[default]
    Auto,
    /// In memory.
    Tmpfs,
    /// Below this directory.
    Directory(PathBuf),
}

/// What a build made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Packages in the image.
    pub packages: usize,
    /// What was written.
    pub written: Written,
    /// How long it took.
    pub wall: Duration,
}

/// Chooses the packages; fetches indexes only.
pub fn plan(recipe: &Recipe, options: &Options, report: &dyn Report) -> Result<Plan> {
    let interrupt = interrupt::listen()?;
    Top::read(&options.add, &options.run)?;
    let store = connect::store(options.cache_dir.as_deref())?;
    let net = connect::net(&store, options.offline, report, &interrupt);
    let backend = registry::backend(options.format);
    plan_for(recipe, options, &net, &*backend, report)
}

/// Makes the image.
///
/// The program must have entered its own namespaces ([`sandbox::enter`]) while it had one thread.
pub fn build(
    entered: &Entered,
    recipe: &Recipe,
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Summary> {
    let begin = Instant::now();
    let making = Making::begin(entered, recipe, options, report)?;
    let output = Output::parse(options.output.as_os_str())?;
    output.check(options.force)?;
    if !matches!(output, Output::Oci(_)) && !options.image.annotation.is_empty() {
        let message = "annotations are left out: only an OCI image can have them".to_owned();
        report.event(Event::Warning { message });
    }
    let (packages, written) = making.write(Target::Output(&output))?;
    Ok(Summary {
        packages,
        written,
        wall: begin.elapsed(),
    })
}

/// Makes the image and sends its tree to `sink` instead of writing it: every entry but the root, sorted.
///
/// Finished layers are taken from the store and put there, as by [`build`], and so are the conditions.
pub fn send(
    entered: &Entered,
    recipe: &Recipe,
    options: &Options,
    report: &Arc<dyn Report>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let making = Making::begin(entered, recipe, options, report)?;
    making.write(Target::Sink(&RefCell::new(sink)))?;
    Ok(())
}

/// Everything an image is made with, whatever becomes of it.
struct Making<'a> {
    entered: &'a Entered,
    recipe: &'a Recipe,
    options: &'a Options,
    report: &'a Arc<dyn Report>,
    interrupt: Arc<AtomicBool>,
}

impl<'a> Making<'a> {
    /// Begins; from here on, an interrupted build ends in order.
    fn begin(
        entered: &'a Entered,
        recipe: &'a Recipe,
        options: &'a Options,
        report: &'a Arc<dyn Report>,
    ) -> Result<Self> {
        Ok(Self {
            entered,
            recipe,
            options,
            report,
            interrupt: interrupt::listen()?,
        })
    }

    /// Returns the number of packages, and what was made.
    fn write(&self, target: Target<'_>) -> Result<(usize, Written)> {
        let Self {
            recipe,
            options,
            report,
            interrupt,
            ..
        } = self;
        let backend = registry::backend(options.format);
        if backend.runs_programs(recipe) || !options.run.is_empty() {
            sandbox::check_platform(&options.platform)?;
        }
        let profile = prune::Profile::load(
            options.format.name(),
            options.prune.name(),
            &options.keep_locales,
        )?;
        let top = Top::read(&options.add, &options.run)?;

        let store = connect::store(options.cache_dir.as_deref())?;
        let net = connect::net(&store, options.offline, &***report, interrupt);
        let plan = plan_for(recipe, options, &net, &*backend, &***report)?;
        if let (Some(_), Some(epoch)) = (&options.lockfile, options.epoch)
            && epoch != plan.epoch
        {
            let message = format!(
                "the image is dated {epoch}, not {} as in the lock: --epoch, the recipe or SOURCE_DATE_EPOCH says so",
                plan.epoch
            );
            report.event(Event::Warning { message });
        }
        // Packages unpack to three to five times their size; scripts add caches and bytecode.
        let needed = plan.bytes() * 6 + top.as_ref().map_or(0, Top::bytes);
        let assembly = Assembly {
            entered: self.entered,
            plan: &plan,
            top: top.as_ref(),
            format: options.format.name(),
            backend: &*backend,
            store: &store,
            net: &net,
            profile: &profile,
            keep_locales: &options.keep_locales,
            work: work_options(options, needed),
            epoch: options.epoch.unwrap_or(plan.epoch),
            jobs: connect::jobs(options.jobs),
            cached: options.cached,
            run_scripts: options.run_scripts,
            naming: Naming {
                options: &options.image,
                title: &format!(
                    "{} {} {}",
                    recipe.distribution, recipe.release, recipe.variant
                ),
                reference: &options.image.reference(recipe),
                platform: &options.platform,
            },
            force: options.force,
            report,
            interrupt,
        };
        Ok((plan.artifacts().count(), assembly.write(target)?))
    }
}

fn work_options(options: &Options, bytes: u64) -> work::Options {
    let place = match &options.staging {
        Staging::Auto => Place::Auto,
        Staging::Tmpfs => Place::Memory,
        Staging::Directory(path) => Place::Directory(path.clone()),
    };
    work::Options {
        place,
        needed_bytes: bytes + (256 << 20),
    }
}
