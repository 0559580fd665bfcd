//! What apt keeps besides dpkg's database.

use boot_kit::{Layer, Plan, Result, Root, RootPath};
use std::collections::BTreeSet;

const EXTENDED_STATES: &str = "var/lib/apt/extended_states";
/// Where downloads are put that are not complete; apt drops to its own user there.
const PARTIAL: [&str; 2] = [
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
];

/// Marks the packages nobody asked for as installed automatically, so that `apt autoremove` may take them.
///
/// Covers the plan's layers up to and including `last`. As in apt, `Architecture: all` counts as `native`.
pub fn write_extended_states(root: &Root, plan: &Plan, last: &Layer, native: &str) -> Result<()> {
    let mut automatic = BTreeSet::new();
    for layer in &plan.layers {
        let artifacts = layer.steps.iter().flat_map(|step| &step.artifacts);
        for artifact in artifacts.filter(|artifact| !artifact.requested) {
            let arch = if artifact.arch == "all" {
                native
            } else {
                &artifact.arch
            };
            automatic.insert((artifact.name.as_str(), arch));
        }
        if layer.name == last.name {
            break;
        }
    }
    if automatic.is_empty() {
        return Ok(());
    }
    let paragraph =
        |(name, arch)| format!("Package: {name}\nArchitecture: {arch}\nAuto-Installed: 1\n\n");
    let text: String = automatic.into_iter().map(paragraph).collect();
    root.write(&RootPath::from(EXTENDED_STATES), text.as_bytes(), 0o644)
}

/// Makes apt's directories for partial downloads, owned by its user `_apt` where there is one.
pub fn make_partial_directories(root: &Root) -> Result<()> {
    let passwd = root
        .read(&RootPath::from("etc/passwd"))?
        .unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let uid = passwd.lines().find_map(|line| {
        line.strip_prefix("_apt:x:")?
            .split(':')
            .next()?
            .parse()
            .ok()
    });
    for path in PARTIAL.map(RootPath::from) {
        root.create_directory(&path, 0o700)?;
        if let Some(uid) = uid {
            root.set_owner(&path, uid, 0, 0o700)?;
        }
    }
    Ok(())
}
