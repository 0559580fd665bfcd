//! What `--dry-run` prints.

use crate::progress::quantity::{count, size};
use boot_kit::{Artifact, Plan, Proof};
use serde_json::{Value, json};
use std::fmt::Write;

/// Writes the plan for people: a table of packages for each layer, and sums.
pub(super) fn table(plan: &Plan) -> String {
    let mut text = String::new();
    for layer in &plan.layers {
        let artifacts: Vec<_> = layer
            .steps
            .iter()
            .flat_map(|step| &step.artifacts)
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {}", layer.name, sum(artifacts.iter().copied()));
        let widest = |column: fn(&Artifact) -> &str| {
            let widths = artifacts
                .iter()
                .map(|artifact| column(artifact).chars().count());
            widths.max().unwrap_or(0)
        };
        let name = widest(|artifact| &artifact.name);
        let version = widest(|artifact| &artifact.version);
        let arch = widest(|artifact| &artifact.arch);
        for artifact in artifacts {
            let _ = writeln!(
                text,
                "  {:name$}  {:version$}  {:arch$}  {:>10}",
                artifact.name,
                artifact.version,
                artifact.arch,
                size(artifact.size)
            );
        }
    }
    let _ = writeln!(text, "total: {}", sum(plan.artifacts()));
    text
}

/// Writes the plan for programs: layers, steps and artifacts, in plan order.
pub(super) fn json(plan: &Plan) -> String {
    let artifact = |artifact: &Artifact| {
        let proof = match &artifact.proof {
            Proof::Sha256(digest) => ("sha256", digest.to_string()),
            Proof::Identity(identity) => ("identity", identity.clone()),
        };
        json!({
            "name": artifact.name,
            "version": artifact.version,
            "arch": artifact.arch,
            "size": artifact.size,
            proof.0: proof.1,
        })
    };
    let layers = plan.layers.iter().map(|layer| {
        let steps = layer.steps.iter().map(|step| {
            let artifacts: Vec<Value> = step.artifacts.iter().map(artifact).collect();
            json!({"artifacts": artifacts})
        });
        json!({"name": layer.name, "steps": steps.collect::<Vec<_>>()})
    });
    let plan = json!({"layers": layers.collect::<Vec<_>>()});
    format!("{plan:#}\n")
}

fn sum<'a>(artifacts: impl Iterator<Item = &'a Artifact>) -> String {
    let (number, bytes) = artifacts.fold((0, 0), |(number, bytes), artifact| {
        (number + 1, bytes + artifact.size)
    });
    format!("{}, {}", count(number, "package"), size(bytes))
}
