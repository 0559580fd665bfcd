//! From a flavour of Gentoo to an image.

mod settings;
#[cfg(test)]
mod tests;

use super::{
    connect,
    stage::{self as roots, Source, Summary},
};
use crate::{interrupt, net::Net};
use boot_kit::{Digest, Error, ErrorKind, Event, Fetch, Report, Request, Result, event::Phase};
use boot_stage::{
    Tree,
    gentoo::{Build, Chosen, inventory},
};
use settings::Settings;
use std::{fs::File, io::Seek, path::PathBuf};

/// The longest tarball, in bytes, where nothing signed says its size.
const MAX_TARBALL: u64 = 16 << 30;

/// Which stage, and what to make of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The flavour; `None`: the usual one.
    pub flavour: Option<String>,
    /// The architecture as names of stages have it; `None`: this machine's.
    pub arch: Option<String>,
    /// The build; `None`: the newest.
    pub build: Option<Build>,
    /// Base URLs of Gentoo's tree; empty: the official one.
    pub mirrors: Vec<String>,
    /// What to make of it; the source is chosen here.
    pub root: roots::Options,
}

/// What was made, and how many packages it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The image.
    pub summary: Summary,
    /// Packages that portage knows of.
    pub packages: usize,
}

/// Makes an image of a stage.
///
/// The tarball is fetched whole, from where it was cut if it was, and proven before any of it is unpacked.
pub fn gentoo(options: &Options, report: &dyn Report) -> Result<Made> {
    let interrupt = interrupt::listen()?;
    roots::check_output(&options.root)?;
    let settings = Settings::builtin()?;
    let wanted = settings.wanted(options)?;
    let keyring = settings.keyring(&options.root.keyring)?;

    let store = connect::store(options.root.cache_dir.as_deref())?;
    let net = connect::net(&store, options.root.offline, report, &interrupt);
    report.event(Event::Phase(Phase::Resolve));
    let chosen = wanted.choose(&keyring, &net, report)?;
    report.event(Event::Phase(Phase::Fetch));
    let mut file = fetch(&chosen, &net)?;
    wanted.prove(&chosen, &keyring, &mut file)?;

    let mut packages = 0;
    let root = roots::Options {
        source: Source::Path(PathBuf::from(&chosen.artifact.name)),
        epoch: options.root.epoch.or(Some(chosen.date)),
        ..options.root.clone()
    };
    let fill = |tree: &mut Tree| {
        roots::source::unpack(&mut file, connect::jobs(root.jobs), tree, &interrupt)?;
        tree.settle()?;
        packages = inventory(tree).len();
        settings.touch(tree)
    };
    let summary = roots::make(&root, fill, report, &interrupt)?;
    Ok(Made { summary, packages })
}

/// Gets the tarball, which has the digest that was signed.
fn fetch(chosen: &Chosen, net: &Net<'_>) -> Result<File> {
    let artifact = &chosen.artifact;
    if artifact.size > 0 {
        return Ok(net.artifact(artifact, &|_, _| Ok(()))?.file);
    }
    let request = Request {
        name: format!("{} {}", artifact.name, artifact.version),
        urls: artifact.urls.clone(),
        size: MAX_TARBALL,
        digest: None,
    };
    let mut file = net.get(&request)?.file;
    let (found, bytes) = Digest::of_reader(&mut file)?;
    if artifact.proof.sha256() != Some(found) {
        let message = format!(
            "`{}` has {bytes} bytes of the SHA-256 {found}",
            request.name
        );
        let cause = Error::new(ErrorKind::Trust, format!("{} is signed", artifact.proof));
        return Err(Error::new(ErrorKind::Trust, message).caused_by(cause));
    }
    file.rewind()?;
    Ok(file)
}
