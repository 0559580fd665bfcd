//! A profile acting on a root, after all scripts have run.

use super::{
    profile::{Profile, absolute},
    prunable::Prunable,
};
use crate::prune::glob::Pattern;
use boot_kit::{Context, Entry, Event, Kind, Report, Result, Root, RootPath, Sink, event::Phase};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

/// How many links a chain of links may have, as in the kernel.
const MAX_LINKS: usize = 40;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The paths that are gone, sorted.
    pub paths: Vec<RootPath>,
    /// The files that are there but empty now, sorted.
    pub emptied: Vec<RootPath>,
    /// How many bytes of content that saved. What was never unpacked is not among them.
    pub bytes: u64,
}

impl Profile {
    /// Removes from `root` what the profile names, and writes the rules for the image's own package manager.
    ///
    /// A second time it changes nothing. Errors leave the root partly pruned.
    pub fn apply(&self, root: &Root, report: &dyn Report) -> Result<Pruned> {
        self.apply_to(&mut &*root, report)
    }

    /// The same on a root that need not be on disk.
    pub fn apply_to(&self, root: &mut dyn Prunable, report: &dyn Report) -> Result<Pruned> {
        report.event(Event::Phase(Phase::Prune));
        let mut found = Found::default();
        root.walk(&mut found)?;
        let mut pruning = Pruning {
            profile: self,
            root,
            pruned: Pruned::default(),
            links: found.count_names(),
        };
        pruning.files(&found).context(|| "cannot prune the root")?;
        pruning
            .dangling(&found)
            .context(|| "cannot prune the root")?;
        for path in &self.normalise.clear {
            pruning
                .clear(path)
                .context(|| format!("cannot clear `{path}`"))?;
        }
        for (path, mode, content) in &self.writes {
            pruning.root.write(path, content.as_bytes(), *mode)?;
        }
        let mut pruned = pruning.pruned;
        pruned.paths.sort();
        Ok(pruned)
    }

    /// Tells whether anything of this path and kind is to go after all scripts.
    fn removes(&self, path: &RootPath, kind: &Kind) -> bool {
        let text = absolute(path);
        let listed = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&text));
        let is_regular = matches!(kind, Kind::File { .. } | Kind::Hardlink(_));
        is_regular && (listed(&self.normalise.remove) || listed(&self.remove))
            || self.drops(path, kind)
    }

    fn empties(&self, path: &RootPath) -> bool {
        let text = absolute(path);
        self.normalise
            .empty
            .iter()
            .any(|pattern| pattern.matches(&text))
    }

    /// Tells whether `path` is in a directory that will be cleared.
    fn clears(&self, path: &RootPath) -> bool {
        let below = |directory: &RootPath| {
            path.bytes()
                .strip_prefix(directory.bytes())
                .is_some_and(|rest| rest.starts_with(b"/"))
        };
        self.normalise.clear.iter().any(below)
    }
}

/// Everything in the root but directories, in order.
#[derive(Default)]
struct Found(Vec<Entry>);

impl Sink for Found {
    fn entry(&mut self, entry: &Entry, _content: &mut dyn Read) -> Result<()> {
        if entry.kind != Kind::Directory {
            self.0.push(entry.clone());
        }
        Ok(())
    }
}

impl Found {
    /// Counts the names of each file, by its first one, with its size.
    fn count_names(&self) -> BTreeMap<RootPath, (usize, u64)> {
        let mut names = BTreeMap::new();
        for entry in &self.0 {
            match &entry.kind {
                Kind::File { size } => {
                    names.insert(entry.path.clone(), (1, *size));
                }
                Kind::Hardlink(first) => {
                    if let Some((count, _)) = names.get_mut(first) {
                        *count += 1;
                    }
                }
                _ => {}
            }
        }
        names
    }
}

struct Pruning<'a> {
    profile: &'a Profile,
    root: &'a mut dyn Prunable,
    pruned: Pruned,
    links: BTreeMap<RootPath, (usize, u64)>,
}

