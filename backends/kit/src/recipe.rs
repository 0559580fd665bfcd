//! What is asked for: pure data, from `configs/*.toml`, a team's file and the command line.

use std::{collections::BTreeMap, path::PathBuf};

/// A request with every default filled in; the only input of [`Backend::resolve`](crate::Backend::resolve).
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// The distribution, as `boot list` shows it, e.g. `debian`.
    pub distribution: String,
    /// The release by its canonical name, e.g. `trixie`.
    pub release: String,
    /// Architecture, in the distribution's own notation, e.g. `amd64`.
    pub arch: String,
    /// The set of packages to start from, e.g. `minbase`.
    pub variant: String,
    /// Packages wanted besides the variant's, in the backend's own syntax.
    pub include: Vec<String>,
    /// Packages that must not be chosen.
    pub exclude: Vec<String>,
    /// Also choose what the chosen packages recommend (`--recommends`).
    pub recommends: bool,
    /// Archive sections, e.g. `main`.
    pub components: Vec<String>,
    /// The archives of the release, as `configs/` has them.
    pub archives: Vec<Archive>,
    /// What the user named instead of [`archives`](Self::archives): URLs, source lines or files of them. Empty: nothing.
    pub mirrors: Vec<String>,
    /// Versions to choose where they can still be had and what is asked for allows it, by package name.
    pub hold: BTreeMap<String, String>,
    /// Where the host keeps its own package manager's settings (`/etc`); `None` to leave the host alone.
    pub host: Option<PathBuf>,
    /// Public keys that may sign the indexes of archives that have none of their own.
    pub keys: Vec<Key>,
    /// Where the distribution publishes its public keys, for those who have to get them.
    pub keys_at: Option<String>,
    /// Accept indexes past the end of their validity (`--allow-expired`).
    pub allow_expired: bool,
    /// The time of the run, seconds since the Unix epoch; decides only whether indexes are current.
    pub now: i64,
    /// The distribution's own settings for its backend: the `[backend]`, release and variant tables of its file.
    pub settings: toml::Table,
}

/// A place that holds packages of one suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The suite's directory, e.g. `trixie-security`.
    pub suite: String,
    /// Archive sections to read; `None` means the recipe's. An archive may have none.
    pub components: Option<Vec<String>>,
    /// Official base URLs, best first, without trailing slash.
    pub mirrors: Vec<String>,
    /// Public keys that alone may sign its indexes; empty means the recipe's.
    pub keys: Vec<Key>,
}

impl Recipe {
    /// The sections to read of one of its archives.
    pub fn components_of<'a>(&'a self, archive: &'a Archive) -> &'a [String] {
        archive.components.as_deref().unwrap_or(&self.components)
    }

    /// The keys that may sign the indexes of one of its archives.
    pub fn keys_of<'a>(&'a self, archive: &'a Archive) -> &'a [Key] {
        if archive.keys.is_empty() {
            &self.keys
        } else {
            &archive.keys
        }
    }

    /// All keys there are, each once: what may sign an index that is of none of the archives.
    pub fn all_keys(&self) -> Vec<Key> {
        let mut keys = self.keys.clone();
        for key in self.archives.iter().flat_map(|archive| &archive.keys) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// What to do about a missing key, as a hint.
    pub fn key_hint(&self) -> String {
        match &self.keys_at {
            Some(place) => format!("get it from {place} and name the file with --keyring"),
            None => "name the file of public keys with --keyring".to_owned(),
        }
    }
}

/// Where the files of one archive are: base URLs without trailing slash, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// As they are used: the host's own among them, and with credentials.
    pub urls: Vec<String>,
    /// As they may be told to others: official ones or those the user named, without credentials.
    pub public: Vec<String>,
}

/// One file of public keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// A name for messages: the file it came from.
    pub name: String,
    /// OpenPGP certificates, armored or binary, or whatever else the backend verifies with.
    pub bytes: Vec<u8>,
    /// Where the distribution's own package manager finds the same keys inside an image, if it does.
    pub path_in_image: Option<String>,
}
