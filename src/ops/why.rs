//! Why something is in an image.

use super::compare::{Subject, family, measure};
use crate::{
    footprint::why::{self as found, Why},
    interrupt,
    sandbox::Entered,
};
use boot_kit::{Report, Result};
use std::sync::Arc;

/// Answers about `what`, a package or a path, in `subject`, which is built first if it is a recipe.
pub fn why(
    entered: Option<&Entered>,
    subject: &Subject,
    what: &str,
    report: &Arc<dyn Report>,
) -> Result<Why> {
    interrupt::listen()?;
    let footprint = measure(entered, subject, None, report)?;
    found::why(&footprint, what, family(subject, &footprint))
}
