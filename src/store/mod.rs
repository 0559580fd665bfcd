//! Content-addressed, verified bytes that outlive a run.
//!
//! ```text
//! <cache>/blobs/sha256/<hex>     proven bytes, named by their digest
//! <cache>/labels/<hex>           what that blob is, for people
//! <cache>/layers/<hex>           which blob is the finished layer of a key
//! <cache>/notes/<hex>            what a backend remembers, named by the SHA-256 of its name
//! <cache>/locks/<name>           whoever downloads or makes something holds a lock on its file
//! <cache>/runs/<name>/           files still arriving; the owner holds a lock on its directory
//! ```
//!
//! A blob appears whole, by rename, and is hashed again whenever it is opened; all else carries its own checksum. So a
//! torn write or a bad disk costs a download, never a wrong image; that is why nothing is synced.
//!
//! Several runs may share one store. What a run uses gets the time of its first use there, and [`Upkeep`] takes
//! nothing away that was used since the oldest living run began.
//!
//! | module | holds |
//! | --- | --- |
//! | `run`, `incoming` | what is not complete yet |
//! | [`label`](Label), [`layer`](LayerRecord), `sealed` | small files beside the blobs |
//! | [`lock`](Claim) | what one run does while others wait |
//! | `gate` | using excludes taking away |
//! | [`upkeep`] | listing, checking and cleaning |

mod gate;
mod incoming;
mod label;
mod layer;
mod lock;
mod places;
mod run;
mod sealed;
#[cfg(test)]
mod tests;
pub mod upkeep;

pub use incoming::Incoming;
pub use label::{Kind, Label};
pub use layer::LayerRecord;
pub use lock::{Claim, LayerLock};
pub use upkeep::Upkeep;

