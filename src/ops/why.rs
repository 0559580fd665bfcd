//! Why something is in an image.

use super::{
    compare::family,
    inspect::{Options, Subject, inspect},
};
use crate::{
    footprint::why::{self as found, Why},
    sandbox::Entered,
};
use boot_kit::{Report, Result};
use std::sync::Arc;

/// Answers about `what`, a package or a path, in `subject`, which is built first if it is a recipe.
pub fn why(
    subject: &Subject,
    entered: Option<&Entered>,
    what: &str,
    options: &Options,
    report: &Arc<dyn Report>,
) -> Result<Why> {
    let footprint = inspect(subject, entered, options, report)?;
    found::why(&footprint, what, family(subject, &footprint))
}
