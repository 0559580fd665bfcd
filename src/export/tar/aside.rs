//! The digest of a tar, found on a thread of its own while the tar is written.

use boot_kit::{Digest, digest::Hashing};
use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

/// How many buffers wait to be hashed or to be filled, besides the one that is being filled.
const SPARE: usize = 2;

/// Hashes buffers in the order in which they come.
///
/// The first one is hashed at once: most tars have no second, and need no thread.
pub(super) struct Aside {
    begun: Hashing<io::Sink>,
    is_first: bool,
    worker: Option<Worker>,
}

struct Worker {
    full: SyncSender<(Box<[u8]>, usize)>,
    empty: Receiver<Box<[u8]>>,
    thread: JoinHandle<Hashing<io::Sink>>,
    /// How many more buffers there may be.
    spare: usize,
}

impl Aside {
    pub(super) fn new() -> Self {
        Self {
            begun: Hashing::new(io::sink()),
            is_first: true,
            worker: None,
        }
    }

    /// Hashes the first `filled` bytes of `buffer`, soon; gives a buffer of the same length to go on with.
    pub(super) fn take(&mut self, buffer: Box<[u8]>, filled: usize) -> io::Result<Box<[u8]>> {
        if self.is_first {
            self.is_first = false;
            self.begun.write_all(&buffer[..filled])?;
            return Ok(buffer);
        }
        if self.worker.is_none() {
            let begun = std::mem::replace(&mut self.begun, Hashing::new(io::sink()));
            self.worker = Some(Worker::start(begun)?);
        }
        let length = buffer.len();
        let ended = || io::Error::other("the thread that hashes has ended");
        let worker = self.worker.as_mut().ok_or_else(ended)?;
        worker.full.send((buffer, filled)).map_err(|_| ended())?;
        if let Ok(empty) = worker.empty.try_recv() {
            return Ok(empty);
        }
        if worker.spare > 0 {
            worker.spare -= 1;
            return Ok(vec![0; length].into_boxed_slice());
        }
        worker.empty.recv().map_err(|_| ended())
    }

    /// Ends the digest; returns it with the number of bytes.
    pub(super) fn finish(self) -> (Digest, u64) {
        let Some(worker) = self.worker else {
            return self.begun.finish();
        };
        drop(worker.full);
        match worker.thread.join() {
            Ok(hashing) => hashing.finish(),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Worker {
    fn start(mut hashing: Hashing<io::Sink>) -> io::Result<Self> {
        let (full, to_hash) = sync_channel::<(Box<[u8]>, usize)>(SPARE);
        let (hashed, empty) = sync_channel(SPARE + 1);
        let hash = move || {
            for (buffer, filled) in to_hash {
                // Neither fails: nothing is written, and who needs no more buffers does not hear of them.
                drop(hashing.write_all(&buffer[..filled]));
                drop(hashed.send(buffer));
            }
            hashing
        };
        let thread = thread::Builder::new().name("hash".to_owned()).spawn(hash)?;
        Ok(Self {
            full,
            empty,
            thread,
            spare: SPARE,
        })
    }
}
