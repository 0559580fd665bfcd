//! The frame of a clearsigned message (RFC 9580, section 7).

use crate::{Error, ErrorKind, Result};

const MESSAGE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END: &[u8] = b"-----END PGP SIGNATURE-----";

/// Refuses everything but exactly one message with exactly one signature block and nothing around it.
///
/// What a verifier skips, another reader may take for signed: CVE-2013-1051 was such a case. Lines that begin with
/// `-` inside the text are escaped, so the three markers can be told from it.
pub fn check_frame(message: &[u8]) -> Result<()> {
    let refuse = |why: &str| {
        Error::new(ErrorKind::Trust, format!("the signed message {why}"))
            .with_hint("the mirror or something on the way altered it: try another mirror")
    };
    let mut lines = message
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    if lines.next() != Some(MESSAGE) {
        return Err(if memchr::memmem::find(message, MESSAGE).is_some() {
            refuse("has data before it")
        } else {
            Error::new(ErrorKind::Trust, "there is no signed message in it").with_hint(
                "the archive is not signed, or a proxy answers in its place: try another mirror",
            )
        });
    }
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        if !line.starts_with(b"Hash: ") {
            return Err(refuse("has unknown headers"));
        }
    }
    let mut expected = SIGNATURE;
    for line in lines.by_ref() {
        if !line.starts_with(b"-----") {
            continue;
        }
        if line != expected {
            return Err(refuse(
                "is malformed: more than one, or its signature is missing",
            ));
        }
        if line == END {
            return if lines.all(<[u8]>::is_empty) {
                Ok(())
            } else {
                Err(refuse("has data after it"))
            };
        }
        expected = END;
    }
    Err(refuse("ends without a signature"))
}
