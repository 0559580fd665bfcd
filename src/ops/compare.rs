//! Several images side by side: what is missing is built, all is measured, advice is sought and tried.

use super::{
    build, connect,
    inspect::{self, Subject, inspect},
};
use crate::{
    footprint::{
        Footprint,
        compare::{
            self as found, By, Comparison,
            model::{Advice, AdviceKind, Gain, Limit},
            pruning,
        },
        graph::share_of,
        model::{self, Package},
    },
    interrupt,
    net::Net,
    recipe::{Profile, distribution::Format},
    registry,
    sandbox::Entered,
};
use boot_kit::{Alternative, Context, Error, ErrorKind, Event, Report, Result, Weight};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What gains less than this many bytes is not tried.
const WORTH_TRYING: i64 = 200_000;

/// How much advice is tried for one image.
const MOST_TRIED: usize = 4;

/// What to do with the images.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// By what to take them apart, besides by class.
    pub by: Option<By>,
    /// What they may have at most.
    pub budget: Vec<Limit>,
    /// An older report or image, which becomes the first.
    pub against: Option<PathBuf>,
    /// Whether to build what advice says, and measure what it saves.
    pub tries_advice: bool,
    /// What packages are called elsewhere: what is asked for, and the name to take where it is known.
    pub map: Vec<(String, String)>,
    /// How to look into them.
    pub look: inspect::Options,
}

/// Compares `subjects`, of which there is at least one.
///
/// `entered` is needed for recipes. Images that are built here are gone when this ends; their layers stay in the store.
pub fn compare(
    entered: Option<&Entered>,
    subjects: &[Subject],
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Comparison> {
    let interrupt = interrupt::listen()?;
    let work = Work {
        entered,
        options,
        report,
    };
    let mut images = Vec::new();
    if let Some(path) = &options.against {
        let names: Vec<String> = subjects.iter().map(name_of).collect();
        images.push(older(path, &names, &work)?);
    }
    let skipped = images.len();
    let mut advice = Vec::new();
    for (place, subject) in (skipped..).zip(subjects) {
        interrupt::check(&interrupt)?;
        let settled = work.settle(subject)?;
        let footprint = work.measure(&settled)?;
        let mut own = work.advice(&settled, &footprint, number(place))?;
        if options.tries_advice && matches!(settled, Subject::Recipe { .. }) {
            for one in own.iter_mut().take(MOST_TRIED) {
                interrupt::check(&interrupt)?;
                work.attempt(&settled, &footprint, one)?;
            }
            own.sort_by_key(|it| -it.measured.unwrap_or(it.predicted).bytes);
        }
        advice.extend(own);
        images.push(footprint);
    }
    let mut comparison = found::compare(images, &options.found());
    comparison.advice = advice;
    Ok(comparison)
}

/// Holds an image that is measured already against the limits and what is older; seeks no advice.
pub fn judge(
    footprint: Footprint,
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Comparison> {
    let work = Work {
        entered: None,
        options,
        report,
    };
    let mut images = Vec::new();
    if let Some(path) = &options.against {
        images.push(older(path, &[footprint.image.name.clone()], &work)?);
    }
    images.push(footprint);
    Ok(found::compare(images, &options.found()))
}

impl Options {
    fn found(&self) -> found::Options {
        found::Options {
            by: self.by,
            budget: self.budget.clone(),
            against: self.against.is_some(),
        }
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Reads an older report, or measures an older image.
fn older(path: &Path, names: &[String], work: &Work) -> Result<Footprint> {
    let is_report = path.extension().is_some_and(|ending| ending == "json");
    if !is_report {
        return work.measure(&Subject::Path(path.to_owned()));
    }
    let what = || format!("cannot read `{}`", path.display());
    let text = fs_err::read_to_string(path)
        .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))
        .context(what)?;
    report(&text, names).context(what)
}

/// Takes the image out of a report: of several the one of these names, else the last.
pub fn report(text: &str, names: &[String]) -> Result<Footprint> {
    let refuse = |message: String| {
        let error = Error::new(ErrorKind::Usage, message);
        error.with_hint("name a report written with `--format json`")
    };
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| refuse(format!("it is no JSON: {error}")))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str);
    let schema = schema.unwrap_or_default().to_owned();
    let images = match schema.as_str() {
        model::SCHEMA => serde_json::from_value(value).map(|image| vec![image]),
        found::model::SCHEMA => {
            serde_json::from_value::<Comparison>(value).map(|comparison| comparison.images)
        }
        _ => return Err(refuse(format!("its schema is `{schema}`"))),
    };
    let mut images: Vec<Footprint> =
        images.map_err(|error| refuse(format!("it is no `{schema}`: {error}")))?;
    let named = images
        .iter()
        .rposition(|image| names.contains(&image.image.name));
    let place = named.or(images.len().checked_sub(1));
    let place = place.ok_or_else(|| refuse("it has no image".to_owned()))?;
    Ok(images.swap_remove(place))
}

