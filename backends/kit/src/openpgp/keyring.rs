//! The certificates that may sign.

use super::{
    clearsigned,
    verdict::{Terms, Verdict},
};
use crate::{Error, ErrorKind, Result, recipe::Key};
use sequoia_openpgp::{
    Cert,
    armor::{Kind, Writer},
    cert::CertParser,
    parse::{
        Parse,
        stream::{DetachedVerifierBuilder, VerifierBuilder},
    },
    serialize::Serialize,
};
use std::io::{Read, Write};

const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &[u8] = b"-----END PGP PUBLIC KEY BLOCK-----";

/// Certificates pinned for one purpose.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    certs: Vec<Cert>,
}

impl Keyring {
    /// Reads all files of `keys`.
    pub fn of(keys: &[Key]) -> Result<Self> {
        let mut ring = Self::default();
        for key in keys {
            ring.add(&key.name, &key.bytes)?;
        }
        Ok(ring)
    }

    /// Adds the certificates in `bytes`: one or many, armored or binary, one after the other.
    ///
    /// `name` is for messages. Errors if there is none; single certificates that cannot be used are left out.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let before = self.certs.len();
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = memchr::memmem::find(rest, BEGIN).unwrap_or(rest.len());
            self.parse(&rest[..start]);
            let end = memchr::memmem::find(&rest[start..], END)
                .map_or(rest.len(), |end| start + end + END.len());
            self.parse(&rest[start..end]);
            rest = &rest[end..];
        }
        if self.certs.len() == before {
            return Err(
                Error::new(ErrorKind::Trust, format!("`{name}` holds no OpenPGP key"))
                    .with_hint("write the keyring with `gpg --export`, armored or not"),
            );
        }
        Ok(())
    }

    fn parse(&mut self, bytes: &[u8]) {
        // Between two blocks there may be blank lines; a binary packet begins with none.
        let bytes = bytes.trim_ascii_start();
        if bytes.is_empty() {
            return;
        }
        if let Ok(certs) = CertParser::from_bytes(bytes) {
            self.certs.extend(certs.flatten());
        }
    }

    /// Tells whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.certs.is_empty()
    }

    /// Lists the fingerprints, in the order in which they were added.
    pub fn fingerprints(&self) -> Vec<String> {
        self.certs
            .iter()
            .map(|cert| cert.fingerprint().to_hex())
            .collect()
    }

    /// Gives all certificates as one armored block.
    pub fn armored(&self) -> Result<String> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Io, format!("cannot write the keyring: {error}"))
        };
        let mut writer =
            Writer::new(Vec::new(), Kind::PublicKey).map_err(|error| failed(&error))?;
        for cert in &self.certs {
            cert.export(&mut writer).map_err(|error| failed(&error))?;
        }
        let mut bytes = writer.finalize().map_err(|error| failed(&error))?;
        bytes.flush()?;
        String::from_utf8(bytes).map_err(|error| failed(&error))
    }

    /// Verifies a clearsigned message and returns the signed text: those bytes and no others are proven.
    ///
    /// Errors with [`ErrorKind::Trust`] unless there is exactly one message, with nothing before or after it,
    /// a good signature by a key of this ring, and no bad one.
    pub fn verify_clearsigned(&self, message: &[u8], terms: Terms) -> Result<Vec<u8>> {
        clearsigned::check_frame(message)?;
        let policy = terms.policy();
        let mut verdict = Verdict::new(&self.certs, terms, &policy);
        let mut text = Vec::with_capacity(message.len());
        let read = VerifierBuilder::from_bytes(message)
            .and_then(|builder| builder.with_policy(&policy, terms.time(), &mut verdict))
            .and_then(|mut verifier| Ok(verifier.read_to_end(&mut text)?));
        verdict.settle(read.map(drop))?;
        Ok(text)
    }

    /// Verifies a detached signature, armored or binary, over all of `data`.
    pub fn verify_detached(
        &self,
        signature: &[u8],
        data: &mut (dyn Read + Send + Sync),
        terms: Terms,
    ) -> Result<()> {
        let policy = terms.policy();
        let mut verdict = Verdict::new(&self.certs, terms, &policy);
        let read = DetachedVerifierBuilder::from_bytes(signature)
            .and_then(|builder| builder.with_policy(&policy, terms.time(), &mut verdict))
            .and_then(|mut verifier| verifier.verify_reader(data));
        verdict.settle(read)
    }
}
