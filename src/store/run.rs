//! The place of one run for files that are not complete yet.

use super::gate::Gate;
use boot_kit::{Context, Result};
use fs_err as fs;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};
use tempfile::TempDir;

/// An empty file whose time is the run's begin, by the same clock as the times of what the run uses.
const BEGAN: &str = "began";

/// A directory of its own, removed at the end; the lock on it says that its owner still lives.
pub struct Run {
    directory: TempDir,
    began: SystemTime,
    _lock: File,
}

impl Run {
    /// Clears what dead runs left in `runs` and `locks`, and makes a new directory in `runs`.
    pub fn begin(runs: &Path, locks: &Path) -> Result<Self> {
        // Between a directory's making and its locking it would look dead: nobody clears meanwhile.
        let gate = Gate::to_remove(runs)?;
        clear_dead(&gate, runs)?;
        super::lock::clear_orphans(locks)?;
        let directory = tempfile::Builder::new()
            .prefix("")
            .tempdir_in(runs)
            .context(|| format!("cannot make a directory in `{}`", runs.display()))?;
        let lock = File::open(directory.path())?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let began = fs::File::create(directory.path().join(BEGAN))?
            .metadata()?
            .modified()?;
        Ok(Self {
            directory,
            began,
            _lock: lock,
        })
    }

    /// When it began: what was last used before that is not yet known to be used by this run.
    pub fn began(&self) -> SystemTime {
        self.began
    }

    /// Names a file that nobody has: in the run's directory.
    pub fn scratch(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.directory.path().join(number.to_string())
    }
}

/// Tells when the oldest run that still lives began; `None` if none lives.
pub fn oldest_living(_gate: &Gate, runs: &Path) -> Result<Option<SystemTime>> {
    let mut oldest = None;
    for path in paths(runs)? {
        let Ok(directory) = File::open(&path) else {
            continue;
        };
        if flock(&directory, FlockOperation::NonBlockingLockShared).is_ok() {
            continue;
        }
        let began = fs::metadata(path.join(BEGAN)).and_then(|metadata| metadata.modified());
        // One of another version may have used anything.
        let began = began.unwrap_or(SystemTime::UNIX_EPOCH);
        oldest = Some(oldest.map_or(began, |oldest: SystemTime| oldest.min(began)));
    }
    Ok(oldest)
}

/// Removes the directories of runs that no longer live; returns how many bytes their files had.
pub fn clear_dead(gate: &Gate, runs: &Path) -> Result<u64> {
    // What cannot be removed is someone else's, or was removed by its owner just now.
    each_dead(gate, runs, |path| drop(fs::remove_dir_all(path)))
}

/// Tells how many bytes the files of runs have that no longer live.
pub fn dead_bytes(gate: &Gate, runs: &Path) -> Result<u64> {
    each_dead(gate, runs, |_| {})
}

fn each_dead(_gate: &Gate, runs: &Path, with: impl Fn(&Path)) -> Result<u64> {
    let mut bytes = 0;
    for path in paths(runs)? {
        // What cannot be opened is someone else's, or was removed by its owner just now.
        let Ok(directory) = File::open(&path) else {
            continue;
        };
        if flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let files = paths(&path).unwrap_or_default();
            let lengths = files.iter().filter_map(|file| fs::metadata(file).ok());
            bytes += lengths.map(|metadata| metadata.len()).sum::<u64>();
            with(&path);
        }
    }
    Ok(bytes)
}

/// Lists a directory.
fn paths(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}
