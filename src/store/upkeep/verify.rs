//! Is everything what it says it is?

use super::{Item, Upkeep, files, read_label, read_record};
use crate::store::{gate::Gate, label::Kind, lock::is_at, sealed, split_note};
use boot_kit::{Context, Digest, Event, Report, Result, event::Phase};
use fs_err as fs;
use rayon::prelude::*;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many items are intact.
    pub items: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What is not, sorted by kind and name.
    pub damaged: Vec<Damage>,
}

/// One thing that is not what it says it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// What sort of thing it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Upkeep {
    /// Reads and hashes everything; removes what is damaged unless it is to be kept.
    pub fn verify(&self, keep_damaged: bool, report: &dyn Report) -> Result<Verified> {
        report.event(Event::Phase(Phase::Verify));
        let items = self.items()?;
        let total = items.iter().map(|item| item.bytes).sum();
        let checked: Vec<_> = items
            .par_iter()
            .map(|item| {
                let damage = check(item);
                let bytes = item.bytes;
                report.event(Event::Checked { bytes, total });
                self.settle(&item.path, damage, keep_damaged)
            })
            .collect::<Result<_>>()?;
        let mut found = Verified::default();
        for (item, reason) in items.iter().zip(checked) {
            let Some(reason) = reason else {
                found.items += 1;
                found.bytes += item.bytes;
                continue;
            };
            found.damaged.push(Damage {
                kind: item.kind,
                name: item.name.clone(),
                reason,
            });
        }
        self.check_beside(keep_damaged, &mut found)?;
        found.damaged.sort();
        Ok(found)
    }

    /// Checks records and labels, which are no items of their own.
    fn check_beside(&self, keep_damaged: bool, found: &mut Verified) -> Result<()> {
        let mut check = |path: &Path, noun: &str, is_intact: bool| {
            let damage = (!is_intact).then(|| not_sealed(path)).flatten();
            let Some(reason) = self.settle(path, damage, keep_damaged)? else {
                return Ok(());
            };
            let name = format!("{noun} {}", super::file_name(path));
            found.damaged.push(Damage {
                kind: Kind::Other,
                name,
                reason,
            });
            Ok::<_, boot_kit::Error>(())
        };
        for (path, ..) in files(&self.places.layers)? {
            check(&path, "layer record", read_record(&path).is_some())?;
        }
        for (path, ..) in files(&self.places.labels)? {
            check(&path, "label", read_label(&path).is_some())?;
        }
        Ok(())
    }

    /// Removes what is damaged; returns what is wrong with it.
    fn settle(&self, path: &Path, damage: Option<Found>, keep: bool) -> Result<Option<String>> {
        let Some(Found { reason, file }) = damage else {
            return Ok(None);
        };
        if !keep {
            let _gate = Gate::to_remove(&self.places.runs)?;
            // Unless a build has replaced it meanwhile.
            if is_at(&file, path) {
                fs::remove_file(path).context(|| "cannot remove what is damaged")?;
            }
        }
        Ok(Some(reason))
    }
}

/// What is wrong, and with which file.
struct Found {
    reason: String,
    file: File,
}

/// Looks for damage; what has gone meanwhile has none.
fn check(item: &Item) -> Option<Found> {
    let mut file = File::open(&item.path).ok()?;
    let reason = match item.kind {
        Kind::Note => note_damage(&mut file),
        _ => blob_damage(item, &mut file),
    };
    reason.map(|reason| Found { reason, file })
}

fn blob_damage(item: &Item, file: &mut File) -> Option<String> {
    let Some(digest) = item.digest else {
        return Some("its name is no digest".to_owned());
    };
    match Digest::of_reader(file) {
        Ok((found, _)) if found == digest => None,
        Ok((found, _)) => Some(format!("its SHA-256 is {found}, not {digest}")),
        Err(error) => Some(unreadable(&error)),
    }
}

fn note_damage(file: &mut File) -> Option<String> {
    let mut bytes = Vec::new();
    if let Err(error) = file.read_to_end(&mut bytes) {
        return Some(unreadable(&error));
    }
    let is_intact = sealed::open(bytes).and_then(split_note).is_some();
    (!is_intact).then(|| "its checksum is wrong".to_owned())
}

fn not_sealed(path: &Path) -> Option<Found> {
    let file = File::open(path).ok()?;
    let reason = "its checksum is wrong".to_owned();
    Some(Found { reason, file })
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
