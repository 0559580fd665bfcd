//! Several images side by side: what is missing is built, all is measured, advice is sought and tried.

use super::{
    build::{self, Options as BuildOptions},
    connect,
};
use crate::{
    footprint::{
        Footprint,
        compare::{
            self as found, By, Comparison,
            model::{Advice, AdviceKind, Gain, Limit},
            pruning,
        },
        graph::{retain, share_of},
        model::{Form, Package},
    },
    interrupt,
    net::Net,
    recipe::{Profile, distribution::Format},
    registry,
    sandbox::Entered,
    work::temporary_directory,
};
use boot_kit::{
    Alternative, Context, Error, ErrorKind, Event, Recipe, Report, Result, Weight, event::Phase,
};
use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What gains less than this many bytes is not tried.
const WORTH_TRYING: i64 = 200_000;

/// How much advice is tried for one image.
const MOST_TRIED: usize = 4;

/// One image to compare.
#[derive(Clone, Debug)]
pub enum Subject {
    /// One that is there: a file or a directory.
    Image(PathBuf),
    /// One that is built for this.
    Recipe(Box<Asked>),
}

/// A recipe, and how to build it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What headings call it.
    pub name: String,
    /// What was typed for it.
    pub source: String,
    /// What is asked for.
    pub recipe: Recipe,
    /// How it is built; the output is chosen here.
    pub options: BuildOptions,
    /// Packages that are called otherwise where they are called so at all: what was asked for, and what to try first.
    pub map: Vec<(String, String)>,
}

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
    /// Threads; `None`: one for each core.
    pub jobs: Option<NonZero<usize>>,
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
        report,
        jobs: options.jobs,
    };
    let mut images = Vec::new();
    if let Some(path) = &options.against {
        images.push(older(path, subjects, &work)?);
    }
    let skipped = images.len();
    let mut advice = Vec::new();
    for (place, subject) in (skipped..).zip(subjects) {
        interrupt::check(&interrupt)?;
        let settled = work.settle(subject)?;
        let footprint = work.measure(&settled)?;
        let mut own = work.advice(&settled, &footprint, number(place))?;
        if options.tries_advice
            && let Subject::Recipe(asked) = &settled
        {
            for one in own.iter_mut().take(MOST_TRIED) {
                interrupt::check(&interrupt)?;
                work.attempt(asked, &footprint, one)?;
            }
            own.sort_by_key(|it| -it.measured.unwrap_or(it.predicted).bytes);
        }
        advice.extend(own);
        images.push(footprint);
    }
    let mut comparison = found::compare(
        images,
        &found::Options {
            by: options.by,
            budget: options.budget.clone(),
            against: options.against.is_some(),
        },
    );
    comparison.advice = advice;
    Ok(comparison)
}

/// Measures one image, which is built first if it is a recipe.
pub fn measure(
    entered: Option<&Entered>,
    subject: &Subject,
    jobs: Option<NonZero<usize>>,
    report: &Arc<dyn Report>,
) -> Result<Footprint> {
    let work = Work {
        entered,
        report,
        jobs,
    };
    work.measure(&work.settle(subject)?)
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Reads an older report, or measures an older image.
fn older(path: &Path, subjects: &[Subject], work: &Work) -> Result<Footprint> {
    let is_report = path.extension().is_some_and(|ending| ending == "json");
    if !is_report {
        return work.measure(&Subject::Image(path.to_owned()));
    }
    let what = || format!("cannot read `{}`", path.display());
    let text = fs_err::read_to_string(path)
        .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))
        .context(what)?;
    let names: Vec<String> = subjects.iter().map(Subject::name).collect();
    report(&text, &names).context(what)
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
        crate::footprint::model::SCHEMA => serde_json::from_value(value).map(|image| vec![image]),
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

impl Subject {
    /// What headings will call it.
    fn name(&self) -> String {
        match self {
            Self::Image(path) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            Self::Recipe(asked) => asked.name.clone(),
        }
    }
}

/// What all steps need.
struct Work<'a> {
    entered: Option<&'a Entered>,
    report: &'a Arc<dyn Report>,
    jobs: Option<NonZero<usize>>,
}

