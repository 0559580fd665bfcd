//! Which redirects are followed.

use boot_kit::{Error, ErrorKind, Result};
use reqwest::Url;

/// The longest chain of redirects.
const LIMIT: usize = 10;

/// Follows one redirect: the URL to ask next, or why not.
///
/// `hops` counts the redirects followed so far. Never from https to anything less, and never to a file.
pub fn follow(from: &Url, location: &str, hops: usize) -> Result<Url> {
    let refuse = |why: String| {
        Error::new(
            ErrorKind::Network,
            format!("`{}` {why}", super::client::shown(from)),
        )
    };
    if hops >= LIMIT {
        return Err(refuse(format!("redirects more than {LIMIT} times")));
    }
    if location.chars().any(char::is_control) {
        return Err(refuse("redirects to a malformed address".into()));
    }
    let to = from
        .join(location)
        .map_err(|error| refuse("redirects to a malformed address".into()).caused_by(error))?;
    match (from.scheme(), to.scheme()) {
        ("http", "http" | "https") | ("https", "https") => Ok(to),
        (_, scheme) => Err(refuse(format!(
            "redirects to {scheme}, which is less than it promised"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_lowers_the_protection() {
        for (from, location, to) in [
            ("http://a/x", "/y", Some("http://a/y")),
            ("http://a/x", "y", Some("http://a/y")),
            ("http://a/x", "http://b/y", Some("http://b/y")),
            ("http://a/x", "https://b/y", Some("https://b/y")),
            ("https://a/x", "https://b/y", Some("https://b/y")),
            ("https://a/x", "//b/y", Some("https://b/y")),
            ("https://a/x", "http://a/x", None),
            ("http://a/x", "file:///etc/shadow", None),
            ("https://a/x", "ftp://a/x", None),
            ("http://a/x", "http://[", None),
            ("http://a/x", "/y\r\nHost: b", None),
        ] {
            let from = Url::parse(from).expect("valid");
            let followed = follow(&from, location, 0).ok();
            assert_eq!(followed.as_ref().map(Url::as_str), to, "{location}");
        }
    }

    #[test]
    fn a_chain_of_redirects_ends() {
        let from = Url::parse("http://a/x").expect("valid");
        assert!(follow(&from, "/y", LIMIT - 1).is_ok());
        let error = follow(&from, "/y", LIMIT).expect_err("is too long");
        assert_eq!(
            format!("{error:?}"),
            "Network: `http://a/x` redirects more than 10 times"
        );
    }
}
