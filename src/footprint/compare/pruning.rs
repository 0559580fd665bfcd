//! What a prune profile would save, by its rules and the list of files: nothing is built.

use super::model::{Advice, AdviceKind, Gain};
use crate::{
    footprint::{
        Footprint,
        amount::amount,
        model::{Detail, File, FileKind},
    },
    prune::{Profile, Prunable},
};
use boot_kit::{Entry, Kind, Result, RootPath, Sink, event::Silence};
use std::{collections::BTreeMap, io};

/// What saves less than this part of an image is not worth a flag.
const LEAST: u64 = 200;

/// Tells for each profile of `family` that the image could still be pruned by what it would save, the mildest first.
///
/// Of two profiles that save the same only the milder is told.
pub fn advice(image: u32, footprint: &Footprint, family: &str) -> Result<Vec<Advice>> {
    let Some(detail) = &footprint.detail else {
        return Ok(Vec::new());
    };
    let mut advice: Vec<Advice> = Vec::new();
    for (name, about) in Profile::list(family)? {
        let gain = gain(detail, &Profile::load(family, &name, &[])?)?;
        let told = advice.last().map_or(0, |last| last.predicted.bytes);
        let least = i64::try_from(footprint.sizes.content / LEAST).unwrap_or(i64::MAX);
        if gain.bytes - told > least {
            advice.push(Advice {
                image,
                flags: vec!["--prune".to_owned(), name],
                text: format!("leave out {}", what(&about)),
                kind: AdviceKind::Prune,
                predicted: gain,
                ..Advice::default()
            });
        }
    }
    Ok(advice)
}

/// Predicts what a profile saves.
pub fn gain(detail: &Detail, profile: &Profile) -> Result<Gain> {
    let mut listing = Listing::of(detail);
    let pruned = profile.apply_to(&mut listing, &Silence)?;
    let written: u64 = listing.written;
    let zstd: u64 = listing.removed_zstd;
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    Ok(Gain {
        bytes: signed(pruned.bytes) - signed(written),
        zstd_bytes: Some(signed(zstd)),
    })
}

/// The first half of what a profile says of itself, without what it says of another: `documentation and translations`.
fn what(about: &str) -> &str {
    let first = about.split(';').next().unwrap_or(about);
    first.strip_suffix(" besides").unwrap_or(first)
}

/// Says in words what a gain is of.
pub fn words(gain: Gain) -> String {
    let size = |bytes: i64| {
        let sign = if bytes < 0 { "+" } else { "−" };
        format!("{sign}{}", amount(bytes.unsigned_abs()))
    };
    match gain.zstd_bytes {
        Some(zstd) => format!("{}, {} compressed", size(gain.bytes), size(zstd)),
        None => size(gain.bytes),
    }
}

/// A list of files that a profile can act on, as on a root.
struct Listing<'a> {
    entries: BTreeMap<RootPath, (Entry, &'a File)>,
    removed_zstd: u64,
    written: u64,
}

impl<'a> Listing<'a> {
    fn of(detail: &'a Detail) -> Self {
        let entry = |file: &'a File| {
            let path = RootPath::parse(&file.path).ok()?;
            let target = file.target.as_deref().unwrap_or_default();
            let kind = match file.kind {
                FileKind::File => Kind::File { size: file.bytes },
                FileKind::Directory => Kind::Directory,
                FileKind::Symlink => Kind::Symlink(target.as_bytes().to_vec()),
                FileKind::Hardlink => Kind::Hardlink(RootPath::parse(target).ok()?),
                FileKind::Device => Kind::Character { major: 0, minor: 0 },
                FileKind::Fifo => Kind::Fifo,
            };
            let entry = Entry {
                path: path.clone(),
                kind,
                mode: file.mode,
                uid: file.uid,
                gid: file.gid,
                mtime: 0,
                xattrs: BTreeMap::new(),
            };
            Some((path, (entry, file)))
        };
        Self {
            entries: detail.files.iter().filter_map(entry).collect(),
            removed_zstd: 0,
            written: 0,
        }
    }
}

impl Prunable for Listing<'_> {
    fn walk(&self, sink: &mut dyn Sink) -> Result<()> {
        for (entry, _) in self.entries.values() {
            sink.entry(entry, &mut io::empty())?;
        }
        Ok(())
    }

    fn entry(&self, path: &RootPath) -> Result<Option<Entry>> {
        Ok(self.entries.get(path).map(|(entry, _)| entry.clone()))
    }

    fn list(&self, directory: &RootPath) -> Result<Vec<Vec<u8>>> {
        let below = self.entries.range(directory.clone()..);
        let prefix = [directory.bytes(), b"/"].concat();
        let rest = below
            .skip_while(|(path, _)| *path == directory)
            .map(|(path, _)| path.bytes())
            // Names such as `run-parts` sort between `run` and `run/lock`.
            .take_while(|path| path.starts_with(directory.bytes()))
            .filter_map(|path| path.strip_prefix(&prefix[..]));
        let names = rest.filter(|name| !name.contains(&b'/'));
        Ok(names.map(<[u8]>::to_vec).collect())
    }

    fn remove(&mut self, path: &RootPath) -> Result<()> {
        if let Some((_, file)) = self.entries.remove(path) {
            self.removed_zstd += file.zstd_bytes;
        }
        Ok(())
    }

    fn write(&mut self, path: &RootPath, content: &[u8], _mode: u32) -> Result<()> {
        // What is emptied is counted by whoever empties it; what was written before is there already.
        if !self.entries.contains_key(path) {
            self.written += content.len() as u64;
        }
        Ok(())
    }

    fn set_owner(&mut self, _path: &RootPath, _uid: u32, _gid: u32, _mode: u32) -> Result<()> {
        Ok(())
    }
}
