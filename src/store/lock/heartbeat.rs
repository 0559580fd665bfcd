//! Signs of life while a lock is held.

use std::{
    fs::File,
    io,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// Sets the time of a file again and again, until it is dropped.
///
/// A thread does it, so that it goes on whatever the others do, and ends with them: a process that is stopped has no
/// thread that runs.
pub struct Heartbeat {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Starts it, one beat every `period`.
    pub fn start(file: &File, period: Duration) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (end, ended) = mpsc::channel();
        let beat = move || {
            while ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                super::touch(&file);
            }
        };
        Ok(Self {
            end: Some(end),
            thread: Some(Builder::new().name("heartbeat".to_owned()).spawn(beat)?),
        })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        // Its file is another handle of the lock: that has to be closed before the lock can end.
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
