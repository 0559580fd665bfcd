//! apk's database below `lib/apk/db`, as apk 2.14 or apk 3 writes it.

mod form;
pub mod installed;
mod protection;
pub mod scripts;
pub mod triggers;

pub use form::Form;
pub use installed::{Access, Directory, Installation, Installed, Leaf};
pub use protection::Protection;
pub use scripts::{AllScripts, Script, Scripts};
pub use triggers::Triggers;

use crate::archive::ScriptKind;
use boot_kit::{Context, Result, Root, RootPath};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use std::io::{Read, Write};

/// Where the lists of packages and files are.
const INSTALLED: &str = "lib/apk/db/installed";
/// Where scripts are kept by apk 2, and by apk 3 where it finds them there.
const SCRIPTS: &str = "lib/apk/db/scripts.tar";
/// Where apk 3 keeps them otherwise.
const COMPRESSED_SCRIPTS: &str = "lib/apk/db/scripts.tar.gz";
/// Where patterns of triggers are.
const TRIGGERS: &str = "lib/apk/db/triggers";
/// What apk locks while it works.
const LOCK: &str = "lib/apk/db/lock";
/// The number that gzip has for Unix, as zlib writes it.
const UNIX: u8 = 3;
/// The most bytes that scripts of packages may have together.
const LIMIT: u64 = 1 << 30;

/// All that a root says of its packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Packages and their files.
    pub installed: Installed,
    /// The scripts of each package.
    pub scripts: AllScripts,
    /// Who watches which directories.
    pub triggers: Triggers,
}

impl Database {
    /// Reads the database of a root; a root without one has no packages.
    pub fn read(root: &Root) -> Result<Self> {
        let text = root.read(&INSTALLED.into())?.unwrap_or_default();
        let installed = installed::parse(&text).context(|| format!("cannot read `{INSTALLED}`"))?;
        let (place, archive) = match root.read(&SCRIPTS.into())? {
            Some(archive) => (SCRIPTS, archive),
            None => (COMPRESSED_SCRIPTS, decompressed(root)?),
        };
        let triggers = root.read(&TRIGGERS.into())?.unwrap_or_default();
        Ok(Self {
            scripts: scripts::read(&archive, &installed)
                .context(|| format!("cannot read `{place}`"))?,
            triggers: triggers::read(&String::from_utf8_lossy(&triggers), &installed),
            installed,
        })
    }

    /// Writes the database in the form of whichever apk made the packages.
    pub fn write(&self, root: &Root) -> Result<()> {
        let form = self.form();
        let installed = installed::write(&self.installed, form);
        let scripts = scripts::write(&self.installed, &self.scripts, form)?;
        let triggers = triggers::write(&self.triggers, &self.installed, form);
        root.write(&INSTALLED.into(), &installed, 0o644)?;
        root.write(&TRIGGERS.into(), triggers.as_bytes(), 0o644)?;
        match form {
            Form::V2 => {
                root.write(&SCRIPTS.into(), &scripts, 0o644)?;
                root.write(&LOCK.into(), b"", 0o600)
            }
            Form::V3 => {
                // A layer below may be of v2 alone.
                root.remove(&SCRIPTS.into())?;
                root.remove(&LOCK.into())?;
                root.write(&COMPRESSED_SCRIPTS.into(), &compressed(&scripts)?, 0o644)
            }
        }
    }

    /// The form it is written in: that of apk 3 as soon as one package is of v3, which apk 2 cannot read.
    pub fn form(&self) -> Form {
        if self.installed.values().any(|package| package.is_v3) {
            Form::V3
        } else {
            Form::V2
        }
    }

    /// Goes through the directories of all packages.
    pub fn directories(&self) -> impl Iterator<Item = &RootPath> {
        let packages = self.installed.values();
        packages.flat_map(|package| package.directories.keys())
    }

    /// Finds the patterns a package watches.
    pub fn patterns(&self, package: &str) -> Option<&[String]> {
        let mut triggers = self.triggers.iter();
        let (_, patterns) = triggers.find(|(name, _)| name == package)?;
        Some(patterns)
    }

    /// Finds a script of a package.
    pub fn script(&self, package: &str, kind: ScriptKind) -> Option<&Script> {
        let mut scripts = self.scripts.iter();
        scripts.find(|(name, _)| name == package)?.1.get(&kind)
    }
}

/// Compresses without a date, so that the same scripts are the same bytes.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let builder = GzBuilder::new().operating_system(UNIX);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn decompressed(root: &Root) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(archive) = root.read(&COMPRESSED_SCRIPTS.into())? {
        let mut decoder = GzDecoder::new(&archive[..]).take(LIMIT);
        decoder
            .read_to_end(&mut bytes)
            .context(|| format!("cannot read `{COMPRESSED_SCRIPTS}`"))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
