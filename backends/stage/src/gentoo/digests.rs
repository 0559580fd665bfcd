//! Files of digests beside a tarball.
//!
//! A line `# SHA512 HASH` says what the digests after it are; others name the file in BSD's form. Of the file's name the
//! last part counts: build machines left their directories in it.

use boot_kit::{Error, ErrorKind, Result};

/// What a digest is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// Finds the digest of the file `name` in a text, in lower case.
///
/// Errors if there is none, or more than one.
pub(super) fn find(text: &str, algorithm: Algorithm, name: &str) -> Result<String> {
    let mut current = "";
    let mut found: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('#') {
            current = heading.split_whitespace().next().unwrap_or_default();
            continue;
        }
        let entry = bsd(line).or_else(|| {
            let (digest, file) = line.split_once(char::is_whitespace)?;
            Some((current, digest, file.trim_start().trim_start_matches('*')))
        });
        let Some((kind, digest, file)) = entry else {
            continue;
        };
        if kind != algorithm.name() || file.rsplit('/').next() != Some(name) {
            continue;
        }
        let is_digest = digest.len() == algorithm.digits()
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = digest.to_ascii_lowercase();
        if !is_digest || found.as_ref().is_some_and(|found| *found != digest) {
            let message = format!("it has no single {} of `{name}`", algorithm.name());
            return Err(Error::new(ErrorKind::Trust, message));
        }
        found = Some(digest);
    }
    found.ok_or_else(|| {
        let message = format!("it says no {} of `{name}`", algorithm.name());
        Error::new(ErrorKind::Trust, message)
    })
}

/// Reads `SHA512 (file) = digest`.
fn bsd(line: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = line.split_once(" (")?;
    let (file, digest) = rest.rsplit_once(") = ")?;
    Some((kind, digest, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_under_its_heading_or_says_what_it_is() {
        let (a, b) = ("a".repeat(128), "b".repeat(128));
        for text in [
            format!(
                "# BLAKE2B HASH\n{b}  x\n# SHA512 HASH\n{a}  x\n# SHA512 HASH\n{b}  x.CONTENTS.gz\n"
            ),
            format!("# BLAKE2 (b2sum) HASH\n{b}  /var/tmp/x\n# SHA512 HASH\n{a}  /var/tmp/x\n"),
            format!(
                "# WHIRLPOOL HASH\n{b}  x\n# SHA512 HASH\n{}  x\n",
                a.to_uppercase()
            ),
            format!("BLAKE2B (x) = {b}\nSHA512 (x) = {a}\n"),
            format!("# SHA512 HASH\n{a} *x\n{a}  x\n"),
        ] {
            assert_eq!(find(&text, Algorithm::Sha512, "x").expect(&text), a);
        }
    }

    #[test]
    fn nothing_else_is_taken_for_it() {
        let (a, b) = ("a".repeat(128), "b".repeat(128));
        for (text, why) in [
            (String::new(), "it says no SHA512 of `x`"),
            (format!("{a}  x\n"), "it says no SHA512 of `x`"),
            (
                format!("# BLAKE2B HASH\n{a}  x\n"),
                "it says no SHA512 of `x`",
            ),
            (
                format!("# SHA512 HASH\n{a}  y\n"),
                "it says no SHA512 of `x`",
            ),
            (
                format!("# SHA512 HASH\n{a}  xx\n"),
                "it says no SHA512 of `x`",
            ),
            (
                format!("# SHA512 HASH\n{}  x\n", &a[1..]),
                "it has no single SHA512 of `x`",
            ),
            (
                format!("# SHA512 HASH\n{}g  x\n", &a[1..]),
                "it has no single SHA512 of `x`",
            ),
            (
                format!("# SHA512 HASH\n{a}  x\n{b}  x\n"),
                "it has no single SHA512 of `x`",
            ),
        ] {
            let error = find(&text, Algorithm::Sha512, "x").expect_err(&text);
            assert_eq!(error.to_string(), why, "{text}");
        }
    }
}
