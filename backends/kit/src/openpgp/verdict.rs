//! What the signatures found add up to.

use crate::{Error, ErrorKind, Result};
use sequoia_openpgp::{
    self as openpgp, Cert, KeyHandle,
    cert::amalgamation::ValidAmalgamation,
    packet::Signature,
    parse::stream::{
        GoodChecksum, MessageLayer, MessageStructure, VerificationError, VerificationHelper,
    },
    policy::StandardPolicy,
    types::RevocationStatus,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// On what terms a signature is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The time of the run, seconds since the Unix epoch: decides which keys and algorithms are good.
    pub now: i64,
    /// Accept keys that were good when they signed, even if they have expired since.
    pub allow_expired: bool,
}

impl Terms {
    pub(super) fn time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.now.try_into().unwrap_or(0))
    }

    pub(super) fn policy(self) -> StandardPolicy<'static> {
        StandardPolicy::at(self.time())
    }
}

/// Collects the outcome of every signature of one message.
pub(super) struct Verdict<'a> {
    certs: &'a [Cert],
    terms: Terms,
    policy: &'a StandardPolicy<'a>,
    good: usize,
    /// Who signed, and why it does not count: one line each.
    bad: Vec<String>,
    weak: Vec<String>,
    expired: Vec<String>,
    early: Vec<String>,
    unknown: Vec<String>,
}

impl<'a> Verdict<'a> {
    pub(super) fn new(certs: &'a [Cert], terms: Terms, policy: &'a StandardPolicy<'a>) -> Self {
        Self {
            certs,
            terms,
            policy,
            good: 0,
            bad: Vec::new(),
            weak: Vec::new(),
            expired: Vec::new(),
            early: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Ends the verification: `read` is how reading the message went.
    pub(super) fn settle(self, read: openpgp::Result<()>) -> Result<()> {
        if let Some(error) = self.refusal() {
            return Err(error);
        }
        read.map_err(|error| {
            Error::new(
                ErrorKind::Trust,
                format!("the signature is malformed: {error}"),
            )
        })?;
        if self.good == 0 {
            return Err(Error::new(ErrorKind::Trust, "it has no signature")
                .with_hint("an unsigned archive cannot be used: try another mirror"));
        }
        Ok(())
    }

    /// Finds the worst that was found, unless a good signature outweighs it.
    fn refusal(&self) -> Option<Error> {
        let refuse = |what: &str, who: &[String], hint: &str| {
            Some(Error::new(ErrorKind::Trust, format!("{what} {}", who.join(", "))).with_hint(hint))
        };
        if !self.bad.is_empty() {
            return refuse(
                "the signature is bad:",
                &self.bad,
                "the file was altered at the mirror or on the way: try another mirror",
            );
        }
        if self.good > 0 {
            return None;
        }
        if !self.weak.is_empty() {
            return refuse(
                "the signature or its key uses an algorithm that is no longer safe:",
                &self.weak,
                "ask the archive's owner to sign with SHA-256 and a current key",
            );
        }
        if !self.early.is_empty() {
            return refuse(
                "the signature is from the future:",
                &self.early,
                "check the clock of this machine",
            );
        }
        if !self.expired.is_empty() {
            return refuse(
                "the key that signed has expired or was revoked:",
                &self.expired,
                "name a newer keyring with --keyring; for an old release, --allow-expired accepts expired keys",
            );
        }
        if !self.unknown.is_empty() {
            return refuse(
                "it is signed by an unknown key:",
                &self.unknown,
                "name the keyring of this archive with --keyring, if you trust it",
            );
        }
        None
    }

    fn good(&mut self, good: &GoodChecksum<'_>) {
        if self.terms.allow_expired {
            self.good += 1;
            return;
        }
        // Sequoia looks at the time of the signature only; a key must still be good now.
        let fingerprint = good.ka.key().fingerprint().to_hex();
        let now = good
            .ka
            .cert()
            .clone()
            .keys()
            .key_handle(good.ka.key().fingerprint())
            .with_policy(self.policy, self.terms.time())
            .next()
            .map(|key| -> openpgp::Result<()> {
                key.valid_cert().alive()?;
                key.alive()?;
                if matches!(key.revocation_status(), RevocationStatus::Revoked(_))
                    || matches!(
                        key.valid_cert().revocation_status(),
                        RevocationStatus::Revoked(_)
                    )
                {
                    return Err(openpgp::Error::InvalidKey("revoked".into()).into());
                }
                Ok(())
            });
        match now {
            Some(Ok(())) => self.good += 1,
            Some(Err(error)) => self.expired.push(format!("{fingerprint} ({error})")),
            None => self.expired.push(format!(
                "{fingerprint} (no longer bound to its certificate)"
            )),
        }
    }

    fn fault(&mut self, fault: &VerificationError<'_>) {
        match fault {
            VerificationError::MissingKey { sig } => self.unknown.push(issuer(sig)),
            VerificationError::UnknownSignature { .. } => {
                self.unknown
                    .push("a kind of signature not known here".into());
            }
            VerificationError::MalformedSignature { sig, error } => {
                self.bad.push(format!("{} ({error})", issuer(sig)));
            }
            VerificationError::UnboundKey { sig, error, .. }
            | VerificationError::BadKey { sig, error, .. } => {
                let line = format!("{} ({error})", issuer(sig));
                match reason(error) {
                    Some(openpgp::Error::PolicyViolation(..)) => self.weak.push(line),
                    _ => self.expired.push(line),
                }
            }
            VerificationError::BadSignature { sig, error, .. } => {
                let line = format!("{} ({error})", issuer(sig));
                match reason(error) {
                    Some(openpgp::Error::PolicyViolation(..)) => self.weak.push(line),
                    Some(openpgp::Error::Expired(_)) => self.expired.push(line),
                    Some(openpgp::Error::NotYetLive(_)) => self.early.push(line),
                    _ => self.bad.push(line),
                }
            }
            // The enum may grow: what is not known is not accepted.
            other => self.bad.push(other.to_string()),
        }
    }
}

impl VerificationHelper for &mut Verdict<'_> {
    fn get_certs(&mut self, ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        let wanted = |cert: &&Cert| {
            ids.iter()
                .any(|id| cert.keys().any(|key| id.aliases(key.key().key_handle())))
        };
        Ok(self.certs.iter().filter(wanted).cloned().collect())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else {
                return Err(
                    openpgp::Error::MalformedMessage("it is not only signed".into()).into(),
                );
            };
            for result in results {
                match result {
                    Ok(good) => self.good(&good),
                    Err(fault) => self.fault(&fault),
                }
            }
        }
        Ok(())
    }
}

/// Names the key a signature says it is by.
fn issuer(signature: &Signature) -> String {
    signature
        .get_issuers()
        .first()
        .map_or_else(|| "a key without a name".into(), ToString::to_string)
}

/// Finds sequoia's own error in a chain.
fn reason(error: &openpgp::anyhow::Error) -> Option<&openpgp::Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
}
