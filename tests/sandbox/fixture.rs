//! A staging area with a root that holds this program and its libraries, and a sandbox around it.

use boot::{
    sandbox::{Entered, Sandbox, Settings},
    work::{Options, Place, Staging},
};
use boot_kit::{Command, Event, Outcome, Report, Result, Runner};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// Where the program is in the root.
pub const PROBE: &str = "/bin/probe";

/// Keeps what it hears.
#[derive(Default)]
pub struct Listener(Mutex<Vec<Event>>);

impl Report for Listener {
    fn event(&self, event: Event) {
        self.0.lock().expect("no panic in here").push(event);
    }
}

/// Everything a test needs; fields drop in order.
pub struct Fixture {
    pub sandbox: Sandbox,
    pub staging: Staging,
    pub settings: Settings,
    listener: Arc<Listener>,
}

impl Fixture {
    /// Stages in memory.
    pub fn new(entered: &Entered) -> Self {
        Self::at(entered, Place::Memory)
    }

    /// Stages at `place`.
    pub fn at(entered: &Entered, place: Place) -> Self {
        let staging = Staging::new(
            entered,
            &Options {
                place,
                needed_bytes: 0,
            },
        )
        .expect("a staging area");
        fill(&staging.root_path());
        let listener = Arc::new(Listener::default());
        let settings = Settings {
            report: Arc::clone(&listener) as Arc<dyn Report>,
            ..Settings::new(1_234_567_890)
        };
        Self {
            sandbox: Sandbox::new(&staging.root_path(), settings.clone()),
            staging,
            settings,
            listener,
        }
    }

    /// A path on the host of a path in the root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.staging.root_path().join(path)
    }

    /// Runs the probe; `on_line` hears its lines.
    pub fn run(&self, arguments: &[&str], on_line: &mut dyn FnMut(&str)) -> Result<Outcome> {
        self.sandbox.run(&probe(arguments), on_line)
    }

    /// Runs the probe, which must succeed, and gives its lines.
    pub fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut keep = |line: &str| lines.push(line.to_string());
        let outcome = self.run(arguments, &mut keep).expect("the probe runs");
        assert_eq!(outcome.status, 0, "{}", outcome.output);
        lines
    }

    /// What was reported so far.
    pub fn events(&self) -> Vec<Event> {
        self.listener.0.lock().expect("no panic in here").clone()
    }
}

/// The command that runs the probe.
pub fn probe(arguments: &[&str]) -> Command {
    let arguments = ["probe"].iter().chain(arguments);
    Command {
        label: "probe".into(),
        program: PROBE.into(),
        args: arguments.map(ToString::to_string).collect(),
        env: Vec::new(),
    }
}

/// Copies this program and every library mapped into it.
fn fill(root: &Path) {
    copy(
        Path::new("/proc/self/exe"),
        &root.join(PROBE.trim_start_matches('/')),
    );
    let program = fs_err::read_link("/proc/self/exe").expect("a program");
    let maps = fs_err::read_to_string("/proc/self/maps").expect("maps");
    let mut files: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])))
        .collect();
    files.sort();
    files.dedup();
    for file in files.iter().filter(|file| **file != program) {
        let target = root.join(file.strip_prefix("/").expect("it begins with a slash"));
        copy(file, &target);
        // The loader is asked for by a path through links that this root lacks.
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("ld-") || name.starts_with("ld.") {
            for directory in ["lib", "lib64"] {
                copy(file, &root.join(directory).join(&name));
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to.parent().expect("a parent")).expect("made");
    fs_err::copy(from, to).expect("copied");
}
