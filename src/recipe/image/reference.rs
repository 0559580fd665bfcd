//! The name of an image.

use serde::Deserialize;
use std::{fmt, str::FromStr};

/// The name and tag of an image, e.g. `debian:trixie` or `registry.example:5000/team/base:1.2`.
///
/// The grammar is that of <https://pkg.go.dev/github.com/distribution/reference>, without digests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// With a tag, always.
    text: String,
    /// Length of the registry at its beginning, without the slash; 0 if it names none.
    registry: usize,
}

/// How long a name may be: registries refuse more.
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

impl Reference {
    /// Makes a name out of words that may not be fit for one: what does not fit becomes `-`.
    pub(crate) fn of_parts(name: &str, tag: &[&str]) -> Self {
        let name = fit(&name.to_lowercase(), |c| {
            c.is_ascii_lowercase() || c.is_ascii_digit()
        });
        let tag = fit(&tag.join("-"), |c| {
            c.is_ascii_alphanumeric() || "_.-".contains(c)
        });
        let tag = tag.trim_start_matches(['.', '-']);
        Self {
            text: format!(
                "{}:{}",
                if name.is_empty() { "image" } else { &name },
                if tag.is_empty() { "latest" } else { tag }
            ),
            registry: 0,
        }
    }

    /// Name and tag as they were given; the tag is `latest` if none was.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry, if the name has one: `registry.example:5000`.
    pub fn registry(&self) -> Option<&str> {
        (self.registry > 0).then(|| &self.text[..self.registry])
    }

    /// The same with the registry and namespace that `docker` takes a short name to mean.
    ///
    /// containerd keeps names in this form and finds nothing under another.
    pub fn canonical(&self) -> String {
        match self.registry() {
            Some(_) => self.text.clone(),
            None if self.text.contains('/') => format!("docker.io/{}", self.text),
            None => format!("docker.io/library/{}", self.text),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{text}` is not an image's name: {why}"));
        if text.contains('@') {
            return refuse("a digest cannot be chosen");
        }
        let registry = text
            .split_once('/')
            .map(|(first, _)| first)
            .filter(|first| first.contains(['.', ':']) || *first == "localhost");
        let path = registry.map_or(text, |registry| &text[registry.len() + 1..]);
        let (path, tag) = match path.split_once(':') {
            Some((path, tag)) => (path, tag),
            None => (path, "latest"),
        };
        if registry.is_some_and(|registry| !is_registry(registry)) {
            return refuse("the part before the first `/` is not a registry");
        }
        if !path.split('/').all(is_component) {
            return refuse(
                "use lower-case letters and digits, with single `.`, `_`, `-` or `/` between them",
            );
        }
        if !is_tag(tag) {
            return refuse("a tag has up to 128 letters, digits, `_`, `.` and `-`");
        }
        let name = &text[..registry.map_or(0, |registry| registry.len() + 1) + path.len()];
        if name.len() > MAX_NAME {
            return refuse("it is longer than 255 characters");
        }
        Ok(Self {
            text: format!("{name}:{tag}"),
            registry: registry.map_or(0, str::len),
        })
    }
}

/// Letters and digits, held together by `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(is_letter).filter(|between| !between.is_empty());
    text.starts_with(is_letter)
        && text.ends_with(is_letter)
        && separators
            .into_iter()
            .all(|between| [".", "_", "__"].contains(&between) || between.chars().all(|c| c == '-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= MAX_TAG
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

/// A host name or address and perhaps a port.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(inner)
    };
    host.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn fit(text: &str, is_fit: impl Fn(char) -> bool) -> String {
    let text: String = text
        .chars()
        .map(|c| if is_fit(c) { c } else { '-' })
        .collect();
    text.trim_matches('-').to_owned()
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
