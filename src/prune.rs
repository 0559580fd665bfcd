//! What is removed from an image before it is written, and what that guarantees.
//!
//! Profiles are data, one file per package format in `configs/prune/`; here is what applies them. A profile acts twice:
//! [`Profile::drops`] is asked before a file is unpacked, so what nobody will keep is never written, and
//! [`Profile::apply`] goes through the root after all scripts, for what they made and for links that lost their target.
//!
//! | module | holds |
//! | --- | --- |
//! | [`glob`] | patterns over paths |
//! | [`profile`] | what a profile says |
//! | [`prunable`] | what a profile does to a root |
//! | [`apply`] | a profile acting on a root |

pub mod apply;
pub mod glob;
pub mod profile;
pub mod prunable;

pub use apply::Pruned;
pub use profile::Profile;
pub use prunable::Prunable;
