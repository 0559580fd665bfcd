//! Reading on another thread.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// How much is read at once.
const PIECE: usize = 1 << 20;
/// How many pieces may wait.
const WAITING: usize = 4;

/// What another thread reads ahead; dropping it ends the thread.
pub struct Prefetch {
    pieces: Receiver<io::Result<Piece>>,
    /// Where buffers go that have been read, to be filled again: memory that is new each time costs as much as a copy.
    spare: SyncSender<Box<[u8]>>,
    piece: Piece,
    taken: usize,
}

/// A buffer, and how much of it is filled.
#[derive(Default)]
struct Piece {
    buffer: Box<[u8]>,
    filled: usize,
}

impl Piece {
    /// Fills a buffer from `reader`; less than all of it only at the end.
    fn read(reader: &mut impl Read, mut buffer: Box<[u8]>) -> io::Result<Self> {
        let mut filled = 0;
        while filled < buffer.len() {
            match reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { buffer, filled })
    }
}

impl Prefetch {
    /// Starts to read all of `reader`.
    pub fn start(reader: impl Read + Send + 'static) -> Self {
        Self::open(move || Ok(reader))
    }

    /// Starts to read all of what `open` opens, on the thread that reads it.
    pub fn open<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        let (spare, empty) = sync_channel(WAITING + 2);
        thread::spawn(move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                // Nobody listens any more: it is over.
                Err(error) => return drop(sender.send(Err(error))),
            };
            loop {
                let buffer = empty.try_recv();
                let buffer = buffer.unwrap_or_else(|_| vec![0; PIECE].into_boxed_slice());
                let read = Piece::read(&mut reader, buffer);
                let is_last = !matches!(&read, Ok(piece) if piece.filled > 0);
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        Self {
            pieces,
            spare,
            piece: Piece::default(),
            taken: 0,
        }
    }
}

impl Read for Prefetch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.filled {
            // The thread ends only after an error or the end, both of which it has told.
            let Ok(piece) = self.pieces.recv() else {
                return Ok(0);
            };
            let read = std::mem::replace(&mut self.piece, piece?);
            self.taken = 0;
            if !read.buffer.is_empty() {
                drop(self.spare.try_send(read.buffer));
            }
        }
        let count = buffer.len().min(self.piece.filled - self.taken);
        buffer[..count].copy_from_slice(&self.piece.buffer[self.taken..self.taken + count]);
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
    fn buffers_are_used_again() {
        let mut reader = Prefetch::start(io::repeat(7).take(64 * PIECE as u64));
        let mut seen = std::collections::BTreeSet::new();
        let mut byte = [0; 1];
        while reader.read(&mut byte).expect("memory does not fail") > 0 {
            seen.insert(reader.piece.buffer.as_ptr() as usize);
            reader.taken = reader.piece.filled;
        }
        assert!(seen.len() <= WAITING + 3, "{}", seen.len());
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
