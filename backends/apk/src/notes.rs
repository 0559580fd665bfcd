//! What the installer must know of the recipe, as it travels in the plan.

use boot_kit::{Error, ErrorKind, Plan, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of the plan's notes that holds ours, as JSON; that of a layer above the first has the layer's name after it,
/// so that the first layer of two images can be the same.
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
    /// Artifacts of the base layer that are not installed, by name: files of one directory are taken from them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub borrowed: BTreeMap<String, Borrowed>,
}

/// What is taken from a package that is not installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Borrowed {
    /// The package's own name.
    pub package: String,
    /// The directory, without slash in front.
    pub directory: String,
}

/// One public key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Its name in `etc/apk/keys`, by which v2 signatures name it.
    pub name: String,
    /// Its PEM text.
    pub text: String,
    /// Keys of the same number sign the same archives: 0 for the release's, else the archive's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub set: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What only layers above the first are concerned with.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    world: Vec<String>,
    stanzas: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

impl Notes {
    /// Puts the notes into `plan`, whose layers are there already.
    pub fn write(&self, plan: &mut Plan) -> Result<()> {
        let mut first = self.clone();
        let mut above = Above::default();
        let layers = plan.layers.iter().skip(1);
        for artifact in layers
            .flat_map(|layer| &layer.steps)
            .flat_map(|step| &step.artifacts)
        {
            let proof = artifact.proof.to_string();
            above.stanzas.extend(first.stanzas.remove_entry(&proof));
            above.tags.extend(first.tags.remove_entry(&proof));
        }
        if let Some(layer) = plan.layers.get(1) {
            above.world = std::mem::take(&mut first.world);
            let key = format!("{KEY}@{}", layer.name);
            plan.notes.insert(key, json(&above)?);
        } else if first.world == first.base_world {
            // As with another layer on top: the first is the same.
            first.world.clear();
        }
        plan.notes.insert(KEY.to_owned(), json(&first)?);
        Ok(())
    }

    /// Takes the notes out of `plan`.
    pub fn read(plan: &Plan) -> Result<Self> {
        let text = plan.notes.get(KEY).ok_or_else(broken)?;
        let mut notes: Self =
            serde_json::from_str(text).map_err(|error| broken().caused_by(error))?;
        if let Some(layer) = plan.layers.get(1) {
            let text = plan.notes.get(&format!("{KEY}@{}", layer.name));
            let above: Above = serde_json::from_str(text.ok_or_else(broken)?)
                .map_err(|error| broken().caused_by(error))?;
            notes.world = above.world;
            notes.stanzas.extend(above.stanzas);
            notes.tags.extend(above.tags);
        } else if notes.world.is_empty() {
            notes.world.clone_from(&notes.base_world);
        }
        Ok(notes)
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| broken().caused_by(error))
}

fn broken() -> Error {
    let message = "the plan's notes are not those of the apk backend";
    Error::new(ErrorKind::Parse, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::{Artifact, Layer, Proof, Step};

    #[test]
    fn notes_survive_a_plan() {
        let notes = Notes {
            architecture: "x86_64".into(),
            world: vec!["alpine-base".into(), "!vlan".into()],
            keys: vec![KeyFile {
                name: "a.rsa.pub".into(),
                text: "PEM\n".into(),
                set: 0,
            }],
            stanzas: [("Q1x".to_owned(), "P:a\nV:1\n".to_owned())].into(),
            ..Notes::default()
        };
        let mut plan = Plan::default();
        assert!(Notes::read(&plan).is_err());
        notes.write(&mut plan).expect("writable");
        assert_eq!(Notes::read(&plan).expect("readable"), notes);
    }

    #[test]
    fn what_only_a_later_layer_needs_is_noted_apart() {
        let layer = |name: &str| Layer {
            name: name.to_owned(),
            steps: vec![Step {
                artifacts: vec![Artifact {
                    name: name.to_owned(),
                    version: "1".into(),
                    arch: "x86_64".into(),
                    size: 1,
                    proof: Proof::Identity(format!("Q1{name}")),
                    urls: Vec::new(),
                    requested: true,
                }],
            }],
        };
        let noted = |include: &str| {
            let mut plan = Plan {
                layers: vec![layer("base"), layer("include")],
                ..Plan::default()
            };
            let stanzas = ["base", "include"].map(|name| (format!("Q1{name}"), name.to_owned()));
            let notes = Notes {
                base_world: vec!["a".into()],
                world: vec!["a".into(), include.to_owned()],
                stanzas: stanzas.into(),
                tags: [("Q1include".to_owned(), "edge".to_owned())].into(),
                ..Notes::default()
            };
            notes.write(&mut plan).expect("writable");
            assert_eq!(Notes::read(&plan).expect("readable"), notes);
            plan.notes
        };
        let (one, other) = (noted("b"), noted("c"));
        assert_eq!(one["apk"], other["apk"]);
        assert_ne!(one["apk@include"], other["apk@include"]);
    }
}
