//! What differs between two locks.

use super::{Lock, Locked};
use boot_kit::Proof;
use std::collections::{BTreeMap, BTreeSet};

/// All differences, packages sorted by name and architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is asked for now, in sentences.
    pub asked: Vec<String>,
    /// Packages that come, go or move.
    pub packages: Vec<Change>,
    /// What else, in a few words each.
    pub also: Vec<&'static str>,
    /// How many stay as they are.
    pub kept: usize,
    /// Bytes of all packages that are not in the old lock: what an update downloads.
    pub new_bytes: u64,
}

/// One package that comes, goes or moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// Its architecture.
    pub arch: String,
    /// Version and size in the old lock.
    pub before: Option<(String, u64)>,
    /// Version and size in the new one.
    pub after: Option<(String, u64)>,
}

impl Change {
    /// By how many bytes the package grows.
    pub fn growth(&self) -> i128 {
        let size = |side: &Option<(String, u64)>| side.as_ref().map_or(0, |(_, size)| *size);
        i128::from(size(&self.after)) - i128::from(size(&self.before))
    }
}

impl Changes {
    /// Compares two locks; `before` is empty if there was none.
    pub fn between(before: Option<&Lock>, after: &Lock) -> Self {
        let old = before.map(by_name).unwrap_or_default();
        let new = by_name(after);
        let mut changes = Self {
            asked: before.map_or_else(Vec::new, |old| old.asked.differences(&after.asked)),
            ..Self::default()
        };
        changes.also = before.map_or_else(Vec::new, |before| also(before, after));
        let side = |locked: &&Locked| (locked.version.clone(), locked.size);
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
        for (name, arch) in keys {
            let (before, after) = (old.get(&(name, arch)), new.get(&(name, arch)));
            if before.map(|it| &it.proof) != after.map(|it| &it.proof) {
                changes.packages.push(Change {
                    name: name.to_owned(),
                    arch: arch.to_owned(),
                    before: before.map(side),
                    after: after.map(side),
                });
            }
        }
        let is_kept = |locked: &&Locked| {
            old.get(&(locked.name.as_str(), locked.arch.as_str()))
                .is_some_and(|known| known.proof == locked.proof)
        };
        changes.kept = after.artifacts().filter(is_kept).count();
        let all: u64 = after.artifacts().map(|locked| locked.size).sum();
        let kept: u64 = after.artifacts().filter(is_kept).map(|it| it.size).sum();
        changes.new_bytes = all - kept;
        changes
    }

    /// By how many bytes all packages together grow.
    pub fn growth(&self) -> i128 {
        self.packages.iter().map(Change::growth).sum()
    }

    /// Tells whether nothing has changed but dates.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.asked.is_empty() && self.also.is_empty()
    }
}

/// What is different besides packages and the request; not the dates, which newer indexes change.
fn also(before: &Lock, after: &Lock) -> Vec<&'static str> {
    let proofs = |lock: &Lock| -> BTreeSet<Proof> {
        lock.artifacts()
            .map(|locked| locked.proof.clone())
            .collect()
    };
    let both: BTreeSet<Proof> = &proofs(before) & &proofs(after);
    // What comes or goes is listed already.
    let order = |lock: &Lock| -> Vec<(Proof, bool)> {
        let kept = lock
            .artifacts()
            .filter(|locked| both.contains(&locked.proof));
        kept.map(|locked| (locked.proof.clone(), locked.requested))
            .collect()
    };
    let mut also = Vec::new();
    for (is_other, what) in [
        (before.archives != after.archives, "the mirrors"),
        (
            before.asked.epoch != after.asked.epoch,
            "the date that is asked for",
        ),
        (
            before.formats != after.formats,
            "the rules by which images are made",
        ),
        (before.notes != after.notes, "the notes of the backend"),
        (
            order(before) != order(after),
            "the order of packages, or which were asked for",
        ),
    ] {
        if is_other {
            also.push(what);
        }
    }
    also
}

fn by_name(lock: &Lock) -> BTreeMap<(&str, &str), &Locked> {
    lock.artifacts()
        .map(|locked| ((locked.name.as_str(), locked.arch.as_str()), locked))
        .collect()
}
