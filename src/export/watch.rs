//! Progress and interruption of an export.

use super::Options;
use boot_kit::{Entry, Error, ErrorKind, Event, Result, Sink};
use std::{
    io::{self, Read},
    sync::atomic::Ordering,
};

/// How many bytes are gathered before they are reported.
const STEP: u64 = 1 << 20;

/// Passes entries on, reports the bytes of their contents, and stops when told to.
pub(super) struct Watch<'a> {
    sink: &'a mut dyn Sink,
    options: &'a Options<'a>,
    unreported: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, options: &'a Options<'a>) -> Self {
        Self {
            sink,
            options,
            unreported: 0,
        }
    }

    /// Reports the rest.
    pub(super) fn finish(mut self) -> Result<()> {
        self.report();
        check(self.options)
    }

    fn report(&mut self) {
        if self.unreported > 0 {
            self.options.report.event(Event::Written {
                bytes: self.unreported,
            });
            self.unreported = 0;
        }
    }
}

impl Sink for Watch<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        check(self.options)?;
        let mut content = Watched {
            content,
            options: self.options,
            bytes: 0,
        };
        let done = self.sink.entry(entry, &mut content);
        self.unreported += content.bytes;
        if self.unreported >= STEP {
            self.report();
        }
        done
    }
}

/// The content of one entry: a large one must not delay a stop.
struct Watched<'a> {
    content: &'a mut dyn Read,
    options: &'a Options<'a>,
    bytes: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check(self.options)?;
        let count = self.content.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Errors with [`ErrorKind::Interrupted`] once the export is told to stop.
pub(super) fn check(options: &Options<'_>) -> Result<()> {
    if options.interrupt.load(Ordering::Relaxed) {
        return Err(Error::new(
            ErrorKind::Interrupted,
            "the export was interrupted",
        ));
    }
    Ok(())
}
