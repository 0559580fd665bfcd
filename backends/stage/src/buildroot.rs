//! Buildroot: what its build says, and what its reports tell of a root that it made.
//!
//! | module | holds |
//! | --- | --- |
//! | [`step`] | the `>>>` lines of a build, and how far it is |
//! | [`complaint`] | what a build that failed says is missing on this machine |
//! | [`answer`] | what `printvars` prints, and which settings of a `.config` decide what is built |
//! | [`list`] | the list of files: which package each is of |
//! | [`info`], [`mod@inventory`] | packages, licences and sizes, by `show-info`, that list and the log of times |
//! | [`mod@likeness`] | whether a root is one that Buildroot made |
//!
//! The formats are described in <https://buildroot.org/downloads/manual/manual.html> as far as they are at all; the rest
//! is what real builds of 2022.11 and 2025.02 print.

pub mod answer;
pub mod complaint;
pub mod info;
pub mod inventory;
pub mod likeness;
pub mod list;
pub mod step;
#[cfg(test)]
mod tests;

pub use inventory::{Inventory, Package, Reports, inventory};
pub use likeness::{Likeness, likeness};
pub use step::{Progress, Step};
