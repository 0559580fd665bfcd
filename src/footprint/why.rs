//! Why something is in an image, or is not: the way to a package, the owner of a path.

use super::{
    Footprint,
    graph::way_to,
    model::{Detail, File, FileKind, Package},
};
use crate::prune::Profile;
use boot_kit::{Error, ErrorKind, Result, RootPath, near::near};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// The schema's name and version, the value of [`Why::schema`].
pub const SCHEMA: &str = "boot.why/1";

/// How many links may be followed on one path, as in the kernel.
const MAX_LINKS: usize = 40;

/// The answer: what was asked about, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name of the image.
    pub image: String,
    /// What was asked about: a package's name, or a path without a leading slash, links followed.
    pub subject: String,
    /// What became of it.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What is known of a package or path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// It is a package.
    Package(Reason),
    /// A file of a package.
    Owned(Reason),
    /// A file that came to be because of a package, which does not list it.
    Generated(Reason),
    /// A directory of several packages, sorted.
    Shared {
        /// Those that list something in it.
        packages: Vec<String>,
    },
    /// A file that no package lists.
    Unowned,
    /// A package lists it, and a prune profile leaves it out.
    Pruned {
        /// The package.
        package: String,
        /// The mildest profile that does so.
        profile: String,
        /// Its rule.
        rule: String,
    },
    /// A package lists it, it is not there, and no profile says why.
    Missing {
        /// The package.
        package: String,
    },
}

/// A package, and how it came there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The files that are there because of it.
    pub bytes: u64,
    /// What would leave with it, itself included; `None` if that is not known.
    pub retained_bytes: Option<u64>,
    /// How many packages would leave.
    pub retained_packages: Option<u64>,
    /// From what is there by itself to the package.
    pub way: Vec<Hop>,
    /// All packages that need it, sorted.
    pub needed_by: Vec<String>,
}

/// One package on the way to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Its name.
    pub package: String,
    /// The demand of the one before that it meets; for the first, why it is there: `essential`, `required`, `asked for`
    /// or `nothing needs it`.
    pub because: String,
}

/// Answers about `what`, a package or a path, in `footprint`, whose files must be known.
///
/// `family` names the prune profiles that may have removed a path. Errors with [`ErrorKind::NotFound`] if there is
/// neither a package nor a path like it, and no package lists it.
pub fn why(footprint: &Footprint, what: &str, family: &str) -> Result<Why> {
    let told = |subject: String, answer: Answer| {
        Ok(Why {
            schema: SCHEMA.to_owned(),
            image: footprint.image.name.clone(),
            subject,
            answer,
        })
    };
    let named = |it: &Package| it.name == what || it.name.rsplit('/').next() == Some(what);
    if !what.starts_with('/')
        && let Some(place) = footprint.packages.iter().position(named)
    {
        let name = footprint.packages[place].name.clone();
        return told(name, Answer::Package(reason(footprint, place)));
    }
    let path = RootPath::parse(what)?;
    let none = Detail::default();
    let detail = footprint.detail.as_ref().unwrap_or(&none);
    let files = Files::of(detail);
    let path = files.resolve(&path.to_string());
    if let Some(file) = files.find(&path) {
        let reason = file.package.map(|place| reason(footprint, place as usize));
        let answer = match reason {
            _ if file.kind == FileKind::Directory => directory(footprint, detail, &path),
            Some(reason) if file.generated => Answer::Generated(reason),
            Some(reason) => Answer::Owned(reason),
            None => Answer::Unowned,
        };
        return told(path, answer);
    }
    let listed = detail
        .missing
        .iter()
        .find(|missing| missing.path == path || files.resolve(&missing.path) == path);
    if let Some(missing) = listed {
        let package = footprint.packages[missing.package as usize].name.clone();
        let rule = rule(family, &path)?.or(rule(family, &missing.path)?);
        let answer = match rule {
            Some((profile, rule)) => Answer::Pruned {
                package,
                profile,
                rule,
            },
            None => Answer::Missing { package },
        };
        return told(path, answer);
    }
    Err(unknown(footprint, what))
}

