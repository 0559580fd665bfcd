//! From what people write to what a backend reads.
//!
//! | module | holds |
//! | --- | --- |
//! | [`distribution`] | one file of `configs/`: releases, mirrors, keys, variants |
//! | [`request`] | what a user asks for, on the command line or in a file of a team's own |
//! | [`complete`] | both together: a [`boot_kit::Recipe`] with every default filled in |
//! | [`image`] | how an image is to be run, and what it is called |
//! | [`top`] | what goes into an image besides packages |
//! | [`near`] | the names somebody may have meant |

pub mod complete;
pub mod distribution;
pub(crate) mod document;
pub mod image;
pub mod near;
pub mod request;
#[cfg(test)]
mod tests;
pub mod top;

pub use complete::{Completed, complete};
pub use distribution::Distribution;
pub use image::ImageOptions;
pub use request::{Profile, Request};
pub use top::Addition;
