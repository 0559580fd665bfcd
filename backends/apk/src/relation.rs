//! What a package says of others: `depend`, `provides`, `install_if`, and the lines of `world`.
//!
//! Syntax: `[!]name[@tag][operator version]`, words set apart by white space; apk-world(5) and apk-package(5).

use crate::version;
use boot_kit::{Error, ErrorKind, Result};
use std::fmt;

/// How versions must compare, as in `name>=1.2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// No version is named.
    #[default]
    Any,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `~`: the version begins with these components.
    Fuzzy,
    /// `<~`
    LessOrFuzzy,
    /// `>~`
    GreaterOrFuzzy,
    /// `><`: not a version but the identity (`C:`) of one package, e.g. `name><Q1…`.
    Identity,
}

impl Comparison {
    /// Reads an operator; apk takes its signs in any order, so `~=` and `=~` are `~`.
    fn parse(operator: &str) -> Option<Self> {
        let has = |sign| operator.contains(sign);
        Some(match (has('<'), has('>'), has('='), has('~')) {
            (true, false, false, false) => Self::Less,
            (true, false, true, false) => Self::LessOrEqual,
            (true, false, _, true) => Self::LessOrFuzzy,
            (false, true, false, false) => Self::Greater,
            (false, true, true, false) => Self::GreaterOrEqual,
            (false, true, _, true) => Self::GreaterOrFuzzy,
            (false, false, true, false) => Self::Equal,
            (false, false, _, true) => Self::Fuzzy,
            (true, true, false, false) => Self::Identity,
            // `<=>`: every version.
            (true, true, true, false) => Self::Any,
            _ => return None,
        })
    }

    /// The shortest spelling, which is also apk's own.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
            Self::Fuzzy => "~",
            Self::LessOrFuzzy => "<~",
            Self::GreaterOrFuzzy => ">~",
            Self::Identity => "><",
        }
    }
}

/// One word of a dependency list: `so:libc.musl-x86_64.so.1`, `!vlan`, `busybox>1.36`, `pkg@edge`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// A package's name or something provided, with its prefix (`so:`, `cmd:`, `pc:`).
    pub name: String,
    /// How the version must compare.
    pub comparison: Comparison,
    /// The version it is compared with; empty with [`Comparison::Any`].
    pub version: String,
    /// Whether the package must not be there (`!name`).
    pub conflict: bool,
    /// The repository tag it is pinned to (`name@tag`).
    pub tag: Option<String>,
}

impl Dependency {
    /// Reads one word.
    ///
    /// The tag may stand after the name, where apk has it, or after the version. Errors on a word without a name, on
    /// an operator apk does not know, and on a version that is none.
    pub fn parse(word: &str) -> Result<Self> {
        let malformed = |why: &str| {
            let message = format!("dependency `{word}` {why}");
            Err(Error::new(ErrorKind::Parse, message))
        };
        let conflict = word.starts_with('!');
        let rest = word.strip_prefix('!').unwrap_or(word);
        let (full, operator, wanted) = split(rest);
        let (mut name, mut tag) = (full, None);
        // A name may begin with a sign that is none, but not with that of a tag.
        if let Some((before, after)) = full.split_once('@') {
            (name, tag) = (before, Some(after));
        }
        if name.is_empty() || name.contains(char::is_whitespace) {
            return malformed("has no valid name");
        }
        let mut version = wanted;
        if let (None, Some((before, after))) = (tag, wanted.split_once('@')) {
            (version, tag) = (before, Some(after));
        }
        if tag.is_some_and(|tag| tag.is_empty() || tag.contains('@')) {
            return malformed("has no valid tag");
        }
        let comparison = match operator {
            "" => Comparison::Any,
            signs => match Comparison::parse(signs) {
                Some(comparison) => comparison,
                None => return malformed("has an unknown operator"),
            },
        };
        match comparison {
            Comparison::Identity if version.is_empty() => return malformed("has no identity"),
            Comparison::Identity => {}
            Comparison::Any => version = "",
            _ if !version::is_valid(version) => return malformed("has no valid version"),
            _ => {}
        }
        Ok(Self {
            name: name.to_owned(),
            comparison,
            version: version.to_owned(),
            conflict,
            tag: tag.map(str::to_owned),
        })
    }

    /// Reads words set apart by white space, in order.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        text.split_whitespace().map(Self::parse).collect()
    }

    /// Tells whether a package of `identity` that has this name in `version` (`None`: without one) is what is meant,
    /// whether wanted or not ([`conflict`](Self::conflict)).
    ///
    /// What is provided without a version meets no word that names one.
    pub fn names(&self, version: Option<&str>, identity: &str) -> bool {
        match (self.comparison, version) {
            (Comparison::Any, _) => true,
            (Comparison::Identity, _) => self.version == identity,
            (_, None) => false,
            (comparison, Some(version)) => version::matches(version, comparison, &self.version),
        }
    }
}

impl fmt::Display for Dependency {
    /// Writes the word as apk writes `world`: the tag between name and operator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.conflict { "!" } else { "" };
        write!(f, "{sign}{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, "@{tag}")?;
        }
        write!(f, "{}{}", self.comparison.operator(), self.version)
    }
}

/// One word of `provides`: a name and perhaps a version (`name=1.2`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provide {
    /// What is provided.
    pub name: String,
    /// In which version, if it says.
    pub version: Option<String>,
}

impl Provide {
    /// Reads one word.
    ///
    /// The version is taken as it stands, for that of a library is whatever its file name says, and so it is whatever
    /// the operator: apk does not look at it. Errors on a word without a name, and on an operator without a version.
    pub fn parse(word: &str) -> Result<Self> {
        let malformed = |why: &str| {
            let message = format!("provided `{word}` {why}");
            Err(Error::new(ErrorKind::Parse, message))
        };
        let (name, operator, version) = split(word);
        if name.is_empty() || name.contains(char::is_whitespace) {
            return malformed("has no valid name");
        }
        if version.is_empty() && !operator.is_empty() {
            return malformed("has no version");
        }
        Ok(Self {
            name: name.to_owned(),
            version: (!version.is_empty()).then(|| version.to_owned()),
        })
    }

    /// Reads words set apart by white space, in order.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        text.split_whitespace().map(Self::parse).collect()
    }
}

impl fmt::Display for Provide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            None => f.write_str(&self.name),
            Some(version) => write!(f, "{}={version}", self.name),
        }
    }
}

/// Splits a word into what is before the operator, the operator, and what is after it.
fn split(word: &str) -> (&str, &str, &str) {
    let is_sign = |character: char| "<>=~".contains(character);
    let Some(start) = word.find(is_sign) else {
        return (word, "", "");
    };
    let (name, rest) = word.split_at(start);
    let end = rest.find(|character| !is_sign(character));
    let (operator, version) = rest.split_at(end.unwrap_or(rest.len()));
    (name, operator, version)
}

#[cfg(test)]
mod tests;
