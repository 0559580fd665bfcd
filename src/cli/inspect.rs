//! `boot inspect`.

use super::{
    asking::{Access, Asking, HOW, now},
    compare::{Form, Gate, json, rendered, write},
    failure,
    messages::Messages,
};
use crate::{
    footprint::{
        Footprint, html,
        report::{By, rows, screen, text},
    },
    ops::{
        gentoo,
        inspect::{self as ops, Options, Subject, heading},
        stage,
    },
    recipe::{Profile, Request, complete::words, request::names_a_file},
    registry::Registry,
    sandbox::{self, Entered},
};
use boot_kit::{Error, ErrorKind, Result};
use boot_stage::image::Platform;
use clap::Args;
use rustix::process::getuid;
use std::{
    io::{self, IsTerminal},
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
};

const BUILT: &str = "An image that is built for this";
const STORED: &str = "An image in a file";
const RESULT: &str = "What to show";
/// How wide a line may be where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// The arguments of `boot inspect`.
#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// A distribution, a recipe file, a tar, an OCI or docker archive, an OCI directory, or a directory
    #[arg(value_name = "IMAGE")]
    image: String,

    /// Write it in this form [default: by the ending of -o, else a table]
    #[arg(long, value_enum, value_name = "FORM", help_heading = RESULT)]
    format: Option<Form>,

    /// Break it down by this alone [default: class and package]
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "against", help_heading = RESULT)]
    by: Option<By>,

    /// Show what this program of the image is linked with: a path or a name; may be repeated
    #[arg(long, value_name = "PROGRAM", help_heading = RESULT)]
    closure: Vec<String>,

    /// With --format json: list every file
    #[arg(long, help_heading = RESULT)]
    files: bool,

    /// Measure the size as gzip, too; this takes several times as long as all the rest
    #[arg(long, help_heading = RESULT)]
    gzip: bool,

    /// Write to this file; the ending says the form: .json, .csv, .md, .html
    #[arg(short, long, value_name = "FILE", help_heading = RESULT)]
    output: Option<PathBuf>,

    #[command(flatten)]
    gate: Gate,

    #[command(flatten)]
    look: Look,

    #[command(flatten)]
    messages: Messages,
}

/// How images are found and read, for every command that looks into some.
#[derive(Clone, Debug, Args)]
pub(super) struct Look {
    /// Build this release
    #[arg(long, visible_alias = "suite", value_name = "NAME", help_heading = BUILT)]
    release: Option<String>,

    /// Start from this set of packages
    #[arg(long, value_name = "NAME", help_heading = BUILT)]
    variant: Option<String>,

    /// Build for this architecture [default: this machine's]
    #[arg(long, value_name = "ARCH", help_heading = BUILT)]
    arch: Option<String>,

    /// Add these packages, and what they depend on
    #[arg(long, value_name = "PKG,…", help_heading = BUILT)]
    include: Vec<String>,

    /// Never choose these packages
    #[arg(long, value_name = "PKG,…", help_heading = BUILT)]
    exclude: Vec<String>,

    /// Use exactly this archive: a URL, a source line, or a file of them
    #[arg(long, value_name = "SOURCE", help_heading = BUILT)]
    mirror: Vec<String>,

    /// Leave out what this profile names [default: safe]
    #[arg(long, value_enum, value_name = "PROFILE", help_heading = BUILT)]
    prune: Option<Profile>,

    /// Of a file that holds several images, take the one of this name or digest
    #[arg(long = "image", value_name = "NAME", help_heading = STORED)]
    which: Option<String>,

    /// Of an image for several machines, take the one for this, e.g. linux/arm64
    #[arg(long, value_name = "OS/ARCH", help_heading = STORED)]
    platform: Option<String>,

    /// Take the packages of a Buildroot image from the packages-file-list.txt of its build
    #[arg(long, value_name = "FILE", help_heading = STORED)]
    packages_file_list: Option<PathBuf>,

    /// Use so many threads [default: one for each core]
    #[arg(short, long, value_name = "N", help_heading = HOW)]
    jobs: Option<NonZero<usize>>,

    #[command(flatten)]
    access: Access,
}

