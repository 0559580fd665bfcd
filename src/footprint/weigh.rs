//! How small zstd makes a tar, and which part of it is whose.
//!
//! The stream is compressed in chunks side by side and thrown away; what stays is how long each block of 128 KiB, the
//! unit in which zstd works, has become. That is finer than most directories and coarser than small files, so files of
//! one block share what it became; see [`share_out`].

#[cfg(test)]
mod tests;

use crate::export::compress::gzip;
use boot_kit::{Error, ErrorKind, Result};
use flate2::{Compression, GzBuilder};
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};
use zstd::zstd_safe::{
    CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, zstd_sys::ZSTD_EndDirective,
};

/// zstd's own unit: no block of its output stands for more.
pub(super) const BLOCK: usize = 128 << 10;
/// What is compressed at once.
const CHUNK: usize = 4 << 20;
/// As far as a chunk: what has been compressed is then never moved, and compressing takes a quarter less time. What a
/// chunk gains by looking farther back than usual, it loses by not knowing the one before.
const WINDOW_LOG: u32 = 22;
const LEVEL: i32 = 3;
/// More threads would take more memory than measuring may.
const MAX_THREADS: usize = 16;

/// Compresses what is written to it and keeps how small it became.
///
/// At most a chunk for each thread and two more are in memory. The threads end when this is dropped.
pub(super) struct Scales {
    filling: Vec<u8>,
    filled: usize,
    written: u64,
    jobs: Sender<Job>,
    /// The results to come, in order.
    pending: VecDeque<Receiver<io::Result<Weighed>>>,
    limit: usize,
    /// Buffers that are free again.
    spare: Vec<Vec<u8>>,
    weights: Weights,
}

/// What a stream became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// Length of each block of 128 KiB after compression; the last may stand for less.
    pub blocks: Vec<u64>,
    /// Length of the whole as gzip, if that was asked for.
    pub gzip: Option<u64>,
}

struct Job {
    content: Vec<u8>,
    filled: usize,
    gzip: bool,
    result: Sender<io::Result<Weighed>>,
}

struct Weighed {
    content: Vec<u8>,
    blocks: Vec<u64>,
    gzip: u64,
}

impl Scales {
    /// Starts `threads` threads. With `gzip`, they compress all of it once more.
    pub fn new(threads: usize, gzip: bool) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let threads = threads.clamp(1, MAX_THREADS);
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        Self {
            filling: vec![0; CHUNK],
            filled: 0,
            written: 0,
            jobs,
            pending: VecDeque::new(),
            limit: threads + 1,
            spare: Vec::new(),
            weights: Weights {
                blocks: Vec::new(),
                gzip: gzip.then_some(0),
            },
        }
    }

    /// Counts the bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Where to write next; never empty.
    pub fn room(&mut self) -> Result<&mut [u8]> {
        if self.filled == CHUNK {
            self.hand_over()?;
        }
        Ok(&mut self.filling[self.filled..])
    }

    /// The last `count` bytes that were written, all of them since the last call of [`room`](Self::room).
    pub fn last(&self, count: usize) -> &[u8] {
        &self.filling[self.filled - count..self.filled]
    }

    /// Says that `count` bytes were written there.
    pub fn fill(&mut self, count: usize) {
        self.filled += count;
        self.written += count as u64;
    }

    /// Writes `bytes`.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let count = bytes.len().min(room.len());
            room[..count].copy_from_slice(&bytes[..count]);
            self.fill(count);
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Compresses the rest and waits for all of it.
    pub fn finish(mut self) -> Result<Weights> {
        if self.filled > 0 {
            self.hand_over()?;
        }
        while !self.pending.is_empty() {
            self.take_result()?;
        }
        Ok(self.weights)
    }

    fn hand_over(&mut self) -> Result<()> {
        if self.pending.len() == self.limit {
            self.take_result()?;
        }
        let next = self.spare.pop().unwrap_or_else(|| vec![0; CHUNK]);
        let (result, pending) = mpsc::channel();
        let job = Job {
            content: std::mem::replace(&mut self.filling, next),
            filled: self.filled,
            gzip: self.weights.gzip.is_some(),
            result,
        };
        self.filled = 0;
        self.jobs.send(job).map_err(|_| gone())?;
        self.pending.push_back(pending);
        Ok(())
    }

    fn take_result(&mut self) -> Result<()> {
        let Some(pending) = self.pending.pop_front() else {
            return Ok(());
        };
        let weighed = pending.recv().map_err(|_| gone())??;
        self.spare.push(weighed.content);
        self.weights.blocks.extend(weighed.blocks);
        if let Some(gzip) = &mut self.weights.gzip {
            *gzip += weighed.gzip;
        }
        Ok(())
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Io, "a compressing thread ended early")
}

/// Compresses chunks until no more can come. A lock that is poisoned ends the thread like an empty queue.
fn work(queue: &Mutex<Receiver<Job>>) {
    let mut press = Press::new();
    loop {
        let Ok(Ok(job)) = queue.lock().map(|queue| queue.recv()) else {
            return;
        };
        let chunk = &job.content[..job.filled];
        let weighed = press.blocks(chunk).and_then(|blocks| {
            let gzip = if job.gzip { gzip(chunk)? } else { 0 };
            Ok((blocks, gzip))
        });
        let weighed = weighed.map(|(blocks, gzip)| Weighed {
            content: job.content,
            blocks,
            gzip,
        });
        // Nobody waits for the result when an earlier one failed.
        let _ = job.result.send(weighed);
    }
}

