//! A small test harness: every test in its own process, as many at a time as there are cores.

use crate::{cases, outside};
use boot::sandbox::{self, Entered};
use std::{
    process::{Command, ExitCode},
    sync::Mutex,
    thread,
};

/// A test that runs inside [`sandbox::enter`]; panics to fail.
pub type Case = fn(&Entered);

/// A test that runs as whoever started the tests; gives a reason if it cannot.
pub type OutsideCase = fn() -> Result<(), String>;

/// Exit code of a test that cannot run here.
const SKIPPED: u8 = 77;

/// Runs what `options` choose, as libtest would: words filter names, `--list` lists.
pub fn main(options: &[&str]) -> ExitCode {
    let names: Vec<&str> = cases::ALL.iter().map(|(name, _)| *name).collect();
    let names = names
        .into_iter()
        .chain(outside::ALL.iter().map(|(name, _)| *name));
    let filters: Vec<&&str> = options
        .iter()
        .filter(|option| !option.starts_with('-'))
        .collect();
    let exact = options.contains(&"--exact");
    let is_chosen = |name: &&str| {
        let matches = |filter: &&str| {
            if exact {
                *filter == *name
            } else {
                name.contains(*filter)
            }
        };
        filters.is_empty() || filters.iter().any(|filter| matches(filter))
    };
    let mut chosen: Vec<&str> = names.filter(is_chosen).collect();
    if options.contains(&"--list") {
        for name in chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    chosen.reverse();
    let (queue, failures) = (Mutex::new(chosen), Mutex::new(0));
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(name) = queue.lock().expect("no panic in here").pop() else {
                        break;
                    };
                    if !run(name) {
                        *failures.lock().expect("no panic in here") += 1;
                    }
                }
            });
        }
    });
    match failures.into_inner().expect("no panic in here") {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn run(name: &str) -> bool {
    let mut command = Command::new("/proc/self/exe");
    // What a test must not find inside.
    command.args(["case", name]).env("HOST_SECRET", "1");
    let output = command.output().expect("the tests can start themselves");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match output.status.code().map(u8::try_from) {
        Some(Ok(0)) => println!("test {name} ... ok"),
        Some(Ok(SKIPPED)) => println!("test {name} ... ignored: {}", said.trim()),
        _ => println!("test {name} ... FAILED ({})\n{said}", output.status),
    }
    matches!(
        output.status.code().map(u8::try_from),
        Some(Ok(0 | SKIPPED))
    )
}

/// Is the process of one test.
pub fn case(name: &str) -> ExitCode {
    if let Some((_, case)) = outside::ALL.iter().find(|(other, _)| *other == name) {
        return case().map_or_else(|reason| skip(&reason), |()| ExitCode::SUCCESS);
    }
    let Some((_, case)) = cases::ALL.iter().find(|(other, _)| *other == name) else {
        eprintln!("there is no test `{name}`");
        return ExitCode::FAILURE;
    };
    match sandbox::enter() {
        Ok(entered) => {
            case(&entered);
            ExitCode::SUCCESS
        }
        Err(error) => skip(&format!("{error:?}")),
    }
}

fn skip(reason: &str) -> ExitCode {
    println!("{reason}");
    ExitCode::from(SKIPPED)
}
