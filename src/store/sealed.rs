//! Small files that prove themselves: the SHA-256 of the rest on the first line.

use boot_kit::{Digest, Result, digest::Hashing};
use fs_err as fs;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{self, Write},
    path::Path,
};

/// Length of the first line.
const SEAL: usize = 65;

/// Writes a new file of `parts`, one after the other, behind their seal.
pub fn write(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let mut hashing = Hashing::new(io::sink());
    for part in parts {
        hashing.write_all(part)?;
    }
    let (digest, _) = hashing.finish();
    let mut file = fs::File::create_new(path)?;
    file.write_all(format!("{digest}\n").as_bytes())?;
    for part in parts {
        file.write_all(part)?;
    }
    Ok(())
}

/// Takes off the seal; `None` if it is not that of the rest.
pub fn open(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    if bytes.len() < SEAL {
        return None;
    }
    let rest = bytes.split_off(SEAL);
    let seal = format!("{}\n", Digest::of(&rest));
    (bytes == seal.as_bytes()).then_some(rest)
}

/// Writes what [`open`] and [`parsed`] read back.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value).map_err(io::Error::from)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a sealed file of JSON; `None` if it is damaged.
pub fn parsed<T: DeserializeOwned>(bytes: Vec<u8>) -> Option<T> {
    serde_json::from_slice(&open(bytes)?).ok()
}
