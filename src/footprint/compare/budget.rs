//! Limits that an image must keep.

use super::{
    metrics::unit,
    model::{Breach, Comparison, Limit, Metric, Unit},
};
use crate::footprint::{
    Footprint,
    amount::{self, amount},
};
use boot_kit::{Error, ErrorKind, Result};

/// How many of the largest parts are named.
const NAMED: usize = 3;

/// Reads `size=60MB,setuid=5`: figures with the most they may be.
///
/// Errors with [`ErrorKind::Usage`] if there is no such figure, or what follows is no size or number.
pub fn parse(text: &str) -> Result<Vec<Limit>> {
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words.map(limit).collect()
}

fn limit(word: &str) -> Result<Limit> {
    let refuse = |message: String, hint: &str| {
        Err(Error::new(ErrorKind::Usage, message).with_hint(hint.to_owned()))
    };
    let Some((name, most)) = word.split_once('=') else {
        return refuse(
            format!("`{word}` is no limit"),
            "write a figure and the most it may be, as in `size=60MB,setuid=5`",
        );
    };
    let parsed = match unit(name.trim())? {
        Unit::Bytes => amount::parse(most),
        Unit::Count => most.trim().parse().ok(),
    };
    match (parsed, unit(name.trim())?) {
        (Some(most), _) => Ok(Limit {
            metric: name.trim().to_owned(),
            most,
        }),
        (None, Unit::Bytes) => refuse(
            format!("`{most}` is no size"),
            "write bytes, or a number with a unit, as in `60MB` or `1.5GiB`",
        ),
        (None, Unit::Count) => refuse(format!("`{most}` is no number"), "write a whole number"),
    }
}

/// Finds the limits that images do not keep. An older image is only there to compare with.
///
/// A figure that is not known keeps no limit.
pub fn breaches(comparison: &Comparison) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let skip = usize::from(comparison.against);
    for (place, image) in comparison.images.iter().enumerate().skip(skip) {
        for limit in &comparison.budget {
            let metric = comparison.metrics.iter().find(|it| it.name == limit.metric);
            let value = metric.and_then(|metric| metric.values[place]);
            if value.is_some_and(|value| value <= limit.most) {
                continue;
            }
            breaches.push(Breach {
                image: u32::try_from(place).unwrap_or(u32::MAX),
                metric: limit.metric.clone(),
                most: limit.most,
                value,
                text: text(image, metric, limit, value),
            });
        }
    }
    breaches
}

fn text(image: &Footprint, metric: Option<&Metric>, limit: &Limit, value: Option<u64>) -> String {
    let shown = |value: u64| match metric.map(|it| it.unit) {
        Some(Unit::Bytes) => amount(value),
        _ => value.to_string(),
    };
    let title = metric.map_or(limit.metric.as_str(), |it| it.title.as_str());
    let name = &image.image.name;
    let Some(value) = value else {
        return format!(
            "{name}: {title} is not known, {} allowed",
            shown(limit.most)
        );
    };
    let mut text = format!(
        "{name}: {title} {}, {} allowed, {} too much",
        shown(value),
        shown(limit.most),
        shown(value - limit.most)
    );
    let culprits = culprits(image, &limit.metric);
    if !culprits.is_empty() {
        text += &format!(": {}", culprits.join(", "));
    }
    text
}

/// Names what makes most of a figure.
fn culprits(image: &Footprint, metric: &str) -> Vec<String> {
    let mut named: Vec<String> = match metric {
        "size" | "disk" | "tar" | "zstd" | "gzip" | "stored" => return heaviest(image, metric),
        "setuid" => {
            let both = image.privilege.setuid.iter().chain(&image.privilege.setgid);
            both.map(|it| it.path.clone()).collect()
        }
        "capabilities" => paths(image.privilege.capabilities.iter().map(|it| &it.path)),
        "world-writable" => paths(image.privilege.world_writable.iter().map(|it| &it.path)),
        "shells" => paths(image.shells.iter().map(|it| &it.path)),
        "interpreters" => paths(image.interpreters.iter().map(|it| &it.path)),
        "package-managers" => paths(image.package_managers.iter().map(|it| &it.path)),
        "secrets" => paths(image.secrets.iter().map(|it| &it.path)),
        "unstripped" => paths(image.elf.unstripped.iter().map(|it| &it.path)),
        "logins" => paths(image.accounts.login.iter().map(|it| &it.name)),
        _ => return Vec::new(),
    };
    named.sort();
    named.dedup();
    let more = named.len().saturating_sub(NAMED * 4);
    named.truncate(NAMED * 4);
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named
}

fn paths<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<String> {
    paths.cloned().collect()
}

/// Names the largest packages, or classes where there are none.
fn heaviest(image: &Footprint, metric: &str) -> Vec<String> {
    let is_packed = matches!(metric, "zstd" | "gzip" | "stored");
    let parts = image.packages.iter().map(|it| (&it.name, it.share()));
    let mut parts: Vec<_> = parts.collect();
    if parts.is_empty() {
        parts = image
            .classes
            .iter()
            .map(|it| (&it.name, it.share))
            .collect();
    }
    let mut sizes: Vec<(u64, &String)> = parts
        .into_iter()
        .map(|(name, share)| {
            (
                if is_packed {
                    share.zstd_bytes
                } else {
                    share.bytes
                },
                name,
            )
        })
        .collect();
    sizes.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    let largest = sizes.into_iter().take(NAMED);
    largest
        .map(|(bytes, name)| format!("{name} {}", amount(bytes)))
        .collect()
}
