//! Which packages a root holds, under which licences, and what each takes.

use super::{
    info::{self, Info, licence_name, licences},
    list,
};
use crate::tree::Tree;
use boot_kit::{Entry, Kind, Result, RootPath, Sink};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    time::Duration,
};

/// The texts of Buildroot's reports, as far as they are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// What `make -s show-info` prints.
    pub info: Option<String>,
    /// `build/packages-file-list.txt`.
    pub files: Option<String>,
    /// `build/build-time.log`.
    pub times: Option<String>,
}

/// A package of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name, e.g. `busybox`.
    pub name: String,
    /// Its version; `None` for Buildroot's own, and if nothing says it.
    pub version: Option<String>,
    /// Its licences with their remarks, e.g. `GPL-2.0+ (programs)`; none if they are unknown.
    pub licences: Vec<String>,
    /// How many files and links of the root are its own.
    pub files: u64,
    /// How many bytes these have; a file with several names counts once.
    pub bytes: u64,
    /// How long it took to build.
    pub built: Option<Duration>,
}

/// What a root holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Its packages, sorted by name.
    pub packages: Vec<Package>,
    /// How many files and links are no package's, such as those of an overlay.
    pub unowned_files: u64,
    /// How many bytes these have.
    pub unowned_bytes: u64,
}

impl Inventory {
    /// The licences of all packages, without their remarks.
    pub fn licences(&self) -> BTreeSet<&str> {
        let licences = self.packages.iter().flat_map(|package| &package.licences);
        licences.map(|licence| licence_name(licence)).collect()
    }

    /// How many packages say nothing of their licence.
    pub fn unlicensed(&self) -> usize {
        let packages = self.packages.iter();
        packages
            .filter(|package| package.licences.is_empty())
            .count()
    }
}

/// Takes stock of a root by Buildroot's reports; `None` if there is no report that names packages.
///
/// The root must be settled. What counts as a package is everything built for the root, whether or not it left a file in
/// it, because its code may be in another's; virtual packages only if they own a file. A file that several packages
/// list is the last one's, as for Buildroot's own statistics.
pub fn inventory(tree: &Tree, reports: &Reports) -> Result<Option<Inventory>> {
    let info = reports.info.as_deref().map(info::show_info).transpose()?;
    if info.is_none() && reports.files.is_none() {
        return Ok(None);
    }
    let times = info::times(reports.times.as_deref().unwrap_or_default());
    let mut packages = BTreeMap::new();
    for (name, info) in info.iter().flatten() {
        if info.kind == "target" && !info.r#virtual {
            packages.insert(name.clone(), described(name, Some(info)));
        }
    }
    let list = reports.files.as_deref().unwrap_or_default();
    let owners = list::owners(list.as_bytes())?;
    let mut stock = Stock {
        owners: &owners,
        packages,
        info: info.unwrap_or_default(),
        unowned: Share::default(),
    };
    tree.walk(&mut stock)?;
    let Stock {
        mut packages,
        unowned,
        ..
    } = stock;
    for package in packages.values_mut() {
        package.built = times.get(&package.name).copied();
    }
    let is_owned = !owners.is_empty();
    Ok(Some(Inventory {
        packages: packages.into_values().collect(),
        unowned_files: if is_owned { unowned.files } else { 0 },
        unowned_bytes: if is_owned { unowned.bytes } else { 0 },
    }))
}

fn described(name: &str, info: Option<&Info>) -> Package {
    let version = info.map(|info| info.version.clone());
    Package {
        name: name.to_owned(),
        version: version.filter(|version| !version.is_empty()),
        licences: info
            .map(|info| licences(&info.licenses))
            .unwrap_or_default(),
        ..Package::default()
    }
}

#[derive(Default)]
struct Share {
    files: u64,
    bytes: u64,
}

/// Counts what passes by under its package.
struct Stock<'a> {
    owners: &'a BTreeMap<RootPath, &'a str>,
    packages: BTreeMap<String, Package>,
    info: BTreeMap<String, Info>,
    unowned: Share,
}

impl Stock<'_> {
    /// The package of a file; byte-compiled Python is its source's.
    fn owner(&self, path: &RootPath) -> Option<&str> {
        let owner = self.owners.get(path).or_else(|| {
            let source = path.bytes().strip_suffix(b"c")?;
            let source = source.ends_with(b".py").then_some(source)?;
            self.owners.get(&RootPath::parse(source).ok()?)
        });
        owner.copied()
    }
}

impl Sink for Stock<'_> {
    fn entry(&mut self, entry: &Entry, _content: &mut dyn Read) -> Result<()> {
        let bytes = match entry.kind {
            Kind::File { size } => size,
            Kind::Symlink(_) | Kind::Hardlink(_) => 0,
            _ => return Ok(()),
        };
        let Some(name) = self.owner(&entry.path).map(str::to_owned) else {
            self.unowned.files += 1;
            self.unowned.bytes += bytes;
            return Ok(());
        };
        let info = self.info.get(&name);
        let package = self
            .packages
            .entry(name)
            .or_insert_with_key(|name| described(name, info));
        package.files += 1;
        package.bytes += bytes;
        Ok(())
    }
}
