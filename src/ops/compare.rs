//! Several images side by side: what is missing is built, all is measured, advice is sought and tried.

mod advice;

use super::{
    build,
    inspect::{self, Subject, heading, inspect},
};
use crate::{
    footprint::{
        Footprint,
        compare::{
            self as found, By, Comparison,
            breakdown::{breakdown, unknown},
            budget::breaches,
            model::Limit,
            written,
        },
        source::stem,
    },
    interrupt,
    sandbox::Entered,
};
pub(super) use advice::family;
use boot_kit::{Context, Error, ErrorKind, Report, Result};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

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
    if let ([Subject::Path(path)], None) = (subjects, &options.against)
        && let Some(found) = again(path, options)
    {
        return Ok(found);
    }
    let mut images = Vec::new();
    if let Some(path) = &options.against {
        let names: Vec<String> = subjects.iter().map(name_of).collect();
        images.push(older(path, &names, &work)?);
    }
    let mut advice = Vec::new();
    for subject in subjects {
        let settled = work.settle(subject)?;
        for footprint in work.images(&settled)? {
            interrupt::check(&interrupt)?;
            let place = u32::try_from(images.len()).unwrap_or(u32::MAX);
            advice.extend(work.advice(&settled, &footprint, place, &interrupt)?);
            images.push(footprint);
        }
    }
    let mut comparison = found::compare(images, &options.found());
    comparison.advice = advice;
    Ok(comparison)
}

/// Takes up a comparison that was written before: as it was, with what is asked now.
fn again(path: &Path, options: &Options) -> Option<Comparison> {
    if path.extension().is_none_or(|ending| ending != "json") {
        return None;
    }
    let mut found = written::comparison(&fs_err::read_to_string(path).ok()?)?;
    let is_known = |by: &By| found.breakdowns.iter().any(|it| it.by == by.name());
    if let Some(by) = options.by.filter(|by| !is_known(by)) {
        found.breakdowns.push(breakdown(&found.images, by));
        found.notes.extend(unknown(&found.images, by));
    }
    if !options.budget.is_empty() {
        found.budget.clone_from(&options.budget);
        found.breaches = breaches(&found);
    }
    Some(found)
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
        images.push(older(
            path,
            std::slice::from_ref(&footprint.image.name),
            &work,
        )?);
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

/// Reads an older report, or measures an older image; of several images in a report, one of `names`, else the last.
fn older(path: &Path, names: &[String], work: &Work) -> Result<Footprint> {
    let mut images = work.images(&Subject::Path(path.to_owned()))?;
    let named = images
        .iter()
        .rposition(|image| names.contains(&image.image.name));
    let place = named.unwrap_or(images.len().saturating_sub(1));
    Ok(images.swap_remove(place))
}

/// What headings will call an image.
fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::Path(path) => stem(path),
        Subject::Recipe { name, .. } => name.clone(),
        Subject::Gentoo { .. } => "gentoo".to_owned(),
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

    /// Measures an image, or reads what was measured of some before.
    fn images(&self, subject: &Subject) -> Result<Vec<Footprint>> {
        if let Subject::Path(path) = subject
            && path.extension().is_some_and(|ending| ending == "json")
        {
            let text = fs_err::read_to_string(path)
                .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()));
            let images = text.and_then(|text| written::images(&text));
            return images.context(|| format!("cannot read `{}`", path.display()));
        }
        Ok(vec![self.measure(subject)?])
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
                    *name = heading(&renamed);
                    **recipe = renamed;
                }
                // The other name is not known there.
                Err(error) if error.kind() == ErrorKind::Usage => {}
                Err(error) => return Err(error),
            }
        }
        Ok(settled)
    }
}