use crate::interrupt::{self, ReadUntil};
use boot_kit::{Context, Digest, Error, ErrorKind, Result};
use fs_err as fs;
use gate::Gate;
use places::Places;
use run::Run;
use std::{
    env,
    fs::File,
    io::{self, Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// A directory of verified bytes, shared between runs.
pub struct Store {
    places: Places,
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
        let places = Places::of(directory);
        // Private downloads may be in there: only its owner looks inside.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        for made in places.directories() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(made)?;
        }
        let run = Run::begin(&places.runs, &places.locks)?;
        Ok(Self { places, run })
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
        self.get_until(digest, &AtomicBool::new(false))
    }

    /// The same for what may be large: errors with [`ErrorKind::Interrupted`] once `stop` is set.
    pub fn get_until(&self, digest: &Digest, stop: &AtomicBool) -> Result<Lookup> {
        let Some(mut file) = self.open_unproven(digest)? else {
            return Ok(Lookup::Missing);
        };
        let reader = &mut file;
        let found = Digest::of_reader(&mut ReadUntil { reader, stop });
        interrupt::check(stop)?;
        // A disk that cannot read a block back is one more way to be corrupt.
        let intact = found.is_ok_and(|(found, _)| found == *digest);
        if intact {
            file.rewind()?;
            return Ok(Lookup::Found(file));
        }
        self.remove_damaged(&self.places.blob(digest), &file)?;
        Ok(Lookup::Corrupt)
    }

    /// Opens the blob of `digest` as it is: whoever reads it has to hash what comes. `None` if there is none.
    pub fn open_unproven(&self, digest: &Digest) -> Result<Option<File>> {
        self.open_used(&self.places.blob(digest))
    }

    /// Tells whether a blob of that digest is there, without proving it.
    pub fn has(&self, digest: &Digest) -> bool {
        self.places.blob(digest).exists()
    }

    /// Names a file that nobody has, in a directory that ends with this store, or with the next run if this is killed.
    pub fn scratch(&self) -> PathBuf {
        self.run.scratch()
    }

    /// Begins a blob whose bytes are still to come.
    pub fn incoming(&self) -> Result<Incoming> {
        Incoming::create(self.run.scratch())
    }

    /// Keeps what has arrived as a blob, if it is that of `digest`; returns it readable from offset 0.
    ///
    /// Errors with [`ErrorKind::Trust`] if it is not.
    pub fn keep(&self, incoming: Incoming, digest: &Digest) -> Result<File> {
        let _gate = Gate::to_use(&self.places.runs)?;
        incoming.keep(digest, &self.places.blob(digest))
    }

    /// Ends a blob whose digest nobody knows before; returns digest, length and the bytes from offset 0.
    ///
    /// Without `keep` it is gone when the file is closed.
    pub fn keep_new(&self, incoming: Incoming, keep: bool) -> Result<(Digest, u64, File)> {
        let digest = incoming.digest();
        let bytes = incoming.bytes();
        let file = if keep {
            self.keep(incoming, &digest)?
        } else {
            incoming.into_file()?
        };
        Ok((digest, bytes, file))
    }

    /// Keeps `bytes` under `name`, replacing what was there.
    pub fn remember(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let shown = label::without_passwords(name);
        self.put(&self.places.note(name), &[&sealed::json(&shown)?, bytes])
    }

    /// Keeps what `write` writes under `name`, replacing what was there: a blob, whose digest is the note.
    pub fn remember_written(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let mut incoming = self.incoming()?;
        write(&mut incoming)?;
        let (digest, _, _) = self.keep_new(incoming, true)?;
        let label = Label {
            kind: Kind::Index,
            name: label::without_passwords(name),
        };
        self.label(&digest, &label)?;
        self.remember(name, digest.to_string().as_bytes())
    }

    /// Opens what was last written under `name`, to be read in parts; `None` if there is nothing.
    ///
    /// The bytes are not hashed: whoever reads them checks them part by part.
    pub fn reopen(&self, name: &str) -> Result<Option<File>> {
        let note = self.recall(name)?;
        let digest = note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok());
        match digest {
            Some(digest) => self.open_used(&self.places.blob(&digest)),
            None => Ok(None),
        }
    }

    /// Reads back what was last remembered under `name`; `None` if there is nothing, or it is damaged.
    ///
    /// Nothing here is proven: whoever recalls checks a signature or a digest again.
    pub fn recall(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.places.note(name);
        let Some(mut file) = self.open_used(&path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = file.read_to_end(&mut bytes).is_ok();
        let note = read.then(|| sealed::open(bytes)).flatten();
        let Some((_, bytes)) = note.and_then(split_note) else {
            self.remove_damaged(&path, &file)?;
            return Ok(None);
        };
        Ok(Some(bytes))
    }

    /// Opens what is at `path` and marks it as used by this run; `None` if nothing is there.
    fn open_used(&self, path: &Path) -> Result<Option<File>> {
        let _gate = Gate::to_use(&self.places.runs)?;
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).context(|| format!("cannot open `{}`", path.display()));
            }
        };
        if file.metadata()?.modified()? < self.run.began() {
            lock::touch(&file);
        }
        Ok(Some(file))
    }

    /// Makes a sealed file of `parts` appear at `path`, whole, in place of what was there.
    fn put(&self, path: &Path, parts: &[&[u8]]) -> Result<()> {
        let scratch = self.run.scratch();
        let put = sealed::write(&scratch, parts).and_then(|()| {
            let _gate = Gate::to_use(&self.places.runs)?;
            Ok(fs::rename(&scratch, path)?)
        });
        if put.is_err() {
            let _ = std::fs::remove_file(&scratch);
        }
        put
    }

    /// Removes what is damaged, unless it has been replaced meanwhile.
    fn remove_damaged(&self, path: &Path, file: &File) -> Result<()> {
        let _gate = Gate::to_remove(&self.places.runs)?;
        if lock::is_at(file, path) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Parts a note's name from what it says.
fn split_note(mut note: Vec<u8>) -> Option<(String, Vec<u8>)> {
    let end = note.iter().position(|byte| *byte == b'\n')?;
    let said = note.split_off(end + 1);
    Some((serde_json::from_slice(&note).ok()?, said))
}
