//! Keys of tests.

use boot_kit::recipe;
use p256::ecdsa::{SigningKey, VerifyingKey, signature::hazmat::PrehashSigner};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    pkcs8::{EncodePublicKey, LineEnding},
    rand_core::OsRng,
};
use sha2::{Digest as _, Sha512};

/// An RSA key under a file name.
#[derive(Clone)]
pub struct Key {
    name: String,
    key: RsaPrivateKey,
}

impl Key {
    /// Makes one; small, because it is made for each test.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: RsaPrivateKey::new(&mut OsRng, 1024).expect("keys can be made"),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Signs a hash, with the DER prefix of its kind.
    pub fn sign(&self, prefix: &[u8], hash: &[u8]) -> Vec<u8> {
        let scheme = Pkcs1v15Sign {
            hash_len: Some(hash.len()),
            prefix: prefix.into(),
        };
        self.key.sign(scheme, hash).expect("can sign")
    }

    /// As a recipe has it.
    pub fn public(&self) -> recipe::Key {
        let pem = self.key.to_public_key().to_public_key_pem(LineEnding::LF);
        recipe::Key {
            name: format!("test/{}", self.name),
            bytes: pem.expect("can be written").into_bytes(),
            path_in_image: None,
        }
    }
}

/// A P-256 key.
#[derive(Clone)]
pub struct EcKey(SigningKey);

impl EcKey {
    /// Makes the one of that number.
    pub fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).expect("is in range"))
    }

    /// The first bytes of the hash of its point.
    pub fn id(&self) -> [u8; 16] {
        let point = VerifyingKey::from(&self.0).to_encoded_point(false);
        let mut id = [0; 16];
        id.copy_from_slice(&Sha512::digest(point.as_bytes())[..16]);
        id
    }

    /// Signs the SHA-512 of a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self
            .0
            .sign_prehash(&Sha512::digest(message))
            .expect("can sign");
        signature.to_der().as_bytes().to_vec()
    }

    /// As a recipe has it.
    pub fn public(&self, name: &str) -> recipe::Key {
        let key = p256::PublicKey::from(VerifyingKey::from(&self.0));
        let pem = key.to_public_key_pem(LineEnding::LF);
        recipe::Key {
            name: name.to_owned(),
            bytes: pem.expect("can be written").into_bytes(),
            path_in_image: None,
        }
    }
}
