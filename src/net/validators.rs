//! What a server said of a file, so that it can be asked whether that is still so.
//!
//! RFC 9110, section 13: an `ETag` or a `Last-Modified` sent back with the next request lets the server answer 304
//! instead of sending the same bytes again. The stored body is only what the server would have sent: whoever asked
//! proves it as if it had come.

use super::Net;
use boot_kit::{Digest, Result};
use reqwest::{RequestBuilder, Response, header};
use std::fs::File;

/// Names for the state of a file, as its server gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// A file as it was when it came last.
pub struct Known {
    /// What its server called that state.
    pub validators: Validators,
    /// The bytes, hashed just now, from offset 0.
    pub file: File,
}

impl Validators {
    /// Takes them from an answer; what cannot be sent back is as good as none.
    pub fn of(response: &Response) -> Self {
        let text = |name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            etag: text(header::ETAG),
            last_modified: text(header::LAST_MODIFIED),
        }
    }

    /// Asks for the file only if it is in another state by now.
    pub fn condition(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = &self.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        request
    }

    /// Tells whether the server named the file's state at all.
    pub fn are_given(&self) -> bool {
        *self != Self::default()
    }
}

/// Finds the file that came from `url` last, if its server named its state.
///
/// A damaged note or blob is none: the file comes anew.
pub fn recall(net: &Net<'_>, name: &str, url: &str) -> Result<Option<Known>> {
    let Some(note) = net.store.recall(&name_of(url))? else {
        return Ok(None);
    };
    let Some((digest, validators)) = parse(&note) else {
        return Ok(None);
    };
    let file = net.stored(name, &digest)?;
    Ok(file.map(|file| Known { validators, file }))
}

/// Keeps in mind which blob came from `url`, and what its server called it.
pub fn remember(net: &Net<'_>, url: &str, digest: &Digest, validators: &Validators) -> Result<()> {
    let line = |text: &Option<String>| text.clone().unwrap_or_default();
    let note = format!(
        "{digest}\n{}\n{}\n",
        line(&validators.etag),
        line(&validators.last_modified)
    );
    net.store.remember(&name_of(url), note.as_bytes())
}

fn parse(note: &[u8]) -> Option<(Digest, Validators)> {
    let mut lines = std::str::from_utf8(note).ok()?.lines();
    let digest = lines.next()?.parse().ok()?;
    let mut line = || Some(lines.next()?.to_owned()).filter(|line| !line.is_empty());
    let validators = Validators {
        etag: line(),
        last_modified: line(),
    };
    validators.are_given().then_some((digest, validators))
}

fn name_of(url: &str) -> String {
    format!("validators {url}")
}
