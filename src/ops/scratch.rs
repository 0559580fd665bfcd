//! An image of a program and nothing else.

mod account;
mod extras;
mod host;
mod needs;
mod run;
mod supply;
#[cfg(test)]
mod tests;

use super::{
    Written, connect,
    stage::{self as roots, Made, stem_of},
    top::Files,
};
use crate::{
    export, interrupt,
    recipe::{
        Addition,
        complete::host_platform,
        image::{ImageOptions, Reference},
    },
    sandbox::Entered,
    work::temporary_directory,
};
use boot_kit::{
    Context, Entry, Error, ErrorKind, Event, Kind, Report, Result, RootPath, Sink, event::Phase,
};
use boot_stage::{
    About, Tree,
    closure::{Closure, Places},
    elf::Object,
};
use clap::ValueEnum;
use host::Host;
use needs::Needs;
use std::{
    collections::BTreeMap,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use supply::Supplied;
pub use supply::Supply;

/// What to put in, and what to make of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The program, and whatever else is to be in the image.
    pub add: Vec<Addition>,
    /// What to do about libraries.
    pub libraries: Libraries,
    /// Where libraries, certificates and time zones are taken from.
    pub from: Supply,
    /// Packages that a distribution they are taken from has besides.
    pub include: Vec<String>,
    /// Put in the certificates of authorities.
    pub ca_certificates: bool,
    /// Put in the rules of time zones.
    pub tzdata: bool,
    /// The rest: output, image, date; source, proof and profile have no meaning here.
    pub root: roots::Options,
}

/// What to do about libraries that a program needs and that were not added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Libraries {
    /// Take them from this machine, or from what --from names
    Auto,
    /// Take none: a program that needs some is refused
    #[default]
    None,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where the image went.
    pub output: PathBuf,
    /// What it is called.
    pub name: Reference,
    /// How it is run: as asked, with what was filled in.
    pub image: ImageOptions,
    /// The OCI platform of its programs; `None`: there are none.
    pub platform: Option<&'static str>,
    /// Libraries and loaders that were put in.
    pub libraries: usize,
    /// What was written.
    pub written: Written,
    /// How long it took.
    pub wall: Duration,
}

/// A regular file that was added.
struct Added {
    /// Where it is in the image.
    path: RootPath,
    /// Whether it was named itself, rather than the directory it was in.
    is_named: bool,
    /// Whether it may be run.
    is_executable: bool,
}

/// All that is to be written.
struct Filled {
    tree: Tree,
    image: ImageOptions,
    needs: Needs,
    libraries: usize,
}

/// Makes the image.
///
/// A distribution to take libraries from is built, which wants the program to have entered its namespaces.
pub fn scratch(
    entered: Option<&Entered>,
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Summary> {
    let begin = Instant::now();
    let interrupt = interrupt::listen()?;
    roots::check_output(&options.root)?;
    if !options.include.is_empty() && !options.from.is_built() {
        let message = format!("no packages can be taken from {}", options.from);
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("name a distribution with --from, or leave out --include"));
    }
    if options.from != Supply::Host && !options.may_use_supply() {
        let message = format!("nothing is to be taken from {}", options.from);
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("add `--libs auto`, or leave out --from"));
    }
    let mut filled = fill(entered, options, report, &interrupt)?;
    filled.tree.settle()?;
    run::choose(&mut filled.image, &filled.needs.programs, &**report)?;
    run::check(&filled.image, &filled.tree)?;

    let stem = stem(&filled.needs.programs, &options.add);
    let about = About {
        platform: filled.needs.platform,
        ..About::default()
    };
    let named = options.root.output.clone();
    let made = Made {
        tree: &filled.tree,
        about: &about,
        output: named.unwrap_or_else(|| PathBuf::from(format!("{stem}.oci.tar"))),
        name: match &filled.image.name {
            Some(name) => name.clone(),
            None => Reference::of_parts(&stem, &["latest"]),
        },
    };
    let how = export::Options {
        epoch: options.epoch(),
        report: &**report,
        interrupt: &interrupt,
        jobs: connect::jobs(options.root.jobs),
        force: options.root.force,
    };
    report.event(Event::Phase(Phase::Export));
    let root = roots::Options {
        image: filled.image.clone(),
        ..options.root.clone()
    };
    let written = roots::write::write(&made, &root, &how)?;
    Ok(Summary {
        output: made.output,
        name: made.name,
        image: filled.image,
        platform: about.platform,
        libraries: filled.libraries,
        written,
        wall: begin.elapsed(),
    })
}

