//! From a recipe to a store that has all it needs.

use super::{build::Options, connect, planning::plan_for};
use crate::{interrupt, registry};
use boot_kit::{Artifact, Error, Event, Recipe, Report, Result, event::Phase};
use std::{
    cmp::Reverse,
    fs::File,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// What is in the store now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stocked {
    /// How many packages.
    pub packages: usize,
    /// Their size together, in bytes.
    pub bytes: u64,
    /// How many bytes of them were there before.
    pub cached_bytes: u64,
    /// How long it took.
    pub wall: Duration,
}

/// Fills the store with the artifacts of a recipe, and with the indexes unless they are locked.
pub fn fetch(recipe: &Recipe, options: &Options, report: &dyn Report) -> Result<Stocked> {
    let begin = Instant::now();
    let interrupt = interrupt::listen()?;
    let store = connect::store(options.cache_dir.as_deref())?;
    let net = connect::net(&store, options.offline, report, &interrupt);
    let backend = registry::backend(options.format);
    let plan = plan_for(recipe, options, &net, &*backend, report)?;
    let mut artifacts: Vec<&Artifact> = plan.artifacts().collect();
    artifacts.sort_by_key(|artifact| Reverse(artifact.size));
    report.event(Event::Phase(Phase::Fetch));
    let verify = |artifact: &Artifact, file: &mut File| backend.verify(artifact, file);
    let next = AtomicUsize::new(0);
    let cached = AtomicU64::new(0);
    let failure: Mutex<Option<Error>> = Mutex::default();
    let work = || {
        while let Some(artifact) = artifacts.get(next.fetch_add(1, Ordering::Relaxed)) {
            match net.artifact(artifact, &verify) {
                Ok(fetched) if fetched.url.is_none() => {
                    cached.fetch_add(artifact.size, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => {
                    let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                    // What the others say when they are stopped is no news.
                    first.get_or_insert(error);
                    interrupt.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..connect::CONNECTIONS {
            scope.spawn(work);
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(Stocked {
            packages: artifacts.len(),
            bytes: plan.bytes(),
            cached_bytes: cached.into_inner(),
            wall: begin.elapsed(),
        }),
    }
}
