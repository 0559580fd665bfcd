//! `boot buildroot` from outside: a tree of our own with the targets and the messages of the real one is built by make,
//! as a user would.
//!
//! Without GNU make and GNU tar a test says so and shows nothing; where `CI` is set, that is a failure.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests may")]

mod bench;
mod building;
mod ending;
mod failing;
mod taking;
