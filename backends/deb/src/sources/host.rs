//! Mirrors near the host, found in its own settings.
//!
//! Used only to read from: what they serve is proven by the same keys, and nothing of them gets into an image.

use super::{
    Source,
    list::{self, Listed},
};
use boot_kit::{Event, Recipe, Report, fetch::without_credentials};
use std::{fs, path::Path};

/// Puts the host's mirrors before the official ones, if the host runs the same distribution.
///
/// `host` is the host's `/etc`. Whatever cannot be read there is no mirror.
pub fn put_in_front(sources: &mut [Source], recipe: &Recipe, host: &Path, report: &dyn Report) {
    let Some(codename) = codename(host, &recipe.distribution) else {
        return;
    };
    let listed = listed(host, report);
    for source in sources {
        let suffix = suffix(&source.suite, &recipe.release);
        let mut mirrors: Vec<String> = Vec::new();
        for one in &listed {
            let is_alike = one.suite.strip_prefix(codename.as_str()) == Some(suffix);
            let mirror = one.uri.trim_end_matches('/').to_owned();
            if is_alike && is_usable(one) && !mirrors.contains(&mirror) {
                mirrors.push(mirror);
            }
        }
        source.mirrors.retain(|mirror| !mirrors.contains(mirror));
        source.mirrors.splice(0..0, mirrors);
    }
}

/// The host's codename, if it runs `distribution`.
fn codename(host: &Path, distribution: &str) -> Option<String> {
    let text = fs::read_to_string(host.join("os-release")).ok()?;
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    (value("ID")? == distribution).then(|| value("VERSION_CODENAME"))?
}

/// What follows the release's name in a suite's: `-security`, `-updates`, or nothing.
fn suffix<'a>(suite: &'a str, release: &str) -> &'a str {
    let suffix = suite.strip_prefix(release).unwrap_or_default();
    if suffix.starts_with('-') { suffix } else { "" }
}

fn listed(host: &Path, report: &dyn Report) -> Vec<Listed> {
    let directory = host.join("apt/sources.list.d");
    let mut files: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "list" || ending == "sources")
        })
        .collect();
    files.sort();
    files.insert(0, host.join("apt/sources.list"));
    let mut all = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match list::parse(&text) {
            Ok(listed) => all.extend(listed),
            Err(error) => report.event(Event::Warning {
                message: format!("`{}` is not used: {error}", file.display()),
            }),
        }
    }
    all
}

/// Leaves out what is not a plain public mirror: other components, credentials, unsigned, dated snapshots.
fn is_usable(listed: &Listed) -> bool {
    let is_fetchable = ["http://", "https://", "file:///"]
        .iter()
        .any(|scheme| listed.uri.starts_with(scheme));
    is_fetchable
        && listed
            .components
            .iter()
            .any(|component| component == "main")
        && !listed.is_trusted
        && without_credentials(&listed.uri) == listed.uri
        && !listed.uri.contains("snapshot")
}
