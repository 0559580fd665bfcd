//! The solver against cases in text files, against what apk itself did, and against an independent check.

#![expect(
    clippy::print_stderr,
    reason = "a skipped test says why, a measured one how long"
)]

mod case;
mod golden;
mod stanza;
mod universes;
mod versions;
