//! Reading on another thread.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

/// How much is read at once.
const PIECE: usize = 1 << 20;
/// How many pieces may wait.
const WAITING: usize = 4;

/// What another thread reads ahead; dropping it ends the thread.
pub struct Prefetch {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
}

impl Prefetch {
    /// Starts to read all of `reader`.
    pub fn start(reader: impl Read + Send + 'static) -> Self {
        Self::open(move || Ok(reader))
    }

    /// Starts to read all of what `open` opens, on the thread that reads it.
    pub fn open<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        thread::spawn(move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                // Nobody listens any more: it is over.
                Err(error) => return drop(sender.send(Err(error))),
            };
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
                let is_last = !matches!(read, Ok(count) if count > 0);
                if sender.send(read.map(|_| piece)).is_err() || is_last {
                    return;
                }
            }
        });
        Self {
            pieces,
            piece: Vec::new(),
            taken: 0,
        }
    }
}

impl Read for Prefetch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            // The thread ends only after an error or the end, both of which it has told.
            let Ok(piece) = self.pieces.recv() else {
                return Ok(0);
            };
            (self.piece, self.taken) = (piece?, 0);
        }
        let count = buffer.len().min(self.piece.len() - self.taken);
        buffer[..count].copy_from_slice(&self.piece[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_in_order_then_nothing() {
        let bytes: Vec<u8> = (0..251).cycle().take(3 * PIECE + 5).collect();
        let mut reader = Prefetch::start(io::Cursor::new(bytes.clone()));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("memory does not fail");
        assert!(read == bytes);
        assert_eq!(reader.read(&mut [0; 8]).expect("is over"), 0);
    }

    #[test]
    fn an_error_comes_after_what_was_read() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidData.into())
            }
        }
        let mut reader = Prefetch::start(io::Cursor::new(vec![1; PIECE]).chain(Broken));
        let mut read = vec![0; PIECE];
        reader.read_exact(&mut read).expect("before the error");
        let error = reader.read(&mut read).expect_err("broken");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
