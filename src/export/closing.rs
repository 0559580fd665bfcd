//! The last word of a run: how to use what was made.

use super::{Output, compress::Compression};
use std::path::Path;

/// Where programs are in an image: an imported tar has no configuration, so without this it would have no `PATH`.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The exact commands that use an output, ready to paste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Commands that do the same with different tools, the most common first; none for standard output.
    pub commands: Vec<String>,
    /// The command that removes the output again, where `rm` would not do.
    pub remove: Option<String>,
}

/// Tells how to use `output` as an image called `name`, e.g. `debian:trixie`.
///
/// `platform` is the image's (`linux/arm/v7`) if it is not this machine's, which the engines assume. `rootless` says
/// that the run was a normal user's: a directory then has owners that the user cannot change.
pub fn closing(output: &Output, name: &str, platform: Option<&str>, rootless: bool) -> Closing {
    let import = |engine: &str, file: &str| {
        let platform = flags(engine, platform);
        format!("{engine} import{platform} --change 'ENV PATH={PATH}' {file} {name}")
    };
    match output {
        Output::Stdout => Closing::default(),
        Output::File { path, compression } => {
            let file = quoted(path);
            let mut engines = vec!["docker", "podman"];
            // Docker runs the program `xz` for these, which need not be there; podman has its own.
            if *compression == Compression::Xz {
                engines.reverse();
            }
            let commands = engines.into_iter().map(|engine| import(engine, &file));
            Closing {
                commands: commands.collect(),
                remove: None,
            }
        }
        Output::Directory { path } => {
            let directory = quoted(path);
            if rootless {
                return Closing {
                    commands: vec![format!(
                        "podman unshare tar --numeric-owner --xattrs -C {directory} -c . | {}",
                        import("podman", "-")
                    )],
                    remove: Some(format!("podman unshare rm -rf {directory}")),
                };
            }
            Closing {
                commands: vec![
                    format!("systemd-nspawn -D {directory}"),
                    format!(
                        "tar --numeric-owner --xattrs -C {directory} -c . | {}",
                        import("docker", "-")
                    ),
                ],
                remove: None,
            }
        }
    }
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

/// A path as a shell takes it, never mistaken for an option or a URL.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if text.starts_with('/') || text.starts_with("./") || text.starts_with("../") {
        text.into_owned()
    } else if text.starts_with('-') || text.contains(':') {
        format!("./{text}")
    } else {
        text.into_owned()
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn commands(output: &str, rootless: bool) -> Closing {
        let output = Output::parse(OsStr::new(output)).expect("well-formed");
        closing(&output, "debian:trixie", None, rootless)
    }

    fn import(engine: &str, file: &str) -> String {
        let change = "'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'";
        format!("{engine} import --change {change} {file} debian:trixie")
    }

    #[test]
    fn tars_are_imported_by_either_engine() {
        for (output, file) in [
            ("x.tar", "x.tar"),
            ("/a b/it's.tar.zst", r"'/a b/it'\''s.tar.zst'"),
            ("-x.tgz", "./-x.tgz"),
            ("http://x.tar", "./http://x.tar"),
        ] {
            let wanted = vec![import("docker", file), import("podman", file)];
            assert_eq!(
                commands(output, false),
                Closing {
                    commands: wanted,
                    remove: None
                }
            );
        }
        let xz = commands("x.tar.xz", true).commands;
        assert_eq!(
            xz,
            [import("podman", "x.tar.xz"), import("docker", "x.tar.xz")]
        );
        assert_eq!(commands("-", false), Closing::default());
    }

    #[test]
    fn a_directory_names_the_way_to_run_it_and_a_users_the_way_to_remove_it() {
        let root = commands("out/", false);
        assert_eq!(root.commands[0], "systemd-nspawn -D out");
        assert_eq!(root.remove, None);
        let user = commands("out/", true);
        assert_eq!(user.remove.as_deref(), Some("podman unshare rm -rf out"));
    }

    #[test]
    fn another_platform_than_the_machines_is_said() {
        let output = Output::parse(OsStr::new("x.tar")).expect("well-formed");
        let Closing { commands, .. } =
            closing(&output, "debian:trixie", Some("linux/arm/v7"), false);
        let change = format!("--change 'ENV PATH={PATH}' x.tar debian:trixie");
        assert_eq!(
            commands,
            [
                format!("docker import --platform linux/arm/v7 {change}"),
                format!("podman import --os linux --arch arm --variant v7 {change}"),
            ]
        );
    }
}
