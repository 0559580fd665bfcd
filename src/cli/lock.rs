//! `boot lock`.

use super::{
    asking::{Access, Asking},
    changes, failure,
    messages::Messages,
    print,
};
use crate::{
    lock::NAME,
    ops::lock::{Goal, Outcome, lock},
    progress::quantity::{count, size},
    recipe::{Request, complete::words},
    registry::Registry,
};
use boot_kit::{Context, Result};
use clap::Args;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The arguments of `boot lock`.
#[derive(Debug, Args)]
pub(super) struct LockArguments {
    /// A recipe file, or the name of a distribution
    #[arg(value_name = "RECIPE.toml|DISTRIBUTION")]
    what: String,
    #[command(flatten)]
    request: Request,

    /// Write the lock here [default: boot.lock, beside the recipe file if there is one]
    #[arg(long, value_name = "FILE", help_heading = LOCK)]
    lockfile: Option<PathBuf>,

    /// Move only these packages and what they pull along [default: all]
    #[arg(long, value_name = "PKG,…", help_heading = LOCK)]
    update: Vec<String>,

    /// Print what would change, and write nothing
    #[arg(long, help_heading = LOCK)]
    diff: bool,

    /// Print what would change, write nothing, and exit with 1 if something would
    #[arg(long, conflicts_with = "diff", help_heading = LOCK)]
    check: bool,

    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    messages: Messages,
}

const LOCK: &str = "The lock";

impl LockArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let form = self.messages.form();
        failure::end_with(self.carry_out(registry), form)
    }

    fn carry_out(self, registry: &mut Registry) -> Result<ExitCode> {
        let asking = Asking::either(&self.what, self.request)?;
        let beside = || asking.folder.join(NAME);
        let goal = Goal {
            lockfile: self.lockfile.unwrap_or_else(beside),
            update: words(&self.update),
            write: !self.diff && !self.check,
        };
        let (recipe, options) = asking.complete(&self.access, registry)?;
        let report = self.messages.listener();
        let outcome = lock(&recipe, &options, &goal, &*report);
        drop(report);
        let outcome = outcome?;
        let said = || text(&outcome, &goal.lockfile);
        if goal.write {
            // A first lock has nothing to compare: its packages are in it.
            let table = if outcome.is_new {
                String::new()
            } else {
                changes::table(&outcome)
            };
            self.messages
                .close(|| table + &said(), || json(&outcome, &goal.lockfile));
            return Ok(ExitCode::SUCCESS);
        }
        print(&changes::table(&outcome)).context(|| "cannot write the differences")?;
        if self.check && outcome.is_changed {
            self.messages.close(
                || format!("`{}` is not up to date\n", goal.lockfile.display()),
                || json(&outcome, &goal.lockfile),
            );
            return Ok(ExitCode::from(failure::FAILURE));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(outcome: &Outcome, path: &Path) -> String {
    let path = path.display();
    if !outcome.is_changed {
        return format!("{path} is up to date\n");
    }
    format!(
        "wrote {path}: {}, {}\n",
        count(outcome.packages as u64, "package"),
        size(outcome.bytes)
    )
}

fn json(outcome: &Outcome, path: &Path) -> String {
    let object = json!({
        "event": "done",
        "output": path.display().to_string(),
        "changed": outcome.is_changed,
        "packages": outcome.packages,
        "size_bytes": outcome.bytes,
        "new_bytes": outcome.changes.new_bytes,
    });
    format!("{object}\n")
}
