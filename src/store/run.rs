//! The place of one run for files that are not complete yet.

use boot_kit::{Context, Result};
use fs_err as fs;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A directory of its own, removed at the end; the lock on it says that its owner still lives.
pub struct Run {
    directory: TempDir,
    _lock: File,
}

impl Run {
    /// Clears what dead runs left in `runs` and makes a new directory there.
    pub fn begin(runs: &Path) -> Result<Self> {
        let gate = File::open(runs)?;
        // Between a directory's making and its locking it would look dead: nobody clears meanwhile.
        flock(&gate, FlockOperation::LockExclusive).map_err(std::io::Error::from)?;
        clear_dead(runs)?;
        let directory = tempfile::Builder::new()
            .prefix("")
            .tempdir_in(runs)
            .context(|| format!("cannot make a directory in `{}`", runs.display()))?;
        let lock = File::open(directory.path())?;
        flock(&lock, FlockOperation::LockExclusive).map_err(std::io::Error::from)?;
        Ok(Self {
            directory,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

fn clear_dead(runs: &Path) -> Result<()> {
    let found: Vec<PathBuf> = fs::read_dir(runs)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    for path in found {
        // What cannot be opened or removed is someone else's, or was removed by its owner just now.
        let Ok(directory) = File::open(&path) else {
            continue;
        };
        if flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}
