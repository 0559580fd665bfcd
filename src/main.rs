//! `boot` makes a base image of any Linux distribution, ready to import.

use std::process::ExitCode;

fn main() -> ExitCode {
    boot::cli::run(std::env::args_os())
}
