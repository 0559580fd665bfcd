//! `boot` makes a base image of any Linux distribution, ready to import.

use std::process::ExitCode;

fn main() -> ExitCode {
    if boot::sandbox::is_init() {
        return boot::sandbox::init_main();
    }
    boot::cli::run(std::env::args_os())
}
