//! Whether all positions in a report lead somewhere: what is read from a file may say anything.

use crate::footprint::{
    Footprint,
    compare::Comparison,
    model::{Detail, Node, Special},
};
use boot_kit::{Error, ErrorKind, Result};

/// Checks all positions in the report of one image.
///
/// Errors with [`ErrorKind::Parse`] if one leads nowhere.
pub fn footprint(image: &Footprint) -> Result<()> {
    let lists = Lists {
        packages: image.packages.len(),
        classes: image.classes.len(),
    };
    for cell in &image.cells {
        lists.class(Some(cell.class))?;
        lists.package(cell.package)?;
    }
    let privilege = &image.privilege;
    let special = [
        &privilege.setuid,
        &privilege.setgid,
        &privilege.capabilities,
        &privilege.world_writable,
    ];
    let special = special.into_iter().flatten();
    let special = special.map(|it: &Special| it.package);
    let programs = [&image.shells, &image.interpreters, &image.package_managers];
    let programs = programs.into_iter().flatten().map(|it| it.package);
    let needs = image.packages.iter().flat_map(|package| &package.needs);
    let met_by = needs.flat_map(|need| &need.met_by).copied().map(Some);
    for package in special.chain(programs).chain(met_by) {
        lists.package(package)?;
    }
    for package in &image.packages {
        within(
            "inventory",
            Some(package.inventory),
            image.inventories.len(),
        )?;
    }
    tree(&image.tree, &lists)?;
    image.detail.iter().try_for_each(|it| detail(it, &lists))
}

/// Checks all positions in a comparison and its images, and that every list of figures has one for each image.
///
/// Errors with [`ErrorKind::Parse`] if one leads nowhere.
pub fn comparison(found: &Comparison) -> Result<()> {
    found.images.iter().try_for_each(footprint)?;
    let count = found.images.len();
    let image = |position: u32| within("image", Some(position), count);
    let lists = |what: &str, length: usize| {
        if length == count {
            return Ok(());
        }
        let message = format!("there are {length} of {what} for {count} images");
        Err(Error::new(ErrorKind::Parse, message))
    };
    for metric in &found.metrics {
        lists("`values`", metric.values.len())?;
        metric.best.iter().copied().try_for_each(image)?;
    }
    for row in found.breakdowns.iter().flat_map(|it| &it.rows) {
        lists("`bytes`", row.bytes.len())?;
        lists("`zstd_bytes`", row.zstd_bytes.len())?;
    }
    if let Some(sharing) = &found.sharing {
        lists("`shared_bytes`", sharing.shared_bytes.len())?;
        lists("`unique_bytes`", sharing.unique_bytes.len())?;
        lists("`between_bytes`", sharing.between_bytes.len())?;
        for row in &sharing.between_bytes {
            lists("`between_bytes`", row.len())?;
        }
    }
    let named = found.differences.iter().map(|it| it.image);
    let named = named.chain(found.advice.iter().map(|it| it.image));
    let named = named.chain(found.breaches.iter().map(|it| it.image));
    let mut named = named.chain(found.updates.iter().map(|it| it.image));
    named.try_for_each(image)
}

/// How long the lists are that positions refer to.
struct Lists {
    packages: usize,
    classes: usize,
}

impl Lists {
    fn package(&self, position: Option<u32>) -> Result<()> {
        within("package", position, self.packages)
    }

    fn class(&self, position: Option<u32>) -> Result<()> {
        within("class", position, self.classes)
    }
}

fn tree(nodes: &[Node], lists: &Lists) -> Result<()> {
    for (place, node) in nodes.iter().enumerate() {
        lists.package(node.package)?;
        lists.class(node.class)?;
        within("parent", node.parent, place)?;
        if node.parent.is_none() && place > 0 {
            let message = format!("node {place} of `tree` has no parent");
            return Err(Error::new(ErrorKind::Parse, message));
        }
    }
    Ok(())
}

fn detail(detail: &Detail, lists: &Lists) -> Result<()> {
    for file in &detail.files {
        lists.class(Some(file.class))?;
        lists.package(file.package)?;
    }
    for missing in &detail.missing {
        lists.package(Some(missing.package))?;
    }
    let mut objects = detail.objects.iter();
    objects.try_for_each(|it| within("file", Some(it.file), detail.files.len()))
}

fn within(what: &str, position: Option<u32>, length: usize) -> Result<()> {
    match position {
        Some(position) if position as usize >= length => {
            let message = format!("`{what}` is {position}, but there are only {length}");
            Err(Error::new(ErrorKind::Parse, message))
        }
        _ => Ok(()),
    }
}
