//! From a recipe to proven package lists: every suite's signed release file, then the lists it vouches for.
//!
//! | module | holds |
//! | --- | --- |
//! | [`agreement`] | whether all suites are what they were, so that no list is needed |
//! | [`proof`] | one suite's release file: fetched, verified, checked, compared with the last one known |
//! | [`lists`] | the package lists it names, fetched by digest and decompressed |

mod agreement;
mod lists;
mod proof;

use crate::{
    index::{Compact, Text},
    release::Release,
    sources::{self, Source},
};

use agreement::{Agreement, Voter};
use boot_kit::{Digest, Error, ErrorKind, Event, Fetch, Recipe, Report, Result, threads::join};
use proof::Proof;
use std::{cell::OnceCell, collections::BTreeSet, thread};

/// All package lists of a recipe, proven.
#[derive(Debug, Default)]
pub struct Acquired {
    /// The suites in the order of the recipe's sources.
    pub suites: Vec<Suite>,
    /// Their lists: by suite, then component, then architecture (native, `all`, foreign).
    pub lists: Vec<List>,
    /// Whether every suite has the mark that was known: then no lists were read.
    pub is_known: bool,
}

/// One suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// Its name as it was asked for.
    pub name: String,
    /// SHA-256 of its signed release file.
    pub digest: Digest,
    /// What that says.
    pub release: Release,
    /// Base URLs for the files its lists name, best first, without trailing slash.
    pub mirrors: Vec<String>,
}

/// One package list.
#[derive(Debug, Default)]
pub struct List {
    /// Index into [`Acquired::suites`].
    pub suite: usize,
    /// E.g. `main`.
    pub component: String,
    /// E.g. `amd64` or `all`.
    pub arch: String,
    /// Its length as it was fetched, in bytes.
    pub packed: u64,
    /// A name for its content, from its signed sum.
    pub digest: Digest,
    /// The name under which what is needed of it is kept.
    pub note: String,
    /// What it says.
    pub content: Content,
}

/// What a list says.
#[derive(Debug)]
pub enum Content {
    /// The uncompressed stanzas.
    Plain(Vec<u8>),
    /// What an earlier run kept of them.
    Compact(Box<Compact>),
}

impl Acquired {
    /// The newest date of all suites, seconds since the Unix epoch.
    pub fn epoch(&self) -> i64 {
        let dates = self.suites.iter().map(|suite| suite.release.date);
        dates.max().unwrap_or_default()
    }

    /// Tells whether something that was kept of a list turned out to be damaged: what was made of it must not be used.
    pub fn is_damaged(&self) -> bool {
        self.lists.iter().any(|list| list.content.is_damaged())
    }
}

impl Content {
    /// The length of the uncompressed list in bytes.
    pub fn plain_bytes(&self) -> u64 {
        match self {
            Self::Plain(bytes) => bytes.len() as u64,
            Self::Compact(compact) => compact.plain_bytes(),
        }
    }

    /// The same, as a universe reads it.
    pub fn text(&self) -> Text<'_> {
        match self {
            Self::Plain(bytes) => Text::Plain(bytes),
            Self::Compact(compact) => Text::Compact(compact),
        }
    }

    /// Tells whether it was kept by an earlier run and could not be read: what was made of it must not be used.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Compact(compact) if compact.is_damaged())
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl List {
    /// What messages call it once it is read; `suite` is the name of its suite.
    pub fn name(&self, suite: &str) -> String {
        format!("{suite}/{} {}", self.component, self.arch)
    }

    /// What messages call the file it comes in.
    pub fn file_name(&self, suite: &str) -> String {
        format!("{suite} {} {} Packages", self.component, self.arch)
    }
}

impl Suite {
    /// Names all that makes a plan and differs from run to run: the signed release file, and the order of the mirrors.
    pub fn mark(&self) -> Digest {
        Digest::of(format!("{}\n{}", self.digest, self.mirrors.join("\n")))
    }
}

/// What every part of the work needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    recipe: &'a Recipe,
    fetch: &'a dyn Fetch,
    report: &'a dyn Report,
    /// The architectures wanted, the native one first.
    archs: &'a [String],
    agreement: &'a Agreement,
}

impl Context<'_> {
    fn warn(&self, message: String) {
        self.report.event(Event::Warning { message });
    }
}

/// Gets the package lists of every suite of `recipe`, all suites at once.
///
/// A mirror that is dead, stale, half synchronised or not to be trusted is passed over with a warning while there is
/// another; what the last one does wrong is the error.
pub fn acquire(recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Acquired> {
    acquire_unless(
        &[],
        &sources::sources(recipe, report)?,
        recipe,
        fetch,
        report,
    )
}

/// The same, from `sources`; without lists if the suites' [marks](Suite::mark) are those `known`.
///
/// Signatures, names and dates are checked in any case.
pub fn acquire_unless(
    known: &[Digest],
    sources: &[Source],
    recipe: &Recipe,
    fetch: &dyn Fetch,
    report: &dyn Report,
) -> Result<Acquired> {
    if sources.is_empty() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("`{}` has no archives", recipe.distribution),
        )
        .with_hint("name one with --mirror"));
    }
    let archs = architectures(recipe);
    let agreement = Agreement::new(sources.len());
    let context = Context {
        recipe,
        fetch,
        report,
        archs: &archs,
        agreement: &agreement,
    };
    let found: Vec<Result<_>> = thread::scope(|scope| {
        let begin = |(i, source)| {
            let mark = known.get(i).copied();
            scope.spawn(move || suite(source, mark, context))
        };
        let threads: Vec<_> = sources.iter().enumerate().map(begin).collect();
        threads.into_iter().map(join).collect()
    });
    let mut acquired = Acquired {
        is_known: true,
        ..Acquired::default()
    };
    for (i, found) in found.into_iter().enumerate() {
        let (suite, lists) = found?;
        acquired.suites.push(suite);
        acquired.is_known &= lists.is_none();
        let lists = lists.into_iter().flatten();
        let lists = lists.map(|list| List { suite: i, ..list });
        acquired.lists.extend(lists);
    }
    lists::check_complete(&acquired, sources, recipe)?;
    Ok(acquired)
}

