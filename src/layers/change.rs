//! What a root has more, less or otherwise than the layers below it.

use super::tree::{Nowhere, Recorder, Tree};
use crate::interrupt::Until;
use boot_kit::{Kind, Result, Root, RootPath, root::Stamp};
use rustix::time::{ClockId, clock_gettime};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::AtomicBool,
    thread,
    time::Duration,
};

/// A root as the layers below left it, to compare it with what becomes of it.
pub struct Base {
    tree: Tree,
    stamps: BTreeMap<RootPath, Stamp>,
}

/// What a layer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Paths that are new or another than below, with all directories on the way; files with all their names.
    pub wanted: BTreeSet<RootPath>,
    /// Paths that are there no more; not those in a directory that went with them.
    pub removed: BTreeSet<RootPath>,
}

impl Base {
    /// Takes `root`, which holds `tree`, for the state to compare with.
    ///
    /// First makes it the same as if the tree had just been unpacked, so that what comes next cannot tell the difference:
    /// times are those of the image, and what no image holds is gone.
    pub fn settle(root: &Root, tree: Tree) -> Result<Self> {
        let mut newest = (0, 0);
        for (path, stamp) in root.stamps()? {
            match tree.get(&path) {
                Some(held) if stamp.modified != (held.entry.mtime, 0) => {
                    root.set_mtime(&path, held.entry.mtime)?;
                }
                None if stamp.is_socket => root.remove(&path)?,
                _ => {}
            }
        }
        let stamps = root.stamps()?;
        for stamp in stamps.values() {
            newest = newest.max(stamp.changed);
        }
        wait_beyond(newest);
        Ok(Self { tree, stamps })
    }

    /// What it held.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Compares; `epoch` is the image's date.
    ///
    /// A file is another one if an image would show it: touching one, or writing the same content again, changes nothing.
    /// Errors with [`boot_kit::ErrorKind::Interrupted`] once `stop` is set.
    pub fn changes(&self, root: &Root, epoch: i64, stop: &AtomicBool) -> Result<Change> {
        let stamps = root.stamps()?;
        let is_touched = |path: &RootPath| {
            let stamp = &stamps[path];
            self.stamps.get(path).is_none_or(|old| old != stamp)
                || may_be_mapped(path) && !stamp.is_linked
        };
        let mut nowhere = Nowhere;
        let mut touched = Recorder::beside(&self.tree, &mut nowhere, epoch);
        let mut until = Until {
            sink: &mut touched,
            stop,
        };
        root.walk_some(&is_touched, &mut until)?;
        let touched = touched.finish();
        let mut change = Change::default();
        for held in touched.iter() {
            if self.tree.get(&held.entry.path) != Some(held) {
                change.wanted.insert(held.entry.path.clone());
            }
        }
        complete_links(&touched, &mut change.wanted);
        for held in self.tree.iter() {
            let path = &held.entry.path;
            // No image holds a socket.
            let is_gone = |path: &RootPath| stamps.get(path).is_none_or(|stamp| stamp.is_socket);
            let in_directory = path.split().is_none_or(|(parent, _)| {
                parent.is_root() || stamps.get(&parent).is_some_and(|stamp| stamp.is_directory)
            });
            if is_gone(path) && in_directory {
                change.removed.insert(path.clone());
            }
        }
        for path in change
            .wanted
            .union(&change.removed)
            .cloned()
            .collect::<Vec<_>>()
        {
            change.wanted.extend(path.ancestors());
        }
        Ok(change)
    }
}

/// Tells whether programs may write to a file in place through memory, which tmpfs does not always count as a change: it
/// is where databases are.
fn may_be_mapped(path: &RootPath) -> bool {
    [&b"var/"[..], b"usr/lib/locale/"]
        .iter()
        .any(|folder| path.bytes().starts_with(folder))
}

/// Takes all names of a file where one is wanted: a link to a file of another layer would be another file to engines.
fn complete_links(touched: &Tree, wanted: &mut BTreeSet<RootPath>) {
    let mut names: BTreeMap<&RootPath, Vec<&RootPath>> = BTreeMap::new();
    for held in touched.iter() {
        if let Kind::Hardlink(first) = &held.entry.kind {
            names.entry(first).or_default().push(&held.entry.path);
        }
    }
    for (first, others) in names {
        if wanted.contains(first) || others.iter().any(|path| wanted.contains(*path)) {
            wanted.insert(first.clone());
            wanted.extend(others.into_iter().cloned());
        }
    }
}

/// Waits until a change would have a later time than `newest`: the kernel's clock for files ticks every few milliseconds.
fn wait_beyond(newest: (i64, i64)) {
    // A clock that somebody has set back meanwhile would not get there soon.
    for _ in 0..100 {
        let now = clock_gettime(ClockId::RealtimeCoarse);
        if (now.tv_sec, now.tv_nsec) > newest {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
