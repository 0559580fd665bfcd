//! Content-addressed, verified bytes that outlive a run.
//!
//! ```text
//! <cache>/blobs/sha256/<hex>     proven bytes, named by their digest
//! <cache>/notes/<hex>            what a backend remembers, named by the SHA-256 of its name
//! <cache>/runs/<name>/           files still arriving; the owner holds a lock on its directory
//! ```
//!
//! A blob appears whole, by rename, and is hashed again whenever it is opened, so a torn write or a bad disk costs a
//! download, never a wrong image; that is why nothing is synced. Several runs may share one store.

mod incoming;
mod layer;
mod run;
#[cfg(test)]
mod tests;

pub use incoming::Incoming;
pub use layer::LayerRecord;

use boot_kit::{Context, Digest, Error, ErrorKind, Result};
use fs_err as fs;
use run::Run;
use std::{
    env,
    fs::File,
    io::{self, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A directory of verified bytes, shared between runs.
pub struct Store {
    blobs: PathBuf,
    notes: PathBuf,
    run: Run,
}

/// What the store has under a digest.
#[derive(Debug)]
pub enum Lookup {
    /// The bytes, hashed just now, readable from offset 0.
    Found(File),
    /// Nothing.
    Missing,
    /// Something else: it has been removed.
    Corrupt,
}

impl Store {
    /// Opens the store in `directory`, making it if need be, and clears what dead runs left there.
    pub fn open(directory: &Path) -> Result<Self> {
        Self::prepare(directory).map_err(|error| {
            Error::new(
                error.kind(),
                format!("cannot use `{}` as the store", directory.display()),
            )
            .with_hint("name a directory you may write to with --cache-dir")
            .caused_by(error)
        })
    }

    fn prepare(directory: &Path) -> Result<Self> {
        let blobs = directory.join("blobs/sha256");
        let notes = directory.join("notes");
        let runs = directory.join("runs");
        // Private downloads may be in there: only its owner looks inside.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        for made in [&blobs, &notes, &runs] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(made)?;
        }
        let run = Run::begin(&runs)?;
        Ok(Self { blobs, notes, run })
    }

    /// Chooses the default directory: `boot` below `$XDG_CACHE_HOME`, or below `~/.cache`.
    pub fn default_directory() -> Result<PathBuf> {
        let absolute = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .map(|base| base.join("boot"))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Usage,
                    "neither `XDG_CACHE_HOME` nor `HOME` is set",
                )
                .with_hint("name a directory for downloads with --cache-dir")
            })
    }

    /// Looks `digest` up and hashes what is there.
    pub fn get(&self, digest: &Digest) -> Result<Lookup> {
        let path = self.blob(digest);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lookup::Missing),
            Err(error) => {
                return Err(error).context(|| format!("cannot open `{}`", path.display()));
            }
        };
        // A disk that cannot read a block back is one more way to be corrupt.
        let intact = Digest::of_reader(&mut file).is_ok_and(|(found, _)| found == *digest);
        if intact {
            file.rewind()?;
            return Ok(Lookup::Found(file));
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(Lookup::Corrupt),
        }
    }

    /// Tells whether a blob of that digest is there, without proving it.
    pub fn has(&self, digest: &Digest) -> bool {
        self.blob(digest).exists()
    }

    /// Begins a blob whose bytes are still to come.
    pub fn incoming(&self) -> Result<Incoming> {
        Incoming::create(self.run.directory())
    }

    /// Keeps what has arrived as a blob, if it is that of `digest`; returns it readable from offset 0.
    ///
    /// Errors with [`ErrorKind::Trust`] if it is not.
    pub fn keep(&self, incoming: Incoming, digest: &Digest) -> Result<File> {
        incoming.keep(digest, &self.blob(digest))
    }

    /// Ends a blob whose digest nobody knows before; returns digest, length and the bytes from offset 0.
    ///
    /// Without `keep` it is gone when the file is closed.
    pub fn keep_new(&self, incoming: Incoming, keep: bool) -> Result<(Digest, u64, File)> {
        let digest = incoming.digest();
        let bytes = incoming.bytes();
        let file = if keep {
            incoming.keep(&digest, &self.blob(&digest))?
        } else {
            incoming.into_file()?
        };
        Ok((digest, bytes, file))
    }

    /// Keeps `bytes` under `name`, replacing what was there.
    pub fn remember(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut incoming = self.incoming()?;
        incoming.write_all(bytes)?;
        incoming.rename(&self.note(name))
    }

    /// Reads back what was last remembered under `name`; `None` if there is nothing.
    ///
    /// Nothing here is proven: whoever recalls checks a signature or a digest again.
    pub fn recall(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.note(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.to_string())
    }

    fn note(&self, name: &str) -> PathBuf {
        self.notes.join(Digest::of(name).to_string())
    }
}
