//! What could make an image smaller: sought, put into words, and tried.

use super::Work;
use crate::{
    footprint::{
        Footprint,
        compare::{
            model::{Advice, AdviceKind, Gain},
            pruning,
        },
        graph::share_of,
        model::Package,
    },
    interrupt,
    ops::{connect, inspect::Subject},
    recipe::{Profile, distribution::Format},
    registry,
};
use boot_kit::{Alternative, Error, ErrorKind, Event, Result, Weight};
use std::sync::{Arc, atomic::AtomicBool};

/// What gains less than this many bytes is not told.
const WORTH_TELLING: i64 = 200_000;

/// How much advice is tried for one image.
const MOST_TRIED: usize = 4;

impl Work<'_> {
    /// Finds what could make image number `image` smaller, the largest gain first; tries it if that is wanted.
    pub(super) fn advice(
        &self,
        subject: &Subject,
        footprint: &Footprint,
        image: u32,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Vec<Advice>> {
        let family = family(subject, footprint);
        let mut advice = pruning::advice(image, footprint, family)?;
        let found = match self.alternatives(subject, interrupt) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let name = &footprint.image.name;
                let message = format!("no alternatives for {name}: {}", error.one_line());
                self.report.event(Event::Warning { message });
                Vec::new()
            }
        };
        let told = found.iter().map(|it| alternative(it, image, footprint));
        advice.extend(told.filter(|it| it.predicted.bytes >= WORTH_TELLING));
        advice.sort_by_key(|it| -it.predicted.bytes);
        if self.options.tries_advice && matches!(subject, Subject::Recipe { .. }) {
            for one in advice.iter_mut().take(MOST_TRIED) {
                interrupt::check(interrupt)?;
                self.attempt(subject, footprint, one)?;
            }
            advice.sort_by_key(|it| -it.measured.unwrap_or(it.predicted).bytes);
        }
        Ok(advice)
    }

    fn alternatives(
        &self,
        subject: &Subject,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Vec<Alternative>> {
        let Subject::Recipe {
            recipe, options, ..
        } = subject
        else {
            return Ok(Vec::new());
        };
        let store = connect::store(options.cache_dir.as_deref())?;
        let net = connect::net(&store, options.offline, &**self.report, interrupt);
        let backend = registry::backend(options.format);
        backend.alternatives(recipe, &net, &**self.report)
    }

    /// Builds an image as advice says, and measures what that saves.
    fn attempt(&self, subject: &Subject, footprint: &Footprint, advice: &mut Advice) -> Result<()> {
        let changed = with_flags(subject, &advice.flags)?;
        let smaller = match self.measure(&changed) {
            Ok(smaller) => smaller,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let message = format!(
                    "{} with {}: {}",
                    footprint.image.name,
                    advice.flags.join(" "),
                    error.one_line()
                );
                self.report.event(Event::Warning { message });
                return Ok(());
            }
        };
        let less = |before: u64, after: u64| {
            let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            signed(before) - signed(after)
        };
        advice.measured = Some(Gain {
            bytes: less(footprint.sizes.content, smaller.sizes.content),
            zstd_bytes: Some(less(footprint.sizes.zstd, smaller.sizes.zstd)),
        });
        Ok(())
    }
}

/// Adds flags of advice to a recipe.
fn with_flags(subject: &Subject, flags: &[String]) -> Result<Subject> {
    let mut changed = subject.clone();
    let Subject::Recipe {
        recipe, options, ..
    } = &mut changed
    else {
        return Ok(changed);
    };
    for pair in flags.chunks_exact(2) {
        let words = || pair[1].split(',').map(str::to_owned);
        match pair[0].as_str() {
            "--include" => recipe.include.extend(words()),
            "--exclude" => recipe.exclude.extend(words()),
            "--prune" => options.prune = profile(&pair[1])?,
            _ => {}
        }
    }
    Ok(changed)
}

fn profile(name: &str) -> Result<Profile> {
    let all = [Profile::None, Profile::Safe, Profile::Slim];
    all.into_iter()
        .find(|profile| profile.name() == name)
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("there is no profile `{name}`")))
}

/// Names the prune profiles that are for an image.
pub(in crate::ops) fn family(subject: &Subject, footprint: &Footprint) -> &'static str {
    if let Subject::Recipe { options, .. } = subject {
        return options.format.name();
    }
    family_of(footprint)
}

/// The same for an image that was not built here: by its database of packages.
pub fn family_of(footprint: &Footprint) -> &'static str {
    let has = |kind: &str| footprint.inventories.iter().any(|it| it.kind == kind);
    match () {
        () if has("dpkg") => Format::Deb.name(),
        () if has("apk") => Format::Apk.name(),
        () => "stage",
    }
}

/// Puts what a backend found into words and flags.
///
/// What leaves is in the image, so its files are counted; what comes is not, so its own word is taken.
fn alternative(found: &Alternative, image: u32, footprint: &Footprint) -> Advice {
    let mut flags = Vec::new();
    for (flag, names) in [("--include", &found.include), ("--exclude", &found.exclude)] {
        if !names.is_empty() {
            flags.extend([flag.to_owned(), names.join(",")]);
        }
    }
    let there = |weight: &Weight| -> Option<&Package> {
        footprint
            .packages
            .iter()
            .find(|package| package.name == weight.name)
    };
    let left = share_of(found.leaves.iter().filter_map(there));
    let said = found.leaves.iter().filter(|weight| there(weight).is_none());
    let sum = |bytes: &mut dyn Iterator<Item = u64>| {
        i64::try_from(bytes.sum::<u64>()).unwrap_or(i64::MAX)
    };
    let leaving = sum(&mut said.map(|it| it.installed_bytes).chain([left.bytes]));
    let coming = sum(&mut found.comes.iter().map(|it| it.installed_bytes));
    let names = |weights: &[Weight]| weights.iter().map(|it| it.name.clone()).collect();
    let text = format!(
        "{} instead of {}, which only {} {}",
        found.take,
        found.instead_of,
        some(&found.wanted_by),
        if found.wanted_by.len() == 1 {
            "wants"
        } else {
            "want"
        },
    );
    Advice {
        image,
        flags,
        text,
        kind: AdviceKind::Alternative,
        predicted: Gain {
            bytes: leaving - coming,
            zstd_bytes: Some(
                sum(&mut [left.zstd_bytes].into_iter())
                    - sum(&mut found.comes.iter().map(|it| it.download_bytes)),
            ),
        },
        measured: None,
        leaves: names(&found.leaves),
        comes: names(&found.comes),
        wanted_by: found.wanted_by.clone(),
        demand: Some(found.demand.clone()),
    }
}

/// Names up to three.
fn some(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
