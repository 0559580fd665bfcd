//! A stack of layers as one tree again.
//!
//! Layers are sorted alike, so they merge in one pass: at every path the highest layer that has it decides, and what a
//! layer says is gone, or no directory any more, hides what is below it. That whiteouts come right after their directory
//! makes this possible.

use super::Layer;
use crate::export::oci::whiteout;
use boot_kit::{Entry, Kind, Result, RootPath, Sink, archive::TarReader};
use std::{collections::HashSet, io::Read};

/// Layers, the lowest first.
pub struct Stack<'a>(pub &'a [Layer]);

impl Stack<'_> {
    /// Sends every entry of the merged tree to `sink`, sorted, without the root itself.
    pub fn send(&self, sink: &mut dyn Sink) -> Result<()> {
        let mut strata = Vec::new();
        for layer in self.0 {
            strata.push(Stratum::open(layer.tar()?)?);
        }
        while let Some(next) = strata.iter().filter_map(Stratum::place).min() {
            let (path, is_whiteout) = (next.0.clone(), next.1.is_some());
            let at: Vec<usize> = (0..strata.len())
                .filter(|i| {
                    strata[*i]
                        .place()
                        .as_ref()
                        .is_some_and(|place| *place == next)
                })
                .collect();
            let deciding = *at.last().expect("the least place is somebody's");
            if is_whiteout {
                for i in at {
                    strata[i].hide()?;
                }
                continue;
            }
            let is_hidden = strata[deciding + 1..]
                .iter()
                .any(|above| above.hides(&path));
            if !is_hidden {
                strata[deciding].send(sink)?;
            }
            for i in at.iter().filter(|i| **i > 0) {
                strata[*i].close();
            }
            for i in at {
                strata[i].advance()?;
            }
        }
        Ok(())
    }
}

/// One layer while it is read.
struct Stratum<R: Read> {
    reader: TarReader<R>,
    head: Option<Entry>,
    /// What of the layers below is not to be seen: these paths and all below them.
    gone: HashSet<RootPath>,
    /// What is no directory here: all below these paths.
    closed: HashSet<RootPath>,
}

impl<R: Read> Stratum<R> {
    fn open(reader: R) -> Result<Self> {
        let mut stratum = Self {
            reader: TarReader::new(reader),
            head: None,
            gone: HashSet::new(),
            closed: HashSet::new(),
        };
        stratum.advance()?;
        Ok(stratum)
    }

    fn advance(&mut self) -> Result<()> {
        self.head = self.reader.next()?;
        Ok(())
    }

    /// Where the next entry belongs: its path, or the directory of a whiteout with the name that is gone.
    fn place(&self) -> Option<(RootPath, Option<Vec<u8>>)> {
        let path = &self.head.as_ref()?.path;
        Some(match whiteout::removed(path) {
            Some((directory, name)) => (directory, Some(name)),
            None => (path.clone(), None),
        })
    }

    /// Takes a whiteout.
    fn hide(&mut self) -> Result<()> {
        if let Some((directory, Some(name))) = self.place() {
            self.gone.insert(directory.join(&name));
        }
        self.advance()
    }

    fn hides(&self, path: &RootPath) -> bool {
        if self.gone.is_empty() && self.closed.is_empty() {
            return false;
        }
        self.gone.contains(path)
            || path
                .ancestors()
                .any(|above| self.gone.contains(&above) || self.closed.contains(&above))
    }

    fn send(&mut self, sink: &mut dyn Sink) -> Result<()> {
        let Some(entry) = &self.head else {
            return Ok(());
        };
        sink.entry(entry, &mut self.reader.content())
    }

    /// Hides what the layers below have under a path that is no directory here.
    fn close(&mut self) {
        if let Some(entry) = self
            .head
            .as_ref()
            .filter(|entry| entry.kind != Kind::Directory)
        {
            self.closed.insert(entry.path.clone());
        }
    }
}
