//! The last word of a run: how to use what was made.

mod changes;
#[cfg(test)]
mod tests;

use super::{
    Output,
    compress::Compression,
    output::{OciForm, OciOutput},
};
use crate::recipe::image::{ImageOptions, Reference};
use changes::changes;
use std::path::Path;

/// The exact commands that use an output, ready to paste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Commands that do the same with different tools, the most common first; none for standard output.
    pub commands: Vec<String>,
    /// The command that removes the output again, where `rm` would not do.
    pub remove: Option<String>,
}

/// What an image is called, how it is to be run, and on what.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// Its name, e.g. `debian:trixie`.
    pub name: &'a Reference,
    /// How it is to be run: a tar cannot say it, so the command that imports it does.
    pub options: &'a ImageOptions,
    /// Its platform (`linux/arm/v7`) if that is not this machine's, which the engines assume.
    pub platform: Option<&'a str>,
}

/// Tells how to use `output` as the image that `about` describes.
///
/// `rootless` says that the run was a normal user's: a directory then has owners that the user cannot change.
pub fn closing(output: &Output, about: About<'_>, rootless: bool) -> Closing {
    let import = |engine| import(engine, about, "-");
    let commands = match output {
        // What went there was imported by then; only what a tar cannot say is worth a word.
        Output::Stdout if changes("docker", about.options).len() > 1 => {
            vec![format!("… | {}", import("docker"))]
        }
        Output::Stdout => Vec::new(),
        Output::Oci(oci) => use_oci(oci, about.name),
        Output::File { path, compression } => {
            let file = quoted(&local(path));
            let mut engines = vec!["docker", "podman"];
            // Docker runs the program `xz` for these, which need not be there; podman has its own.
            if *compression == Compression::Xz {
                engines.reverse();
            }
            let commands = engines
                .into_iter()
                .map(|engine| self::import(engine, about, &file));
            commands.collect()
        }
        Output::Directory { path } => {
            let directory = quoted(&local(path));
            let tar = format!("tar --numeric-owner --xattrs -C {directory} -c .");
            if rootless {
                return Closing {
                    commands: vec![format!("podman unshare {tar} | {}", import("podman"))],
                    remove: Some(format!("podman unshare rm -rf {directory}")),
                };
            }
            vec![
                format!("systemd-nspawn -D {directory}"),
                format!("{tar} | {}", import("docker")),
            ]
        }
    };
    Closing {
        commands,
        remove: None,
    }
}

/// The commands that load an OCI image, or push it.
fn use_oci(output: &OciOutput, name: &Reference) -> Vec<String> {
    let path = local(&output.path);
    // Tools that name an image within a file after a colon cannot be told of a colon in the file's own name.
    let has_colon = path.contains(':');
    let registry = match name.registry() {
        Some(_) => name.to_string(),
        None => format!("REGISTRY/{name}"),
    };
    let mut commands = Vec::new();
    match output.form {
        OciForm::Archive => {
            let file = quoted(&path);
            commands.push(format!("docker load -i {file}"));
            commands.push(format!("podman load -i {file}"));
            if !has_colon {
                let from = quoted(&format!("oci-archive:{path}"));
                commands.push(format!("skopeo copy {from} docker://{registry}"));
            }
        }
        OciForm::Layout if has_colon => {}
        OciForm::Layout => {
            let from = quoted(&format!("oci:{path}:{name}"));
            commands.push(format!("skopeo copy {from} docker://{registry}"));
            // Older versions of podman make a name of the path, and refuse one with capitals.
            commands.push(if path.chars().any(char::is_uppercase) {
                format!("skopeo copy {from} containers-storage:{name}")
            } else {
                format!("podman pull {from}")
            });
        }
    }
    commands
}

/// The command by which an engine imports the tar `file`.
fn import(engine: &str, about: About<'_>, file: &str) -> String {
    let mut command = format!("{engine} import{}", flags(engine, about.platform));
    for change in changes(engine, about.options) {
        command += &format!(" --change {}", quoted(&change));
    }
    format!("{command} {file} {}", about.name)
}

/// The flags that tell an engine the platform, with a blank before each.
fn flags(engine: &str, platform: Option<&str>) -> String {
    let Some(platform) = platform else {
        return String::new();
    };
    if engine == "docker" {
        return format!(" --platform {platform}");
    }
    // Podman takes the parts one by one.
    let parts = ["--os", "--arch", "--variant"]
        .into_iter()
        .zip(platform.split('/'));
    parts
        .map(|(flag, part)| format!(" {flag} {part}"))
        .collect()
}

/// A path as text, never mistaken for an option or a URL.
fn local(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
    if !is_plain && (text.starts_with('-') || text.contains(':')) {
        return format!("./{text}");
    }
    text.into_owned()
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
