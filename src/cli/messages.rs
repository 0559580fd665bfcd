//! The flags that say how much is told, and in which form.

use super::failure;
use crate::progress::{self, Detail, Style};
use boot_kit::Report;
use clap::Args;
use std::{
    io::{self, Write},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const MESSAGES: &str = "Messages";
/// How long threads may take to go.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is written to stderr.
#[derive(Clone, Debug, Args)]
pub(super) struct Messages {
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

impl Messages {
    /// Begins to listen; may start threads.
    pub fn listener(&self) -> Arc<dyn Report> {
        progress::listener(self.progress, self.detail()).into()
    }

    /// Tells how much to say.
    pub fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }

    /// Tells for whom errors and closing lines are.
    pub fn form(&self) -> failure::Form {
        match self.progress {
            Style::Json => failure::Form::Json,
            _ => failure::Form::Text,
        }
    }

    /// Writes the last words of a run that went well, unless it is to be quiet.
    pub fn close(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> String) {
        if self.detail() > Detail::Quiet {
            let words = match self.form() {
                failure::Form::Text => text(),
                failure::Form::Json => json(),
            };
            drop(io::stderr().write_all(words.as_bytes()));
        }
    }
}

/// Tells whether this is the only thread.
pub(super) fn is_only_thread() -> bool {
    let threads = fs_err::read_dir("/proc/self/task");
    threads.is_ok_and(|threads| threads.count() == 1)
}

/// Waits until this is the only thread: those of a listener that was dropped may take a moment to go.
pub(super) fn wait_for_threads() {
    let begin = Instant::now();
    while !is_only_thread() && begin.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
}
