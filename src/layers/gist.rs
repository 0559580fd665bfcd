//! The little of a stack of layers that its image's configuration needs.

use super::{Layer, Stack};
use crate::{interrupt::Until, store::Store};
use boot_kit::{Digest, Entry, Error, ErrorKind, Kind, Result, Sink};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, io::Read, sync::atomic::AtomicBool};

/// Changes whenever the same layers would come to something else.
const FORMAT: u32 = 1;

/// The shells people expect, the better first.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// What a stack of layers comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gist {
    /// How many files there are, directories among them.
    pub entries: u64,
    /// The shell to run where nobody names a program, if there is one.
    pub shell: Option<String>,
}

impl Gist {
    /// Finds it in the store, if there is one, or goes through the layers once.
    ///
    /// Errors with [`ErrorKind::Interrupted`] once `stop` is set.
    pub fn of(layers: &[Layer], store: Option<&Store>, stop: &AtomicBool) -> Result<Self> {
        let ids: Vec<_> = layers
            .iter()
            .map(|layer| layer.record.diff_id.to_string())
            .collect();
        let name = format!("gist {FORMAT} {}", Digest::of(ids.join(" ")));
        let known = match store {
            Some(store) => store.recall(&name)?,
            None => None,
        };
        if let Some(gist) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(gist);
        }
        let mut look = Look::default();
        let sink = &mut look;
        Stack(layers).send(&mut Until { sink, stop })?;
        let gist = look.gist();
        if let Some(store) = store {
            let bytes = serde_json::to_vec(&gist).map_err(|error| {
                Error::new(ErrorKind::Io, "cannot note an image").caused_by(error)
            })?;
            store.remember(&name, &bytes)?;
        }
        Ok(gist)
    }
}

#[derive(Default)]
struct Look {
    entries: u64,
    /// Programs in `bin` and `usr/bin`, by path.
    programs: BTreeSet<Vec<u8>>,
    /// Whether `/bin` is a link, which can only be to `usr/bin`.
    is_merged: bool,
}

impl Look {
    fn gist(self) -> Gist {
        let has = |name: &str| {
            let path = |folder: &str| format!("{folder}/{name}").into_bytes();
            self.programs.contains(&path("bin"))
                || self.is_merged && self.programs.contains(&path("usr/bin"))
        };
        let shell = SHELLS.into_iter().find(|name| has(name));
        Gist {
            entries: self.entries,
            shell: shell.map(|name| format!("/bin/{name}")),
        }
    }
}

impl Sink for Look {
    fn entry(&mut self, entry: &Entry, _content: &mut dyn Read) -> Result<()> {
        self.entries += 1;
        let path = entry.path.bytes();
        if path == b"bin" {
            self.is_merged = matches!(entry.kind, Kind::Symlink(_));
        }
        let is_shell = |folder: &[u8]| {
            path.strip_prefix(folder)
                .is_some_and(|name| SHELLS.iter().any(|shell| shell.as_bytes() == name))
        };
        if entry.kind != Kind::Directory && (is_shell(b"bin/") || is_shell(b"usr/bin/")) {
            self.programs.insert(path.to_vec());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::RootPath;
    use std::{collections::BTreeMap, io};

    fn shell(paths: &[(&'static str, Kind)]) -> Option<String> {
        let mut look = Look::default();
        for (path, kind) in paths {
            let entry = Entry {
                path: RootPath::from(*path),
                kind: kind.clone(),
                mode: 0o755,
                uid: 0,
                gid: 0,
                mtime: 0,
                xattrs: BTreeMap::new(),
            };
            look.entry(&entry, &mut io::empty()).expect("takes all");
        }
        look.gist().shell
    }

    #[test]
    fn bash_comes_before_sh_and_a_merged_usr_is_followed() {
        let (file, link) = (Kind::File { size: 1 }, Kind::Symlink(b"usr/bin".to_vec()));
        let busybox = Kind::Symlink(b"/bin/busybox".to_vec());
        assert_eq!(
            shell(&[
                ("bin", link),
                ("usr/bin/bash", file.clone()),
                ("usr/bin/sh", busybox.clone())
            ]),
            Some("/bin/bash".into())
        );
        assert_eq!(shell(&[("bin/sh", busybox)]), Some("/bin/sh".into()));
        assert_eq!(shell(&[("usr/bin/bash", file)]), None);
    }
}
