//! Ctrl-C: the first one ends the run in order, the second one at once.

use crate::sandbox::raw;
use boot_kit::{Context, Error, ErrorKind, Result};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
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
