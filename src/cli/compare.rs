//! `boot compare`.

use super::{
    failure,
    inspect::{Look, enter_if_needed, width},
    messages::Messages,
    print,
};
use crate::{
    footprint::{
        Footprint,
        compare::{
            By, Comparison, budget,
            model::{Breach, Limit},
            text::{csv::csv, markdown::markdown, terminal::table},
        },
        html,
    },
    ops::{
        compare::{self as ops, Options},
        inspect::{self, Subject},
    },
    registry::Registry,
};
use boot_kit::{Context, Error, ErrorKind, Report, Result};
use clap::{Args, ValueEnum};
use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

const BUILT: &str = "An image that is built for this";
const REPORT: &str = "The report";
const GATE: &str = "A gate";

/// The arguments of `boot compare`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches are booleans")]
pub(super) struct CompareArguments {
    /// Images: `debian`, `debian:bookworm+ceph`, a recipe file, a tar, an OCI or docker archive, an OCI directory, a directory, or a report (.json)
    #[arg(value_name = "X", required = true)]
    what: Vec<String>,

    /// Call a package otherwise where a distribution has it under the other name, e.g. nginx=nginx-light
    #[arg(long, value_name = "NAME=OTHER,…", value_delimiter = ',', value_parser = pair, help_heading = BUILT)]
    map: Vec<(String, String)>,

    /// Write the report in this form [default: by the ending of -o, else a table]
    #[arg(long, value_enum, value_name = "FORM", help_heading = REPORT)]
    format: Option<Form>,

    /// Take the images apart by this, too
    #[arg(long, value_enum, value_name = "PART", help_heading = REPORT)]
    by: Option<By>,

    /// Tell all that makes a difference, and how it came there
    #[arg(long, help_heading = REPORT)]
    explain: bool,

    /// With json: list every file
    #[arg(long, help_heading = REPORT)]
    files: bool,

    /// Build what advice says, and tell what it saved
    #[arg(long, help_heading = REPORT)]
    advise: bool,

    /// Measure the size as gzip, too; this takes several times as long as all the rest
    #[arg(long, help_heading = REPORT)]
    gzip: bool,

    #[command(flatten)]
    gate: Gate,

    /// Write the report here; the ending says the form: .json, .csv, .md, .html
    #[arg(short, long, value_name = "FILE", help_heading = REPORT)]
    output: Option<PathBuf>,

    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    messages: Messages,
}

/// What an image must keep to.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Gate {
    /// Exit with 3 if an image has more: size=60MB,setuid=5,files=5000
    #[arg(long, value_name = "FIGURE=MOST,…", value_parser = limits, help_heading = GATE)]
    budget: Vec<Limits>,

    /// Compare with this older report (.json) or image, and tell what an update fetches
    #[arg(long, value_name = "LAST", help_heading = GATE)]
    against: Option<PathBuf>,
}

/// The limits of one `--budget`.
#[derive(Clone, Debug, Default)]
struct Limits(Vec<Limit>);

fn limits(text: &str) -> Result<Limits> {
    budget::parse(text).map(Limits)
}

impl Gate {
    /// The limits, in the order in which they were said.
    pub fn limits(&self) -> Vec<Limit> {
        self.budget.iter().flat_map(|it| it.0.clone()).collect()
    }

    /// Tells whether there is a limit for the size as gzip, which is measured only where it is wanted.
    pub fn limits_gzip(&self) -> bool {
        self.limits().iter().any(|limit| limit.metric == "gzip")
    }

    /// The older report or image.
    pub fn against(&self) -> Option<PathBuf> {
        self.against.clone()
    }

    /// Holds one image against the limits and what is older.
    pub fn judge(
        &self,
        footprint: Footprint,
        look: &inspect::Options,
        report: &Arc<dyn Report>,
    ) -> Result<Comparison> {
        let options = Options {
            budget: self.limits(),
            against: self.against(),
            look: look.clone(),
            ..Options::default()
        };
        ops::judge(footprint, &options, report)
    }

    /// Ends a command whose report is written: tells what broke the budget, if anything did.
    pub fn end(breaches: &[Breach], messages: &Messages) -> ExitCode {
        if breaches.is_empty() {
            return ExitCode::SUCCESS;
        }
        let lines: Vec<&str> = breaches.iter().map(|it| it.text.as_str()).collect();
        failure::over_budget(&lines, messages.form());
        ExitCode::from(failure::OVER_BUDGET)
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For a terminal
    Table,
    /// For programs: every figure, in the schema boot.inspect/1 or boot.compare/1
    Json,
    /// For spreadsheets
    Csv,
    /// For a page
    Md,
    /// One page by itself, with maps
    Html,
}

impl Form {
    /// Finds the form that the ending of a file says.
    fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()? {
            "json" => Self::Json,
            "csv" => Self::Csv,
            "md" => Self::Md,
            "html" => Self::Html,
            _ => return None,
        })
    }

    /// Finds the form of a report: as said, else as its file says, else a table.
    pub fn choose(said: Option<Self>, output: Option<&Path>) -> Self {
        said.or_else(|| output.and_then(Self::of))
            .unwrap_or(Self::Table)
    }
}

impl CompareArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let form = self.messages.form();
        failure::end_with(self.carry_out(registry), form)
    }

    fn carry_out(&self, registry: &mut Registry) -> Result<ExitCode> {
        let subjects: Vec<Subject> = self
            .what
            .iter()
            .map(|word| self.look.subject(word, registry))
            .collect::<Result<_>>()?;
        let options = Options {
            by: self.by,
            budget: self.gate.limits(),
            against: self.gate.against(),
            tries_advice: self.advise,
            map: self.map.clone(),
            look: inspect::Options {
                gzip: self.gzip || self.gate.limits_gzip(),
                ..self.look.options()
            },
        };
        let entered = enter_if_needed(&subjects, self.gate.against().as_deref())?;
        let report = self.messages.listener();
        let comparison = ops::compare(entered.as_ref(), &subjects, &options, &report);
        drop(report);
        let mut comparison = comparison?;
        let form = Form::choose(self.format, self.output.as_deref());
        if !(self.files && form == Form::Json) {
            comparison.forget_files();
        }
        let text = rendered(&comparison, form, self.explain)?;
        write(&text, self.output.as_deref())?;
        Ok(Gate::end(&comparison.breaches, &self.messages))
    }
}

/// Writes a comparison in a form; `explains` tells all of it.
pub(super) fn rendered(comparison: &Comparison, form: Form, explains: bool) -> Result<String> {
    Ok(match form {
        Form::Table => table(comparison, width(), explains),
        Form::Md => markdown(comparison, explains),
        Form::Csv => csv(comparison),
        Form::Json => json(comparison)?,
        Form::Html => html::page(&html::Report::from(comparison)),
    })
}

/// Writes a value for programs.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    Ok(text.map_err(|error| Error::from(io::Error::from(error)))? + "\n")
}

/// Writes a report to a file, or to stdout.
pub(super) fn write(text: &str, output: Option<&Path>) -> Result<()> {
    match output.filter(|path| *path != Path::new("-")) {
        Some(path) => fs_err::write(path, text)
            .map_err(Error::from)
            .context(|| "cannot write the report"),
        None => print(text).context(|| "cannot write the report"),
    }
}

fn pair(text: &str) -> Result<(String, String)> {
    let parts = text.split_once('=');
    let parts = parts.filter(|(from, to)| !from.is_empty() && !to.is_empty());
    parts
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .ok_or_else(|| {
            let message = format!("`{text}` names no two packages");
            Error::new(ErrorKind::Usage, message).with_hint("write it as in `nginx=nginx-light`")
        })
}
