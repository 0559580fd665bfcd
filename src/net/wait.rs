//! Waiting that a signal can end.

use boot_kit::{Error, ErrorKind, Result};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// How long an interruption may go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Errors if `interrupted` is set.
pub fn check(interrupted: &AtomicBool) -> Result<()> {
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::new(
            ErrorKind::Interrupted,
            "the run was interrupted",
        ));
    }
    Ok(())
}

/// Waits for `future` on this thread; its inputs and outputs are served by the runtime's own thread.
///
/// Errors with [`ErrorKind::Transient`] after `limit`.
pub fn wait<T>(
    future: impl Future<Output = T>,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<T> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let deadline = Instant::now() + limit;
    loop {
        check(interrupted)?;
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Ok(value);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::new(
                ErrorKind::Transient,
                format!("nothing came for {} s", limit.as_secs_f32()),
            ));
        }
        thread::park_timeout(left.min(SLICE));
    }
}

/// Sleeps for `pause`.
pub fn sleep(pause: Duration, interrupted: &AtomicBool) -> Result<()> {
    let deadline = Instant::now() + pause;
    loop {
        check(interrupted)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(SLICE));
    }
}
