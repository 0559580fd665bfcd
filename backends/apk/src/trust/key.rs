//! One public key: RSA or P-256, as PEM.

use boot_kit::{Error, ErrorKind, Result, recipe::Key};
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use rsa::{Pkcs1v15Sign, RsaPublicKey, pkcs1::EncodeRsaPublicKey, pkcs8::DecodePublicKey};
use sha2::{Digest as _, Sha512};

/// The DER prefix of a SHA-1 in a PKCS #1 v1.5 signature (RFC 8017, section 9.2, note 1).
pub const SHA1: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// The same for SHA-256.
pub const SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// The same for SHA-512.
pub const SHA512: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x40,
];

/// One public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    name: String,
    id: [u8; 16],
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(RsaPublicKey),
    P256(VerifyingKey),
}

impl PublicKey {
    /// Reads one key file.
    pub fn parse(key: &Key) -> Result<Self> {
        let refuse = || {
            Error::new(ErrorKind::Usage, "it is no RSA or P-256 public key in PEM")
                .with_hint("give files like those in /etc/apk/keys")
        };
        let text = std::str::from_utf8(&key.bytes).map_err(|_| refuse())?;
        let (material, encoded) = if let Ok(rsa) = RsaPublicKey::from_public_key_pem(text) {
            let encoded = rsa.to_pkcs1_der().map_err(|_| refuse())?;
            (Material::Rsa(rsa), encoded.into_vec())
        } else {
            let point = p256::PublicKey::from_public_key_pem(text).map_err(|_| refuse())?;
            let encoded = point.to_sec1_bytes().into_vec();
            (Material::P256(VerifyingKey::from(point)), encoded)
        };
        let mut id = [0; 16];
        id.copy_from_slice(&Sha512::digest(encoded)[..16]);
        let name = key.name.rsplit('/').next().unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            id,
            material,
        })
    }

    /// Its file name, without directories.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What v3 signatures call it: the first bytes of the SHA-512 of its PKCS #1 or SEC 1 form.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Tells whether `signature` is one over the hash, with the DER prefix that names the hash's kind.
    pub fn is_rsa_signature(
        &self,
        hash: Option<impl AsRef<[u8]>>,
        prefix: &[u8],
        signature: &[u8],
    ) -> bool {
        let (Material::Rsa(key), Some(hash)) = (&self.material, hash) else {
            return false;
        };
        let hash = hash.as_ref();
        let scheme = Pkcs1v15Sign {
            hash_len: Some(hash.len()),
            prefix: prefix.into(),
        };
        key.verify(scheme, hash, signature).is_ok()
    }

    /// Tells whether `signature` is one over the SHA-512 of `message`.
    pub fn is_signature_of(&self, message: &[u8], signature: &[u8]) -> bool {
        let hash = Sha512::digest(message);
        match &self.material {
            Material::Rsa(_) => self.is_rsa_signature(Some(hash), &SHA512, signature),
            Material::P256(key) => Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
        }
    }
}
