//! Taking away what is no longer used.

use super::{Item, Upkeep, digest_in, files, read_record};
use crate::store::{gate::Gate, lock, run};
use boot_kit::{Context, Result};
use fs_err as fs;
use std::{
    io,
    path::Path,
    time::{Duration, SystemTime},
};

/// How many items go while builds wait.
const TURN: usize = 16;

/// What may stay; without any limit nothing may but what living runs use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What was not used for longer than this goes.
    pub older_than: Option<Duration>,
    /// The least recently used goes until no more bytes than this are left.
    pub max_bytes: Option<u64>,
}

/// What a cleaning did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// What was removed, or would be, the least recently used first.
    pub removed: Vec<Item>,
    /// How many items are left.
    pub kept: usize,
    /// Their bytes.
    pub kept_bytes: u64,
    /// How many of them would have gone, but a living run uses them.
    pub in_use: usize,
    /// Bytes that runs which were killed had left behind: removed as well, or would be.
    pub abandoned_bytes: u64,
}

impl Cleaned {
    /// Sums the bytes that are free now, or would be.
    pub fn freed_bytes(&self) -> u64 {
        let removed: u64 = self.removed.iter().map(|item| item.bytes).sum();
        removed + self.abandoned_bytes
    }
}

impl Upkeep {
    /// Removes the least recently used until the limits hold, and what dead runs left; only tells if `dry`.
    ///
    /// Nothing is removed that a living run has used since it began.
    pub fn clean(&self, limits: Limits, dry: bool) -> Result<Cleaned> {
        if !self.places.runs.exists() {
            return Ok(Cleaned::default());
        }
        let abandoned_bytes = if dry {
            let gate = Gate::to_remove(&self.places.runs)?;
            run::dead_bytes(&gate, &self.places.runs)?
        } else {
            self.sweep()?
        };
        let items = self.items()?;
        let mut cleaned = Cleaned {
            kept: items.len(),
            kept_bytes: items.iter().map(|item| item.bytes).sum(),
            abandoned_bytes,
            ..Cleaned::default()
        };
        let mut rest = items.into_iter().peekable();
        let now = SystemTime::now();
        while rest.peek().is_some() {
            // In turns, so that no build waits for long.
            let gate = Gate::to_remove(&self.places.runs)?;
            let living = run::oldest_living(&gate, &self.places.runs)?;
            for item in rest.by_ref().take(TURN) {
                if !limits.forbid(&item, cleaned.kept_bytes, now) {
                    continue;
                }
                let used = item.used_now();
                if used.is_some_and(|used| {
                    used > item.used || living.is_some_and(|began| used >= began)
                }) {
                    cleaned.in_use += 1;
                    continue;
                }
                cleaned.kept -= 1;
                cleaned.kept_bytes -= item.bytes;
                if used.is_some() {
                    if !dry {
                        item.remove()?;
                    }
                    cleaned.removed.push(item);
                }
            }
        }
        Ok(cleaned)
    }

    /// Removes what belongs to nothing: files of dead runs, their locks, records and labels whose blobs are gone.
    fn sweep(&self) -> Result<u64> {
        let gate = Gate::to_remove(&self.places.runs)?;
        let bytes = run::clear_dead(&gate, &self.places.runs)?;
        if self.places.locks.exists() {
            lock::clear_orphans(&self.places.locks)?;
        }
        for (path, ..) in files(&self.places.layers)? {
            let blob = read_record(&path).map(|record| self.places.blob(&record.blob));
            if !blob.is_some_and(|blob| blob.exists()) {
                remove(&path)?;
            }
        }
        for (path, ..) in files(&self.places.labels)? {
            let blob = digest_in(&path).map(|digest| self.places.blob(&digest));
            if !blob.is_some_and(|blob| blob.exists()) {
                remove(&path)?;
            }
        }
        Ok(bytes)
    }
}

impl Limits {
    /// Tells whether the item has to go, while so many bytes are there.
    fn forbid(self, item: &Item, bytes: u64, now: SystemTime) -> bool {
        let age = now.duration_since(item.used).unwrap_or_default();
        match (self.older_than, self.max_bytes) {
            (None, None) => true,
            (older_than, max_bytes) => {
                older_than.is_some_and(|limit| age > limit)
                    || max_bytes.is_some_and(|limit| bytes > limit)
            }
        }
    }
}

impl Item {
    /// When it was last used as far as is known by now; `None` if it is gone.
    fn used_now(&self) -> Option<SystemTime> {
        fs::metadata(&self.path).ok()?.modified().ok()
    }

    fn remove(&self) -> Result<()> {
        // What refers to it goes first: nothing ever leads nowhere.
        for path in self.beside.iter().chain([&self.path]) {
            remove(path)?;
        }
        Ok(())
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context(|| "cannot clean the store")
        }
        _ => Ok(()),
    }
}
