//! gzip on several threads.

use flate2::{Compression, GzBuilder};
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

/// What one member holds before compression. A file of several members is their contents, one after the other
/// (RFC 1952, section 2.2).
pub(crate) const MEMBER: usize = 1 << 20;
pub(crate) const LEVEL: u32 = 6;
/// "Unknown", so that the bytes do not depend on where they were made (RFC 1952, section 2.3.1).
const UNKNOWN_SYSTEM: u8 = 255;

/// A member's content, and where its compressed form goes.
type Job = (Vec<u8>, Sender<Vec<u8>>);

/// Writes gzip members of a fixed size, compressed by several threads.
///
/// At most two members per thread are in memory. The threads end when this is dropped.
pub struct Members<W> {
    inner: W,
    filling: Vec<u8>,
    jobs: Sender<Job>,
    /// The results to come, in order.
    pending: VecDeque<Receiver<Vec<u8>>>,
    limit: usize,
    is_empty: bool,
}

impl<W: Write> Members<W> {
    /// Starts `threads` threads.
    pub(super) fn new(inner: W, threads: usize) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let threads = threads.clamp(1, 64);
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        Self {
            inner,
            filling: Vec::with_capacity(MEMBER),
            jobs,
            pending: VecDeque::new(),
            limit: 2 * threads,
            is_empty: true,
        }
    }

    /// Compresses the rest and gives the inner writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.filling.is_empty() || self.is_empty {
            self.hand_over()?;
        }
        while !self.pending.is_empty() {
            self.take_result()?;
        }
        Ok(self.inner)
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.pending.len() == self.limit {
            self.take_result()?;
        }
        let content = std::mem::replace(&mut self.filling, Vec::with_capacity(MEMBER));
        let (result, pending) = mpsc::channel();
        self.jobs.send((content, result)).map_err(|_| gone())?;
        self.pending.push_back(pending);
        self.is_empty = false;
        Ok(())
    }

    fn take_result(&mut self) -> io::Result<()> {
        let Some(pending) = self.pending.pop_front() else {
            return Ok(());
        };
        let member = pending.recv().map_err(|_| gone())?;
        self.inner.write_all(&member)
    }
}

impl<W: Write> Write for Members<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = buffer.len().min(MEMBER - self.filling.len());
        self.filling.extend_from_slice(&buffer[..count]);
        if self.filling.len() == MEMBER {
            self.hand_over()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compresses members until no more can come. A lock that is poisoned ends the thread like an empty queue.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let Ok(Ok((content, result))) = queue.lock().map(|queue| queue.recv()) else {
            return;
        };
        let mut member = GzBuilder::new()
            .mtime(0)
            .operating_system(UNKNOWN_SYSTEM)
            .write(Vec::with_capacity(MEMBER / 2), Compression::new(LEVEL));
        let written = member.write_all(&content).and_then(|()| member.finish());
        // Nobody waits for the result when writing an earlier one failed.
        if let Ok(written) = written {
            let _ = result.send(written);
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("a compressing thread ended early")
}
