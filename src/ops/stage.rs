//! From a root that somebody else packed to an image, without a root on disk.

mod carried;
mod downloads;
pub mod source;
mod squash;
#[cfg(test)]
mod tests;
pub(super) mod write;

use super::{Written, connect};
use crate::{
    export::{self, Output},
    interrupt::{self, Until},
    prune,
    recipe::{
        Profile,
        image::{ImageOptions, Reference},
    },
    work::temporary_directory,
};
use boot_kit::{Digest, Error, ErrorKind, Event, Report, Result, Root, event::Phase};
use boot_stage::{
    About, Tree,
    image::{Flattened, Platform},
};
pub use source::Source;
use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

/// What to take, and what to make of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the root is.
    pub source: Source,
    /// The digest the archive as it is (compressed) must have.
    pub sha256: Option<Digest>,
    /// Files of public keys: one of them must have signed the archive.
    pub keyring: Vec<PathBuf>,
    /// Accept a signature by a key that has expired since.
    pub allow_expired: bool,
    /// Of several images, the one of this name or digest; `None`: the only one.
    pub which: Option<String>,
    /// Of an image for several machines, the one for this; `None`: the only one, or this machine's.
    pub platform: Option<Platform>,
    /// Where the image goes, as [`Output::parse`] reads it; `None`: a tar named after the root.
    pub output: Option<PathBuf>,
    /// What the image is called, and how it is to be run.
    pub image: ImageOptions,
    /// Replace what is there.
    pub force: bool,
    /// What to leave out; `None`: nothing.
    pub prune: Option<Profile>,
    /// Languages whose translations stay.
    pub keep_locales: Vec<String>,
    /// The image's date, seconds since the Unix epoch; `None`: that of the newest file, or that of the image that the
    /// source is if it is later.
    pub epoch: Option<i64>,
    /// Threads for the work of the processor; `None`: one for each of its cores.
    pub jobs: Option<NonZero<usize>>,
    /// Where downloads arrive; `None`: the user's cache directory.
    pub cache_dir: Option<PathBuf>,
    /// Use no network.
    pub offline: bool,
    /// The time, seconds since the Unix epoch, for the validity of keys.
    pub now: i64,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where the image went.
    pub output: PathBuf,
    /// What the root says of itself.
    pub about: About,
    /// The image's name, e.g. `buildroot:2025.02`.
    pub name: Reference,
    /// How it is to be run: what was asked for, over what the image that the source was says.
    pub image: ImageOptions,
    /// What became of the layers, if the source was an image.
    pub squashed: Option<Flattened>,
    /// What was written.
    pub written: Written,
    /// How long it took.
    pub wall: Duration,
}

/// Makes an image of a root.
///
/// Nothing is written to the output before all of the source has arrived and is what it must be. A directory as source
/// or output wants the program to have entered its namespaces ([`crate::sandbox::enter`]) unless it is root's.
pub fn stage(options: &Options, report: &dyn Report) -> Result<Summary> {
    let interrupt = interrupt::listen()?;
    check_output(options)?;
    let fill = |tree: &mut Tree| read(options, tree, report, &interrupt);
    make(options, fill, report, &interrupt)
}

/// Checks before any work that the output can be made.
pub(super) fn check_output(options: &Options) -> Result<()> {
    match &options.output {
        Some(output) => Output::parse(output.as_os_str())?.check(options.force),
        None => Ok(()),
    }
}

