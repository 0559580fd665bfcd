//! Byte-compilation beside the scripts that ask for it.
//!
//! `postinst` scripts of Python packages run `py3compile` for their own files, a third of the time that configuring a
//! large image takes. Nothing reads the result before the image is used, and it depends on nothing but the sources, so
//! while dpkg goes on with the next package the compilation runs on another core. A stand-in takes the program's place
//! and prints what it was asked; whoever reads the scripts' output passes that on.

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

const STAND_IN: &[u8] = b"#!/bin/sh
IFS=$(printf '\\037')
printf '\\036boot-later\\037%s\\n' \"$*\" >&2
";

/// Puts the stand-in in the program's place; `false` if the root has no such program.
pub fn raise(root: &Root) -> Result<bool> {
    if root.entry(&RootPath::from(PROGRAM))?.is_none() {
        return Ok(false);
    }
    root.rename(&RootPath::from(PROGRAM), &RootPath::from(PROGRAM_ASIDE))?;
    root.write(&RootPath::from(PROGRAM), STAND_IN, 0o755)?;
    Ok(true)
}

/// Puts the program back.
pub fn lower(root: &Root) -> Result<()> {
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
    waiting: VecDeque<Vec<String>>,
    is_complete: bool,
    failure: Option<Error>,
}

impl Queue {
    /// Adds one call, by its arguments.
    pub fn push(&self, args: Vec<String>) {
        self.lock(|state| state.waiting.push_back(args));
    }

    /// Says that no more will come.
    pub fn complete(&self) {
        self.lock(|state| state.is_complete = true);
    }

    /// Runs calls until none is left and no more will come; may be called from several threads.
    pub fn work(&self, runner: &dyn Runner, report: &dyn Report, env: &[(String, String)]) {
        while let Some(args) = self.next() {
            if let Err(error) = compile(runner, report, env, args) {
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

    fn next(&self) -> Option<Vec<String>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(args) = state.waiting.pop_front() {
                return Some(args);
            }
            if state.is_complete {
                return None;
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
    args: Vec<String>,
) -> Result<()> {
    let label = format!("py3compile {}", args.join(" "));
    let command = Command {
        label: label.clone(),
        program: format!("/{PROGRAM_ASIDE}"),
        args,
        env: env.to_vec(),
    };
    let outcome = runner.run(&command, &mut |line| {
        report.event(Event::Output {
            line: line.to_owned(),
        });
    })?;
    if outcome.is_success() {
        return Ok(());
    }
    let message = format!("`{label}` failed with exit code {}", outcome.status);
    Err(Error::new(ErrorKind::Script, message).caused_by(Error::new(
        ErrorKind::Script,
        format!("it printed:\n    {}", outcome.output.trim_end()),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::{Outcome, event::Silence};

    struct Recorder(Mutex<Vec<Vec<String>>>);

    impl Runner for Recorder {
        fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
            self.0
                .lock()
                .expect("no thread panicked")
                .push(command.args.clone());
            let status = i32::from(command.args == ["bad"]);
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
        std::thread::scope(|scope| {
            scope.spawn(|| queue.work(&runner, &Silence, &[]));
            queue.push(vec!["a".into()]);
            queue.push(vec!["bad".into()]);
            queue.complete();
            queue.work(&runner, &Silence, &[]);
        });
        let mut calls = runner.0.into_inner().expect("no thread panicked");
        calls.sort();
        assert_eq!(calls, [["a"], ["bad"]]);
        let error = queue.outcome().expect_err("one call failed");
        assert_eq!(
            error.to_string(),
            "`py3compile bad` failed with exit code 1"
        );
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
