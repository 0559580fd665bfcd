//! Keys of tests.

use boot_kit::recipe;
use p256::ecdsa::{SigningKey, VerifyingKey, signature::hazmat::PrehashSigner};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    pkcs1::EncodeRsaPublicKey,
    pkcs8::{EncodePublicKey, LineEnding},
    rand_core::OsRng,
};
use sha2::{Digest as _, Sha512};

/// What v3 files are signed with.
pub trait Signer {
    /// What signatures call the key.
    fn id(&self) -> [u8; 16];
    /// Signs the SHA-512 of a message.
    fn sign_message(&self, message: &[u8]) -> Vec<u8>;
}

/// The first bytes of a hash of a key's encoded form.
fn id_of(encoded: &[u8]) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha512::digest(encoded)[..16]);
    id
}

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

    /// Its file name.
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

impl Signer for Key {
    fn id(&self) -> [u8; 16] {
        let encoded = self.key.to_public_key().to_pkcs1_der();
        id_of(encoded.expect("can be written").as_bytes())
    }

    fn sign_message(&self, message: &[u8]) -> Vec<u8> {
        self.sign(&crate::trust::key::SHA512, &Sha512::digest(message))
    }
}

impl Signer for EcKey {
    fn id(&self) -> [u8; 16] {
        let point = VerifyingKey::from(&self.0).to_encoded_point(false);
        id_of(point.as_bytes())
    }

    fn sign_message(&self, message: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self
            .0
            .sign_prehash(&Sha512::digest(message))
            .expect("can sign");
        signature.to_der().as_bytes().to_vec()
    }
}
