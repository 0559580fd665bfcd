//! The program: engine and command line.

pub mod net;
pub mod pipeline;
pub mod store;
