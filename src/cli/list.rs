//! `boot list`.

use super::{failure, print};
use crate::{
    ops::list::{Listed, Listing, list},
    registry::Registry,
};
use boot_kit::{Context, Error, Result};
use clap::Args;
use std::{fmt::Write, process::ExitCode};

/// The arguments of `boot list`.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ListArguments {
    pub fn run(&self, registry: &Registry) -> ExitCode {
        let listing = list(registry);
        failure::end(
            self.shown(&listing)
                .and_then(|text| print(&text).context(|| "cannot write the list")),
            failure::Form::Text,
        )
    }

    fn shown(&self, listing: &Listing) -> Result<String> {
        if self.json {
            let json = serde_json::to_string_pretty(listing);
            return Ok(json.map_err(|error| Error::from(std::io::Error::from(error)))? + "\n");
        }
        let tables: Vec<_> = listing.distributions.iter().map(table).collect();
        Ok(tables.join("\n"))
    }
}

fn table(listed: &Listed) -> String {
    let mut rows = Vec::new();
    for release in &listed.releases {
        let others = release.version.iter().chain(&release.aliases);
        let name = names(&release.name, others, &listed.default_release);
        rows.push(("release", name, release.architectures.join(" ")));
    }
    for variant in &listed.variants {
        let name = names(&variant.name, &variant.aliases, &listed.default_variant);
        rows.push(("variant", name, variant.summary.clone()));
    }
    let width = rows
        .iter()
        .map(|(_, name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut table = format!("{}  {}\n", listed.name, listed.title);
    for (noun, name, rest) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(table, "  {noun}  {name:width$}  {rest}");
    }
    table
}

/// Writes a name with its other names, a star at the one that is the default.
fn names<'a>(name: &str, others: impl IntoIterator<Item = &'a String>, default: &str) -> String {
    let others: Vec<_> = others.into_iter().map(String::as_str).collect();
    let star = if name == default { " *" } else { "" };
    if others.is_empty() {
        return format!("{name}{star}");
    }
    format!("{name} ({}){star}", others.join(", "))
}
