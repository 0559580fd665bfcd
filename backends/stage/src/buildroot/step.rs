//! The lines that tell how far a build is.
//!
//! `>>> NAME VERSION ACTION`, single blanks between; name and version may be empty. Where `TERM` names a terminal they
//! come in reverse video.

use std::collections::BTreeSet;

const MARK: &str = ">>> ";
/// How reverse video begins and ends, where a build was not told that its terminal is dumb.
const REVERSE: [&str; 4] = ["\u{1b}[7m", "\u{1b}[27m", "\u{1b}[m", "\u{1b}(B"];

/// One thing that a build begins to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The package it is done for; `None` for what is done for the whole root.
    pub package: Option<String>,
    /// The package's version, if it has one.
    pub version: Option<String>,
    /// What is done, e.g. `Building`, `Installing to target`.
    pub action: String,
}

impl Step {
    /// Reads a line; `None` if it is not such a line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut line = line.trim_end().to_owned();
        for code in REVERSE {
            line = line.replace(code, "");
        }
        let mut fields = line.strip_prefix(MARK)?.splitn(3, ' ');
        let mut field = || fields.next().map(str::to_owned);
        let (package, version, action) = (field()?, field()?, field()?);
        let named = |text: String| (!text.is_empty()).then_some(text);
        Some(Self {
            package: named(package),
            version: named(version),
            action: named(action)?,
        })
    }

    /// Says it in one line, e.g. `busybox 1.36.1: Building`.
    pub fn label(&self) -> String {
        match (&self.package, &self.version) {
            (Some(package), Some(version)) => format!("{package} {version}: {}", self.action),
            (Some(package), None) => format!("{package}: {}", self.action),
            (None, _) => self.action.clone(),
        }
    }
}

/// How far a build is, by the lines it has printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    begun: BTreeSet<String>,
    last: Option<Step>,
}

impl Progress {
    /// Takes a line; returns the step that it begins, if it does.
    pub fn line(&mut self, line: &str) -> Option<&Step> {
        let step = Step::parse(line)?;
        self.begun.extend(step.package.clone());
        Some(self.last.insert(step))
    }

    /// How many packages were begun.
    pub fn begun(&self) -> u64 {
        self.begun.len() as u64
    }

    /// What was done last.
    pub fn last(&self) -> Option<&Step> {
        self.last.as_ref()
    }
}