/// zstd, with the memory it works in: as much as a chunk, which to get anew for each would take time.
struct Press {
    context: CCtx<'static>,
    out: Vec<u8>,
}

impl Press {
    fn new() -> Self {
        Self {
            context: CCtx::create(),
            // What is incompressible grows by a few bytes.
            out: vec![0; BLOCK + 1024],
        }
    }

    /// Compresses a chunk by itself; returns what each block became.
    fn blocks(&mut self, chunk: &[u8]) -> io::Result<Vec<u64>> {
        let failed = |code| io::Error::other(zstd::zstd_safe::get_error_name(code));
        let Self { context, out } = self;
        context
            .reset(ResetDirective::SessionAndParameters)
            .and_then(|_| context.set_parameter(CParameter::CompressionLevel(LEVEL)))
            .and_then(|_| context.set_parameter(CParameter::WindowLog(WINDOW_LOG)))
            .map_err(failed)?;
        let mut lengths = Vec::with_capacity(chunk.len().div_ceil(BLOCK));
        let mut pieces = chunk.chunks(BLOCK).peekable();
        while let Some(piece) = pieces.next() {
            let directive = match pieces.peek() {
                Some(_) => ZSTD_EndDirective::ZSTD_e_flush,
                None => ZSTD_EndDirective::ZSTD_e_end,
            };
            let mut input = InBuffer::around(piece);
            let mut length = 0;
            loop {
                let mut output = OutBuffer::around(&mut out[..]);
                let left = context
                    .compress_stream2(&mut output, &mut input, directive)
                    .map_err(failed)?;
                length += output.pos() as u64;
                if left == 0 {
                    break;
                }
            }
            lengths.push(length);
        }
        Ok(lengths)
    }
}

/// Compresses as `boot … -o x.tar.gz` does; returns the length.
fn gzip(chunk: &[u8]) -> io::Result<u64> {
    let mut length = 0;
    for member in chunk.chunks(gzip::MEMBER) {
        let mut encoder = GzBuilder::new().write(Counter(0), Compression::new(gzip::LEVEL));
        encoder.write_all(member)?;
        length += encoder.finish()?.0;
    }
    Ok(length)
}

/// Counts what is written to it.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where one entry is in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Where its header begins: at the end of the entry before it.
    pub start: u64,
    /// Where its content begins.
    pub content: u64,
    /// Length of its content.
    pub length: u64,
    /// Where it ends, padding included.
    pub end: u64,
    /// Whether the content was compressed before, so that it hardly gets smaller.
    pub is_dense: bool,
}

/// Gives every entry its part of the compressed size; all parts together are all of it.
///
/// `spans` follow each other without a gap, from the beginning of the stream to its end. In each block, content that was
/// compressed before counts at its full length; the rest is divided by length, where headers, mostly zeros, count an
/// eighth.
pub(super) fn share_out(blocks: &[u64], spans: &[Span]) -> Vec<u64> {
    let mut shares = vec![0; spans.len()];
    let mut first = 0;
    for (number, length) in blocks.iter().enumerate() {
        let from = (number * BLOCK) as u64;
        let to = from + BLOCK as u64;
        while first < spans.len() && spans[first].end <= from {
            first += 1;
        }
        let here = spans[first..].iter().take_while(|span| span.start < to);
        let parts: Vec<Part> = here.map(|span| Part::of(span, from, to)).collect();
        for (share, part) in shares[first..].iter_mut().zip(divide(*length, &parts)) {
            *share += part;
        }
    }
    shares
}

/// What of an entry is in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// Bytes that will not get smaller.
    dense: u64,
    /// All else, in eighths of a byte.
    weight: u64,
}

impl Part {
    fn of(span: &Span, from: u64, to: u64) -> Self {
        let overlap = |start: u64, end: u64| end.min(to).saturating_sub(start.max(from));
        let content = overlap(span.content, span.content + span.length);
        let rest = overlap(span.start, span.end) - content;
        let (dense, thin) = if span.is_dense {
            (content, 0)
        } else {
            (0, content)
        };
        Self {
            dense,
            weight: thin * 8 + rest,
        }
    }
}

/// Divides `length` without a rest.
fn divide(length: u64, parts: &[Part]) -> Vec<u64> {
    let dense: u64 = parts.iter().map(|part| part.dense).sum();
    let weight: u64 = parts.iter().map(|part| part.weight).sum();
    // Only what is left over is divided, unless there is nothing to divide it among, or nothing left.
    let fixed = weight > 0 && dense <= length;
    let left = if fixed { length - dense } else { length };
    let (mut before, mut given) = (0_u128, 0_u64);
    let total: u128 = parts.iter().map(|part| part.moving(fixed)).sum();
    parts
        .iter()
        .map(|part| {
            before += part.moving(fixed);
            let until = u128::from(left) * before / total.max(1);
            let until = u64::try_from(until).unwrap_or(left);
            let share = until - given;
            given = until;
            if fixed { share + part.dense } else { share }
        })
        .collect()
}

impl Part {
    /// What the division goes by.
    fn moving(&self, fixed: bool) -> u128 {
        let dense = if fixed { 0 } else { self.dense * 8 };
        u128::from(dense + self.weight)
    }
}
