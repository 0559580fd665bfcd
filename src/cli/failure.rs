//! How an error is told, and the exit code it gives.

use crate::progress::printable;
use boot_kit::{Error, ErrorKind, Result};
use serde_json::json;
use std::{
    error::Error as _,
    io::{self, Write},
    process::ExitCode,
};

/// Something failed.
pub(super) const FAILURE: u8 = 1;
/// The request cannot be met.
const USAGE: u8 = 2;
/// An image has more than its budget allows.
pub(super) const OVER_BUDGET: u8 = 3;
/// What shells report for Ctrl-C.
const INTERRUPTED: u8 = 130;

/// For whom an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// People.
    Text,
    /// Programs: one JSON object.
    Json,
}

/// Ends a command: tells what failed, if anything did, and gives the exit code.
pub(super) fn end(ended: Result<()>, form: Form) -> ExitCode {
    end_with(ended.map(|()| ExitCode::SUCCESS), form)
}

/// Ends a command that says itself with which code, unless it failed.
pub(super) fn end_with(ended: Result<ExitCode>, form: Form) -> ExitCode {
    match ended {
        Ok(code) => code,
        Err(error) => tell(&error, form),
    }
}

/// Writes the error to stderr; returns the exit code.
pub(super) fn tell(error: &Error, form: Form) -> ExitCode {
    let told = match form {
        Form::Text => text(error),
        Form::Json => json(error),
    };
    drop(io::stderr().write_all(told.as_bytes()));
    ExitCode::from(code(error.kind()))
}

/// Writes to stderr what broke a budget.
pub(super) fn over_budget(lines: &[&str], form: Form) {
    let told = match form {
        Form::Text => lines
            .iter()
            .map(|line| format!("over budget: {line}\n"))
            .collect(),
        Form::Json => {
            let object = json!({
                "event": "over-budget",
                "breaches": lines,
                "exit_code": OVER_BUDGET,
            });
            format!("{object}\n")
        }
    };
    drop(io::stderr().write_all(printable(&told).as_bytes()));
}

/// Maps the sort of failure to the exit code.
pub(super) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage | ErrorKind::Unsatisfiable => USAGE,
        ErrorKind::Interrupted => INTERRUPTED,
        _ => FAILURE,
    }
}

/// Writes the message, each cause on a line of its own, and the hint.
pub(super) fn text(error: &Error) -> String {
    if error.kind() == ErrorKind::Interrupted {
        // Whoever did it knows why, and need not know during what.
        return "error: interrupted\n".to_owned();
    }
    let mut lines = vec![format!("error: {error}")];
    for cause in causes(error) {
        // What a script printed, or why nothing fits, has several lines.
        let cause = cause.trim_end().replace('\n', "\n    ");
        lines.push(format!("  caused by: {cause}"));
    }
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    printable(&lines.join("\n")).into_owned() + "\n"
}

fn json(error: &Error) -> String {
    let object = json!({
        "event": "error",
        "message": error.to_string(),
        "causes": causes(error),
        "hint": error.hint(),
        "exit_code": code(error.kind()),
    });
    format!("{object}\n")
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
