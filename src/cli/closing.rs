//! What is said when an image is done: one line of facts, and the commands that import it.

use crate::{
    ops::build::{Options, Summary},
    progress::quantity::{count, size, time},
};
use boot_kit::Recipe;
use serde_json::json;
use std::path::Path;

/// Writes the closing lines for people.
pub(super) fn text(recipe: &Recipe, options: &Options, summary: &Summary) -> String {
    let output = &options.output;
    let place = if is_stdout(output) {
        "stdout".to_owned()
    } else {
        output.display().to_string()
    };
    let mut facts = vec![
        count(summary.packages as u64, "package"),
        count(summary.files, "file"),
        size(summary.bytes),
        time(summary.wall),
    ];
    if let Some(digest) = summary.sha256 {
        facts.push(format!("sha256 {:.12}", digest.to_string()));
    }
    let mut lines = vec![format!("wrote {place}: {}", facts.join(", "))];
    lines.extend(
        commands(recipe, options)
            .iter()
            .map(|command| format!("  {command}")),
    );
    lines.join("\n") + "\n"
}

/// Writes the closing line for programs.
pub(super) fn json(recipe: &Recipe, options: &Options, summary: &Summary) -> String {
    let object = json!({
        "event": "done",
        "output": options.output.display().to_string(),
        "packages": summary.packages,
        "files": summary.files,
        "size_bytes": summary.bytes,
        "sha256": summary.sha256,
        "import": commands(recipe, options),
        "wall_s": summary.wall.as_secs_f64(),
    });
    format!("{object}\n")
}

/// Lists the commands that import the output, the most usual first; none if it went to stdout.
fn commands(recipe: &Recipe, options: &Options) -> Vec<String> {
    let output = &options.output;
    if is_stdout(output) {
        return Vec::new();
    }
    let image = format!(
        "{}:{}-{}",
        recipe.distribution, recipe.release, recipe.variant
    );
    let path = quoted(output);
    if is_directory(output) {
        return vec![format!("systemd-nspawn -D {path}")];
    }
    vec![
        format!(
            "docker import --platform {} {path} {image}",
            options.platform
        ),
        format!(
            "podman import {} {path} {image}",
            podman_platform(&options.platform)
        ),
    ]
}

/// Podman takes the parts of a platform as flags of their own.
fn podman_platform(platform: &str) -> String {
    let mut parts = platform.splitn(3, '/');
    let flags = ["--os", "--arch", "--variant"].into_iter().zip(&mut parts);
    let flags: Vec<_> = flags.map(|(flag, part)| format!("{flag} {part}")).collect();
    flags.join(" ")
}

/// Tells whether the image goes to stdout.
fn is_stdout(output: &Path) -> bool {
    output.as_os_str() == "-"
}

/// Tells whether the image is a directory.
fn is_directory(output: &Path) -> bool {
    output.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Quotes a path for a shell, if it needs to be.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%=".contains(c);
    // A name that begins with a dash would be taken for a flag.
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text
    };
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
