//! Progress on a terminal.

use super::{
    Detail, plain, printable,
    quantity::{count, size},
    tally::Tally,
};
use boot_kit::{Event, Report, event::Phase};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Draws one line for each phase that is under way, and takes them away when dropped.
pub(super) struct Bar {
    detail: Detail,
    screen: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tally: Tally,
    bars: BTreeMap<Phase, ProgressBar>,
}

impl Bar {
    pub fn new(detail: Detail) -> Self {
        Self {
            detail,
            // Ten times a second is plenty for eyes and costs nothing.
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)),
            state: Mutex::default(),
        }
    }

    /// Prints a line above the bars.
    fn print(&self, line: &str) {
        drop(self.screen.println(printable(line)));
    }

    fn begin(&self, state: &mut State, phase: Phase) {
        if state.is_over(phase) {
            return;
        }
        state.bars.entry(phase).or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::no_length());
            bar.set_style(style(phase));
            bar.set_prefix(verb(phase));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
    }
}

impl State {
    /// Tells whether a phase needs no bar any more. Fetching goes on beside unpacking, and both beside scripts.
    fn is_over(&self, phase: Phase) -> bool {
        let latest = self.tally.phases.last();
        let is_planned = self.tally.planned > 0;
        match phase {
            Phase::Fetch if is_planned => self.tally.fetched >= self.tally.planned,
            Phase::Unpack if is_planned => self.tally.unpacked >= self.tally.planned,
            _ => latest.is_some_and(|latest| *latest > phase),
        }
    }

    /// Takes away the bars of what is over.
    fn clear(&mut self) {
        let over: Vec<_> = self
            .bars
            .keys()
            .copied()
            .filter(|phase| self.is_over(*phase))
            .collect();
        for bar in over.iter().filter_map(|phase| self.bars.remove(phase)) {
            bar.finish_and_clear();
        }
    }
}

impl Report for Bar {
    fn event(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.tally.add(&event);
        match &event {
            Event::Phase(phase) => self.begin(state, *phase),
            Event::Warning { message } => self.print(&format!("warning: {message}")),
            _ => {}
        }
        state.clear();
        for (phase, bar) in &state.bars {
            update(*phase, bar, &state.tally);
        }
        if self.detail == Detail::Verbose
            && let Some(line) = plain::detail(event)
        {
            self.print(&line);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for bar in state.bars.values() {
            bar.finish_and_clear();
        }
        drop(self.screen.clear());
    }
}

fn update(phase: Phase, bar: &ProgressBar, tally: &Tally) {
    match phase {
        Phase::Resolve => bar.set_message(format!(
            "{}, {}",
            count(tally.indexes, "index file"),
            size(tally.index_bytes)
        )),
        // A root that somebody else packed is one file, and no plan says its size.
        Phase::Fetch | Phase::Unpack if tally.planned == 0 => {}
        Phase::Fetch => {
            bar.set_length(tally.planned_bytes);
            bar.set_position(tally.here_bytes);
            bar.set_message(format!(
                "{} of {}, {} of {}",
                size(tally.here_bytes),
                size(tally.planned_bytes),
                tally.fetched,
                count(tally.planned, "package")
            ));
        }
        Phase::Unpack => {
            bar.set_length(tally.planned);
            bar.set_position(tally.unpacked);
            bar.set_message(format!(
                "{} of {}",
                tally.unpacked,
                count(tally.planned, "package")
            ));
        }
        Phase::Compile => {
            if tally.to_compile > 0 {
                bar.set_length(tally.to_compile);
                bar.set_position(tally.begun);
            }
            bar.set_message(printable(&tally.compiling()).into_owned());
        }
        Phase::Configure if tally.scripts > 0 => {
            bar.set_message(format!("{} ({})", printable(&tally.script), tally.scripts));
        }
        Phase::Configure | Phase::Prune => {}
        Phase::Export => bar.set_message(size(tally.written_bytes)),
        Phase::Verify => {
            bar.set_length(tally.checkable_bytes);
            bar.set_position(tally.checked_bytes);
            bar.set_message(format!(
                "{} of {}",
                size(tally.checked_bytes),
                size(tally.checkable_bytes)
            ));
        }
    }
}

fn style(phase: Phase) -> ProgressStyle {
    let template = match phase {
        Phase::Fetch | Phase::Compile | Phase::Unpack | Phase::Verify => {
            "{spinner} {prefix:<11} {bar:24} {wide_msg}"
        }
        _ => "{spinner} {prefix:<11} {wide_msg}",
    };
    ProgressStyle::with_template(template)
        .expect("the templates above are well-formed")
        .progress_chars("=> ")
        .tick_chars("-\\|/ ")
}

fn verb(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "choosing",
        Phase::Fetch => "fetching",
        Phase::Compile => "compiling",
        Phase::Unpack => "unpacking",
        Phase::Configure => "configuring",
        Phase::Prune => "pruning",
        Phase::Export => "writing",
        Phase::Verify => "checking",
    }
}
