//! The command line: parse, call one function of [`ops`](crate::ops), say how it went.
//!
//! Distributions are commands, so the commands are only known when `configs/` has been read.

mod asking;
mod build;
mod buildroot;
mod cache;
mod changes;
mod closing;
mod compare;
mod failure;
mod fetch;
mod gentoo;
mod inspect;
mod list;
mod lock;
mod messages;
mod plan;
mod scratch;
mod stage;
#[cfg(test)]
mod tests;
mod why;

use crate::{recipe::request::names_a_file, registry::Registry};
use boot_kit::Result;
use build::{FileArguments, NameArguments};
use buildroot::BuildrootArguments;
use cache::CacheArguments;
use clap::{Args, Command, FromArgMatches};
use compare::CompareArguments;
use fetch::FetchArguments;
use gentoo::GentooArguments;
use inspect::InspectArguments;
use list::ListArguments;
use lock::LockArguments;
use scratch::ScratchArguments;
use stage::StageArguments;
use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};
use why::WhyArguments;

const ABOUT: &str = "Make a base image of a Linux distribution, ready to import";
const EXAMPLES: &str = "\
Examples:
  boot debian                                   write debian-trixie-minbase-amd64.tar here
  boot debian --include ceph -o ceph.tar.zst    add packages, compress
  boot debian --release bookworm -o - | docker import - bookworm
  boot build team.toml                          build a recipe of your own
  boot lock team.toml                           pin its packages in boot.lock
  boot build team.toml --locked                 build exactly those
  boot stage rootfs.tar.xz -o - | docker import - mine
  boot scratch --add ./hello:/usr/bin/hello     an image of a program and nothing else
  boot inspect debian                           show what it costs and where it goes
  boot compare debian alpine                    say why they differ, and what could go";

/// Runs the program with the given arguments, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let mut registry = match registry(&arguments) {
        Ok(registry) => registry,
        Err(error) => return failure::tell(&error, failure::Form::Text),
    };
    let matches = match command(&registry).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let (name, matches) = matches.subcommand().expect("clap requires a command");
    let ran = match name {
        "cache" => CacheArguments::from_arg_matches(matches).map(|cache| cache.run()),
        "list" => ListArguments::from_arg_matches(matches).map(|list| list.run(&registry)),
        "lock" => LockArguments::from_arg_matches(matches).map(|lock| lock.run(&mut registry)),
        "fetch" => FetchArguments::from_arg_matches(matches).map(|fetch| fetch.run(&mut registry)),
        "buildroot" => BuildrootArguments::from_arg_matches(matches).map(BuildrootArguments::run),
        "gentoo" => GentooArguments::from_arg_matches(matches).map(GentooArguments::run),
        "inspect" => {
            InspectArguments::from_arg_matches(matches).map(|inspect| inspect.run(&mut registry))
        }
        "stage" => StageArguments::from_arg_matches(matches).map(StageArguments::run),
        "scratch" => ScratchArguments::from_arg_matches(matches).map(ScratchArguments::run),
        "compare" => {
            CompareArguments::from_arg_matches(matches).map(|compare| compare.run(&mut registry))
        }
        "why" => WhyArguments::from_arg_matches(matches).map(|why| why.run(&mut registry)),
        "build" => FileArguments::from_arg_matches(matches).map(|file| file.run(&mut registry)),
        name => {
            NameArguments::from_arg_matches(matches).map(|build| build.run(name, &mut registry))
        }
    };
    ran.unwrap_or_else(|error| usage(&error))
}

/// Reads the distributions, and the user's own file if the command is the path of one.
fn registry(arguments: &[OsString]) -> Result<Registry> {
    let mut registry = Registry::builtin()?;
    let command = arguments.iter().skip(1).filter_map(|word| word.to_str());
    if let Some(command) = command.into_iter().find(|word| !word.starts_with('-'))
        && names_a_file(command)
    {
        registry.add_file(command)?;
    }
    Ok(registry)
}