/// The architectures packages are wanted of, the native one first: the recipe's own, those of its setting `foreign`,
/// and those of included names like `libc6:i386`.
pub fn architectures(recipe: &Recipe) -> Vec<String> {
    let mut archs = vec![recipe.arch.clone()];
    let settings = recipe.settings.get("foreign");
    let foreign = settings
        .and_then(|value| value.as_array())
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    let included = recipe
        .include
        .iter()
        .filter(|name| !name.contains('/'))
        .filter_map(|name| Some(name.split_once(':')?.1))
        .map(|rest| rest.split(['=', ' ']).next().unwrap_or(rest));
    for arch in foreign.chain(included) {
        let is_special = matches!(arch, "any" | "native" | "all" | "");
        if !is_special && !archs.iter().any(|known| known == arch) {
            archs.push(arch.to_owned());
        }
    }
    archs
}

/// A suite and its lists, or none if the plan is known.
type Found = (Suite, Option<Vec<List>>);

/// Gets one suite from the first of its mirrors that can be trusted and has all of it.
fn suite(source: &Source, mark: Option<Digest>, context: Context<'_>) -> Result<Found> {
    let attempt = Attempt {
        source,
        mark,
        voter: context.agreement.voter(),
        context,
    };
    let message = proof::recall(source, context)?;
    let known = OnceCell::new();
    // Mostly the mirrors have the very same, and it need not be proven twice.
    let known = || -> Option<&Proof> {
        // Kept under other keys, or damaged on disk: it says nothing about what the mirrors have now.
        let prove = || proof::prove(message.clone()?, source, context).ok();
        known.get_or_init(prove).as_ref()
    };
    if context.fetch.is_offline() {
        let proof = known().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("nothing is known of `{}`", source.suite),
            )
            .with_hint("run the same command once without --offline")
        })?;
        proof.check(source, context)?;
        return attempt.finish(proof, 0);
    }
    let mut failures = Vec::new();
    let mut tried = BTreeSet::new();
    let mut is_older = false;
    // Once more from the first: it may have been in the middle of an update.
    let turns = (0..source.mirrors.len()).chain((!source.mirrors.is_empty()).then_some(0));
    for turn in turns {
        let fetched = proof::fetch(source, turn, message.as_deref(), context);
        let found = fetched.and_then(|proof| {
            let is_same = message.as_ref() == Some(&proof.message);
            if !is_same
                && let Some(known) = known()
                && known.release.date > proof.release.date
            {
                is_older = true;
                return Err(proof.went_back(known, source, turn));
            }
            if !tried.insert(proof.digest()) {
                return Ok(None);
            }
            let found = attempt.finish(&proof, turn)?;
            if !is_same {
                proof::remember(source, &proof.message, context)?;
            }
            Ok(Some(found))
        });
        match found {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                if turn + 1 < source.mirrors.len() {
                    context.warn(format!("{}: trying another mirror", error.one_line()));
                }
                failures.push(error);
                // What is missing or altered may be mended a moment later, a release file not.
                if turn + 1 == source.mirrors.len() && tried.is_empty() {
                    break;
                }
            }
        }
    }
    if let (true, Some(known)) = (is_older, known()) {
        context.warn(format!(
            "every mirror of `{}` is older than what was seen before: going on with the newer one",
            source.suite
        ));
        known.check(source, context)?;
        return attempt.finish(known, 0);
    }
    Err(proof::summary(source, failures, context))
}

/// What is the same for all mirrors of a suite.
struct Attempt<'a> {
    source: &'a Source,
    /// The mark of the suite that the known plan was made with.
    mark: Option<Digest>,
    voter: Voter<'a>,
    context: Context<'a>,
}

impl Attempt<'_> {
    /// Gets the lists of a proven release file from the mirror number `turn`, unless no suite's are needed.
    fn finish(&self, proof: &Proof, turn: usize) -> Result<Found> {
        let source = self.source;
        let mut mirrors = source.mirrors.clone();
        mirrors[..=turn.min(source.mirrors.len().saturating_sub(1))].rotate_right(1);
        let suite = Suite {
            name: source.suite.clone(),
            digest: proof.digest(),
            release: proof.release.clone(),
            mirrors,
        };
        if self.voter.agree(self.mark == Some(suite.mark())) {
            return Ok((suite, None));
        }
        match lists::fetch(source, &suite, self.context) {
            Ok(lists) => Ok((suite, Some(lists))),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::new(
                ErrorKind::Network,
                format!("`{}` names a list that no mirror has", source.suite),
            )
            .with_hint(
                "the mirror is being updated: try again in some minutes, or name another with --mirror",
            )
            .caused_by(error)),
            Err(error) => Err(error),
        }
    }
}
