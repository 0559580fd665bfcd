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
use boot_kit::Recipe;
use serde_json::json;

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
        let output = self.options.output.display().to_string();
        let place = if output == "-" { "stdout" } else { &output };
        let mut facts = vec![
            count(summary.packages as u64, "package"),
            count(summary.files, "file"),
            size(summary.bytes),
            time(summary.wall),
        ];
        if let Some(digest) = summary.sha256 {
            facts.push(format!("sha256 {:.12}", digest.to_string()));
        }
        if let Some(digest) = summary.manifest {
            facts.push(format!("manifest {:.12}", digest.to_string()));
        }
        let mut lines = vec![format!("wrote {place}: {}", facts.join(", "))];
        let closing = self.closing();
        lines.extend(
            closing
                .commands
                .iter()
                .map(|command| format!("  {command}")),
        );
        lines.extend(
            closing
                .remove
                .map(|command| format!("to remove it: {command}")),
        );
        lines.join("\n") + "\n"
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
