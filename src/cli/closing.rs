//! What is said when an image is done: one line of facts, and the commands that import it.

use crate::{
    export::{
        Output,
        closing::{About, Closing, closing},
    },
    ops::build::{Options, Summary},
    progress::quantity::{count, seconds, size, time},
    recipe::complete::host_platform,
};
use boot_kit::{Digest, Recipe};
use serde_json::json;
use std::path::Path;

/// What the closing lines are about.
pub(super) struct Done<'a> {
    /// What was asked for.
    pub recipe: &'a Recipe,
    /// And how.
    pub options: &'a Options,
    /// Whether a normal user asked.
    pub rootless: bool,
    /// What was made.
    pub summary: &'a Summary,
}

impl Done<'_> {
    /// Writes the closing lines for people.
    pub fn text(&self) -> String {
        let summary = self.summary;
        let facts = vec![
            count(summary.packages as u64, "package"),
            count(summary.files, "file"),
            size(summary.bytes),
            time(summary.wall),
        ];
        let digests = (summary.sha256, summary.manifest);
        lines(&self.options.output, facts, digests, &self.closing())
    }

    /// Writes the closing line for programs.
    pub fn json(&self) -> String {
        let summary = self.summary;
        let object = json!({
            "event": "done",
            "output": self.options.output.display().to_string(),
            "packages": summary.packages,
            "files": summary.files,
            "size_bytes": summary.bytes,
            "sha256": summary.sha256,
            "manifest": summary.manifest,
            "import": self.closing().commands,
            "wall_s": seconds(summary.wall),
        });
        format!("{object}\n")
    }

    fn closing(&self) -> Closing {
        let name = self.options.image.reference(self.recipe);
        let platform = self.options.platform.as_str();
        let about = About {
            name: &name,
            options: &self.options.image,
            platform: (host_platform() != Some(platform)).then_some(platform),
        };
        Output::parse(self.options.output.as_os_str())
            .map(|output| closing(&output, about, self.rootless))
            .unwrap_or_default()
    }
}

/// Writes the closing lines: what was written where, then the commands that use it.
///
/// `digests` are those of the output and of an OCI image's manifest.
pub(super) fn lines(
    output: &Path,
    mut facts: Vec<String>,
    digests: (Option<Digest>, Option<Digest>),
    closing: &Closing,
) -> String {
    let output = output.display().to_string();
    let place = if output == "-" { "stdout" } else { &output };
    for (what, digest) in [("sha256", digests.0), ("manifest", digests.1)] {
        facts.extend(digest.map(|digest| format!("{what} {:.12}", digest.to_string())));
    }
    let mut lines = vec![format!("wrote {place}: {}", facts.join(", "))];
    let commands = closing.commands.iter();
    lines.extend(commands.map(|command| format!("  {command}")));
    let remove = closing.remove.iter();
    lines.extend(remove.map(|command| format!("to remove it: {command}")));
    lines.join("\n") + "\n"
}