fn unknown(footprint: &Footprint, what: &str) -> Error {
    let image = &footprint.image.name;
    let message = format!("`{image}` has no package or path `{what}`, and no package lists it");
    let error = Error::new(ErrorKind::NotFound, message);
    let names = footprint
        .packages
        .iter()
        .map(|package| package.name.as_str());
    let near: Vec<String> = near(what, names)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    if near.is_empty() {
        return error
            .with_hint("write paths with a leading slash, packages as their database names them");
    }
    error.with_hint(format!("did you mean {}?", near.join(", ")))
}

/// Finds the mildest profile that removes a path, and its rule.
fn rule(family: &str, path: &str) -> Result<Option<(String, String)>> {
    let path = RootPath::parse(path)?;
    for (name, _) in Profile::list(family)? {
        if let Some(rule) = Profile::load(family, &name, &[])?.rule(&path) {
            return Ok(Some((name, rule)));
        }
    }
    Ok(None)
}

fn directory(footprint: &Footprint, detail: &Detail, path: &str) -> Answer {
    let prefix = format!("{path}/");
    let below = detail
        .files
        .iter()
        .filter(|file| file.path.starts_with(&prefix));
    let places: BTreeSet<u32> = below.filter_map(|file| file.package).collect();
    let names = places
        .iter()
        .map(|place| footprint.packages[*place as usize].name.clone());
    let mut packages: Vec<String> = names.collect();
    packages.sort();
    if packages.is_empty() {
        return Answer::Unowned;
    }
    Answer::Shared { packages }
}

fn reason(footprint: &Footprint, place: usize) -> Reason {
    let package = &footprint.packages[place];
    let way = way_to(footprint, place);
    let mut needed_by: Vec<String> = footprint
        .packages
        .iter()
        .filter(|other| demand(other, place).is_some())
        .map(|other| other.name.clone())
        .collect();
    needed_by.sort();
    let hops = way.iter().enumerate().map(|(i, at)| Hop {
        package: footprint.packages[*at].name.clone(),
        because: match i.checked_sub(1) {
            Some(before) => demand(&footprint.packages[way[before]], *at).unwrap_or_default(),
            None => beginning(footprint, *at),
        },
    });
    Reason {
        package: package.name.clone(),
        version: package.version.clone(),
        bytes: package.share().bytes,
        retained_bytes: package.retained.map(|retained| retained.share.bytes),
        retained_packages: package.retained.map(|retained| retained.packages),
        way: hops.collect(),
        needed_by,
    }
}

/// Says why the first of a way is there.
fn beginning(footprint: &Footprint, place: usize) -> String {
    let package = &footprint.packages[place];
    let text = if package.essential {
        "essential"
    } else if package.priority.as_deref() == Some("required") {
        "required"
    } else if package.automatic == Some(false) {
        "asked for"
    } else {
        "nothing needs it"
    };
    text.to_owned()
}

/// The demand of `package` that the one at `place` meets.
fn demand(package: &Package, place: usize) -> Option<String> {
    let met = |place: usize| move |met: &u32| usize::try_from(*met).is_ok_and(|met| met == place);
    let mut needs = package.needs.iter();
    let need = needs.find(|need| need.met_by.iter().any(met(place)))?;
    Some(need.text.clone())
}

/// The files by path.
struct Files<'a>(HashMap<&'a str, &'a File>);

impl<'a> Files<'a> {
    fn of(detail: &'a Detail) -> Self {
        let files = detail.files.iter();
        Self(files.map(|file| (file.path.as_str(), file)).collect())
    }

    fn find(&self, path: &str) -> Option<&'a File> {
        self.0.get(path).copied()
    }

    /// Follows links in the directories of a path, not the path itself: `bin/sh` is `usr/bin/sh`.
    fn resolve(&self, path: &str) -> String {
        let mut rest: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => done.push(part),
            }
            let here = done.join("/");
            let target = self
                .find(&here)
                .filter(|file| file.kind == FileKind::Symlink && !rest.is_empty())
                .and_then(|file| file.target.as_deref());
            if let Some(target) = target
                && links < MAX_LINKS
            {
                links += 1;
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                rest.extend(target.rsplit('/').map(str::to_owned));
            }
        }
        done.join("/")
    }
}
