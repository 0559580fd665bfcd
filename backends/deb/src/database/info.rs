//! `var/lib/dpkg/info`: each package's control files and its list of paths.

use crate::archive::Unpacked;
use boot_kit::{Error, ErrorKind, Result, Root, RootPath};
use std::collections::{HashMap, HashSet};

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

/// Reads the list of paths of a package.
pub fn read_list(root: &Root, info_name: &str) -> Result<Vec<RootPath>> {
    let list = root
        .read(&info_path(info_name, "list")?)?
        .unwrap_or_default();
    list.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(RootPath::parse)
        .collect()
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

/// Checks that `package` has the same files at `paths` as its instance of another architecture, `info_name`.
///
/// dpkg compares the files themselves; both packages' own sums say the same. Configuration files have none: they may
/// differ until they are configured.
pub fn check_shared(
    root: &Root,
    package: &Unpacked,
    info_name: &str,
    paths: &HashSet<RootPath>,
) -> Result<()> {
    let theirs = root.read(&info_path(info_name, "md5sums")?)?;
    let theirs = sums(theirs.as_deref().unwrap_or_default());
    let ours = package.file("md5sums").map(|file| sums(&file.content));
    let ours = ours.unwrap_or_default();
    let differs = |path: &&RootPath| {
        let (ours, theirs) = (ours.get(path.bytes()), theirs.get(path.bytes()));
        ours.is_some() && theirs.is_some() && ours != theirs
    };
    let Some(path) = paths.iter().filter(differs).min() else {
        return Ok(());
    };
    let message = format!(
        "package `{}` has another `/{path}` than `{info_name}`",
        package.control.info_name()
    );
    Err(Error::new(ErrorKind::Unsatisfiable, message).with_hint(
        "packages of several architectures must be of one build: include only one of the two",
    ))
}

/// Reads `md5sums` (deb-md5sums(5)): the sum by path.
fn sums(text: &[u8]) -> HashMap<&[u8], &[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    let split = |line| -> Option<(&[u8], &[u8])> {
        let line: &[u8] = line;
        let (sum, path) = line.split_at_checked(32)?;
        Some((path.trim_ascii_start(), sum))
    };
    lines.filter_map(split).collect()
}

/// Names one of a package's control files.
pub fn info_path(info_name: &str, extension: &str) -> Result<RootPath> {
    RootPath::parse(format!("var/lib/dpkg/info/{info_name}.{extension}"))
}
