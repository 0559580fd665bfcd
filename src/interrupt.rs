//! Ctrl-C: the first one ends the run in order, the second one at once.

use crate::sandbox::raw;
use boot_kit::{Context, Entry, Error, ErrorKind, Result, Sink};
use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Listens for SIGINT, SIGTERM and SIGHUP from now on: the first sets the flag returned.
///
/// A second signal ends the program without any clean-up. Signals that are ignored, as under
/// `nohup`, stay ignored.
pub fn listen() -> Result<Arc<AtomicBool>> {
    raw::catch_interrupts().context(|| "cannot handle signals")
}

/// Errors with [`ErrorKind::Interrupted`] if the run is to stop.
pub fn check(flag: &AtomicBool) -> Result<()> {
    if flag.load(Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    Ok(())
}

/// Passes entries on until the run is to stop.
pub struct Until<'a, S> {
    /// Where they go.
    pub sink: &'a mut S,
    /// Set once the run is to stop.
    pub stop: &'a AtomicBool,
}

impl<S: Sink> Sink for Until<'_, S> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        check(self.stop)?;
        let mut content = ReadUntil {
            reader: content,
            stop: self.stop,
        };
        self.sink.entry(entry, &mut content)
    }
}

/// Reads until the run is to stop.
pub struct ReadUntil<'a, R> {
    /// What is read.
    pub reader: R,
    /// Set once the run is to stop.
    pub stop: &'a AtomicBool,
}

impl<R: Read> Read for ReadUntil<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check(self.stop)?;
        self.reader.read(buffer)
    }
}
