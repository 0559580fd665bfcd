//! What `configs/stage/gentoo.toml` says.

use super::Options;
use crate::{
    recipe::{complete::host_platform, document, near},
    registry,
};
use boot_kit::{Context, Error, ErrorKind, Kind, Result, RootPath, openpgp::Keyring};
use boot_stage::{Tree, gentoo::Wanted};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const FILE: &str = "configs/stage/gentoo.toml";
const TEXT: &str = include_str!("../../../configs/stage/gentoo.toml");
/// The longest file that is changed, in bytes.
const MAX_CHANGED: u64 = 1 << 20;

/// The file; its comments describe the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    mirrors: Vec<String>,
    flavour: String,
    keys: Vec<String>,
    host_keyring: PathBuf,
    architectures: BTreeMap<String, Architecture>,
    change: Vec<Change>,
    write: Vec<Write>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Architecture {
    directory: String,
    platform: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    path: String,
    text: String,
    to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    path: String,
    content: String,
}

impl Settings {
    /// Reads the file built into the program.
    pub(super) fn builtin() -> Result<Self> {
        document::parse(FILE, TEXT)
    }

    /// Fills in every default.
    pub(super) fn wanted(&self, options: &Options) -> Result<Wanted> {
        let known = || self.architectures.keys().map(String::as_str);
        let own = || {
            let is_own = |architecture: &Architecture| {
                Some(architecture.platform.as_str()) == host_platform()
            };
            let own = self.architectures.iter().find(|(_, found)| is_own(found));
            own.map(|(name, _)| name.as_str()).ok_or_else(|| {
                let message = "Gentoo has no stages for this machine";
                Error::new(ErrorKind::Usage, message).with_hint("name an architecture with --arch")
            })
        };
        let arch = options.arch.as_deref().map_or_else(own, Ok)?;
        let architecture = self.architectures.get(arch).ok_or_else(|| {
            let list = near::listed(&known().collect::<Vec<_>>(), "and");
            let hint =
                near::suggestion(arch, known()).unwrap_or_else(|| format!("known are {list}"));
            let message = format!("Gentoo has no architecture `{arch}`");
            Error::new(ErrorKind::Usage, message).with_hint(hint)
        })?;
        let flavour = options.flavour.as_deref().unwrap_or(&self.flavour);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if flavour.is_empty() || !flavour.chars().all(is_plain) {
            let message = format!("`{}` is not a flavour", flavour.escape_debug());
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("flavours are written like musl-hardened"));
        }
        let mirrors = if options.mirrors.is_empty() {
            &self.mirrors
        } else {
            &options.mirrors
        };
        let mirrors = mirrors
            .iter()
            .map(|url| url.trim_end_matches('/').to_owned());
        Ok(Wanted {
            mirrors: mirrors.collect(),
            directory: architecture.directory.clone(),
            arch: arch.to_owned(),
            flavour: flavour.to_owned(),
            build: options.build.clone(),
            now: options.root.now,
            allow_expired: options.root.allow_expired,
        })
    }

    /// Reads the user's keys, and no others, if there are any; else Gentoo's own, from this machine if it has them.
    pub(super) fn keyring(&self, files: &[PathBuf]) -> Result<Keyring> {
        let mut keyring = Keyring::default();
        let mut add =
            |path: &Path| keyring.add(&path.display().to_string(), &registry::read_key(path)?);
        if !files.is_empty() {
            files.iter().try_for_each(|file| add(file))?;
        } else if self.host_keyring.is_file() {
            add(&self.host_keyring)?;
        } else {
            for name in &self.keys {
                keyring.add(name, registry::builtin_key(name)?)?;
            }
        }
        Ok(keyring)
    }

    /// Does to a stage what its own container images have done.
    pub(super) fn touch(&self, tree: &mut Tree) -> Result<()> {
        for Change { path, text, to } in &self.change {
            let path = RootPath::parse(path)?;
            let file = tree
                .find(&path)
                .filter(|file| matches!(file.kind, Kind::File { .. }));
            let Some((file, content)) = file.zip(tree.read(&path, MAX_CHANGED)?) else {
                continue;
            };
            let old = String::from_utf8_lossy(&content);
            if old.contains(text) {
                tree.write(&path, old.replace(text, to).as_bytes(), file.mode)
                    .and_then(|()| tree.set_owner(&path, file.uid, file.gid, file.mode))
                    .context(|| format!("cannot change `{path}`"))?;
            }
        }
        for Write { path, content } in &self.write {
            let path = RootPath::parse(path)?;
            let parent = path.split().map(|(parent, _)| parent).unwrap_or_default();
            if tree
                .find(&parent)
                .is_some_and(|parent| parent.kind == Kind::Directory)
            {
                tree.write(&path, content.as_bytes(), 0o644)?;
            }
        }
        Ok(())
    }
}
