//! One suite's release file: fetched, verified, checked, compared with the last one known.

use super::Context;
use crate::{release::Release, sources::Source};
use boot_kit::{
    Context as _, Digest, Error, ErrorKind, Recipe, Request, Result,
    fetch::without_credentials,
    openpgp::{Keyring, Terms},
};
use std::io::Read;

/// The most bytes a release file may have: as many as apt allows.
const LIMIT: u64 = 10_000_000;

/// A release file whose signature is good.
pub struct Proof {
    /// The clearsigned message it came in.
    pub message: Vec<u8>,
    /// What its signed text says.
    pub release: Release,
}

/// Gets the suite's release file from its mirror number `turn`, proves and checks it.
///
/// `known` is the last one known.
pub fn fetch(
    source: &Source,
    turn: usize,
    known: Option<&[u8]>,
    context: Context<'_>,
) -> Result<Proof> {
    let prove = |message: Vec<u8>| {
        let proof = prove(message, source, context)?;
        proof.check(source, context)?;
        Ok(proof)
    };
    let message = get(source, turn, context)?;
    let is_known = known == Some(&message[..]);
    prove(message).or_else(|error: Error| {
        if !is_known || error.kind() != ErrorKind::Trust {
            return Err(error);
        }
        // Perhaps a server is wrong in saying that it has not changed; the second question is without condition.
        let again = get(source, turn, context)?;
        if known == Some(&again[..]) {
            return Err(error);
        }
        prove(again)
    })
}

fn get(source: &Source, turn: usize, context: Context<'_>) -> Result<Vec<u8>> {
    let suite = &source.suite;
    let mut fetched = context.fetch.get(&Request {
        name: format!("{suite} InRelease"),
        urls: vec![format!("{}/dists/{suite}/InRelease", source.mirrors[turn])],
        size: LIMIT,
        digest: None,
    })?;
    let mut message = Vec::new();
    fetched.file.read_to_end(&mut message)?;
    Ok(message)
}

/// Reads back the last release file known of this suite, unproven.
pub fn recall(source: &Source, context: Context<'_>) -> Result<Option<Vec<u8>>> {
    context.fetch.recall(&note(source, context))
}

/// Keeps a release file that was proven and whose lists are here.
pub fn remember(source: &Source, message: &[u8], context: Context<'_>) -> Result<()> {
    context.fetch.remember(&note(source, context), message)
}

fn note(source: &Source, context: Context<'_>) -> String {
    format!("deb InRelease {}", place(source, context))
}

/// What a suite is called among all that is remembered. An archive the user names is its own: it may be older on purpose.
/// That of another architecture may be another archive, which is brought up to date at another time.
pub fn place(source: &Source, context: Context<'_>) -> String {
    let suite = &source.suite;
    match source.mirrors.first() {
        Some(mirror) if source.is_named => format!("{mirror} {suite}"),
        _ => {
            let Recipe {
                distribution, arch, ..
            } = context.recipe;
            format!("{distribution} {suite} {arch}")
        }
    }
}

/// Proves a release file by the suite's keys.
pub fn prove(message: Vec<u8>, source: &Source, context: Context<'_>) -> Result<Proof> {
    let suite = &source.suite;
    let keys = Keyring::of(&source.keys)?;
    if keys.is_empty() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("there is no key to verify `{suite}` with"),
        )
        .with_hint(context.recipe.key_hint()));
    }
    let terms = Terms {
        now: context.recipe.now,
        allow_expired: context.recipe.allow_expired,
    };
    let text = keys
        .verify_clearsigned(&message, terms)
        .context(|| format!("`{suite}` cannot be trusted"))?;
    let release = Release::parse(&text).context(|| format!("cannot read `{suite}`"))?;
    Ok(Proof { message, release })
}

impl Proof {
    /// Checks its name and dates.
    pub fn check(&self, source: &Source, context: Context<'_>) -> Result<()> {
        self.release
            .check(&source.suite, context.recipe, source.allow_expired)
    }

    /// Names the message.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.message)
    }

    /// Says that a mirror offers an older release than was seen before.
    pub fn went_back(&self, known: &Proof, source: &Source, turn: usize) -> Error {
        let days = (known.release.date - self.release.date) / 86400;
        Error::new(
            ErrorKind::Trust,
            format!(
                "`{}` at `{}` is older than what was seen before, by {days} days",
                source.suite,
                without_credentials(&source.mirrors[turn])
            ),
        )
        .with_hint("the mirror is stale, or someone replays an old state: try another mirror")
    }
}

/// Says why no mirror would do: what concerns trust first; a suite nobody has is the user's mistake.
pub fn summary(source: &Source, failures: Vec<Error>, context: Context<'_>) -> Error {
    let rank = |error: &Error| match error.kind() {
        ErrorKind::Trust => 0,
        ErrorKind::NotFound => 2,
        _ => 1,
    };
    match failures.into_iter().min_by_key(rank) {
        None => Error::new(
            ErrorKind::Usage,
            format!("`{}` has no mirrors", source.suite),
        )
        .with_hint("name one with --mirror"),
        Some(error) if error.kind() == ErrorKind::NotFound => {
            unknown_suite(source, context).caused_by(error)
        }
        Some(error) => {
            Error::new(error.kind(), format!("cannot use `{}`", source.suite)).caused_by(error)
        }
    }
}

fn unknown_suite(source: &Source, context: Context<'_>) -> Error {
    let recipe = context.recipe;
    let known = recipe
        .settings
        .get("releases")
        .and_then(|releases| releases.as_table())
        .map(|releases| releases.keys().cloned().collect::<Vec<_>>())
        .unwrap_or_default();
    let hint = if source.is_named || known.is_empty() {
        "check the name of the release and the mirror's address".into()
    } else {
        format!("choose one of {}", known.join(", "))
    };
    Error::new(
        ErrorKind::Usage,
        format!(
            "`{}` has no release `{}`",
            recipe.distribution, source.suite
        ),
    )
    .with_hint(hint)
}
