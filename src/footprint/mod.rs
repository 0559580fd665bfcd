//! What an image costs, where it goes, and what it holds: a sink for any tree of entries.
//!
//! | module | holds |
//! | --- | --- |
//! | [`model`] | what was measured, as it is written out: the schema `boot.inspect/1` |

pub mod model;

pub use model::Footprint;
