//! Several images side by side: what differs, why, and what could be done.
//!
//! | module | holds |
//! | --- | --- |
//! | [`model`] | what was found, as it is written out: the schema `boot.compare/1` |

pub mod model;

pub use model::Comparison;