impl Look {
    /// Finds what is meant by a word: a recipe file, a distribution (`debian`, `debian:bookworm`, `debian:trixie+ceph`),
    /// or what is at that path.
    pub fn subject(&self, image: &str, registry: &mut Registry) -> Result<Subject> {
        let path = Path::new(image);
        let (named, include) = image.split_once('+').unwrap_or((image, ""));
        let (named, release) = match named.split_once(':') {
            Some((named, release)) => (named, Some(release.to_owned())),
            None => (named, None),
        };
        let is_distribution = registry.iter().any(|(name, _)| name == named);
        if !names_a_file(image) && !is_distribution {
            if image == "gentoo" {
                return Ok(self.gentoo());
            }
            if path.exists() {
                return Ok(Subject::Path(path.to_owned()));
            }
            let message = format!("`{image}` is neither a file nor a distribution known here");
            let error = Error::new(ErrorKind::Usage, message);
            return Err(error.with_hint("`boot list` names all distributions"));
        }
        let (word, release, include) = if names_a_file(image) {
            (image, None, "")
        } else {
            (named, release, include)
        };
        let flags = Request {
            release: release.or_else(|| self.release.clone()),
            variant: self.variant.clone(),
            arch: self.arch.clone(),
            include: words(&[self.include.clone(), vec![include.to_owned()]].concat()),
            exclude: words(&self.exclude),
            mirror: self.mirror.clone(),
            prune: self.prune,
            ..Request::default()
        };
        let asking = Asking::either(word, flags)?;
        let (recipe, mut options) = asking.complete(&self.access, registry)?;
        options.jobs = self.jobs;
        Ok(Subject::Recipe {
            source: image.to_owned(),
            name: heading(&recipe),
            recipe: Box::new(recipe),
            options: Box::new(options),
        })
    }

    fn gentoo(&self) -> Subject {
        let options = gentoo::Options {
            arch: self.arch.clone(),
            root: stage::Options {
                cache_dir: self.access.cache_dir(),
                offline: self.access.is_offline(),
                jobs: self.jobs,
                now: now(),
                ..stage::Options::default()
            },
            ..gentoo::Options::default()
        };
        Subject::Gentoo {
            options: Box::new(options),
            left_out: words(&self.include),
        }
    }

    /// Says how to look into images, closures and gzip apart.
    pub fn options(&self) -> Options {
        Options {
            jobs: self.jobs,
            which: self.which.clone(),
            platform: self.platform.as_deref().map(Platform::parse),
            file_list: self.packages_file_list.clone(),
            ..Options::default()
        }
    }
}

/// Enters the namespaces where something is built, or where owners on disk are to be seen as an image has them.
///
/// To be called while there is one thread: listeners have threads of their own.
pub(super) fn enter_if_needed(
    subjects: &[Subject],
    against: Option<&Path>,
) -> Result<Option<Entered>> {
    let is_owned = |path: &Path| path.is_dir() && !getuid().is_root();
    let needs = |subject: &Subject| match subject {
        Subject::Recipe { .. } => true,
        Subject::Gentoo { .. } => false,
        Subject::Path(path) => is_owned(path),
    };
    let is_needed = subjects.iter().any(needs) || against.is_some_and(is_owned);
    is_needed.then(sandbox::enter).transpose()
}

impl InspectArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let form = self.messages.form();
        failure::end_with(self.carry_out(registry), form)
    }

    fn carry_out(&self, registry: &mut Registry) -> Result<ExitCode> {
        let subject = [self.look.subject(&self.image, registry)?];
        let entered = enter_if_needed(&subject, self.gate.against().as_deref())?;
        let options = Options {
            gzip: self.gzip || self.gate.limits_gzip(),
            closures: self.closure.clone(),
            ..self.look.options()
        };
        let report = self.messages.listener();
        let footprint = ops::inspect(&subject[0], entered.as_ref(), &options, &report);
        let judged = footprint.and_then(|footprint| self.gate.judge(footprint, &options, &report));
        drop(report);
        let mut comparison = judged?;
        let form = Form::choose(self.format, self.output.as_deref());
        if form == Form::Json && !self.files {
            comparison.forget_files();
        }
        let written = match &comparison.images[..] {
            [image] => self.text(image, form)?,
            _ => rendered(&comparison, form, false)?,
        };
        write(&written, self.output.as_deref())?;
        Ok(Gate::end(&comparison.breaches, &self.messages))
    }

    fn text(&self, footprint: &Footprint, form: Form) -> Result<String> {
        let by = self.by.unwrap_or_default();
        Ok(match form {
            Form::Table => screen(footprint, self.by, width()),
            Form::Csv => text::csv(by, &rows(footprint, by)),
            Form::Html => html::page(&html::Report::of(&[footprint])),
            Form::Md => text::markdown(footprint, by, &rows(footprint, by)),
            Form::Json => json(footprint)?,
        })
    }
}

/// How many columns the terminal has.
pub(super) fn width() -> usize {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return WIDTH;
    }
    rustix::termios::tcgetwinsize(&stdout)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH)
}
