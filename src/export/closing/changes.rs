//! How an image is run, as the `--change` flags of `docker import` and `podman import` say it.

use crate::recipe::image::{CommandLine, ImageOptions, Pair};
use serde_json::json;

/// Lists the lines of a `Dockerfile` that say what a tar cannot, `PATH` first.
///
/// The engines read them differently: docker takes quotes away and replaces `$NAME`, podman takes values as they are.
/// Docker knows `STOPSIGNAL` since version 23, <https://github.com/moby/moby/pull/43369>.
/// Annotations are not among them: an image that was imported cannot have any.
pub(super) fn changes(engine: &str, options: &ImageOptions) -> Vec<String> {
    let is_docker = engine == "docker";
    let pair = |instruction: &str, pair: &Pair| {
        let (name, value) = (&pair.name, &pair.value);
        let value = if is_docker {
            docker_value(value)
        } else {
            podman_value(value)
        };
        format!("{instruction} {name}={value}")
    };
    let command = |instruction: &str, command: &CommandLine| {
        let words = json!(command.words());
        format!("{instruction} {words}")
    };
    let word = |text: &str| {
        if is_docker {
            docker_word(text)
        } else {
            text.to_owned()
        }
    };
    let mut lines = Vec::new();
    for variable in &options.environment() {
        lines.push(pair("ENV", variable));
    }
    for (name, value) in options.labels() {
        let (name, value) = (name.to_owned(), value.to_owned());
        lines.push(pair("LABEL", &Pair { name, value }));
    }
    lines.extend(options.expose.iter().map(|port| format!("EXPOSE {port}")));
    for path in &options.volume {
        lines.push(format!("VOLUME {}", json!([word(path.as_str())])));
    }
    let user = options.user.iter();
    lines.extend(user.map(|user| format!("USER {}", word(user.as_str()))));
    let workdir = options.workdir.iter();
    lines.extend(workdir.map(|path| format!("WORKDIR {}", word(path.as_str()))));
    let signal = options.stop_signal.iter();
    lines.extend(signal.map(|signal| format!("STOPSIGNAL {signal}")));
    let entrypoint = options.entrypoint.iter();
    lines.extend(entrypoint.map(|words| command("ENTRYPOINT", words)));
    // After the entrypoint, which in docker takes the command away.
    lines.extend(options.cmd.iter().map(|words| command("CMD", words)));
    lines
}

/// A value as docker's parser takes it: in double quotes unless it is plain.
fn docker_value(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("\"{}\"", docker_escaped(value, &['\\', '"', '$']))
}

/// Text outside of quotes, in which docker replaces variables.
fn docker_word(text: &str) -> String {
    docker_escaped(text, &['\\', '"', '\'', '$'])
}

fn docker_escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if special.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A value as podman takes it, which strips one pair of double quotes and does nothing else.
fn podman_value(value: &str) -> String {
    if value.starts_with('"') && value.ends_with('"') {
        return format!("\"{value}\"");
    }
    value.to_owned()
}
