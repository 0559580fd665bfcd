//! The program `boot`: engine and command line.
//!
//! ```text
//! Recipe ─resolve→ Plan ─fetch+verify→ Store ─unpack→ Root ─configure→ Root ─prune→ Root ─export→ Image
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`cli`] | the command line: parse, call one function of [`ops`], return |
//! | [`ops`] | what a command does: build, plan, list, look after the store |
//! | [`recipe`], [`registry`] | `configs/*.toml`, a team's file and flags become a recipe; formats become backends |
//! | [`lock`] | a plan written down, so that it can be built again |
//! | [`net`], [`store`] | bytes arrive, are proven and kept |
//! | [`pipeline`] | a plan is fetched, unpacked and installed |
//! | [`work`], [`sandbox`], [`interrupt`] | where that happens: staging area, namespaces, signals |
//! | [`prune`] | what a profile names is left out |
//! | [`export`] | the tree becomes a tar or a directory |
//! | [`footprint`] | what an image costs, where it goes, and what it holds |
//! | [`progress`] | what a person sees of it |
//!
//! No word of dpkg or apt is in here: backends know their formats, the engine knows backends.

pub mod cli;
pub mod export;
pub mod footprint;
pub mod interrupt;
pub mod layers;
pub mod lock;
pub mod net;
pub mod ops;
pub mod pipeline;
pub mod progress;
pub mod prune;
pub mod recipe;
pub mod registry;
pub mod sandbox;
pub mod store;
pub mod work;
