//! A store, a network and a listener for one test.

use boot::{
    net::{Net, Options},
    store::Store,
};
use boot_deb::acquire::{Acquired, acquire};
use boot_kit::{
    Event, Recipe, Report, Result,
    testkit::{Archive, Server},
};
use std::{
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};
use tempfile::TempDir;

pub struct Bench {
    _directory: TempDir,
    store: Store,
    warnings: Warnings,
    interrupted: AtomicBool,
}

#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Report for Warnings {
    fn event(&self, event: Event) {
        if let Event::Warning { message } = event {
            self.0.lock().expect("nobody panicked").push(message);
        }
    }
}

impl Bench {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self {
            store: Store::open(directory.path()).expect("a store"),
            _directory: directory,
            warnings: Warnings::default(),
            interrupted: AtomicBool::new(false),
        }
    }

    pub fn acquire(&self, recipe: &Recipe) -> Result<Acquired> {
        self.run(recipe, false)
    }

    pub fn acquire_offline(&self, recipe: &Recipe) -> Result<Acquired> {
        self.run(recipe, true)
    }

    /// The warnings since the last call.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.0.lock().expect("nobody panicked"))
    }

    fn run(&self, recipe: &Recipe, offline: bool) -> Result<Acquired> {
        let options = Options {
            offline,
            pause: Duration::from_millis(1),
            proxies: false,
            ..Options::default()
        };
        let net = Net::new(&self.store, options, &self.warnings, &self.interrupted);
        acquire(recipe, &net, &self.warnings)
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
            let text = String::from_utf8(list.bytes.clone()).expect("is text");
            (list.component.as_str(), list.arch.as_str(), text)
        })
        .collect()
}
