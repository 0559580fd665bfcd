//! Telling people, or programs, what a run is doing: on stderr, never on stdout.
//!
//! | module | is for |
//! | --- | --- |
//! | [`bar`](self) | terminals: one line for each thing under way |
//! | `plain` | logs: a line for each phase and every few seconds, no escape codes |
//! | `json` | programs: one object a line, described in `docs/reference/progress-json.md` |
//! | [`tally`](self) | what all of them count |
//! | [`printable`] | what packages say, made harmless |
//! | [`quantity`] | how sizes, times and counts are written |

mod bar;
mod json;
mod plain;
mod printable;
pub mod quantity;
mod tally;
#[cfg(test)]
mod tests;

pub use printable::{one_line, printable};

use boot_kit::{Event, Report};
use clap::ValueEnum;
use std::io::{self, IsTerminal, Write};

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Bars on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// Bars
    Bar,
    /// A line now and then
    Plain,
    /// One JSON object a line
    Json,
    /// Nothing but warnings
    None,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Warnings and errors.
    Quiet,
    /// What is under way.
    #[default]
    Normal,
    /// Every artifact, and every line scripts print.
    Verbose,
}

impl Style {
    /// Takes bars only where they can be drawn: if stderr is a terminal that moves its cursor.
    fn settled(self) -> Self {
        let is_dumb = || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match self {
            Self::Auto | Self::Bar if io::stderr().is_terminal() && !is_dumb() => Self::Bar,
            Self::Auto | Self::Bar => Self::Plain,
            chosen => chosen,
        }
    }
}

/// Starts listening in the given style.
///
/// Dropping the listener removes what it drew: do so before writing to the same terminal.
pub fn listener(style: Style, detail: Detail) -> Box<dyn Report> {
    match style.settled() {
        Style::Json => Box::new(json::Json::new(io::stderr(), detail)),
        Style::None => Box::new(Warnings),
        _ if detail == Detail::Quiet => Box::new(Warnings),
        Style::Bar => Box::new(bar::Bar::new(detail)),
        Style::Auto | Style::Plain => Box::new(plain::Plain::new(io::stderr(), detail)),
    }
}

/// Tells warnings only.
struct Warnings;

impl Report for Warnings {
    fn event(&self, event: Event) {
        if let Event::Warning { message } = event {
            say(
                &mut io::stderr(),
                &printable(&format!("warning: {message}")),
            );
        }
    }
}

/// Writes a line. Nobody to read it is no reason to stop a build.
fn say(to: &mut dyn Write, line: &str) {
    drop(to.write_all(format!("{line}\n").as_bytes()));
}
