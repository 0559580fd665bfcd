//! What determines a layer, and so names it.

use boot_kit::{Artifact, Digest, Error, ErrorKind, Plan, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything a layer depends on besides the plan.
#[derive(Clone, Debug)]
pub struct Conditions<'a> {
    /// Which backend installs, by name.
    pub format: &'a str,
    /// The image's date, seconds since the Unix epoch.
    pub epoch: i64,
    /// What is left out: the rules themselves, so that a change of a profile counts.
    pub prune: &'a str,
    /// Whether scripts run.
    pub scripts: bool,
}

/// The program's own sources: a change anywhere may change what a build makes, and nobody could say where it does not.
const SOURCES: &str = env!("BOOT_SOURCES");

/// Names every layer of a plan, the lowest first.
///
/// The key of a layer covers all that is below it. It does not cover where bytes came from, nor when the indexes were
/// signed, which change nothing.
pub fn keys(plan: &Plan, conditions: &Conditions<'_>) -> Result<Vec<Digest>> {
    let mut keys: Vec<Digest> = Vec::new();
    for (number, layer) in plan.layers.iter().enumerate() {
        let above = &plan.layers[number + 1..];
        let concerns = |key: &String| {
            let suffix = key.split_once('@').map(|(_, layer)| layer);
            !above
                .iter()
                .any(|layer| suffix == Some(layer.name.as_str()))
        };
        let notes: BTreeMap<_, _> = plan.notes.iter().filter(|(key, _)| concerns(key)).collect();
        let steps = layer.steps.iter().map(|step| {
            let artifacts: Vec<Value> = step.artifacts.iter().map(artifact).collect();
            Value::from(artifacts)
        });
        let below = keys.last().map(ToString::to_string);
        keys.push(digest(&json!({
            "sources": SOURCES,
            "format": conditions.format,
            "epoch": conditions.epoch,
            "prune": conditions.prune,
            "scripts": conditions.scripts,
            "notes": notes,
            "below": below,
            "name": layer.name,
            "steps": steps.collect::<Vec<_>>(),
        }))?);
    }
    Ok(keys)
}

/// Names a layer that is no part of a plan, from the key below it and all that determines it.
pub fn above(below: &Digest, what: &Value) -> Result<Digest> {
    digest(&json!({"below": below.to_string(), "what": what}))
}

fn artifact(artifact: &Artifact) -> Value {
    json!([
        artifact.name,
        artifact.version,
        artifact.arch,
        // The proof says it already, but a lock may name another: then it must fail, not find a layer.
        artifact.size,
        artifact.proof.to_string(),
        artifact.requested,
    ])
}

fn digest(value: &Value) -> Result<Digest> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot name a layer").caused_by(error))?;
    Ok(Digest::of(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::{Layer, Proof, SignedIndex, Step};

    fn plan(names: &[&str]) -> Plan {
        let layer = |name: &&str| Layer {
            name: (*name).to_owned(),
            steps: vec![Step {
                artifacts: vec![Artifact {
                    name: (*name).to_owned(),
                    version: "1".into(),
                    arch: "all".into(),
                    size: 1,
                    proof: Proof::Sha256(Digest::of(name)),
                    urls: vec!["http://a.example/x".into()],
                    requested: true,
                }],
            }],
        };
        Plan {
            layers: names.iter().map(layer).collect(),
            ..Plan::default()
        }
    }

    const CONDITIONS: Conditions<'_> = Conditions {
        format: "deb",
        epoch: 1,
        prune: "rules",
        scripts: true,
    };

    #[test]
    fn a_layer_is_named_by_what_is_in_it_and_below_it() {
        let name = |plan: &Plan| keys(plan, &CONDITIONS).expect("nameable");
        let (one, two) = (name(&plan(&["a"])), name(&plan(&["a", "b"])));
        assert_eq!(one[0], two[0]);
        assert_ne!(name(&plan(&["c", "b"]))[1], two[1]);
        let mut moved = plan(&["a"]);
        moved.layers[0].steps[0].artifacts[0].urls.clear();
        moved.indexes.push(SignedIndex::default());
        assert_eq!(name(&moved), one);
        moved.layers[0].steps[0].artifacts[0].requested = false;
        assert_ne!(name(&moved), one);
    }

    #[test]
    fn a_note_of_a_layer_counts_from_that_layer_on() {
        let with = |key: &str| {
            let mut plan = plan(&["a", "b"]);
            plan.notes.insert(key.to_owned(), "text".to_owned());
            keys(&plan, &CONDITIONS).expect("nameable")
        };
        let (general, upper, none) = (
            with("x"),
            with("x@b"),
            keys(&plan(&["a", "b"]), &CONDITIONS),
        );
        let none = none.expect("nameable");
        assert_eq!(upper[0], none[0]);
        assert_ne!(upper[1], none[1]);
        assert_ne!(general[0], none[0]);
    }

    #[test]
    fn every_condition_counts() {
        let with = |conditions: Conditions<'_>| keys(&plan(&["a"]), &conditions).expect("nameable");
        let all = [
            with(CONDITIONS),
            with(Conditions {
                format: "apk",
                ..CONDITIONS
            }),
            with(Conditions {
                epoch: 2,
                ..CONDITIONS
            }),
            with(Conditions {
                prune: "",
                ..CONDITIONS
            }),
            with(Conditions {
                scripts: false,
                ..CONDITIONS
            }),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
