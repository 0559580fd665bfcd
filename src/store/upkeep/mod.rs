//! Looking after a store: what is in it, whether it is intact, and taking away what is no longer used.
//!
//! | module | holds |
//! | --- | --- |
//! | [`verify`] | every item is read and hashed |
//! | [`clean`] | the least recently used goes first |
//!
//! All of it may run beside builds.

pub mod clean;
#[cfg(test)]
mod tests;
pub mod verify;

use super::{
    label::{Kind, Label},
    layer::LayerRecord,
    places::Places,
    sealed, split_note,
};
use boot_kit::{Digest, Result};
use fs_err as fs;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A store as seen by who looks after it: not one of its runs.
pub struct Upkeep {
    places: Places,
}

/// One thing in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What sort of thing it is.
    pub kind: Kind,
    /// What it is called; the name of its file if nobody gave it a name.
    pub name: String,
    /// The SHA-256 that names it in the store, of its bytes or of its name; `None` for what is no file of the store's.
    pub digest: Option<Digest>,
    /// Length in bytes.
    pub bytes: u64,
    /// When a run last began to use it.
    pub used: SystemTime,
    path: PathBuf,
    /// Files that say something of it and go with it.
    beside: Vec<PathBuf>,
}

impl Upkeep {
    /// Looks at the store in `directory`; there need not be one.
    pub fn new(directory: &Path) -> Self {
        Self {
            places: Places::of(directory),
        }
    }

    /// Lists what is in the store, the least recently used first.
    pub fn items(&self) -> Result<Vec<Item>> {
        let mut records = self.records()?;
        let mut items = Vec::new();
        for (path, bytes, used) in files(&self.places.blobs)? {
            let digest = digest_in(&path);
            let label = digest.map(|digest| self.places.label(&digest));
            let known = label.as_deref().and_then(read_label);
            let records = digest.and_then(|digest| records.remove(&digest));
            let (kind, name) = match (&records, known) {
                (Some(found), _) => (Kind::Layer, found[0].1.name.clone()),
                (None, Some(label)) => (label.kind, label.name),
                (None, None) => (Kind::Other, file_name(&path)),
            };
            let records = records.into_iter().flatten().map(|(path, _)| path);
            items.push(Item {
                kind,
                name,
                digest,
                bytes,
                used,
                path,
                beside: records.chain(label).collect(),
            });
        }
        for (path, bytes, used) in files(&self.places.notes)? {
            let note = fs::read(&path).ok().and_then(sealed::open);
            let name = note.and_then(split_note).map(|(name, _)| name);
            items.push(Item {
                kind: Kind::Note,
                name: name.unwrap_or_else(|| file_name(&path)),
                digest: digest_in(&path),
                bytes,
                used,
                path,
                beside: Vec::new(),
            });
        }
        items.sort_by(|a, b| (a.used, &a.name, &a.path).cmp(&(b.used, &b.name, &b.path)));
        Ok(items)
    }

    /// Reads the records of layers, by the blobs they name.
    fn records(&self) -> Result<BTreeMap<Digest, Vec<(PathBuf, LayerRecord)>>> {
        let mut records: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (path, ..) in files(&self.places.layers)? {
            if let Some(record) = read_record(&path) {
                records.entry(record.blob).or_default().push((path, record));
            }
        }
        Ok(records)
    }
}

fn read_record(path: &Path) -> Option<LayerRecord> {
    sealed::parsed(fs::read(path).ok()?)
}

fn read_label(path: &Path) -> Option<Label> {
    sealed::parsed(fs::read(path).ok()?)
}

/// Lists the files of a directory with their lengths and times, sorted by name; nothing if there is no directory.
fn files(directory: &Path) -> Result<Vec<(PathBuf, u64, SystemTime)>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        // What was taken away just now is not there.
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
        {
            files.push((entry.path(), metadata.len(), metadata.modified()?));
        }
    }
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn digest_in(path: &Path) -> Option<Digest> {
    file_name(path).parse().ok()
}
