//! `boot DISTRIBUTION` and `boot build FILE`.

use super::{closing::Done, failure, plan, print};
use crate::{
    ops::build::{self as ops, Options, Staging},
    progress::{self, Detail, Style},
    recipe::{Completed, Request, complete, complete::words},
    registry::Registry,
    sandbox,
};
use boot_kit::{Context, Error, ErrorKind, Recipe, Report, Result};
use clap::Args;
use rustix::process::getuid;
use std::{
    convert::Infallible,
    env,
    io::{self, Write},
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The arguments of `boot DISTRIBUTION`.
#[derive(Debug, Args)]
pub(super) struct NameArguments {
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    how: How,
}

/// The arguments of `boot build`.
#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// The recipe: the long flags below as keys, and `distribution`
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    how: How,
}

/// How to build: what has no influence on the image, and so is never part of a recipe.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches are booleans")]
struct How {
    /// Replace what is at the output's place
    #[arg(long, help_heading = "The image")]
    force: bool,

    /// Use so many threads [default: one for each core]
    #[arg(short, long, value_name = "N", help_heading = HOW)]
    jobs: Option<NonZero<usize>>,

    /// Keep downloads here [default: boot in the user's cache directory]
    #[arg(long, value_name = "DIR", env = "BOOT_CACHE_DIR", hide_env_values = true, help_heading = HOW)]
    cache_dir: Option<PathBuf>,

    /// Put the tree together in memory (tmpfs) or below a directory [default: in memory if it fits]
    #[arg(long, value_name = "tmpfs|DIR", value_parser = staging, help_heading = HOW)]
    staging: Option<Staging>,

    /// Use no network, only what is in the cache
    #[arg(long, help_heading = HOW)]
    offline: bool,

    /// Make every layer anew, and keep none; downloads are kept all the same
    #[arg(long, help_heading = HOW)]
    no_cache: bool,

    /// Do not use the mirrors this machine itself uses
    #[arg(long, help_heading = HOW)]
    ignore_host: bool,

    /// Print what would be installed, fetching indexes only
    #[arg(long, help_heading = HOW)]
    dry_run: bool,

    /// With --dry-run: print JSON
    #[arg(long, requires = "dry_run", help_heading = HOW)]
    json: bool,

    /// Show progress like this
    #[arg(long, value_enum, value_name = "STYLE", default_value_t, hide_possible_values = true, help_heading = MESSAGES,
        help = "Show progress as: auto, bar, plain, json, none")]
    progress: Style,

    /// Tell of every package, and what its scripts print
    #[arg(short, long, conflicts_with = "quiet", help_heading = MESSAGES)]
    verbose: bool,

    /// Tell of warnings and errors only
    #[arg(short, long, help_heading = MESSAGES)]
    quiet: bool,
}

const HOW: &str = "How to build";
const MESSAGES: &str = "Messages";

impl NameArguments {
    pub fn run(self, distribution: &str, registry: &mut Registry) -> ExitCode {
        let request = Request {
            distribution: Some(distribution.to_owned()),
            ..self.request
        };
        self.how.run(Ok(request), registry)
    }
}

impl FileArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let request = Request::read(&self.file).map(|file| file.overlaid_by(self.request));
        self.how.run(request, registry)
    }
}

impl How {
    fn run(self, request: Result<Request>, registry: &mut Registry) -> ExitCode {
        match request.and_then(|request| self.carry_out(request, registry)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failure::tell(&error, self.form()),
        }
    }

    fn carry_out(&self, request: Request, registry: &mut Registry) -> Result<()> {
        let epoch = request.epoch;
        let request = Request {
            epoch: if epoch.is_some() {
                epoch
            } else {
                epoch_of_environment()?
            },
            ..request
        };
        let mut completed = complete(&request, registry, now())?;
        completed.recipe.host = (!self.ignore_host).then(|| PathBuf::from("/etc"));
        let options = self.options(&request, &completed);
        let rootless = !getuid().is_root();
        // While there is one thread: listeners have threads of their own.
        let entered = (!self.dry_run).then(sandbox::enter).transpose()?;
        let report: Arc<dyn Report> = progress::listener(self.progress, self.detail()).into();
        let Some(entered) = entered else {
            let planned = ops::plan(&completed.recipe, &options, &*report);
            drop(report);
            let planned = planned?;
            let shown = if self.json {
                plan::json(&planned)
            } else {
                plan::table(&planned)
            };
            return print(&shown).context(|| "cannot write the plan");
        };
        let recipe = completed.recipe;
        let summary = ops::build(&entered, &recipe, &options, &report);
        drop(report);
        let summary = summary?;
        if self.detail() > Detail::Quiet {
            let done = Done {
                recipe: &recipe,
                options: &options,
                rootless,
                summary: &summary,
            };
            let closing = match self.form() {
                failure::Form::Text => done.text(),
                failure::Form::Json => done.json(),
            };
            drop(io::stderr().write_all(closing.as_bytes()));
        }
        Ok(())
    }

    fn options(&self, request: &Request, completed: &Completed) -> Options {
        let output = request.output.clone();
        Options {
            format: completed.format,
            platform: completed.platform.clone(),
            output: output.unwrap_or_else(|| default_output(&completed.recipe)),
            force: self.force,
            prune: request.prune.unwrap_or_default(),
            keep_locales: words(&request.keep_locales),
            epoch: request.epoch,
            jobs: self.jobs,
            cache_dir: self.cache_dir.clone(),
            staging: self.staging.clone().unwrap_or_default(),
            offline: self.offline,
            cached: !self.no_cache,
        }
    }

    fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }

    fn form(&self) -> failure::Form {
        match self.progress {
            Style::Json => failure::Form::Json,
            _ => failure::Form::Text,
        }
    }
}

/// The name of an image nobody named, in the working directory.
fn default_output(recipe: &Recipe) -> PathBuf {
    let Recipe {
        distribution,
        release,
        variant,
        arch,
        ..
    } = recipe;
    PathBuf::from(format!("{distribution}-{release}-{variant}-{arch}.tar"))
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result")]
fn staging(text: &str) -> Result<Staging, Infallible> {
    Ok(match text {
        "tmpfs" => Staging::Tmpfs,
        directory => Staging::Directory(Path::new(directory).to_owned()),
    })
}

/// Reads `SOURCE_DATE_EPOCH`, see <https://reproducible-builds.org/specs/source-date-epoch/>; empty is unset.
fn epoch_of_environment() -> Result<Option<i64>> {
    match env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) if !text.is_empty() => {
            let seconds = text.to_str().and_then(|text| text.parse().ok());
            let seconds = seconds.filter(|seconds| *seconds >= 0).ok_or_else(|| {
                let message = format!("SOURCE_DATE_EPOCH is `{}`", text.display());
                Error::new(ErrorKind::Usage, message)
                    .with_hint("set it to seconds since 1970, or unset it")
            })?;
            Ok(Some(seconds))
        }
        _ => Ok(None),
    }
}

/// The time, in seconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
