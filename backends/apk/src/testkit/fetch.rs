//! A network without one.

use boot_kit::{Error, ErrorKind, Fetch, Request, Result, fetch::Fetched};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek, Write},
    sync::Mutex,
};

/// Files by URL; those of the machine's own file system are there by themselves.
#[derive(Default)]
pub struct Files {
    by_url: Mutex<BTreeMap<String, Vec<u8>>>,
    remembered: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Whether nothing may be asked for.
    pub offline: bool,
}

impl Files {
    /// Has a file at a URL.
    pub fn put(&self, url: &str, bytes: Vec<u8>) {
        self.by_url
            .lock()
            .expect("not poisoned")
            .insert(url.to_owned(), bytes);
    }

    /// The names under which something is remembered.
    pub fn notes(&self) -> Vec<String> {
        self.remembered
            .lock()
            .expect("not poisoned")
            .keys()
            .cloned()
            .collect()
    }
}

impl Fetch for Files {
    fn get(&self, request: &Request) -> Result<Fetched> {
        assert!(!self.offline, "`{}` was asked for", request.name);
        for url in &request.urls {
            if let Some(path) = url.strip_prefix("file://")
                && let Ok(file) = File::open(path)
            {
                return Ok(Fetched {
                    file,
                    url: Some(url.clone()),
                });
            }
            if let Some(bytes) = self.by_url.lock().expect("not poisoned").get(url) {
                let mut file = tempfile::tempfile()?;
                file.write_all(bytes)?;
                file.rewind()?;
                return Ok(Fetched {
                    file,
                    url: Some(url.clone()),
                });
            }
        }
        let message = format!("`{}` is not there", request.urls.join(" "));
        Err(Error::new(ErrorKind::NotFound, message))
    }

    fn is_offline(&self) -> bool {
        self.offline
    }

    fn remember(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut remembered = self.remembered.lock().expect("not poisoned");
        remembered.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn recall(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self
            .remembered
            .lock()
            .expect("not poisoned")
            .get(name)
            .cloned())
    }
}

/// Keeps the warnings of a run.
#[derive(Default)]
pub struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    /// The warnings since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("not poisoned"))
    }
}

impl boot_kit::Report for Warnings {
    fn event(&self, event: boot_kit::Event) {
        if let boot_kit::Event::Warning { message } = event {
            self.0.lock().expect("not poisoned").push(message);
        }
    }
}
