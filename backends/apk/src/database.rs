//! apk's database below `lib/apk/db`, as apk 2.14 writes it.

pub mod installed;
mod protection;
pub mod scripts;
pub mod triggers;

pub use installed::{Access, Directory, Installation, Installed, Leaf};
pub use protection::Protection;
pub use scripts::{AllScripts, Script, Scripts};
pub use triggers::Triggers;

use crate::archive::ScriptKind;
use boot_kit::{Context, Result, Root, RootPath};

/// Where the lists of packages and files are.
const INSTALLED: &str = "lib/apk/db/installed";
/// Where scripts are kept.
const SCRIPTS: &str = "lib/apk/db/scripts.tar";
/// Where patterns of triggers are.
const TRIGGERS: &str = "lib/apk/db/triggers";
/// What apk locks while it works.
const LOCK: &str = "lib/apk/db/lock";

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
        let archive = root.read(&SCRIPTS.into())?.unwrap_or_default();
        let triggers = root.read(&TRIGGERS.into())?.unwrap_or_default();
        Ok(Self {
            scripts: scripts::read(&archive, &installed)
                .context(|| format!("cannot read `{SCRIPTS}`"))?,
            triggers: triggers::read(&String::from_utf8_lossy(&triggers), &installed),
            installed,
        })
    }

    /// Writes the database.
    pub fn write(&self, root: &Root) -> Result<()> {
        let installed = installed::write(&self.installed);
        let scripts = scripts::write(&self.installed, &self.scripts)?;
        let triggers = triggers::write(&self.triggers, &self.installed);
        root.write(&INSTALLED.into(), &installed, 0o644)?;
        root.write(&SCRIPTS.into(), &scripts, 0o644)?;
        root.write(&TRIGGERS.into(), triggers.as_bytes(), 0o644)?;
        root.write(&LOCK.into(), b"", 0o600)
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
