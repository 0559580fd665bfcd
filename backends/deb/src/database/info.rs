//! `var/lib/dpkg/info`: each package's control files and its list of paths.

use crate::archive::Unpacked;
use boot_kit::{Result, Root, RootPath};
use std::collections::HashSet;

/// Writes a package's control files, each with its own time, and its `.list`: one absolute path a line, in archive
/// order, the root as `/.`.
///
/// `keep` says which of its paths the package owns: those another package keeps are not listed.
pub fn write_info(root: &Root, package: &Unpacked, keep: &dyn Fn(&RootPath) -> bool) -> Result<()> {
    for file in &package.files {
        let path = info_path(&package.control.info_name(), &file.name)?;
        root.write(&path, &file.content, file.mode)?;
        root.set_mtime(&path, file.mtime)?;
    }
    let paths = package
        .paths
        .iter()
        .map(|path| &path.path)
        .filter(|path| keep(path));
    let mut list = Vec::new();
    for path in paths {
        list.push(b'/');
        list.extend_from_slice(if path.is_root() { b"." } else { path.bytes() });
        list.push(b'\n');
    }
    root.write(
        &info_path(&package.control.info_name(), "list")?,
        &list,
        0o644,
    )
}

/// Takes `paths` off the list of a package that no longer owns them.
pub fn remove_from_list(root: &Root, info_name: &str, paths: &HashSet<RootPath>) -> Result<()> {
    let path = info_path(info_name, "list")?;
    let old = root.read(&path)?.unwrap_or_default();
    let mut new = Vec::with_capacity(old.len());
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        if !paths.contains(&RootPath::parse(line.trim_ascii_end())?) {
            new.extend_from_slice(line);
        }
    }
    root.write(&path, &new, 0o644)
}

fn info_path(info_name: &str, extension: &str) -> Result<RootPath> {
    RootPath::parse(format!("var/lib/dpkg/info/{info_name}.{extension}"))
}
