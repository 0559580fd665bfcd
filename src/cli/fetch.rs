//! `boot fetch`.

use super::{
    asking::{Access, Asking, FromLock},
    failure,
    messages::Messages,
};
use crate::{
    ops::{
        build::Options,
        fetch::{Stocked, fetch},
    },
    progress::quantity::{count, seconds, size, time},
    recipe::Request,
    registry::Registry,
};
use boot_kit::Result;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// The arguments of `boot fetch`.
#[derive(Debug, Args)]
pub(super) struct FetchArguments {
    /// A recipe file, or the name of a distribution
    #[arg(value_name = "RECIPE.toml|DISTRIBUTION")]
    what: String,
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    from_lock: FromLock,
    #[command(flatten)]
    messages: Messages,
}

impl FetchArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let form = self.messages.form();
        failure::end(self.carry_out(registry), form)
    }

    fn carry_out(self, registry: &mut Registry) -> Result<()> {
        let asking = Asking::either(&self.what, self.request)?;
        let lockfile = self.from_lock.path(&asking.folder);
        let (recipe, options) = asking.complete(&self.access, registry)?;
        let options = Options {
            lockfile,
            ..options
        };
        let report = self.messages.listener();
        let stocked = fetch(&recipe, &options, &*report);
        drop(report);
        let stocked = stocked?;
        self.messages.close(|| text(&stocked), || json(&stocked));
        Ok(())
    }
}

fn text(stocked: &Stocked) -> String {
    let cached = match stocked.cached_bytes {
        0 => String::new(),
        bytes => format!(" ({} were there)", size(bytes)),
    };
    format!(
        "the store has {}, {}{cached}: {}\n",
        count(stocked.packages as u64, "package"),
        size(stocked.bytes),
        time(stocked.wall)
    )
}

fn json(stocked: &Stocked) -> String {
    let object = json!({
        "event": "done",
        "packages": stocked.packages,
        "size_bytes": stocked.bytes,
        "cached_bytes": stocked.cached_bytes,
        "wall_s": seconds(stocked.wall),
    });
    format!("{object}\n")
}
