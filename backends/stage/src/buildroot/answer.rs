//! What Buildroot answers when it is asked, and the settings it goes by.

use std::collections::BTreeMap;

/// Settings that change how a build goes and nothing of what it makes.
const HOW: [&str; 6] = [
    "BR2_BACKUP_SITE",
    "BR2_DEFCONFIG",
    "BR2_DL_DIR",
    "BR2_JLEVEL",
    "BR2_PRIMARY_SITE",
    "BR2_PRIMARY_SITE_ONLY",
];

/// Reads what `make -s printvars` prints: `NAME=VALUE` a line, the quotes of a `.config` around some values.
pub fn variables(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        .collect()
}

/// Finds the value of a setting in a `.config`, where the last assignment counts; `None` if it is not set.
pub fn setting<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    for line in config.lines() {
        if let Some(value) = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            found = Some(unquoted(value));
        } else if line
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_suffix(" is not set"))
            .is_some_and(|unset| unset == name)
        {
            found = None;
        }
    }
    found
}

/// The lines of a `.config` that decide what is built: all but comments and the settings of how.
///
/// The comment with Buildroot's version is among them, because another version builds other packages.
pub fn deciding(config: &str) -> String {
    let mut text = String::new();
    for line in config.lines() {
        let name = line.split('=').next().unwrap_or_default();
        let is_version = line.starts_with("# Buildroot ");
        if is_version || (!line.is_empty() && !line.starts_with('#') && !HOW.contains(&name)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}
