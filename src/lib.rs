//! The program: engine and command line.

pub mod interrupt;
pub mod net;
pub mod pipeline;
pub mod sandbox;
pub mod store;
pub mod work;
