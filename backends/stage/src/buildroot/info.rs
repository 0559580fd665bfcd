//! What `make show-info` and the log of times say of packages.

use boot_kit::{Context, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Duration,
};

/// What `show-info` says of a package, of a tool for this machine or of an image, as far as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Info {
    /// `target`, `host` or `rootfs`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether another package provides it.
    #[serde(default)]
    pub r#virtual: bool,
    /// Its version; empty for Buildroot's own.
    #[serde(default)]
    pub version: String,
    /// Its licences as its description has them, e.g. `GPL-2.0+ (programs), LGPL-2.1+ (libraries)`.
    #[serde(default)]
    pub licenses: String,
}

/// Reads what `make -s show-info` prints: an object of packages by name, host tools as `host-NAME`.
pub fn show_info(text: &str) -> Result<BTreeMap<String, Info>> {
    // A tree may print remarks of its own before.
    let remarks = text
        .split_inclusive('\n')
        .take_while(|line| !line.trim_start().starts_with('{'));
    let start: usize = remarks.map(str::len).sum();
    serde_json::from_str(&text[start..])
        .map_err(io::Error::from)
        .context(|| "cannot read what `show-info` prints")
}

/// Counts the packages and tools that a build goes through, those for this machine among them.
pub fn to_build(info: &BTreeMap<String, Info>) -> u64 {
    info.values().filter(|info| info.kind != "rootfs").count() as u64
}

/// Splits licences at the commas outside parentheses; none if they are unknown.
pub fn licences(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    let parts = parts
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "unknown");
    parts.map(str::to_owned).collect()
}

/// The licence without the remark on what is under it: `GPL-2.0+` of `GPL-2.0+ (programs)`.
pub fn licence_name(licence: &str) -> &str {
    licence.split(" (").next().unwrap_or(licence).trim()
}

/// Reads `build-time.log`: how long all steps of each package took together, what began in it and did not end left out.
///
/// A line is `SECONDS:start|end:STEP: PACKAGE`, padded with blanks. A package that was built again counts twice.
pub fn times(log: &str) -> BTreeMap<String, Duration> {
    let mut begun: HashMap<(&str, &str), Duration> = HashMap::new();
    let mut times = BTreeMap::new();
    for line in log.lines() {
        let fields: Vec<&str> = line.splitn(4, ':').map(str::trim).collect();
        let &[at, mark, step, package] = fields.as_slice() else {
            continue;
        };
        let Some(at) = since_epoch(at) else { continue };
        match mark {
            "start" => drop(begun.insert((package, step), at)),
            _ => {
                if let Some(start) = begun.remove(&(package, step)) {
                    let time: &mut Duration = times.entry(package.to_owned()).or_default();
                    *time = time.saturating_add(at.saturating_sub(start));
                }
            }
        }
    }
    times
}

/// Reads seconds since 1970 with nine decimals.
fn since_epoch(text: &str) -> Option<Duration> {
    let (seconds, nanoseconds) = text.split_once('.').unwrap_or((text, "0"));
    let nanoseconds = format!("{nanoseconds:0<9}").get(..9)?.parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanoseconds))
}
