//! Looking after the store.

use super::connect::directory;
use crate::store::{
    Kind, Upkeep,
    upkeep::{
        Item,
        clean::{Cleaned, Limits},
        verify::Verified,
    },
};
use boot_kit::{Report, Result};
use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Where it is.
    pub directory: PathBuf,
    /// Everything in it, the least recently used first.
    pub items: Vec<Item>,
}

/// The items of one kind together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Which kind; `None` for all.
    pub kind: Option<Kind>,
    /// How many.
    pub items: usize,
    /// Their bytes.
    pub bytes: u64,
    /// When one of them was last used.
    pub used: Option<SystemTime>,
}

impl Contents {
    /// Sums up each kind that is there, and last everything.
    pub fn sums(&self) -> Vec<Sum> {
        let kinds = [
            Kind::Artifact,
            Kind::Index,
            Kind::Layer,
            Kind::Note,
            Kind::Other,
        ];
        let kinds = kinds.into_iter().map(Some).map(|kind| self.sum(kind));
        let mut sums: Vec<_> = kinds.filter(|sum| sum.items > 0).collect();
        sums.push(self.sum(None));
        sums
    }

    fn sum(&self, kind: Option<Kind>) -> Sum {
        let items = self.items.iter();
        let items: Vec<_> = items
            .filter(|item| kind.is_none_or(|kind| item.kind == kind))
            .collect();
        Sum {
            kind,
            items: items.len(),
            bytes: items.iter().map(|item| item.bytes).sum(),
            used: items.iter().map(|item| item.used).max(),
        }
    }
}

/// Lists what is in the store.
pub fn list(cache_dir: Option<&Path>) -> Result<Contents> {
    let directory = directory(cache_dir)?;
    let items = Upkeep::new(&directory).items()?;
    Ok(Contents { directory, items })
}

/// Checks everything in the store; removes what is damaged unless it is to be kept.
pub fn verify(
    cache_dir: Option<&Path>,
    keep_damaged: bool,
    report: &dyn Report,
) -> Result<Verified> {
    Upkeep::new(&directory(cache_dir)?).verify(keep_damaged, report)
}

/// Removes the least recently used until the limits hold; only tells if `dry`.
pub fn clean(cache_dir: Option<&Path>, limits: Limits, dry: bool) -> Result<Cleaned> {
    Upkeep::new(&directory(cache_dir)?).clean(limits, dry)
}
