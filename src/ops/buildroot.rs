//! From what Buildroot made, or from its sources, to an image.
//!
//! | module | does |
//! | --- | --- |
//! | [`compile`] | drives a Buildroot tree: configures, fetches, builds, asks for its reports |
//! | `tree` | what is built: the tree, its configurations, external trees |
//! | `place` | where: the output directory and what is known of it |
//! | `make` | runs make and listens to it |
//! | `session` | starts a program in a session of its own, and ends all that is left of it |
//! | `environment` | what make sees of the caller's environment |
//! | `listing` | the packages as JSON |

mod compile;
mod environment;
pub mod listing;
mod make;
mod place;
mod session;
mod tree;

use super::stage::{self as roots, Source, Summary};
use crate::interrupt;
use boot_kit::{Context, Error, ErrorKind, Event, Report, Result};
use boot_stage::{
    About, Tree,
    buildroot::{Inventory, Likeness, Reports, inventory, likeness},
};
pub use compile::{Building, Built, compile};
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

/// The longest report, in bytes.
const MAX_REPORT: u64 = 64 << 20;
/// Where the list of files is, and under which name a build of ours leaves what `show-info` prints.
const REPORTS: [&str; 3] = ["show-info.json", "packages-file-list.txt", "build-time.log"];

/// What to take, and what to make of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The image; its source is taken if nothing was built.
    pub root: roots::Options,
    /// Where the list of packages goes, as JSON.
    pub listing: Option<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The image.
    pub summary: Summary,
    /// Its packages, if reports of the build name them.
    pub inventory: Option<Inventory>,
}

/// Checks before any work that everything can be written where it is to go.
pub fn check(options: &Options) -> Result<()> {
    roots::check_output(&options.root)?;
    match &options.listing {
        Some(path) => listing::check(path, options.root.force),
        None => Ok(()),
    }
}

/// Makes an image of a root that Buildroot made: of what was just built, else of the source.
pub fn buildroot(options: &Options, built: Option<&Built>, report: &dyn Report) -> Result<Made> {
    let interrupt = interrupt::listen()?;
    check(options)?;
    let (root, reports) = if let Some(built) = built {
        let source = Source::Path(built.archive.clone());
        let root = roots::Options {
            source,
            ..options.root.clone()
        };
        (root, built.reports.clone())
    } else {
        let beside = reports_beside(&options.root.source);
        let reports = beside.unwrap_or_else(|error| left_out(&error, report));
        (options.root.clone(), reports)
    };
    let mut found = None;
    let fill = |tree: &mut Tree| {
        roots::read(&root, tree, report, &interrupt)?;
        tree.settle()?;
        if built.is_none() {
            recognise(tree, &root.source, report)?;
        }
        found = match inventory(tree, &reports) {
            Err(error) if built.is_none() && error.kind() == ErrorKind::Parse => {
                left_out(&error, report)
            }
            other => other?,
        };
        Ok(())
    };
    let mut summary = roots::make(&root, fill, report, &interrupt)?;
    summary.wall += built.map_or(Duration::ZERO, |built| built.wall);
    if let Some(path) = &options.listing {
        if let Some(inventory) = &found {
            listing::write(path, inventory, &summary, built)?;
        } else {
            let message = format!(
                "`{}` is not written: no report beside the root names its packages",
                path.display()
            );
            report.event(Event::Warning { message });
        }
    }
    Ok(Made {
        summary,
        inventory: found,
    })
}

/// Refuses what is no root of Buildroot's.
fn recognise(tree: &Tree, source: &Source, report: &dyn Report) -> Result<()> {
    let refused = |message, hint: &str| {
        let error = Error::new(ErrorKind::Usage, message);
        Err(error.with_hint(hint))
    };
    match likeness(tree, &About::of(tree)?) {
        Likeness::Buildroot => Ok(()),
        Likeness::Target => refused(
            format!(
                "`{source}` is Buildroot's `target` directory, which has no owners and no devices"
            ),
            "name `images/rootfs.tar`, which Buildroot makes with BR2_TARGET_ROOTFS_TAR=y",
        ),
        Likeness::Other(id) => refused(
            format!("`{source}` is a root of `{id}`, not of Buildroot"),
            "use `boot stage`, which takes any root",
        ),
        Likeness::Nameless => {
            let message =
                format!("`{source}` does not say that Buildroot made it: it has no os-release");
            report.event(Event::Warning { message });
            Ok(())
        }
    }
}

/// Goes on without the reports: nobody named them, so they need not be what they look like.
fn left_out<T: Default>(error: &Error, report: &dyn Report) -> T {
    let message = format!(
        "the reports beside the root are left out: {}",
        error.one_line()
    );
    report.event(Event::Warning { message });
    T::default()
}

/// Reads what a build left beside its images: in the same directory, or in `build` beside that.
fn reports_beside(source: &Source) -> Result<Reports> {
    let Source::Path(path) = source else {
        return Ok(Reports::default());
    };
    let images = path.parent().unwrap_or(Path::new(""));
    reports_in(&[&images.join("../build"), images])
}

/// Whether there is nothing: what should be a directory may be a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Reads the reports that are in one of the directories.
fn reports_in(directories: &[&Path]) -> Result<Reports> {
    let find = |name: &str| -> Result<Option<String>> {
        for directory in directories {
            let path = directory.join(name);
            let reading = || "cannot read a report of Buildroot's";
            let file = match fs_err::File::open(&path) {
                Err(error) if is_absent(&error) => continue,
                other => other.context(reading)?,
            };
            let mut bytes = Vec::new();
            let mut start = file.take(MAX_REPORT + 1);
            start.read_to_end(&mut bytes).context(reading)?;
            if bytes.len() as u64 > MAX_REPORT {
                let message = format!("`{}` is longer than any report", path.display());
                return Err(Error::new(ErrorKind::Parse, message));
            }
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        Ok(None)
    };
    let [info, files, times] = REPORTS;
    Ok(Reports {
        info: find(info)?,
        files: find(files)?,
        times: find(times)?,
    })
}
