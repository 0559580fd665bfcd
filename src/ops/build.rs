//! From a recipe to an image.

use crate::recipe::{Profile, distribution::Format};
use boot_kit::{Digest, Plan, Recipe, Report, Result};
use std::{num::NonZero, path::PathBuf, time::Duration};

/// How to build, besides what the recipe says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which backend knows the packages.
    pub format: Format,
    /// The OCI platform of the image, e.g. `linux/arm64`.
    pub platform: String,
    /// Where the image goes: a file whose ending says its form, a directory if it ends in `/`, `-` for stdout.
    pub output: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// What to leave out.
    pub prune: Profile,
    /// Languages whose translations stay, e.g. `de`; empty: whatever the profile says.
    pub keep_locales: Vec<String>,
    /// The image's date, seconds since the Unix epoch; `None`: that of the plan.
    pub epoch: Option<i64>,
    /// Threads for the work of the processor; `None`: one for each of its cores.
    pub jobs: Option<NonZero<usize>>,
    /// Where the store is; `None`: the user's cache directory.
    pub cache_dir: Option<PathBuf>,
    /// Where the tree is put together.
    pub staging: Staging,
    /// Use no network.
    pub offline: bool,
}

/// Where the tree is put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Staging {
    /// In memory if it fits, else on disk.
    #[default]
    Auto,
    /// In memory.
    Tmpfs,
    /// Below this directory.
    Directory(PathBuf),
}

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Packages in the image.
    pub packages: usize,
    /// Files in it, directories and links among them.
    pub files: u64,
    /// Length of the output in bytes; for a directory the sum of its files.
    pub bytes: u64,
    /// SHA-256 of the output as written; `None` for a directory.
    pub sha256: Option<Digest>,
    /// How long it took.
    pub wall: Duration,
}

/// Chooses the packages; fetches indexes only.
pub fn plan(_recipe: &Recipe, _options: &Options, _report: &dyn Report) -> Result<Plan> {
    todo!("the engine")
}

/// Makes the image.
pub fn build(_recipe: Recipe, _options: &Options, _report: &dyn Report) -> Result<Summary> {
    todo!("the engine")
}
