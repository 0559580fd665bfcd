//! The distributions that can be built: those of `configs/`, and files of the user's own.

mod builtin {
    include!(concat!(env!("OUT_DIR"), "/configs.rs"));
}

use crate::recipe::{Distribution, distribution::Format, near, request::names_a_file};
use boot_apk::Apk;
use boot_deb::Deb;
use boot_kit::{Backend, Context, Error, ErrorKind, Inventory, Result, recipe::Key};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Finds the backend that knows a package format.
pub fn backend(format: Format) -> Box<dyn Backend> {
    match format {
        Format::Apk => Box::new(Apk),
        Format::Deb => Box::new(Deb),
    }
}

/// Lists who can read the databases of packages that images have.
pub fn inventories() -> Vec<Box<dyn Inventory>> {
    vec![
        Box::new(boot_deb::inventory::Dpkg),
        Box::new(boot_apk::inventory::ApkDatabase),
        Box::new(boot_stage::portage::Portage),
    ]
}

/// The known distributions, by the word people type for them.
pub struct Registry {
    entries: BTreeMap<String, Registered>,
}

/// A distribution, and where its file is.
pub struct Registered {
    /// What its file says.
    pub distribution: Distribution,
    /// The folder of a user's own file; `None` for those built in.
    folder: Option<PathBuf>,
}

impl Registry {
    /// Reads the distributions built into the program.
    pub fn builtin() -> Result<Self> {
        let mut entries = BTreeMap::new();
        for (file, text) in builtin::DISTRIBUTIONS {
            let distribution = Distribution::parse(&format!("configs/{file}"), text)?;
            let registered = Registered {
                distribution,
                folder: None,
            };
            entries.insert(registered.distribution.name.clone(), registered);
        }
        Ok(Self { entries })
    }

    /// Adds a user's own file under its path, which is then what stands for the distribution.
    pub fn add_file(&mut self, path: &str) -> Result<()> {
        let distribution = Distribution::read(Path::new(path))?;
        let folder = Path::new(path).parent().map(Path::to_owned);
        let registered = Registered {
            distribution,
            folder,
        };
        self.entries.insert(path.to_owned(), registered);
        Ok(())
    }

    /// Goes through all distributions with the words for them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Distribution)> {
        self.entries
            .iter()
            .map(|(word, registered)| (word.as_str(), &registered.distribution))
    }

    /// Finds a distribution by name, or reads the file that `name` is the path of.
    pub fn find(&mut self, name: &str) -> Result<&Registered> {
        if names_a_file(name) && !self.entries.contains_key(name) {
            self.add_file(name)?;
        }
        self.entries.get(name).ok_or_else(|| {
            let names = || self.entries.keys().map(String::as_str);
            let known = || {
                format!(
                    "known are {}",
                    near::listed(&names().collect::<Vec<_>>(), "and")
                )
            };
            Error::new(
                ErrorKind::Usage,
                format!("`{name}` is no distribution known here"),
            )
            .with_hint(near::suggestion(name, names()).unwrap_or_else(known))
        })
    }
}

impl Registered {
    /// Reads a file of public keys that the distribution's file names.
    pub fn key(&self, name: &str) -> Result<Key> {
        let bytes = match &self.folder {
            Some(folder) => read_key(&folder.join(name))?,
            None => builtin::KEYS
                .iter()
                .find(|(file, _)| *file == name)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| {
                    Error::new(ErrorKind::Usage, format!("`configs/keys` has no `{name}`"))
                })?,
        };
        Ok(Key {
            name: name.to_owned(),
            bytes,
            path_in_image: None,
        })
    }
}

/// Finds a file of public keys that is built in.
pub fn builtin_key(name: &str) -> Result<&'static [u8]> {
    let keys = builtin::KEYS.iter();
    let found = keys.into_iter().find(|(file, _)| *file == name);
    found.map(|(_, bytes)| *bytes).ok_or_else(|| {
        let message = format!("`configs/keys` has no `{name}`");
        Error::new(ErrorKind::Usage, message)
    })
}

/// Reads a file of public keys.
pub fn read_key(path: &Path) -> Result<Vec<u8>> {
    fs_err::read(path)
        .map_err(|error| {
            Error::new(ErrorKind::Usage, error.to_string())
                .with_hint("name a file of public keys that you may read")
        })
        .context(|| format!("cannot read keyring `{}`", path.display()))
}
