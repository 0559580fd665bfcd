//! Progress for logs.

use super::{
    Detail, printable,
    quantity::{count, size},
    say,
    tally::Tally,
};
use boot_kit::{Event, Report, event::Phase};
use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long nothing need be said.
const PAUSE: Duration = Duration::from_secs(3);

/// Writes a line for each phase and one every few seconds within it.
pub(super) struct Plain<W> {
    detail: Detail,
    state: Mutex<State<W>>,
}

struct State<W> {
    to: W,
    tally: Tally,
    told: Instant,
}

impl<W: Write> Plain<W> {
    pub fn new(to: W, detail: Detail) -> Self {
        let state = State {
            to,
            tally: Tally::default(),
            told: Instant::now(),
        };
        Self {
            detail,
            state: Mutex::new(state),
        }
    }
}

impl<W: Write + Send> Report for Plain<W> {
    fn event(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let is_new = !matches!(&event, Event::Phase(phase) if state.tally.phases.contains(phase));
        state.tally.add(&event);
        let line = match event {
            Event::Phase(phase) if is_new => Some(begins(phase, &state.tally)),
            Event::Planned { artifacts, bytes } => Some(format!(
                "chose {}, {}",
                count(artifacts as u64, "package"),
                size(bytes)
            )),
            Event::Warning { message } => Some(format!("warning: {message}")),
            other => detail(other).filter(|_| self.detail == Detail::Verbose),
        };
        let line =
            line.or_else(|| (state.told.elapsed() >= PAUSE).then(|| state.tally.sentence())?);
        if let Some(line) = line {
            say(&mut state.to, &printable(&line));
            state.told = Instant::now();
        }
    }
}

/// The line a phase begins with.
fn begins(phase: Phase, tally: &Tally) -> String {
    match phase {
        Phase::Resolve => "choosing packages".to_owned(),
        Phase::Fetch => "fetching packages".to_owned(),
        Phase::Compile => "compiling packages".to_owned(),
        Phase::Unpack => "unpacking packages".to_owned(),
        // The packages were found finished: there are only commands of the recipe's own.
        Phase::Configure if tally.unpacked == 0 => "running commands".to_owned(),
        Phase::Configure => format!("running the scripts of {}", count(tally.planned, "package")),
        Phase::Prune => "pruning".to_owned(),
        Phase::Export => "writing the image".to_owned(),
        Phase::Verify => "checking the store".to_owned(),
    }
}

/// What is told of single things, for those who want to know.
pub(super) fn detail(event: Event) -> Option<String> {
    Some(match event {
        Event::Index { name, bytes } => format!("  read {name}, {}", size(bytes)),
        Event::Fetched {
            name,
            bytes,
            cached,
        } => {
            let verb = if cached { "had" } else { "fetched" };
            format!("  {verb} {name}, {}", size(bytes))
        }
        Event::Layer {
            name,
            bytes,
            stored: true,
        } => format!("layer {name}: from the store, {}", size(bytes)),
        Event::Layer { name, bytes, .. } => format!("  layer {name}: {}", size(bytes)),
        Event::Unpacked { name } => format!("  unpacked {name}"),
        Event::Script { label } => format!("  running {label}"),
        Event::Step { label, .. } => format!("  {label}"),
        Event::Output { line } => format!("    {line}"),
        _ => return None,
    })
}

impl Tally {
    /// How far the latest phase is; `None` if there is nothing to say of it.
    fn sentence(&self) -> Option<String> {
        Some(match self.phases.last()? {
            Phase::Resolve => format!(
                "read {}, {}",
                count(self.indexes, "file"),
                size(self.index_bytes)
            ),
            Phase::Fetch | Phase::Unpack => format!(
                "fetched {} of {}, {} of {}; unpacked {}",
                self.fetched,
                count(self.planned, "package"),
                size(self.here_bytes),
                size(self.planned_bytes),
                self.unpacked
            ),
            Phase::Compile if self.step.is_empty() => return None,
            Phase::Compile => self.compiling(),
            Phase::Configure => format!("running {}, script {}", self.script, self.scripts),
            Phase::Prune => return None,
            Phase::Export => format!("wrote {}", size(self.written_bytes)),
            Phase::Verify => format!(
                "checked {} of {}",
                size(self.checked_bytes),
                size(self.checkable_bytes)
            ),
        })
    }
    /// The step of a compilation, and how far that is.
    pub(super) fn compiling(&self) -> String {
        match self.to_compile {
            0 => self.step.clone(),
            packages => format!(
                "{} ({} of {})",
                self.step,
                self.begun,
                count(packages, "package")
            ),
        }
    }
}
