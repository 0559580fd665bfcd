//! What the installer must know of the recipe, as it travels in the plan.

use boot_kit::{Error, ErrorKind, Plan, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of the plan's notes that holds ours, as JSON.
const KEY: &str = "apk";

/// Decisions of the recipe that installing depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// The text of `etc/apk/arch`, without its newline.
    pub architecture: String,
    /// The world of the base layer: the variant's words, sorted, as `etc/apk/world` has them.
    pub base_world: Vec<String>,
    /// The world of the whole image: with the included words.
    pub world: Vec<String>,
    /// The text of `etc/apk/repositories`.
    pub repositories: String,
    /// Keys that signed what was used, to be in `etc/apk/keys` if no package brings them.
    pub keys: Vec<KeyFile>,
    /// The stanzas of the chosen packages as the index has them, by [`Artifact::proof`](boot_kit::Artifact::proof)'s
    /// text: the database repeats them, and a package's own words may differ (`A:` of noarch packages).
    pub stanzas: BTreeMap<String, String>,
    /// The tags by which packages were taken, without the sign, likewise: the database has them (`s:`).
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// One public key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Its name in `etc/apk/keys`, by which v2 signatures name it.
    pub name: String,
    /// Its PEM text.
    pub text: String,
}

impl Notes {
    /// Puts the notes into `plan`.
    pub fn write(&self, plan: &mut Plan) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| broken().caused_by(error))?;
        plan.notes.insert(KEY.to_owned(), text);
        Ok(())
    }

    /// Takes the notes out of `plan`.
    pub fn read(plan: &Plan) -> Result<Self> {
        let text = plan.notes.get(KEY).ok_or_else(broken)?;
        serde_json::from_str(text).map_err(|error| broken().caused_by(error))
    }
}

fn broken() -> Error {
    let message = "the plan's notes are not those of the apk backend";
    Error::new(ErrorKind::Parse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_a_plan() {
        let notes = Notes {
            architecture: "x86_64".into(),
            world: vec!["alpine-base".into(), "!vlan".into()],
            keys: vec![KeyFile {
                name: "a.rsa.pub".into(),
                text: "PEM\n".into(),
            }],
            stanzas: [("Q1x".to_owned(), "P:a\nV:1\n".to_owned())].into(),
            ..Notes::default()
        };
        let mut plan = Plan::default();
        assert!(Notes::read(&plan).is_err());
        notes.write(&mut plan).expect("writable");
        assert_eq!(Notes::read(&plan).expect("readable"), notes);
    }
}
