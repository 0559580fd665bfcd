//! A store, a network and a listener for one test.

use boot::{
    net::{Net, Options},
    store::Store,
};
use boot_deb::{
    Deb,
    acquire::{Acquired, Content, acquire},
};
use boot_kit::{
    Backend, Event, Plan, Recipe, Report, Result,
    testkit::{Archive, Server},
};
use std::{
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};
use tempfile::TempDir;

pub struct Bench {
    pub directory: TempDir,
    store: Store,
    heard: Heard,
    interrupted: AtomicBool,
}

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Report for Heard {
    fn event(&self, event: Event) {
        self.0.lock().expect("nobody panicked").push(event);
    }
}

impl Bench {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self {
            store: Store::open(directory.path()).expect("a store"),
            directory,
            heard: Heard::default(),
            interrupted: AtomicBool::new(false),
        }
    }

    pub fn acquire(&self, recipe: &Recipe) -> Result<Acquired> {
        acquire(recipe, &self.net(false), &self.heard)
    }

    pub fn acquire_offline(&self, recipe: &Recipe) -> Result<Acquired> {
        acquire(recipe, &self.net(true), &self.heard)
    }

    pub fn resolve(&self, recipe: &Recipe) -> Result<Plan> {
        Deb.resolve(recipe, &self.net(false), &self.heard)
    }

    pub fn resolve_offline(&self, recipe: &Recipe) -> Result<Plan> {
        Deb.resolve(recipe, &self.net(true), &self.heard)
    }

    /// The warnings since the last call.
    pub fn warnings(&self) -> Vec<String> {
        let events = self.events().into_iter();
        events
            .filter_map(|event| match event {
                Event::Warning { message } => Some(message),
                _ => None,
            })
            .collect()
    }

    /// The events since the last call.
    pub fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.heard.0.lock().expect("nobody panicked"))
    }

    fn net(&self, offline: bool) -> Net<'_> {
        let options = Options {
            offline,
            pause: Duration::from_millis(1),
            proxies: false,
            ..Options::default()
        };
        Net::new(&self.store, options, &self.heard, &self.interrupted)
    }
}

/// A recipe for `archive`, served at `/debian` of each server.
pub fn recipe(archive: &Archive, servers: &[&Server]) -> Recipe {
    let mirrors: Vec<_> = servers
        .iter()
        .map(|server| format!("{}/debian", server.url()))
        .collect();
    archive.recipe(&mirrors)
}

/// The lists: component, architecture, text.
pub fn shown(acquired: &Acquired) -> Vec<(&str, &str, String)> {
    acquired
        .lists
        .iter()
        .map(|list| {
            let Content::Plain(bytes) = &list.content else {
                panic!("only resolving keeps lists in another form");
            };
            let text = String::from_utf8(bytes.clone()).expect("is text");
            (list.component.as_str(), list.arch.as_str(), text)
        })
        .collect()
}
