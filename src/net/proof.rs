//! What must be true of a file's bytes.

use super::{Net, client};
use crate::store::Incoming;
use boot_kit::{Digest, Error, ErrorKind, Request, Result};
use reqwest::Url;
use std::{fs::File, io::Seek};

/// How a file is proven; with a digest or an identity its exact size is known, too.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// By the SHA-256 of all of it.
    Digest(Digest),
    /// By a format's own name for the content.
    Identity {
        /// That name.
        identity: &'a str,
        /// Errors if a file, read from offset 0, is another.
        check: &'a dyn Fn(&mut File) -> Result<()>,
    },
    /// By the caller, once it is here; until then the size is a limit.
    Later,
}

impl Proof<'_> {
    /// Tells whether the size is known and the bytes can be proven here.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Self::Later)
    }

    /// What runs that want the same file agree on, so that one of them gets it for all.
    pub fn key(&self) -> Option<Digest> {
        match self {
            Self::Digest(digest) => Some(*digest),
            Self::Identity { identity, .. } => Some(Digest::of(name_of(identity))),
            Self::Later => None,
        }
    }

    /// The name of the blob it is kept as, if it can be said.
    pub fn blob(&self, net: &Net<'_>) -> Result<Option<Digest>> {
        match self {
            Self::Digest(digest) => Ok(Some(*digest)),
            Self::Identity { identity, .. } => recall(net, identity),
            Self::Later => Ok(None),
        }
    }

    /// Finds the file in the store.
    ///
    /// What was kept under an identity is proven again: a note only says which blob to look at.
    pub fn stored(&self, net: &Net<'_>, request: &Request) -> Result<Option<File>> {
        match self {
            Self::Digest(digest) => net.stored(&request.name, digest),
            Self::Identity { identity, check } => {
                let Some(digest) = recall(net, identity)? else {
                    return Ok(None);
                };
                let Some(mut file) = net.stored(&request.name, &digest)? else {
                    return Ok(None);
                };
                if check(&mut file).is_err() {
                    return Ok(None);
                }
                file.rewind()?;
                Ok(Some(file))
            }
            Self::Later => Ok(None),
        }
    }

    /// Proves what has arrived from `url` and keeps it in the store, if it can be proven here.
    ///
    /// Errors with [`ErrorKind::Trust`] if it is another file; with [`ErrorKind::Transient`] if it was `patched` from
    /// several answers, of which nobody knows which was wrong.
    pub fn keep(
        &self,
        net: &Net<'_>,
        mut whole: Incoming,
        url: &Url,
        patched: bool,
    ) -> Result<File> {
        let altered = |error: Error| {
            let kind = match error.kind() {
                ErrorKind::Io | ErrorKind::Interrupted => return error,
                _ if patched => ErrorKind::Transient,
                _ => ErrorKind::Trust,
            };
            let message = format!("`{}` has been altered", client::shown(url));
            Error::new(kind, message).caused_by(error)
        };
        match self {
            Self::Digest(digest) => net.store.keep(whole, digest).map_err(altered),
            Self::Identity { identity, check } => {
                // Nothing unproven gets into the store.
                check(&mut whole.reader()?).map_err(altered)?;
                let digest = whole.digest();
                let file = net.store.keep(whole, &digest)?;
                let note = digest.to_string();
                net.store.remember(&name_of(identity), note.as_bytes())?;
                Ok(file)
            }
            Self::Later => whole.into_file(),
        }
    }
}

/// Finds out under which digest a file of this identity was kept; a damaged note is none.
fn recall(net: &Net<'_>, identity: &str) -> Result<Option<Digest>> {
    let note = net.store.recall(&name_of(identity))?;
    Ok(note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok()))
}

fn name_of(identity: &str) -> String {
    format!("identity {identity}")
}
