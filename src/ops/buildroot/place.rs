//! Where a tree is built.
//!
//! Buildroot takes minutes to hours, and goes on from what is in its output directory. So that the next build of the same
//! configuration is short, the directory stays, below the cache, named after what is built. What Buildroot does not
//! notice is that another configuration wants packages built otherwise: a note of the last one tells.

use super::tree::{Defconfig, SourceTree, check_path};
use crate::ops::connect;
use boot_kit::{Context, Digest, Error, ErrorKind, Result};
use boot_stage::buildroot::answer::deciding;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Says what was built here last.
const NOTE: &str = ".boot-config";
/// Locked as long as somebody builds here.
const LOCK: &str = ".boot-lock";
/// All that make printed.
const LOG: &str = "boot.log";

/// An output directory (`O=`), locked as long as this lives.
pub(super) struct Place {
    /// Where it is.
    pub path: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// Where all that make prints goes.
    pub log: PathBuf,
    /// Whether it is the cache's, and not one that the user named.
    pub is_ours: bool,
    _lock: File,
}

/// How a configuration compares with the one built last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing was built here, or the same.
    None,
    /// Another was built.
    Other,
}

impl Place {
    /// Makes and locks the directory that the user named, or one below the cache.
    pub fn open(
        named: Option<&Path>,
        cache_dir: Option<&Path>,
        tree: &SourceTree,
        defconfig: &Defconfig,
    ) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => connect::directory(cache_dir)?
                .join("buildroot")
                .join(name(tree, defconfig)),
        };
        let made = fs_err::create_dir_all(&path).and_then(|()| fs_err::canonicalize(&path));
        let path = made.context(|| "cannot make Buildroot's output directory")?;
        check_path(&path).map_err(|error| match named {
            Some(_) => error,
            None => error.with_hint("name another output directory with --output-dir"),
        })?;
        // In its usual place, the configuration is in the tree itself.
        let is_usual = path == tree.path.join("output");
        let config = if is_usual { &tree.path } else { &path };
        Ok(Self {
            config: config.join(".config"),
            log: path.join(LOG),
            is_ours: named.is_none(),
            _lock: lock(&path)?,
            path,
        })
    }

    /// Reads the configuration.
    pub fn read_config(&self) -> Result<String> {
        let bytes = fs_err::read(&self.config).context(|| "cannot read the configuration")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Tells whether another configuration was built here before.
    pub fn change(&self, config: &str, epoch: Option<i64>) -> Result<Change> {
        match fs_err::read_to_string(self.path.join(NOTE)) {
            Ok(last) if last != note(config, epoch) => Ok(Change::Other),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context(|| "cannot read what was built last")
            }
            _ => Ok(Change::None),
        }
    }

    /// Remembers what is built here from now on.
    pub fn remember(&self, config: &str, epoch: Option<i64>) -> Result<()> {
        fs_err::write(self.path.join(NOTE), note(config, epoch))
            .context(|| "cannot remember what is built")
    }
}

/// What decides what is built, as text. `epoch` is that of a reproducible build, which is in its files.
fn note(config: &str, epoch: Option<i64>) -> String {
    let epoch = epoch.map(|epoch| format!("# SOURCE_DATE_EPOCH {epoch}\n"));
    deciding(config) + &epoch.unwrap_or_default()
}

/// The name of the cache's directory for a configuration of a tree.
fn name(tree: &SourceTree, defconfig: &Defconfig) -> String {
    let mut key = Vec::new();
    for path in [&tree.path].into_iter().chain(&tree.externals) {
        key.extend_from_slice(path.as_os_str().as_bytes());
        key.push(0);
    }
    key.push(0);
    match defconfig {
        Defconfig::Named(name) => key.extend_from_slice(name.as_bytes()),
        Defconfig::File(path) => key.extend_from_slice(path.as_os_str().as_bytes()),
        Defconfig::Kept => {}
    }
    format!("{}-{:.16}", defconfig.word(), Digest::of(key).to_string())
}

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK);
    let file = File::create(&path).context(|| format!("cannot lock `{}`", path.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let message = format!("another build is under way in `{}`", directory.display());
            let hint = "wait for it, or name another directory with --output-dir";
            Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
        }
        Err(error) => {
            Err(io::Error::from(error)).context(|| format!("cannot lock `{}`", path.display()))
        }
    }
}
