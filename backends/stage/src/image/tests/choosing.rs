//! Which image is taken.

use super::*;
use made::{Paths, add, index};
use serde_json::json;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn made(content: &str) -> Made {
    Made::new(&[layer(0, &[&format!("a: {content}")])])
}

/// What is in the image that is chosen, or why none is.
fn chosen(paths: &Paths, name: Option<&str>, platform: Option<&str>) -> String {
    let platform = platform.map(Platform::parse);
    let choice = Choice {
        name,
        platform: platform.as_ref(),
        host: Some("linux/amd64"),
    };
    let files = files(paths);
    let found = Image::find(&files, &choice).and_then(|image| {
        let mut root = Tree::new(&std::env::temp_dir())?;
        image
            .expect("an image")
            .flatten(&files, &mut root, &|| Ok(()))?;
        Ok(shown(&root).concat())
    });
    found.unwrap_or_else(|error| format!("{error:?}"))
}

/// A layout with an index in its index: three machines, one of which was never fetched, and what vouches for one.
fn of_machines() -> Paths {
    let mut paths = Paths::new();
    let mut manifests = Vec::new();
    for (content, arch) in [("x", "amd64"), ("y", "arm64"), ("z", "s390x")] {
        manifests.push(made(content).for_arch(arch).add_to(&mut paths));
    }
    let gone = manifests[2]["digest"]
        .as_str()
        .expect("a digest")
        .replace("sha256:", "blobs/sha256/");
    paths.remove(&gone);
    let mut vouching = add(
        &mut paths,
        "application/vnd.oci.image.manifest.v1+json",
        b"{}",
    );
    vouching["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    manifests.push(vouching);
    let nested = json!({ "schemaVersion": 2, "manifests": manifests }).to_string();
    let mut nested = add(&mut paths, INDEX, nested.as_bytes());
    nested["annotations"] = json!({ "io.containerd.image.name": "docker.io/library/it:1" });
    index(&mut paths, &[nested]);
    paths
}

#[test]
fn of_several_machines_the_one_wanted_or_this_one_is_taken() {
    let paths = of_machines();
    for (platform, wanted) in [
        (None, "a: x 0"),
        (Some("linux/amd64"), "a: x 0"),
        (Some("arm64"), "a: y 0"),
        (Some("linux/arm64/v8"), "a: y 0"),
        (
            Some("linux/riscv64"),
            "Usage: image is not for `linux/riscv64` (hint: name a platform it is for with --platform: \
             linux/amd64, linux/arm64)",
        ),
    ] {
        assert_eq!(chosen(&paths, None, platform), wanted);
        assert_eq!(chosen(&paths, Some("it:1"), platform), wanted);
    }
    // The only one there is may be for another machine.
    assert_eq!(
        chosen(&made("x").for_arch("arm64").layout(), None, None),
        "a: x 0"
    );
    let error = chosen(&made("x").layout(), None, Some("arm64"));
    assert!(
        error.starts_with("Usage: image is not for `linux/arm64`"),
        "{error}"
    );
}

#[test]
fn of_several_images_one_must_be_named() {
    let mut paths = Paths::new();
    let named = [("a", "it:1"), ("b", "it:2"), ("b", "team/it:latest")].map(|(content, name)| {
        let mut manifest = made(content).add_to(&mut paths);
        manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        manifest
    });
    index(&mut paths, &named);
    let digest = named[0]["digest"].as_str();
    for (name, wanted) in [
        (
            None,
            "Usage: there are several images (hint: choose one with --image: it:1, it:2, team/it:latest)",
        ),
        (
            Some("it"),
            "Usage: there is no image `it` (hint: there is it:1, it:2, team/it:latest)",
        ),
        (Some("it:1"), "a: a 0"),
        (Some("docker.io/library/it:2"), "a: b 0"),
        (Some("team/it"), "a: b 0"),
        (digest, "a: a 0"),
    ] {
        assert_eq!(chosen(&paths, name, None), wanted, "{name:?}");
    }
    // Two names of one image are no question.
    index(&mut paths, &named[1..]);
    assert_eq!(chosen(&paths, None, None), "a: b 0");
}

#[test]
fn of_what_docker_saved_one_must_be_named() {
    let mut paths = Paths::new();
    let entries = ["a", "b"].map(|content| {
        let made = made(content);
        let (config, layer) = (format!("{content}.json"), format!("{content}/layer.tar"));
        paths.insert(config.clone(), made.config.to_string().into_bytes());
        paths.insert(layer.clone(), made.blobs[0].clone());
        json!({ "Config": config, "RepoTags": [format!("{content}:1")], "Layers": [layer] })
    });
    paths.insert(
        "manifest.json".into(),
        json!(entries).to_string().into_bytes(),
    );
    assert_eq!(
        chosen(&paths, None, None),
        "Usage: there are several images (hint: choose one with --image: a:1, b:1)"
    );
    assert_eq!(chosen(&paths, Some("b:1"), None), "a: b 0");
    paths.insert("manifest.json".into(), b"[]".to_vec());
    assert_eq!(chosen(&paths, None, None), "Parse: archive names no image");
}
