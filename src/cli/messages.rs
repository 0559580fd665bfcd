//! The flags that say how much is told, and in which form.

use super::failure;
use crate::progress::{self, Detail, Style};
use boot_kit::Report;
use clap::Args;
use std::{
    io::{self, Write},
    sync::Arc,
};

const MESSAGES: &str = "Messages";

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