/// Makes an image of the root that `fill` fills.
pub(super) fn make(
    options: &Options,
    fill: impl FnOnce(&mut Tree) -> Result<()>,
    report: &dyn Report,
    interrupt: &AtomicBool,
) -> Result<Summary> {
    let begin = Instant::now();
    let name = options.prune.unwrap_or(Profile::None).name();
    let profile = prune::Profile::load("stage", name, &options.keep_locales)?;

    report.event(Event::Phase(Phase::Unpack));
    // Where contents wait to be sorted: on disk, so that memory stays free.
    let mut tree = Tree::new(&temporary_directory())?;
    fill(&mut tree)?;
    tree.settle()?;
    let (mut tree, squashed) = squash::squash(tree, options, report, interrupt)?;
    let mut about = About::of(&tree)?;
    let (image, epoch) = squash::settle(squashed.as_ref(), &mut about, options, tree.newest());
    let options = &Options {
        image,
        ..options.clone()
    };
    if options.prune.is_some() {
        profile.apply_to(&mut tree, report)?;
    }

    let stem = options.source.stem();
    let output = match &options.output {
        Some(path) => path.clone(),
        None if squashed.is_some() => PathBuf::from(squashed_name(&options.image, &about, &stem)),
        None => PathBuf::from(file_name(&about, &stem)),
    };
    let made = Made {
        tree: &tree,
        about: &about,
        output,
        name: options
            .image
            .name
            .clone()
            .unwrap_or_else(|| image_name(&about, &stem)),
    };
    let how = export::Options {
        epoch,
        report,
        interrupt,
        jobs: connect::jobs(options.jobs),
        force: options.force,
    };
    report.event(Event::Phase(Phase::Export));
    let written = write::write(&made, options, &how)?;
    Ok(Summary {
        output: made.output,
        name: made.name,
        about,
        image: options.image.clone(),
        squashed: squashed.map(|squashed| squashed.flattened),
        written,
        wall: begin.elapsed(),
    })
}

/// A root that is ready to be written.
pub(super) struct Made<'a> {
    pub tree: &'a Tree,
    pub about: &'a About,
    pub output: PathBuf,
    pub name: Reference,
}

/// Reads the source, an archive or a directory, into `tree` and proves it.
pub(super) fn read(
    options: &Options,
    tree: &mut Tree,
    report: &dyn Report,
    interrupt: &AtomicBool,
) -> Result<()> {
    let directory = match &options.source {
        Source::Path(path) if path.is_dir() => path,
        _ => return source::read(options, tree, report, interrupt),
    };
    if options.sha256.is_some() || !options.keyring.is_empty() {
        let message = format!(
            "`{}` is a directory, which nothing can prove",
            directory.display()
        );
        let hint = "leave out --sha256 and --keyring, or name an archive";
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    Root::open(directory)?.walk(&mut Until {
        sink: tree,
        stop: interrupt,
    })
}

/// The name of an image nobody named, e.g. `buildroot-2025.02-arm.tar`.
fn file_name(about: &About, stem: &str) -> String {
    let arch = about
        .platform
        .and_then(|platform| platform.split('/').nth(1));
    let mut words = vec![about.id.as_deref().unwrap_or(stem)];
    words.extend(about.version.as_deref());
    words.extend(arch);
    words.join("-") + ".tar"
}

/// The name of a squashed image nobody named, e.g. `app-1.2-squashed.tar`.
fn squashed_name(image: &ImageOptions, about: &About, stem: &str) -> String {
    let Some(name) = &image.name else {
        return file_name(about, stem).replace(".tar", "-squashed.tar");
    };
    let last = name.as_str().rsplit('/').next().unwrap_or_default();
    format!("{}-squashed.tar", last.replace(':', "-"))
}

/// The name engines are to know it by.
fn image_name(about: &About, stem: &str) -> Reference {
    let version = about.version.as_deref().unwrap_or("latest");
    Reference::of_parts(about.id.as_deref().unwrap_or(stem), &[version])
}

/// The part of a file's name that says what is in it, as a part of an image's name.
pub(super) fn stem_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split(".tar").next().unwrap_or_default();
    let name = name
        .strip_suffix(".tgz")
        .or(name.strip_suffix(".txz"))
        .unwrap_or(name);
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || "._-".contains(*letter);
    let word: String = name.chars().filter(kept).collect();
    let word = word.trim_matches(['.', '_', '-']).to_ascii_lowercase();
    if word.is_empty() { "root".into() } else { word }
}
