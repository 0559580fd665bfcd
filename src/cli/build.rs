//! `boot DISTRIBUTION` and `boot build FILE`.

use super::{
    asking::{Access, Asking, FromLock, HOW},
    closing::Done,
    failure,
    messages::Messages,
    plan, print,
};
use crate::{
    ops::build::{self as ops, Options, Staging},
    recipe::Request,
    registry::Registry,
    sandbox,
};
use boot_kit::{Context, Result};
use clap::Args;
use rustix::process::getuid;
use std::{
    convert::Infallible,
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
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

    /// Put the tree together in memory (tmpfs) or below a directory [default: in memory if it fits]
    #[arg(long, value_name = "tmpfs|DIR", value_parser = staging, help_heading = HOW)]
    staging: Option<Staging>,

    /// Make every layer anew, and keep none; downloads are kept all the same
    #[arg(long, help_heading = HOW)]
    no_cache: bool,

    /// Print what would be installed, fetching indexes only
    #[arg(long, help_heading = HOW)]
    dry_run: bool,

    /// With --dry-run: print JSON
    #[arg(long, requires = "dry_run", help_heading = HOW)]
    json: bool,

    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    from_lock: FromLock,
    #[command(flatten)]
    messages: Messages,
}

impl NameArguments {
    pub fn run(self, distribution: &str, registry: &mut Registry) -> ExitCode {
        self.how
            .run(Asking::name(distribution, self.request), registry)
    }
}

impl FileArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        self.how
            .run(Asking::file(&self.file, self.request), registry)
    }
}

impl How {
    fn run(self, asking: Result<Asking>, registry: &mut Registry) -> ExitCode {
        failure::end(
            asking.and_then(|asking| self.carry_out(asking, registry)),
            self.messages.form(),
        )
    }

    fn carry_out(&self, asking: Asking, registry: &mut Registry) -> Result<()> {
        let lockfile = self.from_lock.path(&asking.folder);
        let (recipe, options) = asking.complete(&self.access, registry)?;
        let options = Options {
            force: self.force,
            jobs: self.jobs,
            staging: self.staging.clone().unwrap_or_default(),
            cached: !self.no_cache,
            lockfile,
            ..options
        };
        let rootless = !getuid().is_root();
        // While there is one thread: listeners have threads of their own.
        let entered = (!self.dry_run).then(sandbox::enter).transpose()?;
        let report = self.messages.listener();
        let Some(entered) = entered else {
            let planned = ops::plan(&recipe, &options, &*report);
            drop(report);
            let planned = planned?;
            let shown = if self.json {
                plan::json(&planned)
            } else {
                plan::table(&planned)
            };
            return print(&shown).context(|| "cannot write the plan");
        };
        let summary = ops::build(&entered, &recipe, &options, &report);
        drop(report);
        let done = Done {
            summary: &summary?,
            recipe: &recipe,
            options: &options,
            rootless,
        };
        self.messages.close(|| done.text(), || done.json());
        Ok(())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result")]
fn staging(text: &str) -> Result<Staging, Infallible> {
    Ok(match text {
        "tmpfs" => Staging::Tmpfs,
        directory => Staging::Directory(Path::new(directory).to_owned()),
    })
}
