//! gzip members one by one, hashed as they are read.

use boot_kit::{Error, ErrorKind, Result};
use flate2::bufread::GzDecoder;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::io::{self, BufRead, Read};

/// Hashes what is consumed of a reader, and nothing that was only looked at.
pub struct Hashing<R> {
    inner: R,
    hashers: Hashers,
    bytes: u64,
}

/// The hashes that are wanted of a stretch of bytes.
#[derive(Clone, Default)]
pub struct Hashers {
    /// SHA-1.
    pub sha1: Option<Sha1>,
    /// SHA-256.
    pub sha256: Option<Sha256>,
    /// SHA-512.
    pub sha512: Option<Sha512>,
}

impl Hashers {
    /// All that a signature may be over.
    pub fn all() -> Self {
        Self {
            sha1: Some(Sha1::default()),
            sha256: Some(Sha256::default()),
            sha512: Some(Sha512::default()),
        }
    }

    /// SHA-256 alone.
    pub fn sha256() -> Self {
        Self {
            sha256: Some(Sha256::default()),
            ..Self::default()
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        use sha2::Digest as _;
        if let Some(hasher) = &mut self.sha1 {
            sha1::Digest::update(hasher, bytes);
        }
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(bytes);
        }
    }

    /// The SHA-1, if it was wanted.
    pub fn finish_sha1(&self) -> Option<[u8; 20]> {
        use sha1::Digest as _;
        self.sha1.clone().map(|hasher| hasher.finalize().into())
    }

    /// The SHA-256, if it was wanted.
    pub fn finish_sha256(&self) -> Option<[u8; 32]> {
        use sha2::Digest as _;
        self.sha256.clone().map(|hasher| hasher.finalize().into())
    }

    /// The SHA-512, if it was wanted.
    pub fn finish_sha512(&self) -> Option<[u8; 64]> {
        use sha2::Digest as _;
        self.sha512.clone().map(|hasher| hasher.finalize().into())
    }
}

impl<R: BufRead> Hashing<R> {
    /// Begins with no hash wanted.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hashers: Hashers::default(),
            bytes: 0,
        }
    }

    /// Ends one stretch of bytes and begins the next: returns the hashes of the first.
    pub fn exchange(&mut self, hashers: Hashers) -> Hashers {
        self.bytes = 0;
        std::mem::replace(&mut self.hashers, hashers)
    }

    /// How many bytes the present stretch has.
    pub fn consumed(&self) -> u64 {
        self.bytes
    }

    /// Tells whether nothing is left.
    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.inner.fill_buf()?.is_empty())
    }

    /// Reads what is left, for its hash.
    pub fn skip_all(&mut self) -> io::Result<()> {
        loop {
            let count = self.inner.fill_buf()?.len();
            if count == 0 {
                return Ok(());
            }
            self.consume(count);
        }
    }

    /// Begins the next gzip member; once read to its end, the reader stands behind it.
    pub fn member(&mut self) -> GzDecoder<&mut Self> {
        GzDecoder::new(self)
    }

    /// Reads the next gzip member into memory, if it has no more than `limit` bytes.
    pub fn read_member(&mut self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.member().take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let message = format!("a member has more than {} MiB", limit >> 20);
            return Err(Error::new(ErrorKind::Parse, message));
        }
        Ok(bytes)
    }
}

impl<R: BufRead> BufRead for Hashing<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What was filled is still there: a BufRead's buffer stays until it is consumed.
        if let Ok(buffer) = self.inner.fill_buf() {
            self.hashers.update(&buffer[..count.min(buffer.len())]);
        }
        self.bytes += count as u64;
        self.inner.consume(count);
    }
}

impl<R: BufRead> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let buffer = self.inner.fill_buf()?;
        let count = buffer.len().min(into.len());
        into[..count].copy_from_slice(&buffer[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn members_are_read_and_hashed_apart() {
        let gzip = |text: &str| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).expect("memory");
            encoder.finish().expect("memory")
        };
        let (first, second) = (gzip("one"), gzip("two"));
        let both = [first.clone(), second.clone()].concat();
        // A small buffer: members do not end where reads do.
        let mut reader = Hashing::new(io::BufReader::with_capacity(7, &both[..]));
        reader.exchange(Hashers::all());
        assert_eq!(reader.read_member(3).expect("fits"), b"one");
        assert_eq!(reader.consumed(), first.len() as u64);
        let hashes = reader.exchange(Hashers::all());
        let expected: [u8; 20] =
            sha1::Digest::finalize(<Sha1 as sha1::Digest>::new_with_prefix(&first)).into();
        assert_eq!(hashes.finish_sha1(), Some(expected));
        assert!(reader.read_member(2).is_err());

        let mut reader = Hashing::new(&both[..]);
        reader.exchange(Hashers::sha256());
        reader.skip_all().expect("memory");
        let hashes = reader.exchange(Hashers::default());
        assert_eq!(
            hashes.finish_sha256(),
            Some(*boot_kit::Digest::of(&both).bytes())
        );
        assert!(reader.is_at_end().expect("memory"));
    }
}
