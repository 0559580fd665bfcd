//! `boot cache`.

mod limit;
mod shown;
#[cfg(test)]
mod tests;

use super::{failure, print};
use crate::{
    ops::cache as ops,
    progress::{self, Detail, Style},
    store::upkeep::clean::Limits,
};
use boot_kit::{Context, Error, ErrorKind, Result};
use clap::{Args, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

/// The arguments of `boot cache`.
#[derive(Debug, Args)]
pub(super) struct CacheArguments {
    /// Look here [default: boot in the user's cache directory]
    #[arg(
        long,
        value_name = "DIR",
        env = "BOOT_CACHE_DIR",
        hide_env_values = true,
        global = true
    )]
    cache_dir: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is kept: downloads, indexes, finished layers, notes
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,

        /// Show every item, the least recently used first
        #[arg(short, long)]
        verbose: bool,
    },

    /// Hash everything, and remove what is damaged
    Verify {
        /// Only tell what is damaged
        #[arg(long)]
        keep: bool,

        /// Show progress like this
        #[arg(
            long,
            value_enum,
            value_name = "STYLE",
            default_value_t,
            hide_possible_values = true,
            help = "Show progress as: auto, bar, plain, json, none"
        )]
        progress: Style,
    },

    /// Remove the least recently used; without a limit, all that no running build uses
    Clean {
        /// Remove what was not used for so long, e.g. 12h, 30d, 8w
        #[arg(long, value_name = "AGE", value_parser = limit::age)]
        older_than: Option<Duration>,

        /// Remove what was not used for longest until no more than this is left, e.g. 500MB, 5GiB
        #[arg(long, value_name = "SIZE", value_parser = limit::bytes)]
        max_size: Option<u64>,

        /// Only tell what would be removed
        #[arg(long)]
        dry_run: bool,

        /// Show every item that goes
        #[arg(short, long)]
        verbose: bool,
    },
}

impl CacheArguments {
    pub fn run(&self) -> ExitCode {
        let form = match &self.action {
            Action::Verify {
                progress: Style::Json,
                ..
            } => failure::Form::Json,
            _ => failure::Form::Text,
        };
        failure::end(self.carry_out(), form)
    }

    fn carry_out(&self) -> Result<()> {
        match self.action {
            Action::List { json, verbose } => self.list(json, verbose),
            Action::Verify { keep, progress } => self.verify(keep, progress),
            Action::Clean {
                older_than,
                max_size,
                dry_run,
                verbose,
            } => {
                let limits = Limits {
                    older_than,
                    max_bytes: max_size,
                };
                self.clean(limits, dry_run, verbose)
            }
        }
    }

    fn list(&self, json: bool, verbose: bool) -> Result<()> {
        let contents = ops::list(self.cache_dir.as_deref())?;
        let now = SystemTime::now();
        let text = if json {
            shown::json(&contents)
        } else if verbose {
            let items = shown::items(&contents.items, now);
            let gap = if items.is_empty() { "" } else { "\n" };
            items + gap + &shown::sums(&contents, now)
        } else {
            shown::sums(&contents, now)
        };
        print(&text).context(|| "cannot write the list")
    }

    fn verify(&self, keep: bool, progress: Style) -> Result<()> {
        let begin = Instant::now();
        let report = progress::listener(progress, Detail::Normal);
        let verified = ops::verify(self.cache_dir.as_deref(), keep, &*report);
        drop(report);
        let verified = verified?;
        if verified.damaged.is_empty() {
            if !matches!(progress, Style::Json | Style::None) {
                say(&shown::intact(&verified, begin.elapsed()));
            }
            return Ok(());
        }
        print(&shown::damaged(&verified)).context(|| "cannot write what is damaged")?;
        let count = verified.damaged.len();
        let verb = if count == 1 { "is" } else { "are" };
        let message = format!("{} {verb} damaged", shown::count(count));
        Err(Error::new(ErrorKind::Trust, message).with_hint(if keep {
            "run `boot cache verify` without --keep to remove what is damaged"
        } else {
            "what was damaged has been removed: a build that needs it gets or makes it anew"
        }))
    }

    fn clean(&self, limits: Limits, dry_run: bool, verbose: bool) -> Result<()> {
        let cleaned = ops::clean(self.cache_dir.as_deref(), limits, dry_run)?;
        if verbose {
            let items = shown::items(&cleaned.removed, SystemTime::now());
            print(&items).context(|| "cannot write the list")?;
        }
        say(&shown::cleaned(&cleaned, limits, dry_run));
        Ok(())
    }
}

/// Writes a closing line. Nobody to read it is no reason to fail.
fn say(line: &str) {
    drop(io::stderr().write_all(line.as_bytes()));
}