/// Puts everything in.
fn fill(
    entered: Option<&Entered>,
    options: &Options,
    report: &Arc<dyn Report>,
    interrupt: &AtomicBool,
) -> Result<Filled> {
    let epoch = options.epoch();
    let mut image = options.root.image.clone();
    let mut tree = Tree::new(&temporary_directory())?;
    let (added, origins) = add(&options.add, &mut tree, epoch)?;
    let needs = Needs::of(&added, &tree, &**report)?;
    let supplied = options
        .uses_supply(&needs)
        .then(|| {
            let platform = needs.platform.or_else(host_platform);
            supply::open(entered, options, platform, report, interrupt)
        })
        .transpose()?;
    let source = supplied.as_ref().map(Supplied::system);
    let takes = options.libraries == Libraries::Auto;
    let places = Places {
        source: source.filter(|_| takes),
        host: &Host,
        origins,
        library_path: library_path(&image),
        epoch,
    };
    let mut closure = Closure::new(&mut tree, places);
    needs.complete(&mut closure, options, &**report)?;
    let libraries = closure.taken().len();
    if let Some(source) = source {
        let supply = &options.from;
        if options.ca_certificates {
            extras::add_certificates(&mut tree, source, supply, &mut image, epoch)?;
        }
        if options.tzdata {
            extras::add_time_zones(&mut tree, source, supply, epoch)?;
        }
    }
    // So that what was added can be read.
    tree.settle()?;
    if let Some(account) = &image.user {
        account::add(&mut tree, account, epoch)?;
    }
    add_directory(&mut tree, RootPath::from("tmp"), 0o1777, epoch)?;
    Ok(Filled {
        tree,
        image,
        needs,
        libraries,
    })
}

/// Adds what was asked for; tells the regular files among it, and where they are on this machine.
fn add(
    add: &[Addition],
    tree: &mut Tree,
    epoch: i64,
) -> Result<(Vec<Added>, BTreeMap<RootPath, RootPath>)> {
    let add = add.iter().map(followed).collect::<Result<Vec<_>>>()?;
    let files = Files::read(&add)?;
    files
        .send(tree, epoch)
        .and_then(|()| tree.settle())
        .map_err(|error| Error::new(ErrorKind::Usage, "cannot add all of this").caused_by(error))?;
    // Of several that come to one path the last counts.
    let last: BTreeMap<_, _> = (files.regular().enumerate())
        .map(|(number, (path, _, _))| (path, number))
        .collect();
    let regular = files.regular().enumerate();
    let regular = regular.filter(|(number, (path, _, _))| last[path] == *number);
    let added = regular.map(|(_, (path, _, is_executable))| Added {
        path: path.clone(),
        is_named: add.iter().any(|addition| addition.target == *path),
        is_executable,
    });
    let origins = files
        .regular()
        .filter_map(|(path, source, _)| Some((path.clone(), on_host(source)?)));
    Ok((added.collect(), origins.collect()))
}

impl Options {
    /// The date of everything. Nothing says one: that of the files would differ from checkout to checkout.
    fn epoch(&self) -> i64 {
        self.root.epoch.unwrap_or(0)
    }

    /// Whether anything could be taken from elsewhere, whatever the programs need.
    fn may_use_supply(&self) -> bool {
        self.libraries == Libraries::Auto || self.ca_certificates || self.tzdata
    }

    /// Whether anything is to be taken from elsewhere.
    fn uses_supply(&self, needs: &Needs) -> bool {
        let takes = self.libraries == Libraries::Auto && needs.is_dynamic();
        takes || self.ca_certificates || self.tzdata
    }
}

/// A link that is named itself stands for the file it leads to: alone in an image it would lead nowhere.
fn followed(addition: &Addition) -> Result<Addition> {
    let mut addition = addition.clone();
    if addition.source.is_symlink() && addition.source.is_file() {
        addition.source = fs_err::canonicalize(&addition.source)?;
    }
    Ok(addition)
}

/// Where a file is on this machine, links followed.
fn on_host(source: &Path) -> Option<RootPath> {
    let path = fs_err::canonicalize(source).ok()?;
    RootPath::parse(path.as_os_str().as_bytes()).ok()
}

/// What the image's loader is told by the image's environment.
fn library_path(image: &ImageOptions) -> String {
    let environment = image.environment();
    let named = environment
        .into_iter()
        .find(|pair| pair.name == "LD_LIBRARY_PATH");
    named.map(|pair| pair.value).unwrap_or_default()
}

/// The name of an image nobody named: that of its program.
fn stem(programs: &[RootPath], add: &[Addition]) -> String {
    let first = add.first().map(|addition| &addition.target);
    let path = programs.first().or(first);
    let name = path.map(|path| stem_of(path.as_path()));
    name.filter(|name| name != "root")
        .unwrap_or_else(|| "scratch".into())
}

/// Makes a directory unless there is one.
fn add_directory(tree: &mut Tree, path: RootPath, mode: u32, epoch: i64) -> Result<()> {
    if tree.find(&path).is_some() {
        return Ok(());
    }
    let entry = Entry {
        path,
        kind: Kind::Directory,
        mode,
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    };
    tree.entry(&entry, &mut io::empty())
}

/// Writes a file that everybody may read.
fn add_file(tree: &mut Tree, path: RootPath, content: &[u8], epoch: i64) -> Result<()> {
    let entry = Entry {
        kind: Kind::File {
            size: content.len() as u64,
        },
        path,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    };
    tree.entry(&entry, &mut &content[..])
}

/// Describes a file of the image; nothing if it is no program or library.
fn object(tree: &Tree, path: &RootPath) -> Result<Option<Object>> {
    let content = tree.resolve(path).and_then(|path| tree.open(&path));
    let object = content.map(|content| Object::read(&content)).transpose();
    Ok(object
        .context(|| format!("cannot read `/{path}`"))?
        .flatten())
}
