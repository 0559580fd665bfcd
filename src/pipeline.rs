//! Plan → fetched, unpacked, installed root: everything at once that may be, in the plan's order where it matters.
//!
//! ```text
//! fetchers ──ready──▶ unpackers ──parcels──▶ installer
//! (connections)       (one per core)         (this thread, in plan order)
//! ```
//!
//! Fetchers take the artifacts layer by layer, largest first; an unpacker takes the first that has arrived in the same
//! order. The installer waits for the parcels of one step at a time, so while it configures one layer the next is
//! already being unpacked. Arrival decides only when things happen: parcels land in the plan's order.

mod board;
mod stoppable;
#[cfg(test)]
mod tests;

use crate::interrupt;
use board::Board;
use boot_kit::{
    Artifact, Context, Error, ErrorKind, Event, Installer, Layer, Parcel, Report, Result,
    event::Phase,
    parcel::{Filter, Packing},
};
use std::{
    fs::File,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use stoppable::Stoppable;

/// How a plan is carried out.
#[derive(Clone, Copy)]
pub struct Pipeline<'a> {
    /// What to install, the lowest layer first.
    pub layers: &'a [Layer],
    /// What to do when a layer is finished, before anything of the next one is installed.
    pub finished: &'a (dyn Fn(&Layer) -> Result<()> + Sync),
    /// How to get one proven artifact, at offset 0; its errors name it.
    pub fetch: &'a (dyn Fn(&Artifact) -> Result<File> + Sync),
    /// Which paths are worth unpacking.
    pub keep: Filter<'a>,
    /// An empty directory on the root's own file system.
    pub parcels: &'a Path,
    /// How many artifacts are fetched at once.
    pub connections: usize,
    /// How many artifacts are unpacked at once.
    pub jobs: usize,
    /// Hears of everything.
    pub report: &'a dyn Report,
    /// Ends the run soon once it is set. The first failure sets it, to end what else is going on: downloads,
    /// scripts.
    pub stop: &'a AtomicBool,
}

impl Pipeline<'_> {
    /// Installs all layers; the first failure anywhere stops everything.
    pub fn run(&self, installer: &dyn Installer) -> Result<()> {
        let artifacts = self.artifacts();
        let board = Board::new(self.schedule());
        self.report.event(Event::Phase(Phase::Fetch));
        self.report.event(Event::Phase(Phase::Unpack));
        thread::scope(|scope| {
            for _ in 0..self.connections.clamp(1, artifacts.len().max(1)) {
                scope.spawn(|| self.fetch_all(&board, &artifacts));
            }
            for _ in 0..self.jobs.clamp(1, artifacts.len().max(1)) {
                scope.spawn(|| self.unpack_all(&board, &artifacts, installer));
            }
            let outcome = self.install_all(&board, installer);
            if outcome.is_err() {
                self.stop.store(true, Ordering::Relaxed);
            }
            board.close(outcome)
        })
    }

    /// All artifacts, in plan order.
    fn artifacts(&self) -> Vec<&Artifact> {
        self.layers.iter().flat_map(Layer::artifacts).collect()
    }

    /// Reports a failure and has everybody stop; what they then say is no news.
    fn fail(&self, board: &Board, error: Error) {
        board.fail(error);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Orders artifact numbers: layer by layer, largest first, ties as planned.
    fn schedule(&self) -> Vec<usize> {
        let artifacts = self.artifacts();
        let mut order = Vec::new();
        for layer in self.layers {
            let begin = order.len();
            order.extend(begin..begin + count(layer));
            order[begin..].sort_by_key(|number| std::cmp::Reverse(artifacts[*number].size));
        }
        order
    }

    fn fetch_all(&self, board: &Board, artifacts: &[&Artifact]) {
        let _watch = board.watch();
        while let Some(number) = board.next_to_fetch() {
            let artifact = artifacts[number];
            match (self.fetch)(artifact) {
                Ok(file) => board.arrived(number, file),
                Err(error) => self.fail(board, error),
            }
        }
    }

    fn unpack_all(&self, board: &Board, artifacts: &[&Artifact], installer: &dyn Installer) {
        let _watch = board.watch();
        let first_layer = self.layers.first().map_or(0, count);
        let mut is_nice = false;
        while let Some((number, file)) = board.next_to_unpack() {
            if number >= first_layer && !is_nice {
                // The scripts of a lower layer may be running: they are what the run waits for, so they go first.
                let thread = rustix::thread::gettid();
                is_nice =
                    rustix::process::setpriority_process(Some(thread), UNPACK_NICENESS).is_ok();
            }
            let artifact = artifacts[number];
            let parcel = self.unpack(number, artifact, file, installer);
            match parcel.context(|| format!("cannot unpack `{}`", artifact.name)) {
                Ok(parcel) => {
                    self.report.event(Event::Unpacked {
                        name: artifact.name.clone(),
                    });
                    board.unpacked(number, parcel);
                }
                Err(error) => self.fail(board, error),
            }
        }
    }

    fn unpack(
        &self,
        number: usize,
        artifact: &Artifact,
        file: File,
        installer: &dyn Installer,
    ) -> Result<Parcel> {
        let again = file.try_clone()?;
        let path = self.parcels.join(number.to_string());
        let mut packing = Packing::new(&path, self.keep)?;
        installer.unpack(artifact, file, &mut Stoppable::new(&mut packing, self.stop))?;
        match packing.finish()? {
            Ok(parcel) => Ok(parcel),
            Err(path) => {
                // A kept hard link needs the content of a name that was filtered out: take everything.
                std::io::Seek::rewind(&mut &again)?;
                let mut packing = Packing::new(&path, &|_, _| true)?;
                installer.unpack(
                    artifact,
                    again,
                    &mut Stoppable::new(&mut packing, self.stop),
                )?;
                let parcel = packing.finish()?;
                Ok(parcel.map_err(|_| {
                    Error::new(
                        ErrorKind::Parse,
                        "a hard link comes before the file it names",
                    )
                })?)
            }
        }
    }

    fn install_all(&self, board: &Board, installer: &dyn Installer) -> Result<()> {
        let mut begin = 0;
        for layer in self.layers {
            for step in &layer.steps {
                let end = begin + step.artifacts.len();
                let parcels = board.wait_for(begin..end)?;
                interrupt::check(self.stop)?;
                installer.install(step, parcels)?;
                begin = end;
            }
            installer.finish(layer)?;
            (self.finished)(layer)?;
        }
        Ok(())
    }
}

/// How much unpacking gives way to scripts.
const UNPACK_NICENESS: i32 = 5;

fn count(layer: &Layer) -> usize {
    layer.artifacts().count()
}
