//! The sandbox as a backend sees it.

use crate::{Error, ErrorKind, Result};

/// A program to run inside the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// What it is, for progress and messages, e.g. `libc6.preinst`.
    pub label: String,
    /// Absolute path inside the root.
    pub program: String,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Environment besides what the sandbox always sets (`PATH`, `HOME`, `LC_ALL`, `SOURCE_DATE_EPOCH`).
    pub env: Vec<(String, String)>,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Exit code; 128 + signal number if a signal ended it.
    pub status: i32,
    /// The end of what it printed, standard output and error together: at most 64 KiB.
    pub output: String,
}

impl Outcome {
    /// Tells whether the program exited with 0.
    pub fn is_success(&self) -> bool {
        self.status == 0
    }
}

/// How much of what a failed program printed is shown, in lines.
const SHOWN: usize = 30;

/// Makes the error for a program that failed: `subject` says which, its cause shows the end of what it printed.
pub fn failure(subject: &str, status: i32, output: &str) -> Error {
    let lines: Vec<_> = output.trim_end().lines().collect();
    let said = if lines.is_empty() {
        "it printed nothing".to_owned()
    } else {
        let tail = lines[lines.len().saturating_sub(SHOWN)..].join("\n    ");
        format!("it printed:\n    {tail}")
    };
    let message = format!("{subject} failed with exit code {status}");
    Error::new(ErrorKind::Script, message).caused_by(Error::new(ErrorKind::Script, said))
}

/// Makes the same for a script of a package.
pub fn script_failure(subject: &str, status: i32, output: &str) -> Error {
    failure(subject, status, output)
        .with_hint("run again with -v to see everything scripts print, or leave the package out with --exclude")
}

/// Runs programs in the sandbox around one root: own namespaces, no network, no syncs, nothing of the host.
///
/// May be called from several threads: the programs then run side by side in one sandbox.
pub trait Runner: Sync {
    /// Runs `command` and waits for it; `on_line` gets each line it prints, without its newline, as it comes.
    ///
    /// A program that fails is an [`Outcome`], not an error. Errors if the sandbox cannot be made
    /// or the run was interrupted.
    fn run(&self, command: &Command, on_line: &mut dyn FnMut(&str)) -> Result<Outcome>;
}
