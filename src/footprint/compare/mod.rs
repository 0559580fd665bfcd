//! Several images side by side: what differs, why, and what could be done.
//!
//! | module | holds |
//! | --- | --- |
//! | [`model`] | what was found, as it is written out: the schema `boot.compare/1` |
//! | [`metrics`] | the figures that decide, and that a budget may limit |
//! | [`sharing`] | which content is in several images |
//! | [`breakdown`] | the parts side by side |
//! | [`difference`] | why one image is larger than another, in words |
//! | [`update`] | what a machine that has one image must fetch to have another |
//! | [`budget`] | limits that an image must keep |
//! | [`pruning`] | what a prune profile would save |
//! | [`written`] | reports that were written before, read back |
//! | [`text`] | a comparison for people and spreadsheets |

pub mod breakdown;
pub mod budget;
pub mod difference;
pub mod metrics;
pub mod model;
pub mod pruning;
pub mod sharing;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
pub mod update;
pub mod written;

pub use breakdown::By;
pub use model::Comparison;

use super::Footprint;
use model::{Limit, SCHEMA};

/// What is asked of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// By what to take the images apart, besides by class.
    pub by: Option<By>,
    /// What images may have at most.
    pub budget: Vec<Limit>,
    /// Whether the first image is an old one that the others take the place of: it need keep no limit, and what must be
    /// fetched for the others is counted.
    pub against: bool,
}

/// Compares `images`, of which there is at least one; there is no advice yet.
///
/// The images keep what is known of single files; [`Comparison::forget_files`] drops it.
pub fn compare(images: Vec<Footprint>, options: &Options) -> Comparison {
    let mut notes = Vec::new();
    let several = images.len() > 1;
    let sharing = several.then(|| sharing::sharing(&images)).flatten();
    if several && sharing.is_none() {
        let unknown = images.iter().filter(|image| image.detail.is_none());
        let names: Vec<&str> = unknown.map(|image| image.image.name.as_str()).collect();
        notes.push(format!(
            "what is shared is not known: {} without a list of files",
            names.join(", ")
        ));
    }
    let mut breakdowns = vec![breakdown::breakdown(&images, By::Class)];
    if let Some(by) = options.by.filter(|by| *by != By::Class) {
        breakdowns.push(breakdown::breakdown(&images, by));
        notes.extend(breakdown::unknown(&images, by));
    }
    let others = || (1..).zip(images.iter().skip(1));
    let differences =
        others().map(|(place, other)| difference::difference(place, &images[0], other));
    let differences = differences.collect();
    let mut updates = Vec::new();
    if options.against {
        for (place, other) in others() {
            match update::update(place, &images[0], other) {
                Some(update) => updates.push(update),
                None => notes.push(format!(
                    "what an update to {} costs is not known: write the old report with --files, or compare OCI images",
                    other.image.name
                )),
            }
        }
    }
    let mut comparison = Comparison {
        schema: SCHEMA.to_owned(),
        metrics: metrics::metrics(&images, sharing.as_ref()),
        sharing,
        breakdowns,
        differences,
        budget: options.budget.clone(),
        against: options.against,
        updates,
        notes,
        images,
        ..Comparison::default()
    };
    comparison.breaches = budget::breaches(&comparison);
    comparison
}

impl Comparison {
    /// Drops what is known of single files: it is large, and rarely wanted in a report.
    pub fn forget_files(&mut self) {
        for image in &mut self.images {
            image.detail = None;
        }
    }
}
