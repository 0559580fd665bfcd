//! Unpacking that can be stopped within an artifact.

use crate::interrupt;
use boot_kit::{Entry, Result, Sink};
use std::{
    io::{self, Read},
    sync::atomic::AtomicBool,
};

/// Passes entries on until the flag is set, then errors.
pub(super) struct Stoppable<'a> {
    sink: &'a mut dyn Sink,
    stop: &'a AtomicBool,
}

impl<'a> Stoppable<'a> {
    pub fn new(sink: &'a mut dyn Sink, stop: &'a AtomicBool) -> Self {
        Self { sink, stop }
    }
}

impl Sink for Stoppable<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        interrupt::check(self.stop)?;
        let stop = self.stop;
        self.sink.entry(entry, &mut Content { content, stop })
    }
}

struct Content<'a> {
    content: &'a mut dyn Read,
    stop: &'a AtomicBool,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        interrupt::check(self.stop)?;
        self.content.read(buffer)
    }
}
