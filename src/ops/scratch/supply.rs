//! Where libraries, certificates and time zones are taken from.

use super::{Options, host::Host};
use crate::{
    ops::{
        build::{self, Staging, build},
        connect,
        stage::source::unpack,
    },
    recipe::{Completed, ImageOptions, Profile, Request, complete, request::names_a_file},
    registry::Registry,
    sandbox::Entered,
    work::temporary_directory,
};
use boot_kit::{Context, Error, ErrorKind, Report, Result, Root};
use boot_stage::{Tree, closure::System};
use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// A tree that has what a program needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Supply {
    /// This machine.
    #[default]
    Host,
    /// A directory that is a root.
    Directory(PathBuf),
    /// An archive of a root.
    Archive(PathBuf),
    /// A distribution, and perhaps one of its releases.
    Distribution(String, Option<String>),
}

/// The same, ready to be read.
pub(super) enum Supplied {
    Host,
    Root(Root),
    Tree(Tree),
}

impl Supply {
    /// Reads what a user wrote: `NAME` or `NAME:RELEASE` of a distribution, else a path.
    ///
    /// A known name is the distribution whatever is in the working directory: `./debian` is the directory.
    pub fn parse(text: &OsStr) -> Result<Self> {
        let path = Path::new(text);
        if let Some(text) = text.to_str() {
            let (name, release) = match text.split_once(':') {
                Some((name, release)) => (name, Some(release.to_owned())),
                None => (text, None),
            };
            let is_known = || -> Result<bool> {
                Ok(Registry::builtin()?.iter().any(|(known, _)| known == name))
            };
            if names_a_file(name) || is_known()? {
                return Ok(Self::Distribution(name.to_owned(), release));
            }
        }
        if path.is_dir() {
            return Ok(if path == Path::new("/") {
                Self::Host
            } else {
                Self::Directory(path.to_owned())
            });
        }
        if path.is_file() {
            return Ok(Self::Archive(path.to_owned()));
        }
        let message = format!("`{}` is neither a distribution nor a root", path.display());
        let hint = "name one of `boot list`, a directory, or a tar of a root";
        Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
    }

    /// Whether it is built first.
    pub fn is_built(&self) -> bool {
        matches!(self, Self::Distribution(..))
    }
}

impl fmt::Display for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("this machine"),
            Self::Directory(path) | Self::Archive(path) => write!(f, "`{}`", path.display()),
            Self::Distribution(name, None) => write!(f, "`{name}`"),
            Self::Distribution(name, Some(release)) => write!(f, "`{name}:{release}`"),
        }
    }
}

impl Supplied {
    /// The tree.
    pub fn system(&self) -> &dyn System {
        match self {
            Self::Host => &Host,
            Self::Root(root) => root,
            Self::Tree(tree) => tree,
        }
    }
}

/// Makes a supply ready; `platform` is that of the programs.
pub(super) fn open(
    entered: Option<&Entered>,
    options: &Options,
    platform: Option<&str>,
    report: &Arc<dyn Report>,
    interrupt: &AtomicBool,
) -> Result<Supplied> {
    match &options.from {
        Supply::Host => Ok(Supplied::Host),
        Supply::Directory(path) => Ok(Supplied::Root(Root::open(path)?)),
        Supply::Archive(path) => Ok(Supplied::Tree(read(path, options, interrupt)?)),
        Supply::Distribution(name, release) => {
            let entered = entered.ok_or_else(|| {
                Error::new(
                    ErrorKind::Usage,
                    "a distribution is built in namespaces only",
                )
            })?;
            // An image as any other, from finished layers if there are some, and gone when it has been read.
            let store = connect::store(options.root.cache_dir.as_deref())?;
            let tar = store.scratch().with_extension("tar");
            let request = Request {
                distribution: Some(name.clone()),
                release: release.clone(),
                include: packages(options),
                ..Request::default()
            };
            let (recipe, how) = recipe(request, options, platform, &tar)
                .context(|| format!("cannot take libraries from {}", options.from))?;
            build(entered, &recipe, &how, report)?;
            Ok(Supplied::Tree(read(&tar, options, interrupt)?))
        }
    }
}

/// The packages to take from a distribution: those named, and those whose files are wanted.
fn packages(options: &Options) -> Vec<String> {
    let mut packages = options.include.clone();
    // Every distribution here calls them the same.
    let wanted = [
        (options.ca_certificates, "ca-certificates"),
        (options.tzdata, "tzdata"),
    ];
    packages.extend(
        wanted
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| (*name).to_owned()),
    );
    packages
}

fn recipe(
    mut request: Request,
    options: &Options,
    platform: Option<&str>,
    output: &Path,
) -> Result<(boot_kit::Recipe, build::Options)> {
    let mut registry = Registry::builtin()?;
    if let (Some(name), Some(platform)) = (&request.distribution, platform) {
        let architectures = &registry.find(name)?.distribution.architectures;
        let arch = architectures.iter().find(|(_, known)| *known == platform);
        let Some((arch, _)) = arch else {
            let message =
                format!("`{name}` is not made for {platform}, which the programs are for");
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("name a root for that platform with --from"));
        };
        request.arch = Some(arch.clone());
    }
    let Completed {
        mut recipe,
        format,
        platform,
    } = complete(&request, &mut registry, options.root.now)?;
    recipe.host = Some(PathBuf::from("/etc"));
    let how = build::Options {
        format,
        platform,
        output: output.to_owned(),
        image: ImageOptions::default(),
        add: Vec::new(),
        run: Vec::new(),
        force: false,
        prune: Profile::default(),
        keep_locales: Vec::new(),
        epoch: None,
        jobs: options.root.jobs,
        cache_dir: options.root.cache_dir.clone(),
        staging: Staging::default(),
        offline: options.root.offline,
        cached: true,
        run_scripts: true,
        lockfile: None,
    };
    Ok((recipe, how))
}

fn read(path: &Path, options: &Options, interrupt: &AtomicBool) -> Result<Tree> {
    let mut file = fs_err::File::open(path)?;
    let mut tree = Tree::new(&temporary_directory())?;
    let jobs = connect::jobs(options.root.jobs);
    unpack(&mut file, jobs, &mut tree, interrupt)
        .and_then(|()| tree.settle())
        .context(|| format!("cannot read {}", options.from))?;
    Ok(tree)
}