impl Work<'_> {
    /// Decides what the packages of a recipe are called in its distribution.
    fn settle(&self, subject: &Subject) -> Result<Subject> {
        let Subject::Recipe(asked) = subject else {
            return Ok(subject.clone());
        };
        let mut asked = asked.clone();
        for (from, to) in asked.map.clone() {
            let mut renamed = asked.recipe.include.clone();
            for name in renamed.iter_mut().filter(|name| **name == from) {
                name.clone_from(&to);
            }
            if renamed == asked.recipe.include {
                continue;
            }
            let recipe = Recipe {
                include: renamed,
                ..asked.recipe.clone()
            };
            match build::plan(&recipe, &asked.options, &**self.report) {
                Ok(_) => asked.recipe = recipe,
                // The other name is not known there.
                Err(error) if error.kind() == ErrorKind::Usage => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Subject::Recipe(asked))
    }

    /// Measures an image, which is built first if it is a recipe.
    fn measure(&self, subject: &Subject) -> Result<Footprint> {
        match subject {
            Subject::Image(path) => self.measure_file(path),
            Subject::Recipe(asked) => self.build_and_measure(asked),
        }
    }

    fn measure_file(&self, path: &Path) -> Result<Footprint> {
        let mut footprint = super::inspect::measure(path, self.jobs, &**self.report)?;
        retain(&mut footprint);
        Ok(footprint)
    }

    fn build_and_measure(&self, asked: &Asked) -> Result<Footprint> {
        let entered = self.entered.ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                "a recipe is built in namespaces of its own",
            )
        })?;
        let folder = tempfile::Builder::new()
            .prefix("boot-compare-")
            .tempdir_in(temporary_directory())
            .map_err(Error::from)?;
        let options = BuildOptions {
            output: folder.path().join("image.tar"),
            force: true,
            ..asked.options.clone()
        };
        build::build(entered, &asked.recipe, &options, self.report)
            .context(|| format!("cannot build {}", asked.name))?;
        self.report.event(Event::Phase(Phase::Export));
        let mut footprint = self.measure_file(&options.output)?;
        footprint.image.name.clone_from(&asked.name);
        footprint.image.source.clone_from(&asked.source);
        footprint.image.form = Form::Recipe;
        footprint.sizes.stored = None;
        Ok(footprint)
    }

    /// Finds what could make an image smaller, the largest gain first.
    fn advice(&self, subject: &Subject, footprint: &Footprint, image: u32) -> Result<Vec<Advice>> {
        let family = family(subject, footprint);
        let mut advice = pruning::advice(image, footprint, family)?;
        if let Subject::Recipe(asked) = subject {
            let store = connect::store(asked.options.cache_dir.as_deref())?;
            let interrupt = interrupt::listen()?;
            let net_options = connect::net_options(asked.options.offline);
            let net = Net::new(&store, net_options, &**self.report, &interrupt);
            let backend = registry::backend(asked.options.format);
            let alternatives = backend.alternatives(&asked.recipe, &net, &**self.report)?;
            let told = alternatives
                .iter()
                .map(|it| alternative(it, image, footprint));
            advice.extend(told.filter(|it| it.predicted.bytes >= WORTH_TRYING));
        }
        advice.sort_by_key(|it| -it.predicted.bytes);
        Ok(advice)
    }

    /// Builds an image as advice says, and measures what that saves.
    fn attempt(&self, asked: &Asked, footprint: &Footprint, advice: &mut Advice) -> Result<()> {
        let mut changed = asked.clone();
        for pair in advice.flags.chunks_exact(2) {
            let words = || pair[1].split(',').map(str::to_owned);
            match pair[0].as_str() {
                "--include" => changed.recipe.include.extend(words()),
                "--exclude" => changed.recipe.exclude.extend(words()),
                "--prune" => changed.options.prune = profile(&pair[1])?,
                _ => {}
            }
        }
        let smaller = match self.build_and_measure(&changed) {
            Ok(smaller) => smaller,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let message = format!(
                    "{} with {}: {}",
                    asked.name,
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

fn profile(name: &str) -> Result<Profile> {
    let all = [Profile::None, Profile::Safe, Profile::Slim];
    all.into_iter()
        .find(|profile| profile.name() == name)
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("there is no profile `{name}`")))
}

/// Names the prune profiles that are for an image.
pub(super) fn family(subject: &Subject, footprint: &Footprint) -> &'static str {
    if let Subject::Recipe(asked) = subject {
        return asked.options.format.name();
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
