//! What an image costs, where it goes, and what it holds: a sink for any tree of entries.
//!
//! ```text
//! any tree ─entries→ Measure ─table of entries, contents of databases, compressed sizes→ Footprint
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`model`] | what was measured, as it is written out: the schema `boot.inspect/1` |
//! | [`measure`] | the sink: one pass, bounded memory, all cores |
//! | [`mod@source`] | every kind of input as a stream of entries |
//! | `weigh` | how small zstd makes the tree, and whose part is what |
//! | `rules` | what files are for: data from `configs/footprint/` |
//! | `table`, `owners`, `packages` | all entries by path, and whose they are |
//! | `finish`, `sums` | everything put together, and what adds up |
//! | `elf`, `closure`, `libc` | programs, and what they are linked with |
//! | `notable`, `privilege`, `accounts`, `duplicates`, `tree` | what is named one by one |
//! | [`amount`] | how sizes are written and read |
//! | [`compare`] | several images side by side |
//! | [`graph`] | what needs what: what would leave with a package, and how one came there |
//! | [`names`] | names of packages without what changes from release to release |
//! | [`retained`] | what would leave with a package |
//! | [`why`] | why something is in an image, or is not |
//! | [`report`], `csv` | the table, CSV and Markdown |
//! | [`html`] | the report as one page |

mod accounts;
pub mod amount;
mod closure;
pub mod compare;
mod csv;
mod duplicates;
mod elf;
mod finish;
pub mod graph;
pub mod html;
mod libc;
mod markdown;
pub mod measure;
pub mod model;
pub mod names;
mod notable;
mod owners;
mod packages;
mod privilege;
pub mod report;
pub mod retained;
mod rules;
pub mod source;
mod sums;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod weigh;
pub mod why;

pub use measure::{Measure, Options};
pub use model::Footprint;
