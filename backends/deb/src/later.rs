//! Byte-compilation beside the scripts that ask for it.
//!
//! `postinst` scripts of Python packages run `py3compile` for their own files, a third of the time that configuring a
//! large image takes. Nothing reads the result before the image is used, and it depends on nothing but the sources, so
//! while dpkg goes on with the next package the compilation runs on another core. A stand-in takes the program's place
//! and prints what it was asked; whoever reads the scripts' output passes that on.
//!
//! Most of a call is start-up: three Python interpreters that find out what the one before knew. So calls that wait are
//! made by one interpreter, one after the other, each with the program's own code from its first line on.

use boot_kit::{Command, Error, ErrorKind, Event, Report, Result, Root, RootPath, Runner};
use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
};

const PROGRAM: &str = "usr/bin/py3compile";
const PROGRAM_ASIDE: &str = "usr/bin/py3compile.boot";

/// Begins the words of the stand-in: no script prints control characters of this kind.
const MARK: &str = "\u{1e}boot-later\u{1f}";
/// Between its arguments.
const BETWEEN: char = '\u{1f}';

/// Where the stand-in notes every call: a script may send what it prints elsewhere.
const NOTED: &str = "usr/bin/py3compile.later";

const STAND_IN: &[u8] = b"#!/bin/sh
IFS=$(printf '\\037')
printf '%s\\n' \"$*\" >>/usr/bin/py3compile.later
printf '\\036boot-later\\037%s\\n' \"$*\" >&2
";

/// Makes several calls of one Python program; the arguments are its path and the arguments of each call.
///
/// The program hands the names of files to an interpreter that compiles them (`-m py_compile -`), one for each call and
/// started anew; here one goes on from call to call. What it writes depends on nothing but the file. The program itself is
/// read once, and run each time as if it had been started (`__main__`).
const CALLS: &str = "\
import subprocess, sys

program, *calls = sys.argv[1:]
start, compilers = subprocess.Popen, {}
with open(program, 'rb') as file:
    code = compile(file.read(), program, 'exec')

class Shared:
    returncode = 0

    def __init__(self, compiler):
        self.stdin = compiler.stdin

    def communicate(self):
        return None, None

def popen(command, *args, **named):
    if list(command[1:]) != ['-m', 'py_compile', '-']:
        return start(command, *args, **named)
    if command[0] not in compilers:
        compilers[command[0]] = start(command, *args, **named)
    return Shared(compilers[command[0]])

subprocess.Popen = popen
for call in calls:
    sys.argv = [program, *call.split('\\x1f')]
    try:
        exec(code, {'__name__': '__main__', '__file__': program})
    except SystemExit as end:
        if end.code:
            sys.exit(f'{sys.argv[1:]}: {end.code}')
for compiler in compilers.values():
    compiler.communicate()
    if compiler.returncode:
        sys.exit(compiler.returncode)
";

/// How many calls are worth an interpreter while more may come.
const BATCH: usize = 24;

/// Puts the stand-in in the program's place; `false` if the root has no such program.
pub fn raise(root: &Root) -> Result<bool> {
    if root.entry(&RootPath::from(PROGRAM))?.is_none() {
        return Ok(false);
    }
    root.rename(&RootPath::from(PROGRAM), &RootPath::from(PROGRAM_ASIDE))?;
    root.write(&RootPath::from(PROGRAM), STAND_IN, 0o755)?;
    Ok(true)
}

/// Lists the calls the stand-in noted, in order.
pub fn noted(root: &Root) -> Result<Vec<Vec<String>>> {
    let text = root.read(&RootPath::from(NOTED))?.unwrap_or_default();
    let calls = String::from_utf8_lossy(&text);
    Ok(calls
        .lines()
        .map(|line| line.split(BETWEEN).map(str::to_owned).collect())
        .collect())
}

/// Puts the program back.
pub fn lower(root: &Root) -> Result<()> {
    root.remove(&RootPath::from(NOTED))?;
    root.rename(&RootPath::from(PROGRAM_ASIDE), &RootPath::from(PROGRAM))
}

/// Splits a line that scripts printed into what is theirs and the arguments the stand-in passed on.
pub fn requested(line: &str) -> (&str, Option<Vec<String>>) {
    match line.split_once(MARK) {
        Some((theirs, args)) => (
            theirs,
            Some(args.split(BETWEEN).map(str::to_owned).collect()),
        ),
        None => (line, None),
    }
}

/// What is still to be compiled.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    heard: Vec<Vec<String>>,
    waiting: VecDeque<Vec<String>>,
    /// How many calls one interpreter makes when no more will come.
    share: Option<usize>,
    failure: Option<Error>,
}

impl Queue {
    /// Adds one call, by its arguments.
    pub fn push(&self, args: Vec<String>) {
        self.lock(|state| {
            state.heard.push(args.clone());
            state.waiting.push_back(args);
        });
    }

