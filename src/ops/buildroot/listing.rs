//! The packages of an image, as JSON.

use super::Built;
use crate::{ops::stage::Summary, progress::quantity::seconds};
use boot_kit::{Context, Error, ErrorKind, Result};
use boot_stage::buildroot::{Inventory, Package};
use serde_json::{Value, json};
use std::{
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Describes the packages: an array, sorted by name.
pub fn packages(inventory: &Inventory) -> Value {
    inventory.packages.iter().map(package).collect()
}

fn package(package: &Package) -> Value {
    json!({
        "name": package.name,
        "version": package.version,
        "licences": package.licences,
        "files": package.files,
        "size_bytes": package.bytes,
        "built_s": package.built.map(seconds),
    })
}

/// Checks that the listing can be written; only `force` replaces what is there.
pub(super) fn check(path: &Path, force: bool) -> Result<()> {
    if force || !path.exists() {
        return Ok(());
    }
    let message = format!("`{}` exists", path.display());
    Err(Error::new(ErrorKind::Usage, message).with_hint("replace it with --force"))
}

/// Writes the listing, whole or not at all.
pub(super) fn write(
    path: &Path,
    inventory: &Inventory,
    summary: &Summary,
    built: Option<&Built>,
) -> Result<()> {
    let object = json!({
        "name": summary.name.as_str(),
        "platform": summary.about.platform,
        "buildroot": summary.about.version,
        "arch": built.map(|built| &built.arch),
        "packages": packages(inventory),
        "unowned": {"files": inventory.unowned_files, "size_bytes": inventory.unowned_bytes},
    });
    let write = || -> Result<()> {
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
        // What of the mode the umask leaves.
        let mut file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory.map_or_else(|| PathBuf::from("."), Path::to_owned))?;
        file.write_all(format!("{object:#}\n").as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().context(|| format!("cannot write `{}`", path.display()))
}
