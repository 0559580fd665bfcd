//! apt's two notations for sources, as `sources.list(5)` has them: one-line and deb822.

use crate::stanza::{Stanza, Stanzas};
use boot_kit::{Error, ErrorKind, Result, fetch::without_credentials};

/// One `deb` line or the product of one stanza's URIs and suites; `deb-src` is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Base URL as written.
    pub uri: String,
    /// Suite as written.
    pub suite: String,
    /// Components as written.
    pub components: Vec<String>,
    /// `arch=` or `Architectures:`.
    pub architectures: Vec<String>,
    /// `signed-by=` or `Signed-By:`: paths, fingerprints, or an armored key with its newlines.
    pub signed_by: Option<String>,
    /// `trusted=yes`: do not verify.
    pub is_trusted: bool,
    /// `check-valid-until=no`.
    pub allow_expired: bool,
}

/// Parses a file's text in either notation.
pub fn parse(text: &str) -> Result<Vec<Listed>> {
    let is_deb822 = text.lines().any(|line| {
        line.split_once(':')
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("types"))
    });
    if is_deb822 {
        let mut all = Vec::new();
        for stanza in Stanzas::new(text) {
            all.extend(from_stanza(&stanza.map_err(|error| malformed(&error))?));
        }
        return Ok(all);
    }
    let mut all = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            all.extend(from_line(line)?);
        }
    }
    Ok(all)
}

/// Parses `deb [name=value …] URI SUITE COMPONENT…`.
fn from_line(line: &str) -> Result<Option<Listed>> {
    let bad = || {
        Error::new(
            ErrorKind::Usage,
            format!("`{}` is not a line of sources", without_credentials(line)),
        )
        .with_hint("write `deb URL SUITE COMPONENT…`")
    };
    let (kind, mut rest) = line.split_once([' ', '\t']).ok_or_else(bad)?;
    match kind {
        "deb" => {}
        "deb-src" => return Ok(None),
        _ => return Err(bad()),
    }
    let mut listed = Listed::default();
    rest = rest.trim_start();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']').ok_or_else(bad)?;
        for option in options.split_whitespace() {
            let (name, value) = option.split_once('=').ok_or_else(bad)?;
            listed.set(name.trim_end_matches(['+', '-']), value);
        }
        rest = after;
    }
    let mut words = rest.split_whitespace().map(ToOwned::to_owned);
    listed.uri = words.next().ok_or_else(bad)?;
    listed.suite = words.next().ok_or_else(bad)?;
    listed.components = words.collect();
    Ok(Some(listed))
}

impl Listed {
    /// Takes an option; the two notations share the names but for case and number.
    fn set(&mut self, name: &str, value: &str) {
        match name.to_ascii_lowercase().as_str() {
            "arch" | "architectures" => {
                self.architectures = value
                    .split([',', ' ', '\n', '\t'])
                    .filter(|word| !word.is_empty())
                    .map(ToOwned::to_owned)
                    .collect();
            }
            "signed-by" => self.signed_by = Some(value.trim().to_owned()),
            "trusted" => self.is_trusted = is_yes(value),
            "check-valid-until" => self.allow_expired = !is_yes(value),
            _ => {}
        }
    }
}

/// Turns what is wrong with a stanza into the user's mistake, without the passwords that its line may hold.
fn malformed(error: &Error) -> Error {
    let message = without_credentials(&error.to_string());
    Error::new(
        ErrorKind::Usage,
        format!("the sources are malformed: {message}"),
    )
    .with_hint("write stanzas as sources.list(5) describes them")
}

fn from_stanza(stanza: &Stanza) -> Vec<Listed> {
    let words = |wanted: &str| -> Vec<String> {
        let value = stanza.get(wanted).unwrap_or_default();
        value.split_whitespace().map(ToOwned::to_owned).collect()
    };
    let is_enabled = words("Enabled").first().is_none_or(|word| is_yes(word));
    if !is_enabled || !words("Types").iter().any(|kind| kind == "deb") {
        return Vec::new();
    }
    let mut listed = Listed {
        components: words("Components"),
        ..Listed::default()
    };
    for field in stanza.fields() {
        listed.set(field.name, &field.lines().collect::<Vec<_>>().join("\n"));
    }
    let suites = words("Suites");
    words("URIs")
        .into_iter()
        .flat_map(|uri| suites.iter().map(move |suite| (uri.clone(), suite.clone())))
        .map(|(uri, suite)| Listed {
            uri,
            suite,
            ..listed.clone()
        })
        .collect()
}

fn is_yes(word: &str) -> bool {
    matches!(
        word.trim().to_ascii_lowercase().as_str(),
        "yes" | "true" | "with" | "on" | "enable" | "1"
    )
}
