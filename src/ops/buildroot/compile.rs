//! From a Buildroot tree to a root archive.
//!
//! All of it runs on this machine as the user who asks, as when Buildroot is used by hand: it needs the network, a compiler
//! and a lot of other programs, none of which the sandbox for packages' scripts has.

use super::{
    REPORTS,
    environment::environment,
    make::{Make, assignment},
    place::{Change, Place},
    reports_in,
    tree::{Defconfig, SourceTree},
};
use crate::{interrupt, recipe::near};
use boot_kit::{
    Context, Error, ErrorKind, Event, Outcome, Report, Result, event::Phase, runner::failure,
};
use boot_stage::buildroot::{
    Reports,
    answer::{setting, variables},
    complaint::{debian_packages, missing_programs},
    info::{show_info, to_build},
};
use std::{
    ffi::{OsStr, OsString},
    num::NonZero,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Where a site is that has nothing.
const NOWHERE: &str = "file:///offline";
/// The setting that makes a tar.
const TAR: &str = "BR2_TARGET_ROOTFS_TAR";
/// The archive, among the images.
const ARCHIVE: &str = "rootfs.tar";

/// What to build.
#[derive(Clone, Debug, Default)]
pub struct Building {
    /// The Buildroot tree.
    pub source: PathBuf,
    /// A configuration of the tree by name, or a file; `None`: the one in the output directory.
    pub defconfig: Option<OsString>,
    /// External trees, in order.
    pub external: Vec<PathBuf>,
    /// Where to build; `None`: below the cache.
    pub output_dir: Option<PathBuf>,
    /// Build all anew.
    pub clean: bool,
    /// How many jobs a package is built with; `None`: as the configuration says.
    pub jobs: Option<NonZero<usize>>,
    /// Download nothing.
    pub offline: bool,
    /// The date of a reproducible build, seconds since the Unix epoch; `None`: Buildroot's own choice.
    pub epoch: Option<i64>,
    /// Where the cache is; `None`: the user's cache directory.
    pub cache_dir: Option<PathBuf>,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The root's tar.
    pub archive: PathBuf,
    /// Buildroot's version.
    pub version: String,
    /// The architecture in Buildroot's words, e.g. `x86_64`.
    pub arch: String,
    /// What it reports of the root.
    pub reports: Reports,
    /// All that make printed.
    pub log: PathBuf,
    /// How long it took.
    pub wall: Duration,
}

/// Builds the tar of a root.
///
/// To be called while no other part of the program starts programs. Nothing that make has started is left when this
/// returns, however it does.
pub fn compile(building: &Building, report: &dyn Report) -> Result<Built> {
    let begin = Instant::now();
    let interrupt = interrupt::listen()?;
    let tree = SourceTree::open(&building.source, &building.external)?;
    let defconfig = match &building.defconfig {
        Some(asked) => tree.defconfig(asked)?,
        None => Defconfig::Kept,
    };
    let named = building.output_dir.as_deref();
    if named.is_none() && defconfig == Defconfig::Kept {
        return Err(unconfigured("no configuration is named"));
    }
    let place = Place::open(named, building.cache_dir.as_deref(), &tree, &defconfig)?;
    report.event(Event::Phase(Phase::Compile));
    let mut make = Make::new(&tree, &place, environment(report)?, report, &interrupt)?;

    let config = configure(&mut make, &place, &defconfig)?;
    make.settings = settings(&config, building);
    let is_reproducible = setting(&config, "BR2_REPRODUCIBLE") == Some("y");
    let epoch = building.epoch.filter(|_| is_reproducible);
    if let Some(epoch) = epoch {
        make.set("SOURCE_DATE_EPOCH", &epoch.to_string());
    }
    let facts = Facts::ask(&mut make, &place)?;
    clear(&mut make, &place, &config, epoch, building.clean, report)?;
    let info = packages(&mut make, report)?;

    let archive = facts.images.join(ARCHIVE);
    let before = stamp(&archive);
    make.begin("fetching sources");
    let outcome = make.make(&[OsStr::new("source")])?;
    require(&make, &place, "fetch the sources of", &outcome)?;
    make.begin("building");
    let outcome = make.make(&[OsStr::new("rootfs-tar")])?;
    require(&make, &place, "build", &outcome)?;
    let after = stamp(&archive);
    if after.is_none() || after == before {
        let message = format!("Buildroot made no `{}`", archive.display());
        let hint = format!("see what it did in `{}`", place.log.display());
        return Err(Error::new(ErrorKind::Script, message).with_hint(hint));
    }
    if let Some(info) = &info {
        // For whoever takes the images later.
        fs_err::write(facts.build.join(REPORTS[0]), info)
            .context(|| "cannot keep what `show-info` printed")?;
    }
    let reports = Reports {
        info,
        ..reports_in(&[&facts.build])?
    };
    Ok(Built {
        archive,
        version: facts.version,
        arch: facts.arch,
        reports,
        log: place.log.clone(),
        wall: begin.elapsed(),
    })
}

fn unconfigured(message: &str) -> Error {
    let hint = "name a configuration with --defconfig: a file, or one of those that `make list-defconfigs` lists";
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

/// Configures the build so that it makes a tar; returns the configuration.
fn configure(make: &mut Make<'_>, place: &Place, defconfig: &Defconfig) -> Result<String> {
    make.begin("configuring");
    let outcome = match defconfig {
        Defconfig::Named(name) => Some(make.make(&[OsStr::new(name)])?),
        Defconfig::File(path) => {
            let file = assignment("BR2_DEFCONFIG", path.as_os_str());
            Some(make.make(&[&file, OsStr::new("defconfig")])?)
        }
        Defconfig::Kept if place.config.exists() => None,
        Defconfig::Kept => {
            let message = format!("`{}` has no configuration", place.path.display());
            return Err(unconfigured(&message));
        }
    };
    if let Some(outcome) = outcome {
        require(make, place, "configure", &outcome)?;
    }
    let mut config = place.read_config()?;
    if setting(&config, TAR) != Some("y") {
        if !config.ends_with('\n') {
            config.push('\n');
        }
        config.push_str(&format!("{TAR}=y\n"));
        fs_err::write(&place.config, config).context(|| "cannot write the configuration")?;
    }
    let outcome = make.make(&[OsStr::new("olddefconfig")])?;
    require(make, place, "configure", &outcome)?;
    let config = place.read_config()?;
    if setting(&config, TAR) != Some("y") {
        let message = format!("this configuration cannot have a tar: {TAR}=y was dropped");
        let hint = format!("see what it depends on, in `{}`", place.config.display());
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    Ok(config)
}

/// The settings for this build alone, whatever the configuration says, which is the user's and stays as it is.
fn settings(config: &str, building: &Building) -> Vec<OsString> {
    let mut settings = Vec::new();
    let mut set = |name, value: &str| settings.push(assignment(name, OsStr::new(value)));
    if let Some(jobs) = building.jobs {
        set("BR2_JLEVEL", &jobs.to_string());
    }
    if building.offline {
        // What is not in the download directory may only come from a directory of this machine.
        let site = setting(config, "BR2_PRIMARY_SITE").unwrap_or_default();
        if !site.starts_with("file://") {
            set("BR2_PRIMARY_SITE", NOWHERE);
        }
        set("BR2_PRIMARY_SITE_ONLY", "y");
    }
    settings
}

/// What Buildroot says of itself and of the build.
struct Facts {
    images: PathBuf,
    build: PathBuf,
    arch: String,
    version: String,
}

impl Facts {
    fn ask(make: &mut Make<'_>, place: &Place) -> Result<Self> {
        let names = ["BINARIES_DIR", "BUILD_DIR", "BR2_ARCH", "BR2_VERSION"];
        let wanted = assignment("VARS", OsStr::new(&names.join(" ")));
        let (outcome, answer) = make.ask(&[&wanted, OsStr::new("printvars")])?;
        require(make, place, "ask", &outcome)?;
        let mut found = variables(&answer);
        let mut value = |name: &str| found.remove(name).filter(|value| !value.is_empty());
        let below = |name: &str| place.path.join(name);
        Ok(Self {
            images: value(names[0]).map_or_else(|| below("images"), PathBuf::from),
            build: value(names[1]).map_or_else(|| below("build"), PathBuf::from),
            arch: value(names[2]).unwrap_or_default(),
            version: value(names[3]).unwrap_or_default(),
        })
    }
}

/// Removes what was built if it is to be built anew, or for another configuration.
fn clear(
    make: &mut Make<'_>,
    place: &Place,
    config: &str,
    epoch: Option<i64>,
    clean: bool,
    report: &dyn Report,
) -> Result<()> {
    let is_changed = place.change(config, epoch)? == Change::Other;
    if clean || (is_changed && place.is_ours) {
        make.begin("removing the last build");
        let outcome = make.make(&[OsStr::new("clean")])?;
        require(make, place, "clean", &outcome)?;
    } else if is_changed {
        let message = format!(
            "another configuration was built in `{}` before, and Buildroot builds no package twice: --clean builds all anew",
            place.path.display()
        );
        report.event(Event::Warning { message });
    }
    place.remember(config, epoch)
}

/// Asks for the packages; `None`, having warned, if this Buildroot cannot tell them.
fn packages(make: &mut Make<'_>, report: &dyn Report) -> Result<Option<String>> {
    make.begin("listing packages");
    let (outcome, answer) = make.ask(&[OsStr::new("show-info")])?;
    match show_info(&answer) {
        Ok(info) if outcome.is_success() => {
            make.packages = to_build(&info);
            Ok(Some(answer))
        }
        _ => {
            let message = "this Buildroot does not tell versions and licences: `make show-info` fails, which there is since 2019.05";
            report.event(Event::Warning {
                message: message.to_owned(),
            });
            Ok(None)
        }
    }
}

/// Makes an error of a make that failed: which package, in which step, what was printed last.
fn require(make: &Make<'_>, place: &Place, doing: &str, outcome: &Outcome) -> Result<()> {
    if outcome.is_success() {
        return Ok(());
    }
    let log = place.log.display();
    let last = make.progress.last();
    let package = last.and_then(|step| step.package.as_deref());
    let message = match (doing, package) {
        ("ask" | "configure" | "clean", _) => format!("cannot {doing} Buildroot"),
        (_, Some(package)) => format!("cannot {doing} `{package}`"),
        (_, None) => format!("cannot {doing} the root"),
    };
    let subject = last.map_or_else(|| "make".to_owned(), |step| format!("`{}`", step.label()));
    let cause = failure(&subject, outcome.status, &outcome.output);
    let programs = missing_programs(outcome.output.lines());
    let names: Vec<&str> = programs.iter().map(String::as_str).collect();
    let (message, hint) = match names.as_slice() {
        [] => (message, format!("all that make printed is in `{log}`")),
        names => {
            let are = if names.len() == 1 { "is" } else { "are" };
            let missing = format!("{} {are} not installed", near::listed(names, "and"));
            let packages = debian_packages(&programs).join(" ");
            let hint =
                format!("on Debian: apt install {packages}; all that make printed is in `{log}`");
            (format!("{message}: {missing}"), hint)
        }
    };
    Err(Error::new(ErrorKind::Script, message)
        .caused_by(cause)
        .with_hint(hint))
}

/// What changes when a file is written anew; `None` if there is none.
fn stamp(path: &Path) -> Option<(u64, i64, i64)> {
    let metadata = fs_err::metadata(path).ok()?;
    Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}
