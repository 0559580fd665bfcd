//! What the slots of packages and indexes mean (apk-v3(5), and the numbers of apk's own schemas).

use super::{Slots, malformed, words::words};
use crate::{
    archive::{PkgInfo, Script, ScriptKind},
    checksum::Identity,
    package::Package,
    relation::{Dependency, Provide},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use boot_kit::{Context, Result, hex};
use std::fmt::Write as _;

/// Slots of a package.
pub mod package {
    /// The object `info`.
    pub const INFO: usize = 1;
    /// The array of directories.
    pub const PATHS: usize = 2;
    /// The object of scripts.
    pub const SCRIPTS: usize = 3;
    /// The array of trigger patterns.
    pub const TRIGGERS: usize = 4;
    /// A number.
    pub const REPLACES_PRIORITY: usize = 5;
}

/// Slots of an index.
pub mod index {
    /// Text.
    pub const DESCRIPTION: usize = 1;
    /// The array of `info` objects.
    pub const PACKAGES: usize = 2;
    /// The pattern of package files' names.
    pub const PKGNAME_SPEC: usize = 3;
}

/// Slots of a dependency.
pub mod dependency {
    /// Text.
    pub const NAME: usize = 1;
    /// Text.
    pub const VERSION: usize = 2;
    /// Bits.
    pub const MATCH: usize = 3;
}

/// Slots of a directory.
pub mod directory {
    /// Its whole path; empty for the root.
    pub const NAME: usize = 1;
    /// Who may do what.
    pub const ACL: usize = 2;
    /// The array of its files.
    pub const FILES: usize = 3;
}

/// Slots of a file.
pub mod file {
    /// Its name in its directory.
    pub const NAME: usize = 1;
    /// Who may do what.
    pub const ACL: usize = 2;
    /// Length in bytes.
    pub const SIZE: usize = 3;
    /// Seconds since the Unix epoch.
    pub const MTIME: usize = 4;
    /// A hash of the content, told by its length.
    pub const HASH: usize = 5;
    /// Of what is no plain file: two bytes of its type, then what it points to.
    pub const TARGET: usize = 6;
}

/// Slots of an ACL.
pub mod acl {
    /// Permission bits.
    pub const MODE: usize = 1;
    /// The owner's name.
    pub const USER: usize = 2;
    /// The group's name.
    pub const GROUP: usize = 3;
    /// The array of extended attributes: name, NUL, value.
    pub const XATTRS: usize = 4;
}

/// Slots of `info`.
mod info {
    pub const NAME: usize = 1;
    pub const VERSION: usize = 2;
    pub const HASHES: usize = 3;
    pub const DESCRIPTION: usize = 4;
    pub const ARCH: usize = 5;
    pub const LICENSE: usize = 6;
    pub const ORIGIN: usize = 7;
    pub const MAINTAINER: usize = 8;
    pub const URL: usize = 9;
    pub const COMMIT: usize = 10;
    pub const BUILD_TIME: usize = 11;
    pub const INSTALLED_SIZE: usize = 12;
    pub const FILE_SIZE: usize = 13;
    pub const PROVIDER_PRIORITY: usize = 14;
    pub const DEPENDS: usize = 15;
    pub const PROVIDES: usize = 16;
    pub const REPLACES: usize = 17;
    pub const INSTALL_IF: usize = 18;
    pub const TAGS: usize = 21;
}

/// The scripts of a package, by slot.
const SCRIPTS: [ScriptKind; 7] = [
    ScriptKind::Trigger,
    ScriptKind::PreInstall,
    ScriptKind::PostInstall,
    ScriptKind::PreDeinstall,
    ScriptKind::PostDeinstall,
    ScriptKind::PreUpgrade,
    ScriptKind::PostUpgrade,
];

/// Reads what a package says of itself.
pub fn pkg_info(root: Slots<'_>) -> Result<PkgInfo> {
    let info = root.slots(package::INFO)?;
    let number = |slot| -> Result<Option<u32>> {
        let value = root.integer(slot)?;
        value.map(narrow).transpose()
    };
    let triggers = root.slots(package::TRIGGERS)?;
    let triggers = (1..=triggers.len()).map(|slot| triggers.text(slot).map(str::to_owned));
    Ok(PkgInfo {
        name: name(info)?.to_owned(),
        version: info.text(info::VERSION)?.to_owned(),
        arch: info.text(info::ARCH)?.to_owned(),
        description: info.text(info::DESCRIPTION)?.to_owned(),
        origin: info.text(info::ORIGIN)?.to_owned(),
        installed_size: info.integer(info::INSTALLED_SIZE)?.unwrap_or(0),
        build_time: time(info.integer(info::BUILD_TIME)?),
        depends: words(info.slots(info::DEPENDS)?)?,
        provides: words(info.slots(info::PROVIDES)?)?,
        install_if: words(info.slots(info::INSTALL_IF)?)?,
        replaces: words(info.slots(info::REPLACES)?)?,
        replaces_priority: number(package::REPLACES_PRIORITY)?,
        provider_priority: info
            .integer(info::PROVIDER_PRIORITY)?
            .map(narrow)
            .transpose()?,
        triggers: triggers.collect::<Result<_>>()?,
        data_hash: None,
    })
}

/// Reads a package's scripts, in apk's order.
pub fn scripts(root: Slots<'_>) -> Result<Vec<Script>> {
    let slots = root.slots(package::SCRIPTS)?;
    let mut scripts = Vec::new();
    for (i, kind) in SCRIPTS.into_iter().enumerate() {
        if let Some(content) = slots.blob(i + 1)? {
            scripts.push(Script {
                kind,
                content: content.to_vec(),
                mtime: 0,
            });
        }
    }
    scripts.sort_by_key(|script| script.kind);
    Ok(scripts)
}

/// Reads what an index says of one package.
pub fn indexed(info: Slots<'_>, repository: usize) -> Result<Package> {
    let name = name(info)?.to_owned();
    entry(info, name.clone(), repository).context(|| format!("cannot read package `{name}`"))
}

fn entry(info: Slots<'_>, name: String, repository: usize) -> Result<Package> {
    let text = |slot| info.text(slot).map(str::to_owned);
    let depends = words(info.slots(info::DEPENDS)?)?;
    let provides = words(info.slots(info::PROVIDES)?)?;
    let install_if = words(info.slots(info::INSTALL_IF)?)?;
    let hash = info.blob(info::HASHES)?.unwrap_or_default();
    let short = <[u8; 20]>::try_from(hash).map(Identity::Short);
    let identity = short.or_else(|_| <[u8; 32]>::try_from(hash).map(Identity::Long));
    let identity = identity.map_err(|_| {
        let length = hash.len();
        malformed(format!("its hash has {length} bytes instead of 20 or 32"))
    })?;
    let commit = info.blob(info::COMMIT)?.unwrap_or_default();
    let mut package = Package {
        name,
        version: text(info::VERSION)?,
        arch: text(info::ARCH)?,
        identity: identity.to_string(),
        size: info.integer(info::FILE_SIZE)?.unwrap_or(0),
        installed_size: info.integer(info::INSTALLED_SIZE)?.unwrap_or(0),
        description: text(info::DESCRIPTION)?,
        url: text(info::URL)?,
        license: text(info::LICENSE)?,
        origin: text(info::ORIGIN)?,
        maintainer: text(info::MAINTAINER)?,
        build_time: time(info.integer(info::BUILD_TIME)?),
        commit: hex::encode(commit),
        provider_priority: info
            .integer(info::PROVIDER_PRIORITY)?
            .map_or(Ok(0), narrow)?,
        depends: depends
            .iter()
            .map(|word| Dependency::parse(word))
            .collect::<Result<_>>()?,
        provides: provides
            .iter()
            .map(|word| Provide::parse(word))
            .collect::<Result<_>>()?,
        install_if: install_if
            .iter()
            .map(|word| Dependency::parse(word))
            .collect::<Result<_>>()?,
        repository,
        stanza: String::new(),
    };
    let tags = info.slots(info::TAGS)?;
    let tags = (1..=tags.len()).map(|slot| tags.text(slot).map(str::to_owned));
    let tags = tags.collect::<Result<Vec<_>>>()?;
    let words = [&depends, &provides, &install_if, &tags];
    package.stanza = stanza(&package, &hash[..20], words.map(Vec::as_slice));
    Ok(package)
}

/// Writes what the package's stanza would be in an `APKINDEX`: apk's database holds it, with the first 20 bytes of the
/// hash whichever it is.
fn stanza(package: &Package, hash: &[u8], words: [&[String]; 4]) -> String {
    let mut text = String::new();
    let mut line = |letter: char, value: &str| {
        // A line feed would begin a line of the signer's choice; apk writes a blank in its place.
        if !value.is_empty() && value != "0" {
            let value = value.replace('\n', " ");
            writeln!(text, "{letter}:{value}").expect("a string takes everything");
        }
    };
    line('C', &format!("Q1{}", STANDARD.encode(hash)));
    line('P', &package.name);
    line('V', &package.version);
    line('A', &package.arch);
    line('S', &package.size.to_string());
    line('I', &package.installed_size.to_string());
    line('T', &package.description);
    line('U', &package.url);
    line('L', &package.license);
    line('o', &package.origin);
    line('m', &package.maintainer);
    line('t', &package.build_time.to_string());
    line('c', &package.commit);
    line('k', &package.provider_priority.to_string());
    for (letter, words) in ['D', 'p', 'i', 'g'].into_iter().zip(words) {
        line(letter, &words.join(" "));
    }
    text
}

/// A name is part of paths and URLs.
fn name(info: Slots<'_>) -> Result<&str> {
    let name = info.text(info::NAME)?;
    let version = info.text(info::VERSION)?;
    for word in [name, version] {
        if word.is_empty()
            || word.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
        {
            return Err(malformed(format!(
                "a package has the malformed name `{}`, version `{}`",
                name.escape_debug(),
                version.escape_debug()
            )));
        }
    }
    Ok(name)
}

fn narrow(value: u64) -> Result<u32> {
    u32::try_from(value).map_err(|_| malformed(format!("the number {value} is too large")))
}

fn time(value: Option<u64>) -> i64 {
    i64::try_from(value.unwrap_or(0)).unwrap_or(0)
}
