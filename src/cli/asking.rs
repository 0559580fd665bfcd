//! From flags and a file to a recipe and options, for every command that takes them.

use crate::{
    lock,
    ops::build::{Options, Staging},
    recipe::{Completed, Request, complete, complete::words, request::names_a_file},
    registry::Registry,
};
use boot_kit::{Error, ErrorKind, Recipe, Result};
use clap::Args;
use std::{
    env,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) const HOW: &str = "How to build";

/// What may be used besides the recipe.
#[derive(Clone, Debug, Args)]
pub(super) struct Access {
    /// Keep downloads here [default: boot in the user's cache directory]
    #[arg(long, value_name = "DIR", env = "BOOT_CACHE_DIR", hide_env_values = true, help_heading = HOW)]
    cache_dir: Option<PathBuf>,

    /// Use no network, only what is in the cache
    #[arg(long, help_heading = HOW)]
    offline: bool,

    /// Do not use the mirrors this machine itself uses
    #[arg(long, help_heading = HOW)]
    ignore_host: bool,
}

impl Access {
    /// Where the store is; `None`: the user's cache directory.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.cache_dir.clone()
    }

    /// Tells whether no network may be used.
    pub fn is_offline(&self) -> bool {
        self.offline
    }
}

/// Where a lock is, and whether to build from it.
#[derive(Clone, Debug, Args)]
pub(super) struct FromLock {
    /// Take exactly the packages that the lock names; choose nothing, read no index
    #[arg(long, help_heading = HOW)]
    locked: bool,

    /// With --locked: the lock [default: boot.lock, beside the recipe file if there is one]
    #[arg(long, value_name = "FILE", requires = "locked", help_heading = HOW)]
    lockfile: Option<PathBuf>,
}

impl FromLock {
    /// Names the lock to build from, if one is wanted; `folder` is the recipe's.
    pub fn path(&self, folder: &Path) -> Option<PathBuf> {
        let default = || folder.join(lock::NAME);
        self.locked
            .then(|| self.lockfile.clone().unwrap_or_else(default))
    }
}

/// A request, and the folder of the file it came from.
pub(super) struct Asking {
    /// What is asked for.
    pub request: Request,
    /// Where the recipe file is, or the working directory.
    pub folder: PathBuf,
}

impl Asking {
    /// Reads a recipe file, with `flags` laid over it.
    pub fn file(path: &Path, flags: Request) -> Result<Self> {
        Ok(Self {
            request: Request::read(path)?.overlaid_by(dated(flags)?),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        })
    }

    /// Takes the name of a distribution, and `flags`.
    pub fn name(distribution: &str, flags: Request) -> Result<Self> {
        let request = Request {
            distribution: Some(distribution.to_owned()),
            ..dated(flags)?
        };
        Ok(Self {
            request,
            folder: PathBuf::new(),
        })
    }

    /// Takes either.
    pub fn either(what: &str, flags: Request) -> Result<Self> {
        if names_a_file(what) {
            return Self::file(Path::new(what), flags);
        }
        Self::name(what, flags)
    }

    /// Fills in every default; the options are those for whom nothing else is said.
    pub fn complete(self, access: &Access, registry: &mut Registry) -> Result<(Recipe, Options)> {
        let request = self.request;
        let Completed {
            mut recipe,
            format,
            platform,
        } = complete(&request, registry, now())?;
        recipe.host = (!access.ignore_host).then(|| PathBuf::from("/etc"));
        let output = request.output.clone();
        let options = Options {
            format,
            platform,
            output: output.unwrap_or_else(|| default_output(&recipe)),
            image: request.image.clone(),
            add: request.add.clone(),
            run: request.run.clone(),
            force: false,
            prune: request.prune.unwrap_or_default(),
            keep_locales: words(&request.keep_locales),
            epoch: request.epoch,
            jobs: None,
            cache_dir: access.cache_dir.clone(),
            staging: Staging::default(),
            offline: access.offline,
            cached: true,
            run_scripts: !request.no_scripts,
            lockfile: None,
        };
        Ok((recipe, options))
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

/// Takes the date of the environment where the flags say none: it goes before that of a file.
fn dated(flags: Request) -> Result<Request> {
    Ok(Request {
        epoch: match flags.epoch {
            Some(epoch) => Some(epoch),
            None => epoch_of_environment()?,
        },
        ..flags
    })
}

/// Reads `SOURCE_DATE_EPOCH`, see <https://reproducible-builds.org/specs/source-date-epoch/>; empty is unset.
pub(super) fn epoch_of_environment() -> Result<Option<i64>> {
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
pub(super) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
