//! The sandbox, the staging area and their clean-up, tried on this very system.
//!
//! The sandbox starts the running program again as its init, and [`boot::sandbox::enter`] wants a
//! process with one thread. So this program is four things: the harness, a process for each test, the
//! init, and ([`probe`]) what runs inside, in a root that holds nothing but it and its libraries.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cases;
mod fixture;
mod harness;
mod outside;
mod probe;

use std::process::ExitCode;

fn main() -> ExitCode {
    if boot::sandbox::is_init() {
        return boot::sandbox::init_main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["probe", what, ref with @ ..] => probe::main(what, with),
        ["case", name] => harness::case(name),
        ["hold", directory] => outside::hold(directory),
        ref options => harness::main(options),
    }
}
