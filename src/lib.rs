//! The program: engine and command line.

pub mod pipeline;
