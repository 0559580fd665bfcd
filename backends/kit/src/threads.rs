//! Threads whose results are waited for.

use std::thread::ScopedJoinHandle;

/// Takes a thread's result; a panic goes on here.
pub fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