impl Pruning<'_> {
    fn files(&mut self, found: &Found) -> Result<()> {
        for entry in found
            .0
            .iter()
            .filter(|entry| !self.profile.clears(&entry.path))
        {
            if self.profile.removes(&entry.path, &entry.kind) {
                self.remove(&entry.path, &entry.kind)?;
            } else if matches!(entry.kind, Kind::File { size } if size > 0)
                && self.profile.empties(&entry.path)
            {
                self.empty(entry)?;
            }
        }
        Ok(())
    }

    /// Removes one name; bytes are saved when it was the last of its file.
    fn remove(&mut self, path: &RootPath, kind: &Kind) -> Result<()> {
        self.root.remove(path)?;
        let first = match kind {
            Kind::Hardlink(first) => first,
            _ => path,
        };
        if let Some((names, size)) = self.links.get_mut(first) {
            *names -= 1;
            if *names == 0 {
                self.pruned.bytes += *size;
            }
        }
        self.pruned.paths.push(path.clone());
        Ok(())
    }

    /// Empties a file. It is there to be filled again, so its owner may write: systemd makes a machine-id 0444.
    fn empty(&mut self, entry: &Entry) -> Result<()> {
        let mode = entry.mode | 0o200;
        self.root.write(&entry.path, b"", mode)?;
        self.root
            .set_owner(&entry.path, entry.uid, entry.gid, mode)?;
        if let Kind::File { size } = entry.kind {
            self.pruned.bytes += size;
        }
        self.pruned.emptied.push(entry.path.clone());
        Ok(())
    }

    /// Removes links to what has gone, then links to those.
    ///
    /// Only links to what this profile removes, now or while unpacking: others dangle because somebody wants them to.
    fn dangling(&mut self, found: &Found) -> Result<()> {
        let mut gone: BTreeSet<RootPath> = self.pruned.paths.iter().cloned().collect();
        let mut links: Vec<(&Entry, RootPath)> = Vec::new();
        for entry in found
            .0
            .iter()
            .filter(|entry| !self.profile.clears(&entry.path))
        {
            if let Kind::Symlink(target) = &entry.kind
                && !gone.contains(&entry.path)
                && let Some(target) = resolve(&entry.path, target)
            {
                links.push((entry, target));
            }
        }
        for _ in 0..MAX_LINKS {
            let before = links.len();
            let mut left = Vec::with_capacity(before);
            for (entry, target) in links {
                let lost = gone.contains(&target) || self.profile.excludes(&absolute(&target));
                if lost && self.root.entry(&target)?.is_none() {
                    self.remove(&entry.path, &entry.kind)?;
                    gone.insert(entry.path.clone());
                } else {
                    left.push((entry, target));
                }
            }
            links = left;
            if links.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// Removes all that is in a directory, but directories that are to be cleared themselves.
    fn clear(&mut self, directory: &RootPath) -> Result<()> {
        let is_directory =
            |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::Directory);
        if !is_directory(self.root.entry(directory)?) {
            return Ok(());
        }
        for name in self.root.list(directory)? {
            let path = directory.join(&name);
            let entry = self.root.entry(&path)?;
            let kind = entry.map(|entry| entry.kind);
            if kind == Some(Kind::Directory) {
                self.clear(&path)?;
                if self.profile.normalise.clear.contains(&path) {
                    continue;
                }
            }
            // A socket has no kind.
            self.remove(&path, &kind.unwrap_or(Kind::Fifo))?;
        }
        Ok(())
    }
}

/// Where a link leads, by its text alone; nowhere if that is out of the root.
///
/// A parent that is itself a link is left to whoever looks the result up; after `..` that can be wrong, and then what
/// is found is not what a profile removes.
fn resolve(link: &RootPath, target: &[u8]) -> Option<RootPath> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let (parent, _) = link.split()?;
    if !target.starts_with(b"/") {
        parts.extend(parent.bytes().split(|byte| *byte == b'/'));
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    RootPath::parse(parts.join(&b'/')).ok()
}

#[cfg(test)]
mod tests;
