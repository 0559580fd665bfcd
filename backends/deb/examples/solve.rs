//! Solves many requests over one set of lists, for comparisons with apt.
//!
//! ```text
//! solve [--arch A] [--foreign A]… [--essential] [--priority P]… [--name N]… [--prefer N]… [--exclude N]…
//!       [--recommends] [--time] (--base-list FILE | --list FILE[,PIN])… < requests
//! ```
//!
//! Each line of standard input is a list of includes. The first line written is the base, then comes one line per
//! request: `name:arch=version` of each package the includes add, in order of installation, a `*` after those that are
//! marked as wanted; or `error:` and what is wrong, in one line.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use boot_deb::{
    index::{List, Priority, Universe},
    solve::{Base, Chosen, Request},
};
use boot_kit::{Error, ErrorKind, Result};
use std::{
    env,
    io::{self, BufRead, Write},
    process::ExitCode,
    time::Instant,
};

#[derive(Default)]
struct Options {
    arch: String,
    foreign: Vec<String>,
    request: Request,
    /// Path, pin, and whether it is a base list.
    lists: Vec<(String, i16, bool)>,
    time: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = parse(env::args().skip(1))?;
    let texts: Vec<Vec<u8>> = options
        .lists
        .iter()
        .map(|(path, _, _)| std::fs::read(path).map_err(Error::from))
        .collect::<Result<_>>()?;
    let lists: Vec<List> = (0..)
        .zip(options.lists.iter().zip(&texts))
        .map(|(archive, ((path, pin, base), text))| List {
            name: path,
            text: text.as_slice().into(),
            archive,
            base: *base,
            pin: *pin,
            suites: ["", ""],
        })
        .collect();
    let started = Instant::now();
    let universe = Universe::read(&options.arch, &options.foreign, &lists)?;
    let read = started.elapsed();
    let started = Instant::now();
    let base = Base::solve(&universe, &options.request)?;
    if options.time {
        eprintln!(
            "{} packages read in {read:?}, base in {:?}",
            universe.len(),
            started.elapsed()
        );
    }
    let mut out = io::stdout().lock();
    let mut is_first = true;
    for line in io::stdin().lock().lines() {
        let request = Request {
            include: line?.split_whitespace().map(str::to_owned).collect(),
            ..options.request.clone()
        };
        let started = Instant::now();
        let solved = base.include(&request);
        if options.time {
            eprintln!("{} in {:?}", request.include.join(" "), started.elapsed());
        }
        match solved {
            Ok(solution) => {
                if std::mem::take(&mut is_first) {
                    writeln!(out, "{}", show(&universe, &solution.base))?;
                }
                writeln!(out, "{}", show(&universe, &solution.include))?;
            }
            Err(error) => writeln!(out, "{}", format!("error: {error:?}").replace('\n', " /"))?,
        }
    }
    Ok(())
}

fn show(universe: &Universe, chosen: &[Chosen]) -> String {
    let show = |chosen: &Chosen| {
        let package = universe.package(chosen.package);
        let mark = if chosen.requested { "*" } else { "" };
        format!(
            "{}:{}={}{mark}",
            package.name(),
            package.arch(),
            package.version()
        )
    };
    chosen.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options {
        arch: "amd64".to_owned(),
        ..Options::default()
    };
    let refuse = |what: &str| Error::new(ErrorKind::Usage, format!("cannot use `{what}`"));
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| refuse(&argument));
        match argument.as_str() {
            "--arch" => options.arch = value()?,
            "--foreign" => options.foreign.push(value()?),
            "--essential" => options.request.essential = true,
            "--priority" => {
                let name = value()?;
                let priority = Priority::named(&name).ok_or_else(|| refuse(&name))?;
                options.request.priorities.push(priority);
            }
            "--name" => options.request.names.push(value()?),
            "--prefer" => options.request.prefer.push(value()?),
            "--exclude" => options.request.exclude.push(value()?),
            "--recommends" => options.request.recommends = true,
            "--time" => options.time = true,
            "--base-list" => options.lists.push((value()?, 500, true)),
            "--list" => {
                let value = value()?;
                let (path, pin) = value.split_once(',').unwrap_or((&value, "500"));
                let pin = pin.parse().map_err(|_| refuse(&value))?;
                options.lists.push((path.to_owned(), pin, false));
            }
            _ => return Err(refuse(&argument)),
        }
    }
    Ok(options)
}
