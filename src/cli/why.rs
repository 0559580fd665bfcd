//! `boot why`.

use super::{
    compare::{json, write},
    failure,
    inspect::{Look, enter_if_needed},
    messages::Messages,
};
use crate::{
    footprint::{
        amount::amount,
        why::{Answer, Reason, Why},
    },
    ops,
    progress::one_line,
    registry::Registry,
};
use boot_kit::Result;
use clap::Args;
use std::process::ExitCode;

/// How many of the packages that need another are named.
const NAMED: usize = 12;

/// The arguments of `boot why`.
#[derive(Debug, Args)]
pub(super) struct WhyArguments {
    /// The image: as for `boot inspect`
    #[arg(value_name = "IMAGE")]
    image: String,

    /// A package, or a path with a leading slash
    #[arg(value_name = "PACKAGE|PATH")]
    what: String,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    messages: Messages,
}

impl WhyArguments {
    pub fn run(self, registry: &mut Registry) -> ExitCode {
        let form = self.messages.form();
        failure::end(self.carry_out(registry), form)
    }

    fn carry_out(self, registry: &mut Registry) -> Result<()> {
        let subject = [self.look.subject(&self.image, registry)?];
        let entered = enter_if_needed(&subject, None)?;
        let report = self.messages.listener();
        let options = self.look.options();
        let answer = ops::why(&subject[0], entered.as_ref(), &self.what, &options, &report);
        drop(report);
        let answer = answer?;
        let text = if self.json {
            json(&answer)?
        } else {
            text(&answer)
        };
        write(&text, None)
    }
}

/// Writes an answer for people.
pub(super) fn text(why: &Why) -> String {
    let subject = one_line(&why.subject);
    match &why.answer {
        Answer::Package(reason) => told(reason),
        Answer::Owned(reason) => format!(
            "/{subject} is a file of {}\n{}",
            one_line(&reason.package),
            told(reason)
        ),
        Answer::Generated(reason) => format!(
            "/{subject} was made because of {}, which does not list it\n{}",
            one_line(&reason.package),
            told(reason)
        ),
        Answer::Shared { packages } => {
            let count = packages.len();
            format!(
                "/{subject} is a directory with files of {count} packages: {}\n",
                some(packages)
            )
        }
        Answer::Unowned => format!("/{subject} is of no package\n"),
        Answer::Pruned {
            package,
            profile,
            rule,
        } => format!(
            "/{subject} is not there: {} has it, --prune {profile} leaves it out (`{rule}`)\n",
            one_line(package)
        ),
        Answer::Missing { package } => {
            let package = one_line(package);
            format!("/{subject} is not there: {package} has it, and no prune profile says why\n")
        }
    }
}

fn told(reason: &Reason) -> String {
    let mut text = format!(
        "{} {}: {}",
        one_line(&reason.package),
        one_line(&reason.version),
        amount(reason.bytes)
    );
    if let (Some(bytes), Some(packages)) = (reason.retained_bytes, reason.retained_packages) {
        text += &match packages {
            1 => "; nothing else would leave with it".to_owned(),
            2 => format!("; {} would leave with it and one more", amount(bytes)),
            more => format!(
                "; {} would leave with it and {} more",
                amount(bytes),
                more - 1
            ),
        };
    }
    text.push('\n');
    for (depth, hop) in reason.way.iter().enumerate() {
        let indent = "  ".repeat(depth + 1);
        let (package, because) = (one_line(&hop.package), one_line(&hop.because));
        text += &match depth {
            0 => format!("{indent}{package} ({because})\n"),
            _ => format!("{indent}needs {because} ({package})\n"),
        };
    }
    let direct = reason
        .way
        .len()
        .checked_sub(2)
        .map(|place| &reason.way[place].package);
    let others: Vec<String> = reason
        .needed_by
        .iter()
        .filter(|name| Some(*name) != direct)
        .cloned()
        .collect();
    if !others.is_empty() {
        text += &format!("also needed by {}\n", some(&others));
    }
    text
}

fn some(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(NAMED)
        .map(|name| one_line(name))
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_an_image_stay_on_their_line() {
        let why = Why {
            subject: "a\u{1b}[2J\nb".to_owned(),
            answer: Answer::Shared {
                packages: vec!["x\u{7}\ny".to_owned(), "z".to_owned()],
            },
            schema: String::new(),
            image: String::new(),
        };
        assert_eq!(
            text(&why),
            "/a b is a directory with files of 2 packages: x y, z\n"
        );
    }
}
