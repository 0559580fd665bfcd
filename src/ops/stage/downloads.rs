//! Files from a server, kept for a run that may not ask it.

use crate::{
    net::Net,
    store::{Kind, Label, Lookup, Store},
};
use boot_kit::{Digest, Error, ErrorKind, Fetch, Request, Result, fetch::without_credentials};
use std::{fs::File, io};

/// Gets files by their URL.
pub(super) struct Downloads<'a> {
    pub store: &'a Store,
    pub net: &'a Net<'a>,
}

impl Downloads<'_> {
    /// Gets a file of at most `size` bytes, readable from offset 0; without a network the one that was kept.
    pub fn get(&self, url: &str, size: u64) -> Result<File> {
        if self.net.is_offline() {
            let note = self.store.recall(&note(url))?;
            let digest = note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok());
            return match digest
                .map(|digest| self.kept(&digest))
                .transpose()?
                .flatten()
            {
                Some(file) => Ok(file),
                None => Err(missing(url)),
            };
        }
        let request = Request {
            name: url.to_owned(),
            urls: vec![url.to_owned()],
            size,
            digest: None,
        };
        Ok(self.net.get(&request)?.file)
    }

    /// Finds what was kept under its digest.
    pub fn kept(&self, digest: &Digest) -> Result<Option<File>> {
        Ok(match self.store.get(digest)? {
            Lookup::Found(file) => Some(file),
            Lookup::Missing | Lookup::Corrupt => None,
        })
    }

    /// Keeps a file that has been proven, or is if it has the digest `wanted`; returns it readable from offset 0.
    pub fn keep(&self, url: &str, file: &mut File, wanted: Option<&Digest>) -> Result<File> {
        let mut incoming = self.store.incoming()?;
        io::copy(file, &mut incoming)?;
        let digest = incoming.digest();
        if wanted.is_some_and(|wanted| *wanted != digest) {
            return incoming.into_file();
        }
        let kept = self.store.keep(incoming, &digest)?;
        let label = Label {
            kind: Kind::Artifact,
            name: without_credentials(url),
        };
        self.store.label(&digest, &label)?;
        self.store
            .remember(&note(url), digest.to_string().as_bytes())?;
        Ok(kept)
    }
}

fn note(url: &str) -> String {
    format!("file {url}")
}

/// The error for a file that was never kept.
pub(super) fn missing(url: &str) -> Error {
    let message = format!("`{}` is not in the store", without_credentials(url));
    Error::new(ErrorKind::NotFound, message)
        .with_hint("run the same command once without --offline")
}
