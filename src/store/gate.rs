//! Using what is in the store excludes taking it away, for the moment that either takes.

use boot_kit::Result;
use fs_err as fs;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use std::{
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// How long a user waits for someone who takes things away: they work in short turns, unless they were stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// A lock on the directory of runs, held for as long as this lives.
pub struct Gate {
    _lock: fs::File,
}

impl Gate {
    /// Lets nothing be taken away; any number of users may hold this at once.
    ///
    /// `None` if someone who takes things away was stopped in the middle of it. Whoever uses the store nevertheless
    /// may lose a file to them, which is then a miss.
    pub fn to_use(runs: &Path) -> Result<Option<Self>> {
        let lock = fs::File::open(runs)?;
        let begin = Instant::now();
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockShared) {
                Ok(()) => return Ok(Some(Self { _lock: lock })),
                Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }

    /// Lets nothing be used and no run begin: to be held briefly.
    pub fn to_remove(runs: &Path) -> Result<Self> {
        let lock = fs::File::open(runs)?;
        loop {
            match flock(&lock, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Self { _lock: lock }),
                Err(Errno::INTR) => {}
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }
}
