//! What a program prints: passed on line by line, its end kept.

use rustix::io::Errno;
use std::{io, os::fd::AsFd};

/// How much is kept for messages, and the longest line passed on in one piece.
const KEPT: usize = 64 * 1024;

/// Collects the bytes of one program's output.
pub struct Output<'a> {
    on_line: &'a mut dyn FnMut(&str),
    line: Vec<u8>,
    tail: Vec<u8>,
}

impl<'a> Output<'a> {
    /// Passes lines to `on_line`.
    pub fn new(on_line: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            on_line,
            line: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// Takes all there is without waiting; tells whether there can be more.
    pub fn read_from(&mut self, pipe: &impl AsFd) -> io::Result<bool> {
        let mut part = [0; 16 * 1024];
        loop {
            match rustix::io::read(pipe, &mut part) {
                Ok(0) => return Ok(false),
                Ok(count) => self.push(&part[..count]),
                Err(Errno::AGAIN) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * KEPT {
            self.tail.drain(..self.tail.len() - KEPT);
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() >= KEPT {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        (self.on_line)(&String::from_utf8_lossy(line));
        self.line.clear();
    }

    /// Passes on an unfinished line and gives the end of the output, at most 64 KiB.
    pub fn finish(mut self) -> String {
        if !self.line.is_empty() {
            self.end_line();
        }
        let start = self.tail.len().saturating_sub(KEPT);
        let mut text = String::from_utf8_lossy(&self.tail[start..]).into_owned();
        // Replacing what is no UTF-8 makes text longer.
        let mut excess = text.len().saturating_sub(KEPT);
        while !text.is_char_boundary(excess) {
            excess += 1;
        }
        text.split_off(excess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(parts: &[&[u8]]) -> (Vec<String>, String) {
        let mut lines = Vec::new();
        let mut keep = |line: &str| lines.push(line.to_string());
        let mut output = Output::new(&mut keep);
        for part in parts {
            output.push(part);
        }
        let tail = output.finish();
        (lines, tail)
    }

    #[test]
    fn lines_are_put_together_and_the_last_needs_no_newline() {
        let (lines, tail) = lines_of(&[b"a\nb", b"c\n\nd\xFF"]);
        assert_eq!(lines, ["a", "bc", "", "d\u{FFFD}"]);
        assert_eq!(tail, "a\nbc\n\nd\u{FFFD}");
    }

    #[test]
    fn the_tail_is_the_last_64_kib() {
        let all: Vec<u8> = (0..100_000)
            .flat_map(|i| format!("{i}\n").into_bytes())
            .collect();
        let parts: Vec<&[u8]> = all.chunks(10_007).collect();
        let (lines, tail) = lines_of(&parts);
        assert_eq!(lines.len(), 100_000);
        assert_eq!(tail.as_bytes(), &all[all.len() - KEPT..]);
        assert_eq!(lines_of(&[&vec![0xFF; 2 * KEPT]]).1.len() / 3, KEPT / 3);
    }

    #[test]
    fn a_line_without_end_does_not_fill_memory() {
        let (lines, _) = lines_of(&[&vec![b'x'; KEPT], &vec![b'x'; KEPT], b"y"]);
        assert_eq!(
            lines.iter().map(String::len).collect::<Vec<_>>(),
            [KEPT, KEPT, 1]
        );
    }
}
