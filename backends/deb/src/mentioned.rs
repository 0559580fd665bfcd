//! Where the lists first mention packages, as far as an earlier run had to find it out.
//!
//! A search reads half of all stanzas, and every request asks for the same few packages of the base. So what was found is
//! kept beside the lists, for as long as they are the same.

use crate::{
    acquire::Acquired,
    index::{Mention, Universe},
    known::{self, MAKER},
};
use boot_kit::{Digest, Fetch, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of the mentions in the lists of one request.
pub struct Mentioned {
    /// The name it is kept under: the same for later versions of the lists, so that only the latest are kept.
    name: String,
    known: Note,
}

#[derive(Serialize, Deserialize)]
struct Note {
    /// The lists and architectures, and the program that read them.
    of: Digest,
    found: BTreeMap<u32, Mention>,
}

impl Mentioned {
    /// Hands what is known to a universe that was read from the lists of `acquired` for these architectures.
    pub fn recall(
        universe: &Universe,
        acquired: &Acquired,
        archs: &[String],
        fetch: &dyn Fetch,
    ) -> Result<Self> {
        let notes: Vec<&str> = acquired
            .lists
            .iter()
            .map(|list| list.note.as_str())
            .collect();
        let digests: Vec<Digest> = acquired.lists.iter().map(|list| list.digest).collect();
        let of = Digest::of(format!("{MAKER}\n{archs:?}\n{digests:?}"));
        let name = format!(
            "deb mentions {}",
            Digest::of(format!("{archs:?}\n{notes:?}"))
        );
        let known = known::recall::<Note>(&name, fetch)?.filter(|note| note.of == of);
        let known = known.unwrap_or(Note {
            of,
            found: BTreeMap::new(),
        });
        universe.recall_mentions(known.found.clone());
        Ok(Self { name, known })
    }

    /// Keeps what the universe has found since then, if anything.
    pub fn remember(self, universe: &Universe, fetch: &dyn Fetch) -> Result<()> {
        let found = universe.mentions();
        if found == self.known.found {
            return Ok(());
        }
        let note = Note {
            found,
            ..self.known
        };
        known::remember(&self.name, &note, fetch)
    }
}
