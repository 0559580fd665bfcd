//! A name and its value: environment variables, labels, annotations.

use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, str::FromStr};

/// A name and a value, written `NAME=VALUE`; the value may be empty and may hold more `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What stands before the first `=`; never empty.
    pub name: String,
    /// What stands behind it.
    pub value: String,
}

impl Pair {
    fn new(name: &str, value: &str) -> Result<Self, String> {
        if name.is_empty() || name.contains(|c: char| c == '=' || c.is_whitespace()) {
            return Err(format!(
                "`{name}` is not a name: it is empty or has a blank or `=` in it"
            ));
        }
        if name.contains('\0') || value.contains('\0') {
            return Err(format!("the value of `{name}` has a NUL character"));
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(format!("`{text}` has no `=`: write NAME=VALUE"));
        };
        Self::new(name, value)
    }
}

/// Reads `"A=1"`, `["A=1", "B=2"]` or a table `{ A = "1", B = "2" }`, which is taken in the order of its names.
pub(super) fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pair>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a table of strings, a string NAME=VALUE or a list of such strings"
    )]
    enum Form {
        One(String),
        Many(Vec<String>),
        Table(BTreeMap<String, String>),
    }
    let pairs: Result<Vec<Pair>, String> = match Form::deserialize(from)? {
        Form::One(text) => text.parse().map(|pair| vec![pair]),
        Form::Many(texts) => texts.iter().map(|text| text.parse()).collect(),
        Form::Table(table) => table
            .iter()
            .map(|(name, value)| Pair::new(name, value))
            .collect(),
    };
    pairs.map_err(serde::de::Error::custom)
}

/// Sorts by name; the last of a name counts.
pub(super) fn by_name(pairs: &[Pair]) -> BTreeMap<&str, &str> {
    pairs
        .iter()
        .map(|pair| (pair.name.as_str(), pair.value.as_str()))
        .collect()
}
