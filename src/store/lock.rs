//! Locks on names: one of several runs does something, the others wait for it.
//!
//! ```text
//! <cache>/locks/<hex>          held by who downloads that digest
//! <cache>/locks/layer-<hex>    held by who makes the layer of that key
//! ```
//!
//! The kernel ends a lock with the process that holds it, however that ends. A thread that downloads holds one and
//! never waits for a second, so no two runs can wait for each other. Whoever holds a lock shows signs of life by the time
//! of its file, so that nobody waits for a process that was stopped.

mod heartbeat;

use super::Store;
use crate::interrupt;
use boot_kit::{Context, Digest, Event, Report, Result};
use fs_err as fs;
use heartbeat::Heartbeat;
use rustix::{
    fs::{FlockOperation, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, flock, futimens},
    io::Errno,
};
use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant, SystemTime},
};

/// How long a lock that was given back may go unnoticed.
const SLICE: Duration = Duration::from_millis(10);
/// How long another's download may stand still before this run starts its own.
const STILL: Duration = Duration::from_secs(5);
/// How long another's layer may: its holder shows signs of life ten times as often, whatever it does.
const STOPPED: Duration = Duration::from_secs(20);
/// How long a wait needs no explanation.
const SILENCE: Duration = Duration::from_secs(1);

/// The right to download something while others wait; ends when dropped.
pub struct Claim(Option<Lock>);

/// The right to make a layer while others wait; ends when dropped.
pub struct LayerLock {
    // Ended first, as it keeps the lock's file open.
    _life: Option<Heartbeat>,
    /// None where the holder has stood still: then the layer is made twice, and whoever is last replaces it with the same.
    _lock: Option<Lock>,
}

impl Claim {
    /// Says that bytes are coming, so that those who wait go on waiting.
    pub fn progress(&self) {
        if let Some(lock) = &self.0 {
            touch(&lock.file);
        }
    }
}

impl Store {
    /// Takes the right to download what `key` names; waits while another run or thread does so and gets on with it.
    ///
    /// Look into the store again after this: the other may have brought it. One that has died, failed or come to a
    /// standstill is not waited for.
    pub fn claim(&self, key: &Digest, stop: &AtomicBool) -> Result<Claim> {
        self.claim_within(STILL, key, stop)
    }

    pub(super) fn claim_within(
        &self,
        still: Duration,
        key: &Digest,
        stop: &AtomicBool,
    ) -> Result<Claim> {
        let mut signs = Signs::default();
        let waits = |moved| signs.last(moved) < still;
        Lock::take(&self.places.claim(key), stop, waits).map(Claim)
    }

    /// Takes the right to make the layer of `key`; waits while another run does, and says so after a second.
    ///
    /// One that was stopped is not waited for: then this run makes the layer as well, and says so.
    /// Look the record up again after this: the other may have finished the layer. The lock ends with the process.
    /// Whoever holds several takes those of lower layers first, so that no two runs wait for each other.
    pub fn lock_layer(
        &self,
        key: &Digest,
        stop: &AtomicBool,
        report: &dyn Report,
    ) -> Result<LayerLock> {
        self.lock_layer_within(STOPPED, key, stop, report)
    }

    pub(super) fn lock_layer_within(
        &self,
        still: Duration,
        key: &Digest,
        stop: &AtomicBool,
        report: &dyn Report,
    ) -> Result<LayerLock> {
        let warn = |message: String| report.event(Event::Warning { message });
        let begin = Instant::now();
        let mut told = false;
        let mut signs = Signs::default();
        let waits = |moved: SystemTime| {
            // Stopped before this run began: a lock that is found so need not be watched for as long again. Later only
            // what is seen counts, because while a machine sleeps nobody shows signs of life.
            let is_first = signs.0.is_none();
            let is_old = is_first && moved.elapsed().is_ok_and(|age| age >= still);
            if is_old || signs.last(moved) >= still {
                return false;
            }
            if !told && begin.elapsed() >= SILENCE {
                told = true;
                warn("waiting for another build that makes the same layer".to_owned());
            }
            true
        };
        let lock = Lock::take(&self.places.layer_lock(key), stop, waits)?;
        if lock.is_none() {
            warn(format!(
                "another build that makes the same layer has stood still for {} s: making it here as well",
                still.as_secs()
            ));
        }
        let life = lock
            .as_ref()
            .map(|lock| Heartbeat::start(&lock.file, still / 10))
            .transpose()
            .context(|| "cannot keep a lock")?;
        Ok(LayerLock {
            _life: life,
            _lock: lock,
        })
    }
}

/// The signs of life of another as they are seen.
#[derive(Default)]
struct Signs(Option<(SystemTime, Instant)>);

impl Signs {
    /// Tells how long ago the last one was seen, given the time it bears. The clocks need not agree.
    fn last(&mut self, moved: SystemTime) -> Duration {
        match self.0 {
            Some((before, seen)) if before == moved => seen.elapsed(),
            _ => {
                self.0 = Some((moved, Instant::now()));
                Duration::ZERO
            }
        }
    }
}

/// A file that is locked for as long as this lives, and removed at the end.
struct Lock {
    file: File,
    path: PathBuf,
}

enum Found {
    Ours(Lock),
    /// Another's, who showed signs of life at that time.
    Theirs(SystemTime),
}

impl Lock {
    /// Locks the file at `path`; while another has it, `waits` decides whether to go on waiting.
    fn take(
        path: &Path,
        stop: &AtomicBool,
        mut waits: impl FnMut(SystemTime) -> bool,
    ) -> Result<Option<Self>> {
        loop {
            interrupt::check(stop)?;
            match Self::try_once(path).context(|| format!("cannot lock `{}`", path.display()))? {
                Found::Ours(lock) => return Ok(Some(lock)),
                Found::Theirs(moved) if waits(moved) => thread::sleep(SLICE),
                Found::Theirs(_) => return Ok(None),
            }
        }
    }

    fn try_once(path: &Path) -> io::Result<Found> {
        loop {
            let file = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_at(&file, path) => {
                    touch(&file);
                    let path = path.to_owned();
                    return Ok(Found::Ours(Self { file, path }));
                }
                // Its last owner removed it between our opening and locking.
                Ok(()) | Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return Ok(Found::Theirs(file.metadata()?.modified()?)),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked, so that it is nobody else's.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes the lock files of processes that died; returns how many there were.
pub(super) fn clear_orphans(locks: &Path) -> Result<usize> {
    let mut cleared = 0;
    for entry in fs::read_dir(locks)? {
        let path = entry?.path();
        // What cannot be opened was given back just now.
        let Ok(file) = File::open(&path) else {
            continue;
        };
        let orphaned = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if orphaned && is_at(&file, &path) && fs::remove_file(&path).is_ok() {
            cleared += 1;
        }
    }
    Ok(cleared)
}

/// Tells whether `file` is the one at `path`.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let named = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(file), Ok(there)) => named(file) == named(there),
        _ => false,
    }
}

/// Sets a file's time to now. That it could not be set costs its place in the order of last use, no more.
pub(super) fn touch(file: impl AsFd) {
    let time = |nanoseconds| Timespec {
        tv_sec: 0,
        tv_nsec: nanoseconds,
    };
    let now = Timestamps {
        last_access: time(UTIME_OMIT),
        last_modification: time(UTIME_NOW),
    };
    let _ = futimens(file, &now);
}
