//! An image of layers as a source: one root again.

use super::{Options, carried::carried};
use crate::{
    interrupt,
    recipe::{complete::host_platform, image::ImageOptions},
    work::temporary_directory,
};
use boot_kit::{Context, Error, ErrorKind, Event, Report, Result};
use boot_stage::{
    About, Tree,
    image::{Choice, Config, Flattened, Image},
};
use std::sync::atomic::AtomicBool;

/// An image, and what its layers came to.
pub(super) struct Squashed {
    /// What became of the layers.
    pub flattened: Flattened,
    config: Config,
    /// How it is to be run, what the user says laid over what the image does.
    options: ImageOptions,
}

impl Squashed {
    /// The platform it says it is for, if that is a known one.
    fn platform(&self) -> Option<&'static str> {
        self.config.platform().known()
    }
}

/// Takes the files that came for a root, or makes the root of the image they are.
pub(super) fn squash(
    files: Tree,
    options: &Options,
    report: &dyn Report,
    interrupt: &AtomicBool,
) -> Result<(Tree, Option<Squashed>)> {
    let source = &options.source;
    let choice = Choice {
        name: options.which.as_deref(),
        platform: options.platform.as_ref(),
        host: host_platform(),
    };
    let found = Image::find(&files, &choice);
    let Some(image) = found.context(|| format!("cannot read the image in `{source}`"))? else {
        if options.which.is_some() || options.platform.is_some() {
            let message = format!("`{source}` is a root, not an image to choose from");
            let error = Error::new(ErrorKind::Usage, message);
            return Err(error.with_hint("leave out --image and --platform"));
        }
        return Ok((files, None));
    };
    let platform = image.config.platform();
    if platform.os != "linux" {
        let message = format!("the image in `{source}` is for `{platform}`, not for Linux");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let mut root = Tree::new(&temporary_directory())?;
    let flattened = image
        .flatten(&files, &mut root, &|| interrupt::check(interrupt))
        .context(|| format!("cannot read the image in `{source}`"))?;
    let warn = |message| report.event(Event::Warning { message });
    let run = image.config.run();
    let squashed = Squashed {
        flattened,
        options: carried(&run, &image.names, &source.stem(), &options.image, &warn),
        config: image.config,
    };
    if squashed.platform().is_none() {
        warn(format!(
            "the image says that it is for `{platform}`, which is not known here: its programs are looked at instead"
        ));
    }
    Ok((root, Some(squashed)))
}

/// What to make of a root, by what the image it was says and what the root itself does.
pub(super) fn settle(
    squashed: Option<&Squashed>,
    about: &mut About,
    options: &Options,
    newest: i64,
) -> (ImageOptions, i64) {
    let Some(squashed) = squashed else {
        return (options.image.clone(), options.epoch.unwrap_or(newest));
    };
    about.platform = squashed.platform().or(about.platform);
    // Some tools date images long before what is in them: no file is to become older for that.
    let created = squashed.config.created().unwrap_or(newest).max(newest);
    let epoch = options.epoch.unwrap_or(created);
    (squashed.options.clone(), epoch)
}
