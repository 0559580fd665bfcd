//! The contract between `boot` and its backends, and the toolbox every backend may use.
//!
//! ```text
//! Recipe ─resolve→ Plan ─fetch+verify→ Store ─unpack→ Root ─configure→ Root ─prune→ Root ─export→ Image
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`recipe`] | what is asked for: pure data |
//! | [`plan`] | the exact artifacts, in layers and steps |
//! | [`alternative`] | what could be asked for instead, to get less |
//! | [`backend`] | how one package format works: [`Backend`] and [`Installer`] |
//! | [`entry`] | one file of a tree, and [`Sink`], whatever receives it |
//! | [`root`] | the staging tree; [`parcel`], one artifact's files before they land in it |
//! | [`inventory`] | what an image's own database says of its packages |
//! | [`fetch`], [`runner`] | the capabilities a backend is handed: the network, the sandbox |
//! | [`event`] | what just happened, and [`Report`], whoever listens |
//! | [`archive`], [`openpgp`], [`digest`], [`hex`] | formats that several backends read |
//! | [`near`], [`threads`] | names that may have been meant; threads that are waited for |
//!
//! `kit` depends on nothing of ours, a backend only on `kit`.

pub mod alternative;
pub mod archive;
pub mod backend;
pub mod digest;
pub mod entry;
pub mod error;
pub mod event;
pub mod fetch;
pub mod hex;
pub mod inventory;
pub mod near;
pub mod openpgp;
pub mod parcel;
pub mod plan;
pub mod recipe;
pub mod root;
pub mod runner;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod threads;

pub use alternative::{Alternative, Weight};
pub use backend::{Backend, Installer};
pub use digest::Digest;
pub use entry::{Entry, Kind, RootPath, Sink};
pub use error::{Context, Error, ErrorKind, Result};
pub use event::{Event, Report};
pub use fetch::{Fetch, Request};
pub use inventory::Inventory;
pub use parcel::{Parcel, Place};
pub use plan::{Artifact, Layer, Plan, Proof, SignedIndex, Step};
pub use recipe::Recipe;
pub use root::Root;
pub use runner::{Command, Outcome, Runner};
