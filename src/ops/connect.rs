//! The store and the network, as options say.

use super::build::Options;
use crate::{net, store::Store};
use boot_kit::Result;

/// How many files are fetched at once.
pub(super) const CONNECTIONS: usize = 8;

/// Opens the store.
pub(super) fn store(options: &Options) -> Result<Store> {
    match &options.cache_dir {
        Some(directory) => Store::open(directory),
        None => Store::open(&Store::default_directory()?),
    }
}

/// Says how the network is used.
pub(super) fn net_options(options: &Options) -> net::Options {
    net::Options {
        connections: CONNECTIONS,
        offline: options.offline,
        ..net::Options::default()
    }
}