fn command(registry: &Registry) -> Command {
    let mut command = Command::new("boot")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .infer_long_args(false)
        .disable_help_subcommand(true);
    // The arguments' own doc comments are for us: what people read is set after them.
    for (name, distribution) in registry.iter() {
        let named = NameArguments::augment_args(Command::new(name.to_owned()));
        command =
            command.subcommand(named.about(format!("Build an image of {}", distribution.title)));
    }
    let file = FileArguments::augment_args(Command::new("build"));
    let lock = LockArguments::augment_args(Command::new("lock"));
    let fetch = FetchArguments::augment_args(Command::new("fetch"));
    let buildroot = named_by_root(BuildrootArguments::augment_args(Command::new("buildroot")));
    let gentoo = named_by_root(GentooArguments::augment_args(Command::new("gentoo")));
    let stage = named_by_root(StageArguments::augment_args(Command::new("stage")));
    let scratch = named_by_program(ScratchArguments::augment_args(Command::new("scratch")));
    let inspect = InspectArguments::augment_args(Command::new("inspect"));
    let list = ListArguments::augment_args(Command::new("list"));
    let compare = CompareArguments::augment_args(Command::new("compare"));
    let why = WhyArguments::augment_args(Command::new("why"));
    let cache = CacheArguments::augment_args(Command::new("cache"));
    command
        .subcommand(
            from_sources(buildroot)
                .about("Make an image of a root that Buildroot made, or have it make one"),
        )
        .subcommand(gentoo.about("Make an image of a stage of Gentoo Linux"))
        .subcommand(file.about("Build the image a recipe file describes"))
        .subcommand(lock.about("Write down the exact packages of an image, or update them"))
        .subcommand(fetch.about("Download all that an image needs, for --offline"))
        .subcommand(stage.about("Make an image of a root archive, whoever packed it"))
        .subcommand(scratch.about("Make an image of a program and nothing else"))
        .subcommand(inspect.about("Show what an image costs, where it goes, and what it holds"))
        .subcommand(compare.about("Say what images cost, why they differ, and what could go"))
        .subcommand(
            why.about("Say how a package or path came into an image, or why it is not there"),
        )
        .subcommand(list.about("List distributions, releases and variants"))
        .subcommand(cache.about("List, check or clean what builds keep for the next one"))
}

/// A root that somebody else packed says itself what it is.
fn named_by_root(command: Command) -> Command {
    let help = "Name the image [default: what its os-release says]";
    command.mut_arg("name", |name| name.help(help))
}

/// What is built here needs no proof, and takes as many jobs as threads.
fn from_sources(mut command: Command) -> Command {
    for proof in ["sha256", "keyring"] {
        command = command.mut_arg(proof, |proof| proof.conflicts_with("source"));
    }
    let jobs = "Use so many threads, and as many jobs for each package [default: one for each core; what the \
                configuration says]";
    let cache = "Keep builds and downloads here [default: boot in the user's cache directory]";
    command
        .mut_arg("jobs", |it| it.help(jobs))
        .mut_arg("cache_dir", |it| it.help(cache))
        .override_usage(
            "boot buildroot [OPTIONS] <FILE|URL|->\n       boot buildroot [OPTIONS] --source <TREE> --defconfig <NAME|FILE>",
        )
}

/// An image of one program is called what that is called, and runs it.
fn named_by_program(command: Command) -> Command {
    let changed = [
        ("name", "Name the image [default: the program's name]"),
        (
            "entrypoint",
            "Always run this, a JSON list of words [default: the only program added]",
        ),
        (
            "cmd",
            "Give this to the entrypoint by default, a JSON list of words",
        ),
        (
            "user",
            "Run as this user, by number, and make /etc/passwd and /etc/group for it",
        ),
        (
            "epoch",
            "Date the image, in seconds since 1970 [default: `SOURCE_DATE_EPOCH`, else 0]",
        ),
    ];
    changed
        .into_iter()
        .fold(command, |command, (argument, help)| {
            command.mut_arg(argument, |argument| argument.help(help))
        })
}

/// Tells what clap has to say, which is help as well as errors.
fn usage(error: &clap::Error) -> ExitCode {
    drop(error.print());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::FAILURE))
}

/// Writes data to stdout. That its reader went away is not an error: `boot list | head`.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
