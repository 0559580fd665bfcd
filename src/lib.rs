//! The program: engine and command line.

pub mod cli;
pub mod export;
pub mod interrupt;
pub mod net;
pub mod ops;
pub mod pipeline;
pub mod progress;
pub mod recipe;
pub mod registry;
pub mod sandbox;
pub mod store;
pub mod work;