/// What headings will call an image.
fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::Path(path) => crate::footprint::source::stem(path),
        Subject::Recipe { name, .. } => name.clone(),
    }
}

/// What all steps need.
struct Work<'a> {
    entered: Option<&'a Entered>,
    options: &'a Options,
    report: &'a Arc<dyn Report>,
}

impl Work<'_> {
    fn measure(&self, subject: &Subject) -> Result<Footprint> {
        inspect(subject, self.entered, &self.options.look, self.report)
    }

    /// Decides what the packages of a recipe are called in its distribution.
    fn settle(&self, subject: &Subject) -> Result<Subject> {
        let mut settled = subject.clone();
        let Subject::Recipe {
            recipe,
            options,
            name,
            ..
        } = &mut settled
        else {
            return Ok(settled);
        };
        for (from, to) in &self.options.map {
            if !recipe.include.contains(from) {
                continue;
            }
            let mut renamed = (**recipe).clone();
            for include in renamed.include.iter_mut().filter(|it| *it == from) {
                include.clone_from(to);
            }
            match build::plan(&renamed, options, &**self.report) {
                Ok(_) => {
                    **recipe = renamed;
                    *name = name.replace(from.as_str(), to);
                }
                // The other name is not known there.
                Err(error) if error.kind() == ErrorKind::Usage => {}
                Err(error) => return Err(error),
            }
        }
        Ok(settled)
    }

    /// Finds what could make an image smaller, the largest gain first.
    fn advice(&self, subject: &Subject, footprint: &Footprint, image: u32) -> Result<Vec<Advice>> {
        let family = family(subject, footprint);
        let mut advice = pruning::advice(image, footprint, family)?;
        if let Subject::Recipe {
            recipe, options, ..
        } = subject
        {
            let store = connect::store(options.cache_dir.as_deref())?;
            let interrupt = interrupt::listen()?;
            let net_options = connect::net_options(options.offline);
            let net = Net::new(&store, net_options, &**self.report, &interrupt);
            let backend = registry::backend(options.format);
            let alternatives = backend.alternatives(recipe, &net, &**self.report)?;
            let told = alternatives
                .iter()
                .map(|it| alternative(it, image, footprint));
            advice.extend(told.filter(|it| it.predicted.bytes >= WORTH_TRYING));
        }
        advice.sort_by_key(|it| -it.predicted.bytes);
        Ok(advice)
    }

    /// Builds an image as advice says, and measures what that saves.
    fn attempt(&self, subject: &Subject, footprint: &Footprint, advice: &mut Advice) -> Result<()> {
        let changed = with_flags(subject, &advice.flags)?;
        let smaller = match self.measure(&changed) {
            Ok(smaller) => smaller,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let message = format!(
                    "{} with {}: {}",
                    footprint.image.name,
                    advice.flags.join(" "),
                    error.one_line()
                );
                self.report.event(Event::Warning { message });
                return Ok(());
            }
        };
        let less = |before: u64, after: u64| {
            let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            signed(before) - signed(after)
        };
        advice.measured = Some(Gain {
            bytes: less(footprint.sizes.content, smaller.sizes.content),
            zstd_bytes: Some(less(footprint.sizes.zstd, smaller.sizes.zstd)),
        });
        Ok(())
    }
}

