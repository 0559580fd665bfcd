//! The layer above those of the plan: a team's own files, and commands that are run in the image after them.

mod files;
#[cfg(test)]
mod tests;

use crate::{layers::key, recipe::top::Addition};
use boot_kit::{
    Command, Digest, Error, ErrorKind, Event, Outcome, Result, RootPath, backend::Site,
    event::Phase, runner::failure,
};
pub(in crate::ops) use files::Files;
use serde_json::json;
use std::path::Path;

/// What the layer is called.
pub const NAME: &str = "top";

/// What the layer is made of, as it was found on the host.
#[derive(Debug)]
pub struct Top {
    files: Files,
    commands: Vec<String>,
}

impl Top {
    /// Looks at the files; `None` if there is nothing to add and nothing to run.
    ///
    /// Errors with [`ErrorKind::Usage`] if a file cannot be read, or if two come to the same path and cannot.
    pub fn read(add: &[Addition], run: &[String]) -> Result<Option<Self>> {
        if add.is_empty() && run.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            files: Files::read(add)?,
            commands: run.to_owned(),
        }))
    }

    /// The size of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.bytes()
    }

    /// Names the layer, given the key of the one below it.
    pub fn key(&self, below: &Digest) -> Result<Digest> {
        let what = json!({"name": NAME, "files": self.files.facts(), "run": self.commands});
        key::above(below, &what)
    }

    /// Puts the files into the root and runs the commands; `parcels` is a directory on the root's own file system.
    pub fn apply(&self, site: Site<'_>, parcels: &Path) -> Result<()> {
        self.files
            .land(site.root, &parcels.join(NAME), site.epoch)?;
        if self.commands.is_empty() {
            return Ok(());
        }
        site.report.event(Event::Phase(Phase::Configure));
        if site.root.entry(&RootPath::from("bin/sh"))?.is_none() {
            let message = "the image has no `/bin/sh` to run commands with";
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("add a package that has a shell with --include"));
        }
        for (number, command) in self.commands.iter().enumerate() {
            run(command, number + 1, site)?;
        }
        Ok(())
    }
}

fn run(command: &str, number: usize, site: Site<'_>) -> Result<()> {
    let label = format!("run {number}");
    site.report.event(Event::Script {
        label: label.clone(),
    });
    let program = Command {
        label,
        program: "/bin/sh".to_owned(),
        args: ["-e", "-c", command].map(str::to_owned).to_vec(),
        env: Vec::new(),
    };
    let outcome = site.runner.run(&program, &mut |line| {
        site.report.event(Event::Output {
            line: line.to_owned(),
        });
    })?;
    if outcome.is_success() {
        return Ok(());
    }
    Err(failed(command, &outcome))
}

fn failed(command: &str, outcome: &Outcome) -> Error {
    let mut lines = command.trim().lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    failure(&format!("`{first}{more}`"), outcome.status, &outcome.output)
        .with_hint("correct the command, or run again with -v to see everything commands print")
}
