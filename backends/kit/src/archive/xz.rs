//! xz with several threads: the blocks of a stream are decoded side by side, where their sizes are known beforehand.

use crate::{Error, ErrorKind, Result};
use std::io::{self, BufRead, Read};
use xz2::{bufread::XzDecoder, stream::MtStreamBuilder};

/// How much memory threads may use, in bytes; a stream whose blocks are larger is decoded by fewer of them.
const THREADING_MEMORY: u64 = 64 << 20;

/// Decodes streams one after the other, each with several threads.
pub(super) struct ParallelXz<R> {
    /// `None` at the end.
    decoder: Option<XzDecoder<R>>,
    threads: u32,
    memory: u64,
}

impl<R: BufRead> ParallelXz<R> {
    /// Starts at the first stream. No stream may need more than `memory` bytes with one thread.
    pub(super) fn new(reader: R, threads: u32, memory: u64) -> Result<Self> {
        Ok(Self {
            decoder: Some(start(reader, threads, memory)?),
            threads,
            memory,
        })
    }

    /// Goes on to the next stream, over the zeros that may be between two.
    fn next_stream(&mut self) -> io::Result<()> {
        let Some(decoder) = self.decoder.take() else {
            return Ok(());
        };
        let mut reader = decoder.into_inner();
        let mut padding = 0;
        loop {
            let ready = reader.fill_buf()?;
            let zeros = ready.iter().take_while(|byte| **byte == 0).count();
            let (is_end, is_over) = (ready.is_empty(), zeros < ready.len());
            reader.consume(zeros);
            padding += zeros;
            if !is_end && !is_over {
                continue;
            }
            if padding % 4 != 0 {
                let error = io::Error::new(io::ErrorKind::InvalidData, "corrupt xz stream");
                return Err(error);
            }
            if is_over {
                self.decoder = Some(start(reader, self.threads, self.memory)?);
            }
            return Ok(());
        }
    }
}

impl<R: BufRead> Read for ParallelXz<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(decoder) = &mut self.decoder {
            match decoder.read(buffer)? {
                0 => self.next_stream()?,
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

fn start<R: BufRead>(reader: R, threads: u32, memory: u64) -> Result<XzDecoder<R>> {
    let stream = MtStreamBuilder::new()
        .threads(threads)
        .memlimit_threading(THREADING_MEMORY.min(memory))
        .memlimit_stop(memory)
        .decoder()
        .map_err(|error| {
            Error::new(ErrorKind::Io, "cannot start xz").caused_by(io::Error::from(error))
        })?;
    Ok(XzDecoder::new_stream(reader, stream))
}
