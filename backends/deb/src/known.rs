//! A plan that was made before, for the same request and the same signed release files.
//!
//! A plan is a function of the recipe, the sources it leads to, and the release files; all of them are named here, so
//! that making it again would give the same. What is kept lies in the store, which is private to its user (mode 0700),
//! and carries its own checksum: whoever can write there can change the program as well. Whether the release files
//! are signed, and still valid now, is checked on every run before a kept plan is used.

use crate::{
    acquire::{Acquired, Suite},
    sources::{ImageSources, Source},
};
use boot_kit::{Digest, Event, Fetch, Plan, Recipe, Report, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What else decides about a plan: the form of what is kept, and the program that made it.
pub const MAKER: &str = concat!(
    "1 ",
    env!("CARGO_PKG_VERSION"),
    " ",
    env!("BOOT_DEB_SOURCES")
);

/// The name under which the plan of a request is kept; the release files decide whether it is used.
pub struct Key(String);

/// A plan, and the release files it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The [marks](crate::acquire::Suite::mark) of the suites.
    pub marks: Vec<Digest>,
    /// Names and lengths of the files that were read, for progress.
    indexes: Vec<(String, u64)>,
    /// The plan.
    pub plan: Plan,
}

impl Key {
    /// Names a request by everything that determines its plan, but for the release files.
    pub fn new(recipe: &Recipe, sources: &[Source], image: &ImageSources) -> Self {
        let mut keys = Vec::new();
        let mut bare = |recipe: &mut Vec<boot_kit::recipe::Key>| {
            for key in recipe {
                keys.push(Digest::of(std::mem::take(&mut key.bytes)));
            }
        };
        // All fields, those of later versions among them, but for what decides only whether a release file will do.
        let mut recipe = Recipe {
            now: 0,
            host: None,
            ..recipe.clone()
        };
        let mut sources = sources.to_vec();
        bare(&mut recipe.keys);
        for archive in &mut recipe.archives {
            bare(&mut archive.keys);
        }
        for source in &mut sources {
            bare(&mut source.keys);
        }
        let all = format!("{MAKER}\n{recipe:?}\n{sources:?}\n{image:?}\n{keys:?}");
        Self(format!("deb plan {}", Digest::of(all)))
    }

    /// Reads back what is known of the request; a damaged note is none.
    pub fn recall(&self, fetch: &dyn Fetch) -> Result<Option<Known>> {
        recall(&self.0, fetch)
    }

    /// Keeps what is known of the request.
    pub fn remember(&self, known: &Known, fetch: &dyn Fetch) -> Result<()> {
        remember(&self.0, known, fetch)
    }
}

/// Reads back what was kept under `name`; what is damaged, or of another form, is nothing.
pub(crate) fn recall<T: DeserializeOwned>(name: &str, fetch: &dyn Fetch) -> Result<Option<T>> {
    let note = fetch.recall(name)?;
    Ok(note.and_then(|note| {
        let (checksum, json) = note.split_at_checked(64)?;
        let is_whole = Digest::of(json).to_string().as_bytes() == checksum;
        serde_json::from_slice(json).ok().filter(|_| is_whole)
    }))
}

/// Keeps `what` under `name`, with a checksum.
pub(crate) fn remember(name: &str, what: &impl Serialize, fetch: &dyn Fetch) -> Result<()> {
    let json = serde_json::to_string(what).expect("all keys are strings or numbers");
    let note = format!("{}{json}", Digest::of(&json));
    fetch.remember(name, note.as_bytes())
}

impl Known {
    /// Describes a plan just made from `acquired`.
    pub fn new(plan: &Plan, acquired: &Acquired) -> Self {
        let fetched = acquired.lists.iter().map(|list| {
            let suite = &acquired.suites[list.suite].name;
            (list.file_name(suite), list.packed)
        });
        let read = acquired.lists.iter().map(|list| {
            let suite = &acquired.suites[list.suite].name;
            (list.name(suite), list.content.plain_bytes())
        });
        Self {
            marks: acquired.suites.iter().map(Suite::mark).collect(),
            indexes: fetched.chain(read).collect(),
            plan: plan.clone(),
        }
    }

    /// Tells of the files as if they had been read.
    pub fn report(&self, report: &dyn Report) {
        for (name, bytes) in &self.indexes {
            report.event(Event::Index {
                name: name.clone(),
                bytes: *bytes,
            });
        }
    }
}
