//! The network as a backend sees it.

use crate::{Digest, Result};
use std::{
    fs::File,
    io::{self, Seek, Write},
};

/// One file to get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What it is, for messages and progress, e.g. `trixie InRelease`.
    pub name: String,
    /// Where it may be had, tried in order: complete URLs (`http`, `https`, `file`).
    pub urls: Vec<String>,
    /// The most bytes to accept. With `digest`: the exact length.
    pub size: u64,
    /// The SHA-256 it must have; `None` for what is proven in another way: by a signature, which the caller checks, or
    /// by [`Fetch::get_known`].
    pub digest: Option<Digest>,
}

/// A file that has arrived.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, readable from offset 0; proven if the request had a digest.
    pub file: File,
    /// Which of the request's URLs it came from, or `None` if it was in the store.
    pub url: Option<String>,
}

/// Gets files, from the store where they are proven by a digest, else from the network.
///
/// Retries what may pass, goes on to the next URL on failure, enforces sizes while bytes arrive.
pub trait Fetch: Sync {
    /// Gets one file.
    ///
    /// Errors with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if every URL says so, with
    /// [`ErrorKind::Trust`](crate::ErrorKind::Trust) if the bytes are not those of `digest` anywhere.
    /// Without a network (`--offline`) a request without digest always errors: use [`recall`](Self::recall).
    fn get(&self, request: &Request) -> Result<Fetched>;

    /// Gets one file that `identity`, a format's own name for its content, stands for; `check` errors if a file, read
    /// from offset 0, is another.
    ///
    /// As with a digest the size is exact, what does not pass is asked for elsewhere, and what passes is kept. The
    /// default only checks.
    fn get_known(
        &self,
        request: &Request,
        identity: &str,
        check: &dyn Fn(&mut File) -> Result<()>,
    ) -> Result<Fetched> {
        let _ = identity;
        let mut fetched = self.get(request)?;
        check(&mut fetched.file)?;
        fetched.file.rewind()?;
        Ok(fetched)
    }

    /// Tells whether the network may be used.
    fn is_offline(&self) -> bool;

    /// Keeps `bytes`, which the caller has proven, under a name of the caller's choice, across runs.
    fn remember(&self, name: &str, bytes: &[u8]) -> Result<()>;

    /// Reads back what was last remembered under `name`; `None` if there is nothing.
    fn recall(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Keeps what `write` writes, like [`remember`](Self::remember) but without holding all of it in memory.
    fn remember_written(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.remember(name, &bytes)
    }

    /// Opens what was last remembered under `name`, to be read in parts; a later [`remember`](Self::remember) does not
    /// change what is open. The default has nothing.
    fn reopen(&self, name: &str) -> Result<Option<File>> {
        let _ = name;
        Ok(None)
    }
}

/// Leaves out what stands between `://` and `@` in every URL of a text.
pub fn without_credentials(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let Some((scheme, rest)) = word.split_once("://") else {
            return word.to_owned();
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        format!("{scheme}://{host}{path}")
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out_of_every_url() {
        for (text, public) in [
            ("http://example.org/debian", "http://example.org/debian"),
            (
                "https://me:secret@example.org:8080/a@b",
                "https://example.org:8080/a@b",
            ),
            ("http://me@example.org", "http://example.org"),
            ("http://a:b@c@example.org/", "http://example.org/"),
            (
                "deb http://a:b@one.example x\n http://c@two.example/",
                "deb http://one.example x\n http://two.example/",
            ),
            ("file:///srv/me@home", "file:///srv/me@home"),
            ("me@example.org", "me@example.org"),
        ] {
            assert_eq!(without_credentials(text), public);
        }
    }
}
