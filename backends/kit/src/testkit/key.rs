//! A key that signs what tests make.

use crate::recipe::Key;
use sequoia_openpgp::{
    Cert,
    cert::{CertBuilder, CertRevocationBuilder},
    policy::StandardPolicy,
    serialize::{
        SerializeInto,
        stream::{Armorer, Message, Signer},
    },
    types::{HashAlgorithm, ReasonForRevocation},
};
use std::{
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// An OpenPGP key with its secret, made when the test runs.
#[derive(Clone)]
pub struct SigningKey {
    cert: Cert,
    hash: HashAlgorithm,
}

impl SigningKey {
    /// When keys are made unless told otherwise: 2024-01-01.
    pub const MADE: i64 = 1_704_067_200;

    /// Makes a key that never expires.
    pub fn new() -> Self {
        Self::valid(Self::MADE, None)
    }

    /// Makes a key of the time `made` that expires `seconds` later.
    pub fn expiring(made: i64, seconds: u64) -> Self {
        Self::valid(made, Some(seconds))
    }

    fn valid(made: i64, seconds: Option<u64>) -> Self {
        let (cert, _) = CertBuilder::new()
            .add_userid("Archive of a test <archive@example.org>")
            .set_creation_time(time(made))
            .set_validity_period(seconds.map(Duration::from_secs))
            .add_signing_subkey()
            .generate()
            .expect("keys can be made");
        Self {
            cert,
            hash: HashAlgorithm::SHA512,
        }
    }

    /// Makes it sign with SHA-1, as no archive should any more.
    #[must_use]
    pub fn with_sha1(self) -> Self {
        Self {
            hash: HashAlgorithm::SHA1,
            ..self
        }
    }

    /// The public key, armored.
    pub fn armored(&self) -> Vec<u8> {
        self.cert.armored().to_vec().expect("memory does not fail")
    }

    /// The public key, binary.
    pub fn binary(&self) -> Vec<u8> {
        self.cert.to_vec().expect("memory does not fail")
    }

    /// The public key, armored, with the word that it was compromised at the time `date`.
    pub fn revoked(&self, date: i64) -> Vec<u8> {
        let mut signer = self
            .cert
            .primary_key()
            .key()
            .clone()
            .parts_into_secret()
            .and_then(sequoia_openpgp::packet::Key::into_keypair)
            .expect("its secret is here");
        let revocation = CertRevocationBuilder::new()
            .set_signature_creation_time(time(date))
            .and_then(|builder| {
                builder.set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"lost")
            })
            .and_then(|builder| builder.build(&mut signer, &self.cert, None))
            .expect("the key can revoke itself");
        let (cert, _) = self
            .cert
            .clone()
            .insert_packets(revocation)
            .expect("a revocation fits its certificate");
        cert.armored().to_vec().expect("memory does not fail")
    }

    /// The public key as a recipe has it.
    pub fn key(&self) -> Key {
        Key {
            name: "test.asc".into(),
            bytes: self.armored(),
            path_in_image: Some("/usr/share/keyrings/test.gpg".into()),
        }
    }

    /// The fingerprint of the whole certificate.
    pub fn fingerprint(&self) -> String {
        self.cert.fingerprint().to_hex()
    }

    /// Clearsigns `text` at the time `date`.
    pub fn clearsign(&self, text: &str, date: i64) -> Vec<u8> {
        clearsign(&[self], text, date)
    }

    /// Signs `bytes` apart from them; the signature is armored.
    pub fn sign(&self, bytes: &[u8], date: i64) -> Vec<u8> {
        let mut signature = Vec::new();
        let message = Armorer::new(Message::new(&mut signature))
            .kind(sequoia_openpgp::armor::Kind::Signature)
            .build()
            .expect("memory does not fail");
        let mut signer = self
            .signer(message, date)
            .detached()
            .build()
            .expect("signs");
        signer.write_all(bytes).expect("memory does not fail");
        signer.finalize().expect("memory does not fail");
        signature
    }

    fn pair(&self, date: i64) -> sequoia_openpgp::crypto::KeyPair {
        self.cert
            .keys()
            .with_policy(&StandardPolicy::at(time(date)), time(date))
            .for_signing()
            .unencrypted_secret()
            .next()
            .expect("the key has a signing subkey at that time")
            .key()
            .clone()
            .into_keypair()
            .expect("its secret is here")
    }

    fn signer<'a>(&self, message: Message<'a>, date: i64) -> Signer<'a> {
        Signer::new(message, self.pair(date))
            .and_then(|signer| signer.creation_time(time(date)).hash_algo(self.hash))
            .expect("the key can sign")
    }
}

impl Default for SigningKey {
    fn default() -> Self {
        Self::new()
    }
}

/// Clearsigns `text` by several keys at the time `date`.
pub fn clearsign(keys: &[&SigningKey], text: &str, date: i64) -> Vec<u8> {
    let (first, others) = keys.split_first().expect("someone must sign");
    let mut message = Vec::new();
    let mut signer = first.signer(Message::new(&mut message), date).cleartext();
    for key in others {
        signer = signer.add_signer(key.pair(date)).expect("the key can sign");
    }
    let mut signer = signer.build().expect("signs");
    signer
        .write_all(text.as_bytes())
        .expect("memory does not fail");
    signer.finalize().expect("memory does not fail");
    message
}

fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.try_into().expect("tests live after 1970"))
}
