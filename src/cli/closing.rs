//! What is said when an image is done: one line of facts, and the commands that import it.

use crate::{
    export::{
        Output,
        closing::{About, Closing, closing},
    },
    ops::{
        Written,
        build::{Options, Summary},
    },
    progress::quantity::{count, seconds, size, time},
    recipe::{complete::host_platform, image::Reference},
};
use boot_kit::Recipe;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

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
        let name = self.options.image.reference(self.recipe);
        let packages = count(self.summary.packages as u64, "package");
        self.written(&name).text(vec![packages])
    }

    /// Writes the closing line for programs.
    pub fn json(&self) -> String {
        let name = self.options.image.reference(self.recipe);
        let packages = json!(self.summary.packages);
        self.written(&name).json([("packages", packages)])
    }

    fn written<'a>(&'a self, name: &'a Reference) -> Image<'a> {
        let summary = self.summary;
        Image {
            output: &self.options.output,
            about: About {
                name,
                options: &self.options.image,
                platform: Some(&self.options.platform),
            },
            written: &summary.written,
            wall: summary.wall,
            rootless: self.rootless,
        }
    }
}

/// An image that was written, whatever it was made of.
pub(super) struct Image<'a> {
    /// Where it is.
    pub output: &'a Path,
    /// What it is called, how it is run, and on what: this machine's platform, too, is named here.
    pub about: About<'a>,
    /// What was written.
    pub written: &'a Written,
    /// How long it took.
    pub wall: Duration,
    /// Whether a normal user asked.
    pub rootless: bool,
}

impl Image<'_> {
    /// Writes the closing lines for people: what was written where, beginning with `facts`, then the commands that use
    /// it.
    pub fn text(&self, mut facts: Vec<String>) -> String {
        let Written {
            files,
            bytes,
            sha256,
            manifest,
        } = *self.written;
        facts.extend([count(files, "file"), size(bytes), time(self.wall)]);
        for (what, digest) in [("sha256", sha256), ("manifest", manifest)] {
            facts.extend(digest.map(|digest| format!("{what} {:.12}", digest.to_string())));
        }
        let output = self.output.display().to_string();
        let place = if output == "-" { "stdout" } else { &output };
        let closing = self.closing();
        let mut lines = vec![format!("wrote {place}: {}", facts.join(", "))];
        let commands = closing.commands.iter();
        lines.extend(commands.map(|command| format!("  {command}")));
        let remove = closing.remove.iter();
        lines.extend(remove.map(|command| format!("to remove it: {command}")));
        lines.join("\n") + "\n"
    }

    /// Writes the closing line for programs, with `facts` that not every image has.
    pub fn json(&self, facts: impl IntoIterator<Item = (&'static str, Value)>) -> String {
        let mut object = json!({
            "event": "done",
            "output": self.output.display().to_string(),
            "files": self.written.files,
            "size_bytes": self.written.bytes,
            "sha256": self.written.sha256,
            "manifest": self.written.manifest,
            "import": self.closing().commands,
            "wall_s": seconds(self.wall),
        });
        for (name, fact) in facts {
            object[name] = fact;
        }
        format!("{object}\n")
    }

    fn closing(&self) -> Closing {
        let platform = self.about.platform;
        let about = About {
            platform: platform.filter(|platform| host_platform() != Some(platform)),
            ..self.about
        };
        Output::parse(self.output.as_os_str())
            .map(|output| closing(&output, about, self.rootless))
            .unwrap_or_default()
    }
}
