//! From any image, built or not, to its footprint.

use super::{build, connect, gentoo};
use crate::{
    footprint::{
        self, Footprint, Measure,
        graph::retain,
        model::{Form, Image},
        source::{self, Opened, Reading},
    },
    interrupt, registry,
    sandbox::Entered,
    work::temporary_directory,
};
use boot_kit::{Context, Error, ErrorKind, Event, Recipe, Report, Result, Sink};
use boot_stage::{buildroot, image::Platform};
use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What to look into.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A file or a directory that holds an image.
    Path(PathBuf),
    /// An image that is built for this, or taken from the store.
    Recipe {
        /// What was asked for, as it was typed.
        source: String,
        /// What it is called in headings.
        name: String,
        /// What to build.
        recipe: Box<Recipe>,
        /// How to build it; where to is of no matter.
        options: Box<build::Options>,
    },
    /// A stage of Gentoo, fetched for this.
    Gentoo {
        /// Which, and how it is fetched; where to is of no matter.
        options: Box<gentoo::Options>,
        /// Packages that were asked for: they cannot be added to a stage.
        left_out: Vec<String>,
    },
}

/// How to look into it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Threads for the work of the processor; `None`: one for each of its cores.
    pub jobs: Option<NonZero<usize>>,
    /// Measure the size as gzip, too.
    pub gzip: bool,
    /// Programs whose closures are wanted.
    pub closures: Vec<String>,
    /// Of a file that holds several images, the one of this name or digest.
    pub which: Option<String>,
    /// Of an image for several machines, the one for this.
    pub platform: Option<Platform>,
    /// A list of packages and their files that Buildroot left beside the image; an image that has a database goes by that.
    pub file_list: Option<PathBuf>,
}

/// Names a recipe for headings: what it starts from, and what it adds.
pub fn heading(recipe: &Recipe) -> String {
    let base = format!("{} {}", recipe.distribution, recipe.release);
    if recipe.include.is_empty() {
        return base;
    }
    format!("{base} + {}", recipe.include.join(" "))
}

/// Measures an image, in one pass over its tree.
///
/// A [`Subject::Recipe`] wants the program to have entered its namespaces: `entered`. A directory wants it unless it is
/// root's. The footprint has its [`detail`](Footprint::detail).
pub fn inspect(
    subject: &Subject,
    entered: Option<&Entered>,
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Footprint> {
    let interrupt = interrupt::listen()?;
    let listed = options.file_list.as_deref().map(listed).transpose()?;
    let jobs = connect::jobs(options.jobs);
    let how = footprint::Options {
        jobs,
        gzip: options.gzip,
        closures: options.closures.clone(),
        listed,
    };
    let mut measure = Measure::new(registry::inventories(), how)?;
    let reading = Reading {
        jobs,
        which: options.which.as_deref(),
        platform: options.platform.as_ref(),
        interrupt: &interrupt,
    };
    let opened = match subject {
        Subject::Path(path) => source::send(path, &reading, &mut measure)?,
        Subject::Gentoo { options, left_out } => {
            if !left_out.is_empty() {
                let left_out = left_out.join(", ");
                let message = format!(
                    "gentoo is taken as it is, without {left_out}: packages cannot be added to a stage"
                );
                report.event(Event::Warning { message });
            }
            stage(options, &reading, &mut measure, &**report)?
        }
        Subject::Recipe {
            source,
            name,
            recipe,
            options,
        } => {
            let entered = entered.ok_or_else(|| {
                Error::new(ErrorKind::Usage, "a build needs namespaces of its own")
            })?;
            build::send(entered, recipe, options, report, &mut measure)?;
            let image = Image {
                name: name.clone(),
                source: source.clone(),
                form: Form::Recipe,
                platform: Some(options.platform.clone()),
                ..Image::default()
            };
            Opened {
                image,
                stored: None,
            }
        }
    };
    let mut footprint = measure.finish(opened.image)?;
    footprint.sizes.stored = opened.stored;
    retain(&mut footprint);
    Ok(footprint)
}

/// Fetches a stage, and sends what is made of it.
fn stage(
    options: &gentoo::Options,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    report: &dyn Report,
) -> Result<Opened> {
    let folder = tempfile::Builder::new()
        .prefix("boot-inspect-")
        .tempdir_in(temporary_directory())?;
    let output = folder.path().join("stage.tar");
    let mut options = options.clone();
    options.root.output = Some(output.clone());
    gentoo::gentoo(&options, report)?;
    let opened = source::send(&output, reading, sink)?;
    let flavour = options.flavour.map(|flavour| format!(" {flavour}"));
    let image = Image {
        name: format!("gentoo{}", flavour.unwrap_or_default()),
        source: "gentoo".to_owned(),
        form: Form::Recipe,
        ..opened.image
    };
    Ok(Opened {
        image,
        stored: None,
    })
}

fn listed(path: &Path) -> Result<(&'static str, Vec<boot_kit::inventory::Package>)> {
    let list = fs_err::read(path)
        .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))
        .and_then(|list| buildroot::list::packages(&list));
    let packages = list.context(|| format!("cannot read packages from `{}`", path.display()))?;
    Ok((buildroot::list::NAME, packages))
}
