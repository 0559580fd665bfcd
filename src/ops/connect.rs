//! The store, the network and the processor, as options say.

use crate::{
    net::{Net, Options},
    store::Store,
};
use boot_kit::{Report, Result};
use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    thread,
};

/// How many files are fetched at once.
pub(super) const CONNECTIONS: usize = 8;

/// Chooses the store's directory: the one named, or the user's own.
pub(super) fn directory(cache_dir: Option<&Path>) -> Result<PathBuf> {
    match cache_dir {
        Some(directory) => Ok(directory.to_owned()),
        None => Store::default_directory(),
    }
}

/// Opens the store there.
pub(super) fn store(cache_dir: Option<&Path>) -> Result<Store> {
    Store::open(&directory(cache_dir)?)
}

/// Makes the network of one run over that store; see [`Net::new`].
pub(super) fn net<'a>(
    store: &'a Store,
    offline: bool,
    report: &'a dyn Report,
    interrupt: &'a AtomicBool,
) -> Net<'a> {
    let options = Options {
        connections: CONNECTIONS,
        offline,
        ..Options::default()
    };
    Net::new(store, options, report, interrupt)
}

/// Says how many threads may work: as many as named, or one for each core.
pub(super) fn jobs(named: Option<NonZero<usize>>) -> usize {
    named
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZero::get)
}