/// Adds flags of advice to a recipe.
fn with_flags(subject: &Subject, flags: &[String]) -> Result<Subject> {
    let mut changed = subject.clone();
    let Subject::Recipe {
        recipe, options, ..
    } = &mut changed
    else {
        return Ok(changed);
    };
    for pair in flags.chunks_exact(2) {
        let words = || pair[1].split(',').map(str::to_owned);
        match pair[0].as_str() {
            "--include" => recipe.include.extend(words()),
            "--exclude" => recipe.exclude.extend(words()),
            "--prune" => options.prune = profile(&pair[1])?,
            _ => {}
        }
    }
    Ok(changed)
}

fn profile(name: &str) -> Result<Profile> {
    let all = [Profile::None, Profile::Safe, Profile::Slim];
    all.into_iter()
        .find(|profile| profile.name() == name)
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("there is no profile `{name}`")))
}

/// Names the prune profiles that are for an image.
pub(super) fn family(subject: &Subject, footprint: &Footprint) -> &'static str {
    if let Subject::Recipe { options, .. } = subject {
        return options.format.name();
    }
    family_of(footprint)
}

/// The same for an image that was not built here: by its database of packages.
pub fn family_of(footprint: &Footprint) -> &'static str {
    let has = |kind: &str| footprint.inventories.iter().any(|it| it.kind == kind);
    match () {
        () if has("dpkg") => Format::Deb.name(),
        () if has("apk") => Format::Apk.name(),
        () => "stage",
    }
}

/// Puts what a backend found into words and flags.
///
/// What leaves is in the image, so its files are counted; what comes is not, so its own word is taken.
fn alternative(found: &Alternative, image: u32, footprint: &Footprint) -> Advice {
    let mut flags = Vec::new();
    for (flag, names) in [("--include", &found.include), ("--exclude", &found.exclude)] {
        if !names.is_empty() {
            flags.extend([flag.to_owned(), names.join(",")]);
        }
    }
    let there = |weight: &Weight| -> Option<&Package> {
        footprint
            .packages
            .iter()
            .find(|package| package.name == weight.name)
    };
    let left = share_of(found.leaves.iter().filter_map(there));
    let said = found.leaves.iter().filter(|weight| there(weight).is_none());
    let sum = |bytes: &mut dyn Iterator<Item = u64>| {
        i64::try_from(bytes.sum::<u64>()).unwrap_or(i64::MAX)
    };
    let leaving = sum(&mut said.map(|it| it.installed_bytes).chain([left.bytes]));
    let coming = sum(&mut found.comes.iter().map(|it| it.installed_bytes));
    let names = |weights: &[Weight]| weights.iter().map(|it| it.name.clone()).collect();
    let text = format!(
        "{} instead of {}, which only {} {}",
        found.take,
        found.instead_of,
        some(&found.wanted_by),
        if found.wanted_by.len() == 1 {
            "wants"
        } else {
            "want"
        },
    );
    Advice {
        image,
        flags,
        text,
        kind: AdviceKind::Alternative,
        predicted: Gain {
            bytes: leaving - coming,
            zstd_bytes: Some(
                sum(&mut [left.zstd_bytes].into_iter())
                    - sum(&mut found.comes.iter().map(|it| it.download_bytes)),
            ),
        },
        measured: None,
        leaves: names(&found.leaves),
        comes: names(&found.comes),
        wanted_by: found.wanted_by.clone(),
        demand: Some(found.demand.clone()),
    }
}

/// Names up to three.
fn some(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
