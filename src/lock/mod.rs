//! The lock: a plan written down, so that the same image can be made anywhere and at any time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`text`] | the file, read and written |
//! | [`asked`] | what the plan was made for |
//! | [`place`] | where artifacts are, without saying from where this machine had them |
//! | [`change`] | what differs between two locks |
//!
//! A lock says everything that the recipe, the flags and this program do not: the artifacts in their order with their
//! proofs, the notes of the backend, the date. It never names a mirror found in the host's own settings, and no password:
//! artifacts are named by their paths below their archive, and the archive by its official URLs or those the user named.

pub mod asked;
pub mod change;
pub mod place;
#[cfg(test)]
mod tests;
pub mod text;

pub use asked::Asked;
pub use change::{Change, Changes};
pub use place::Place;

use crate::{export, prune, recipe::distribution::Format};
use boot_kit::{
    Artifact, Backend, Context, Digest, Error, ErrorKind, Plan, Proof, Result, SignedIndex,
    recipe::Mirrors,
};
use std::{
    collections::BTreeMap,
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The name of the file, unless the user says another.
pub const NAME: &str = "boot.lock";

/// How finished layers are made and stored; counts changes to their bytes.
pub const LAYER_FORMAT: u32 = 1;

/// A plan, and what it was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// What was asked for.
    pub asked: Asked,
    /// The image's date, seconds since the Unix epoch.
    pub epoch: i64,
    /// By which rules the program that wrote it makes images.
    pub formats: Formats,
    /// Of each archive its base URLs, best first.
    pub archives: Vec<Vec<String>>,
    /// The signed files that vouch for the artifacts.
    pub indexes: Vec<SignedIndex>,
    /// What the backend noted.
    pub notes: BTreeMap<String, String>,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// The artifacts of one layer, in their steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `base` or `include`.
    pub name: String,
    /// The artifacts of each step, in the order in which they land.
    pub steps: Vec<Vec<Locked>>,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
    /// Length in bytes.
    pub size: u64,
    /// Whether it was asked for by name.
    pub requested: bool,
    /// Where it is.
    pub place: Place,
    /// What proves it.
    pub proof: Proof,
}

/// The rules by which a tree becomes bytes: with others, the same lock may make another image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// Of the tar.
    pub tar: u32,
    /// Of the layers.
    pub layer: u32,
    /// Of the backend, with its name: `deb/1`.
    pub backend: String,
    /// SHA-256 of the file of prune profiles.
    pub prune: Digest,
}

impl Formats {
    /// Those of this program.
    pub fn current(format: Format, backend: &dyn Backend) -> Result<Self> {
        Ok(Self {
            tar: export::tar::FORMAT,
            layer: LAYER_FORMAT,
            backend: format!("{}/{}", format.name(), backend.revision()),
            prune: prune::profile::rules(format.name())?,
        })
    }

    /// Names what `other` does by other rules.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut different = Vec::new();
        if self.tar != other.tar {
            different.push(format!("tar format {}", self.tar));
        }
        if self.layer != other.layer {
            different.push(format!("layer format {}", self.layer));
        }
        if self.backend != other.backend {
            different.push(format!("package rules {}", self.backend));
        }
        if self.prune != other.prune {
            different.push(format!("prune rules {:.12}", self.prune.to_string()));
        }
        different
    }
}

impl Lock {
    /// Writes a plan down; `mirrors` are where the backend says its archives are.
    pub fn of(plan: &Plan, asked: Asked, formats: Formats, mirrors: &[Mirrors]) -> Self {
        let archives = place::archives(mirrors);
        let locked = |artifact: &Artifact| Locked {
            name: artifact.name.clone(),
            version: artifact.version.clone(),
            arch: artifact.arch.clone(),
            size: artifact.size,
            requested: artifact.requested,
            place: Place::of(&artifact.urls, mirrors, &archives),
            proof: artifact.proof.clone(),
        };
        let layers = plan.layers.iter().map(|layer| Layer {
            name: layer.name.clone(),
            steps: layer
                .steps
                .iter()
                .map(|step| step.artifacts.iter().map(locked).collect())
                .collect(),
        });
        let indexes = plan.indexes.iter().map(|index| SignedIndex {
            url: Place::of(std::slice::from_ref(&index.url), mirrors, &archives)
                .urls(&[], &archives)
                .into_iter()
                .next()
                .unwrap_or_default(),
            ..index.clone()
        });
        Self {
            asked,
            epoch: plan.epoch,
            formats,
            indexes: indexes.collect(),
            notes: plan.notes.clone(),
            layers: layers.collect(),
            archives,
        }
    }

    /// Makes the plan again. What `mirrors` says of the same archives is tried first; with `named`, all of it, for every
    /// archive.
    pub fn plan(&self, mirrors: &[Mirrors], named: bool) -> Plan {
        let fronts: Vec<Vec<String>> = self
            .archives
            .iter()
            .map(|archive| place::in_front(archive, mirrors, named))
            .collect();
        let artifact = |locked: &Locked| Artifact {
            name: locked.name.clone(),
            version: locked.version.clone(),
            arch: locked.arch.clone(),
            size: locked.size,
            proof: locked.proof.clone(),
            urls: locked.place.urls(&fronts, &self.archives),
            requested: locked.requested,
        };
        let step = |step: &Vec<Locked>| boot_kit::Step {
            artifacts: step.iter().map(artifact).collect(),
        };
        let layers = self.layers.iter().map(|layer| boot_kit::Layer {
            name: layer.name.clone(),
            steps: layer.steps.iter().map(step).collect(),
        });
        Plan {
            layers: layers.collect(),
            epoch: self.epoch,
            indexes: self.indexes.clone(),
            notes: self.notes.clone(),
        }
    }

    /// Goes through all artifacts in order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Locked> {
        self.layers
            .iter()
            .flat_map(|layer| layer.steps.iter().flatten())
    }

    /// Tells whether both lock the same image but for dates: those of the indexes, and so the image's own.
    pub fn is_like(&self, other: &Self) -> bool {
        let dateless = |lock: &Self| Self {
            epoch: 0,
            indexes: Vec::new(),
            ..lock.clone()
        };
        dateless(self) == dateless(other)
    }

    /// Reads the lock at `path`.
    ///
    /// Errors with [`ErrorKind::Usage`] if there is none or it is not one; the error names the line.
    pub fn read(path: &Path) -> Result<Self> {
        Self::find(path)?.ok_or_else(|| {
            let message = format!("there is no lock `{}`", path.display());
            Error::new(ErrorKind::Usage, message)
                .with_hint("write it with `boot lock`, or name another with --lockfile")
        })
    }

    /// Reads the lock at `path`, if there is one.
    pub fn find(path: &Path) -> Result<Option<Self>> {
        match fs_err::read_to_string(path) {
            Ok(text) => text::parse(&path.display().to_string(), &text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::new(ErrorKind::Usage, error.to_string()))
                .context(|| format!("cannot read `{}`", path.display())),
        }
    }

    /// Writes the lock to `path`, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let write = || -> Result<()> {
            let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
            // What of the mode the umask leaves.
            let mut file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(directory.map_or_else(|| PathBuf::from("."), Path::to_owned))?;
            file.write_all(text::render(self).as_bytes())?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().context(|| format!("cannot write `{}`", path.display()))
    }
}
