//! Progress for programs: one JSON object a line.

use super::{Detail, quantity::seconds, say};
use boot_kit::{Event, Report, event::Phase};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Transfers are told together, at most this often.
const PAUSE: Duration = Duration::from_millis(100);

/// Writes every event as an object; `docs/reference/progress-json.md` describes them.
pub(super) struct Json<W: Write> {
    detail: Detail,
    begun: Instant,
    state: Mutex<State<W>>,
}

struct State<W> {
    to: W,
    received: u64,
    written: u64,
    told: Instant,
}

impl<W: Write> Json<W> {
    pub fn new(to: W, detail: Detail) -> Self {
        let begun = Instant::now();
        let state = State {
            to,
            received: 0,
            written: 0,
            told: begun,
        };
        Self {
            detail,
            begun,
            state: Mutex::new(state),
        }
    }
}

impl<W: Write> State<W> {
    fn tell(&mut self, begun: Instant, mut object: Value) {
        object["wall_s"] = json!(seconds(begun.elapsed()));
        say(&mut self.to, &object.to_string());
    }

    /// Tells what was transferred since the last time.
    fn flush(&mut self, begun: Instant) {
        for (event, bytes) in [
            ("received", std::mem::take(&mut self.received)),
            ("written", std::mem::take(&mut self.written)),
        ] {
            if bytes > 0 {
                self.tell(begun, json!({"event": event, "size_bytes": bytes}));
            }
        }
        self.told = Instant::now();
    }
}

impl<W: Write + Send> Report for Json<W> {
    fn event(&self, event: Event) {
        if self.detail == Detail::Quiet && !matches!(event, Event::Warning { .. }) {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Received { bytes } => state.received += bytes,
            Event::Written { bytes } => state.written += bytes,
            other => {
                state.flush(self.begun);
                state.tell(self.begun, object(other));
                return;
            }
        }
        if state.told.elapsed() >= PAUSE {
            state.flush(self.begun);
        }
    }
}

impl<W: Write> Drop for Json<W> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.flush(self.begun);
    }
}

fn object(event: Event) -> Value {
    match event {
        Event::Phase(phase) => json!({"event": "phase", "phase": name(phase)}),
        Event::Index { name, bytes } => {
            json!({"event": "index", "name": name, "size_bytes": bytes})
        }
        Event::Planned { artifacts, bytes } => {
            json!({"event": "planned", "artifacts": artifacts, "size_bytes": bytes})
        }
        Event::Received { bytes } => json!({"event": "received", "size_bytes": bytes}),
        Event::Fetched {
            name,
            bytes,
            cached,
        } => {
            json!({"event": "fetched", "name": name, "size_bytes": bytes, "cached": cached})
        }
        Event::Layer {
            name,
            bytes,
            stored,
        } => json!({"event": "layer", "name": name, "size_bytes": bytes, "stored": stored}),
        Event::Unpacked { name } => json!({"event": "unpacked", "name": name}),
        Event::Script { label } => json!({"event": "script", "label": label}),
        Event::Step {
            label,
            begun,
            packages,
        } => json!({"event": "step", "label": label, "begun": begun, "packages": packages}),
        Event::Output { line } => json!({"event": "output", "line": line}),
        Event::Written { bytes } => json!({"event": "written", "size_bytes": bytes}),
        Event::Checked { bytes, total } => {
            json!({"event": "checked", "size_bytes": bytes, "total_bytes": total})
        }
        Event::Warning { message } => json!({"event": "warning", "message": message}),
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "resolve",
        Phase::Fetch => "fetch",
        Phase::Compile => "compile",
        Phase::Unpack => "unpack",
        Phase::Configure => "configure",
        Phase::Prune => "prune",
        Phase::Export => "export",
        Phase::Verify => "verify",
    }
}
