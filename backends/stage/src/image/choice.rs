//! Which of several images is meant.

use super::{Place, Platform, docker};
use boot_kit::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};

/// What is wanted of an archive that may hold several images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// A name or a digest; `None`: the only one there is.
    pub name: Option<&'a str>,
    /// The platform; `None`: the only one there is, else this machine's.
    pub platform: Option<&'a Platform>,
    /// This machine's platform.
    pub host: Option<&'a str>,
}

/// An image that may be meant.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub names: Vec<String>,
    /// Tells it from others.
    pub digest: String,
    /// `None`: nobody says.
    pub platform: Option<Platform>,
    /// Whether what describes it is there at all: an index may name what was never fetched.
    pub is_there: bool,
    pub place: Place,
}

impl Candidate {
    /// What people call it.
    fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.digest)
    }

    fn is_called(&self, wanted: &str) -> bool {
        let is_name = |name: &String| name == wanted || short(name) == short(wanted);
        self.digest == wanted || self.names.iter().any(is_name)
    }

    fn is_for(&self, wanted: &Platform) -> bool {
        self.platform.as_ref().is_none_or(|found| found.is(wanted))
    }
}

impl Choice<'_> {
    /// Takes the one that is meant.
    pub(super) fn take(&self, all: &[Candidate]) -> Result<Candidate> {
        let called = self.called(all)?;
        let mut left: Vec<&Candidate> = called.iter().copied().filter(|it| it.is_there).collect();
        if left.is_empty() {
            // That its manifest is not there is said when it is read.
            left = called;
        }
        let host = self.host.map(Platform::parse);
        if let Some(wanted) = self.platform {
            let all: Vec<_> = left.clone();
            left.retain(|candidate| candidate.is_for(wanted));
            if left.is_empty() {
                return Err(not_for(&wanted.to_string(), &platforms(&all)));
            }
        } else if several(&left)
            && let Some(host) = &host
        {
            let all = left.clone();
            left.retain(|candidate| candidate.is_for(host));
            if left.is_empty() {
                return Err(not_for(&host.to_string(), &platforms(&all)));
            }
        }
        if several(&left) {
            let message = "image is there several times for the same platform";
            let digests: BTreeSet<&str> = left.iter().map(|it| it.digest.as_str()).collect();
            let digests: Vec<&str> = digests.into_iter().collect();
            let hint = format!("choose one with --image: {}", digests.join(", "));
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
        left.first()
            .map(|it| (*it).clone())
            .ok_or_else(docker::none)
    }

    /// Those that have the name that is wanted, or all if they are one image.
    fn called<'a>(&self, all: &'a [Candidate]) -> Result<Vec<&'a Candidate>> {
        if let Some(wanted) = self.name {
            let called: Vec<_> = all.iter().filter(|it| it.is_called(wanted)).collect();
            if called.is_empty() && !all.is_empty() {
                let error = Error::new(ErrorKind::Usage, format!("there is no image `{wanted}`"));
                return Err(error.with_hint(format!("there is {}", names(all))));
            }
            return Ok(called);
        }
        // Two names of the same image are no question; two platforms of one name are another.
        let mut by_name: BTreeMap<Option<&String>, BTreeSet<&str>> = BTreeMap::new();
        for candidate in all {
            let digests = by_name.entry(candidate.names.first()).or_default();
            digests.insert(&candidate.digest);
        }
        let images: BTreeSet<_> = by_name.into_values().collect();
        if images.len() > 1 {
            let message = "there are several images";
            let error = Error::new(ErrorKind::Usage, message);
            return Err(error.with_hint(format!("choose one with --image: {}", names(all))));
        }
        Ok(all.iter().collect())
    }
}

/// Errors unless an image is for the platform that is wanted.
pub(super) fn require(found: &Platform, wanted: &Platform) -> Result<()> {
    if found.is(wanted) {
        return Ok(());
    }
    Err(not_for(&wanted.to_string(), &found.to_string()))
}

fn several(candidates: &[&Candidate]) -> bool {
    let digests: BTreeSet<_> = candidates.iter().map(|it| &it.digest).collect();
    digests.len() > 1
}

fn not_for(wanted: &str, found: &str) -> Error {
    let error = Error::new(ErrorKind::Usage, format!("image is not for `{wanted}`"));
    error.with_hint(format!(
        "name a platform it is for with --platform: {found}"
    ))
}

/// Lists the platforms of images that are there.
fn platforms(candidates: &[&Candidate]) -> String {
    let found = candidates.iter().filter_map(|it| it.platform.as_ref());
    let found: BTreeSet<String> = found.map(ToString::to_string).collect();
    found.into_iter().collect::<Vec<_>>().join(", ")
}

/// Lists what images are called.
fn names(candidates: &[Candidate]) -> String {
    let names: BTreeSet<_> = candidates.iter().map(Candidate::name).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// A name without what docker takes for granted, with the tag that it does.
fn short(name: &str) -> String {
    let name = ["docker.io/library/", "docker.io/", "localhost/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}