    /// Says that no more will come; adds those of `noted` that were not heard of. What waits is for so many `workers`.
    pub fn complete(&self, noted: Vec<Vec<String>>, workers: usize) {
        self.lock(|state| {
            let mut heard = std::mem::take(&mut state.heard);
            for args in noted {
                match heard.iter().position(|known| *known == args) {
                    Some(known) => drop(heard.swap_remove(known)),
                    None => state.waiting.push_back(args),
                }
            }
            state.share = Some(state.waiting.len().div_ceil(workers).clamp(1, BATCH));
        });
    }

    /// Runs calls until none is left and no more will come; may be called from several threads.
    pub fn work(&self, runner: &dyn Runner, report: &dyn Report, env: &[(String, String)]) {
        while let Some(calls) = self.next() {
            if let Err(error) = compile(runner, report, env, &calls) {
                self.lock(|state| {
                    state.failure.get_or_insert(error);
                    state.waiting.clear();
                });
            }
        }
    }

    /// Tells the first failure.
    pub fn outcome(self) -> Result<()> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        state.failure.map_or(Ok(()), Err)
    }

    /// Takes calls to make; `None` when there will be no more.
    fn next(&self) -> Option<Vec<Vec<String>>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let wanted = state.share.unwrap_or(BATCH);
            if state.waiting.len() >= wanted || state.share.is_some() {
                let count = wanted.min(state.waiting.len());
                return (count > 0).then(|| state.waiting.drain(..count).collect());
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

fn compile(
    runner: &dyn Runner,
    report: &dyn Report,
    env: &[(String, String)],
    calls: &[Vec<String>],
) -> Result<()> {
    let calls = calls.iter().map(|args| args.join(&BETWEEN.to_string()));
    let program = format!("/{PROGRAM_ASIDE}");
    let command = Command {
        label: "py3compile".to_owned(),
        program: "/usr/bin/python3".to_owned(),
        args: ["-c".to_owned(), CALLS.to_owned(), program]
            .into_iter()
            .chain(calls)
            .collect(),
        env: env.to_vec(),
    };
    let on_line = &mut |line: &str| {
        report.event(Event::Output {
            line: line.to_owned(),
        });
    };
    let outcome = runner.run(&command, on_line)?;
    if outcome.is_success() {
        return Ok(());
    }
    let message = format!("`py3compile` failed with exit code {}", outcome.status);
    let said = format!("it printed:\n    {}", outcome.output.trim_end());
    Err(Error::new(ErrorKind::Script, message).caused_by(Error::new(ErrorKind::Script, said)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::{Outcome, event::Silence};

    /// Notes the calls of each run; fails those that have `bad` among them.
    struct Recorder(Mutex<Vec<Vec<String>>>);

    impl Runner for Recorder {
        fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
            let calls = command.args[3..].to_vec();
            let status = i32::from(calls.contains(&"bad".to_owned()));
            self.0.lock().expect("no thread panicked").push(calls);
            Ok(Outcome {
                status,
                output: "no".into(),
            })
        }
    }

    #[test]
    fn requests_are_found_in_what_scripts_print() {
        assert_eq!(requested("plain"), ("plain", None));
        let args = vec!["-p".to_owned(), "python3-x".to_owned()];
        assert_eq!(
            requested("half a \u{1e}boot-later\u{1f}-p\u{1f}python3-x"),
            ("half a ", Some(args))
        );
    }

    #[test]
    fn every_call_is_made_once_and_a_failure_is_told() {
        let (queue, runner) = (Queue::default(), Recorder(Mutex::default()));
        let mut wanted: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| queue.work(&runner, &Silence, &[]));
            for call in &wanted {
                queue.push(vec![call.clone()]);
            }
            queue.complete(vec![vec!["3".into()], vec!["20".into()]], 2);
            queue.work(&runner, &Silence, &[]);
        });
        // The third was heard and noted; the last only noted.
        wanted.push("20".to_owned());
        let mut calls = runner.0.lock().expect("no thread panicked").concat();
        calls.sort_by_key(|call| call.parse::<u32>().ok());
        assert_eq!(calls, wanted);
        queue.push(vec!["bad".into()]);
        queue.work(&runner, &Silence, &[]);
        let error = queue.outcome().expect_err("one call failed");
        assert_eq!(error.to_string(), "`py3compile` failed with exit code 1");
    }

    #[test]
    fn the_program_comes_back() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        assert!(!raise(&root).expect("nothing to do"));
        root.write(&RootPath::from(PROGRAM), b"real", 0o755)
            .expect("writable");
        assert!(raise(&root).expect("writable"));
        lower(&root).expect("writable");
        assert_eq!(
            root.list(&RootPath::from("usr/bin")).expect("readable"),
            [b"py3compile".to_vec()]
        );
    }
}
