//! Images that are not what they say.

use super::*;
use made::{Paths, add, gzip, index};
use serde_json::{Value, json};

/// Why an image is refused, with digests shortened.
fn refused(paths: &Paths) -> String {
    let error = flattened(&files(paths)).expect_err("is refused");
    let mut text = format!("{error:?}");
    for digest in paths
        .keys()
        .filter_map(|path| path.strip_prefix("blobs/sha256/"))
    {
        text = text.replace(digest, "…");
    }
    text
}

fn good() -> Made {
    Made::new(&[layer(0, &["a: x"]), layer(1, &["b: y"])])
}

fn path_of(blob: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(blob))
}

#[test]
fn a_blob_that_is_not_its_digests_is_named() {
    let made = good();
    let config = made.config.to_string();
    let manifest = made.add_to(&mut Paths::new());
    let manifest = manifest["digest"]
        .as_str()
        .expect("a digest")
        .replace("sha256:", "blobs/sha256/");
    for blob in [
        path_of(&made.blobs[0]),
        path_of(&made.blobs[1]),
        path_of(config.as_bytes()),
        manifest,
    ] {
        let mut paths = made.layout();
        let whole = paths[&blob].clone();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        let found = Digest::of(&damaged);
        paths.insert(blob.clone(), damaged);
        assert_eq!(
            refused(&paths),
            format!("Trust: blob `sha256:…` is not what it is named: its SHA-256 is {found}")
        );
        paths.insert(blob.clone(), whole[1..].to_vec());
        let (size, wanted) = (whole.len() - 1, whole.len());
        assert_eq!(
            refused(&paths),
            format!(
                "Trust: blob `sha256:…` is not what it is named: it has {size} bytes where {wanted} are named"
            )
        );
        paths.remove(&blob);
        // It is not among the paths any more, so it is not shortened.
        let error = refused(&paths);
        let digest = blob.replace("blobs/sha256/", "sha256:");
        assert_eq!(error, format!("Parse: blob `{digest}` is not there"));
    }
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_named() {
    let mut made = good();
    let other = layer(1, &["b: evil"]);
    let wanted = Digest::of(&made.blobs[1]);
    made.blobs[1] = gzip(&other);
    let (found, bytes) = (Digest::of(&other), other.len());
    assert_eq!(
        refused(&made.layout()),
        format!(
            "Trust: cannot unpack layer 2, `sha256:…`: its configuration names it {wanted}: its {bytes} bytes have \
             the SHA-256 {found}"
        )
    );
    // Even if it is no tar, or one that cannot be taken: the digest explains it.
    for bad in [vec![b'x'; 1024], layer(1, &["a/b: below a file"])] {
        made.blobs[1] = gzip(&bad);
        assert!(
            refused(&made.layout())
                .starts_with("Trust: cannot unpack layer 2, `sha256:…`: its configuration")
        );
    }
    // Cut off where its digest is right, nothing but the end of the stream is.
    let whole = gzip(&layer(1, &["b: y"]));
    made.blobs[1] = whole[..whole.len() - 9].to_vec();
    let error = refused(&made.layout());
    assert!(
        error.starts_with("Parse: cannot unpack layer 2, `sha256:…`: "),
        "{error}"
    );
}

#[test]
fn what_describes_an_image_must_fit_together() {
    let layout = |change: &dyn Fn(&mut Value)| {
        let mut made = good();
        change(&mut made.config);
        refused(&made.layout())
    };
    assert_eq!(
        layout(&|config| config["rootfs"]["diff_ids"] = json!([])),
        "Parse: image has 2 layers, and a configuration for 0"
    );
    assert_eq!(
        layout(&|config| config["rootfs"]["diff_ids"][0] = json!("sha512:12")),
        "Parse: `sha512:12` is not a SHA-256 digest"
    );
    let of_manifest = |manifest: Value| {
        let mut paths = Paths::new();
        let manifest = add(&mut paths, "", manifest.to_string().as_bytes());
        index(&mut paths, &[manifest]);
        refused(&paths)
    };
    assert!(
        of_manifest(json!({ "schemaVersion": 1 }))
            .starts_with("Parse: `sha256:…` is not the manifest of an image")
    );
    for digest in ["sha256:../../etc/passwd", "md5:0", "", "sha256:0"] {
        let layer = json!({ "digest": digest, "size": 1 });
        let error = of_manifest(json!({ "config": layer, "layers": [layer] }));
        assert_eq!(error, format!("Parse: `{digest}` is not a SHA-256 digest"));
    }
    let mut broken = good().layout();
    broken.insert("index.json".into(), b"{".to_vec());
    assert!(refused(&broken).starts_with("Parse: cannot read `index.json`: "));
}

#[test]
fn indexes_in_indexes_come_to_an_end() {
    // Deeper than they are wide, and the other way round.
    for (depth, width) in [(6, 2), (3, 40)] {
        let mut paths = Paths::new();
        let mut inner = good().add_to(&mut paths);
        for _ in 0..depth {
            let manifests = json!({ "manifests": vec![inner; width] }).to_string();
            inner = add(
                &mut paths,
                "application/vnd.oci.image.index.v1+json",
                manifests.as_bytes(),
            );
        }
        index(&mut paths, &[inner]);
        assert_eq!(
            refused(&paths),
            "Parse: its indexes name more than any image has",
            "{depth} {width}"
        );
    }
}

#[test]
fn paths_that_lead_out_of_the_archive_are_refused() {
    let made = good();
    for (config, layer, message) in [
        (
            "c.json",
            "../layer.tar",
            "`../layer.tar` points out of its tree with `..`",
        ),
        (
            "../c.json",
            "layer.tar",
            "`../c.json` points out of its tree with `..`",
        ),
        ("c.json", "gone.tar", "blob `gone.tar` is not there"),
        ("c.json", "link.tar", "blob `link.tar` is not there"),
        ("none.json", "layer.tar", "blob `none.json` is not there"),
    ] {
        let manifest =
            json!([{ "Config": config, "RepoTags": null, "Layers": ["layer.tar", layer] }]);
        let paths = Paths::from([
            ("manifest.json".into(), manifest.to_string().into_bytes()),
            ("c.json".into(), made.config.to_string().into_bytes()),
            ("layer.tar".into(), made.blobs[0].clone()),
            ("link.tar".into(), b"-> /etc/passwd".to_vec()),
        ]);
        assert_eq!(refused(&paths), format!("Parse: {message}"));
    }
    let mut paths = made.layout();
    paths.remove("index.json");
    assert_eq!(refused(&paths), "Parse: image layout has no `index.json`");
    let old = Paths::from([("repositories".into(), b"{}".to_vec())]);
    assert!(refused(&old).starts_with("Parse: image is in a form that docker gave up in 2016"));
}

#[test]
fn entries_that_no_layer_may_have_are_named() {
    for (lines, message) in [
        (
            &["f", "f/x"][..],
            "`f/x`: `f` is not a directory, so nothing can be below it",
        ),
        (
            &["a -> b", "b -> a", "a/x"],
            "`a/x`: its directory is behind too many links",
        ),
        (
            &["d/.wh."],
            "`d/.wh.`: it stands for the absence of no name",
        ),
        (
            &["d/.wh..."],
            "`d/.wh...`: it stands for the absence of no name",
        ),
        (
            &["d/.wh.x/y"],
            "`d/.wh.x/y`: it is in a directory that stands for no file",
        ),
        (
            &["a = gone"],
            "`a`: its target `gone` is not in the archive",
        ),
        (&["d/", "a = d"], "`a`: its target `d` is a directory"),
    ] {
        let error = refused(&Made::new(&[layer(0, lines)]).layout());
        let wanted =
            format!("Parse: cannot unpack layer 1, `sha256:…`: cannot take entry {message}");
        assert_eq!(error, wanted);
    }
    let error = refused(&Made::new(&[layer(0, &["../evil"])]).layout());
    assert!(
        error.contains("cannot read entry `../evil`: `../evil` points out of its tree"),
        "{error}"
    );
}

#[test]
fn it_stops_when_told_to() {
    let files = files(&good().layout());
    let image = Image::find(&files, &Choice::default())
        .expect("readable")
        .expect("an image");
    let mut root = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let stop = || Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    let error = image
        .flatten(&files, &mut root, &stop)
        .expect_err("is stopped");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn an_archive_of_more_images_than_any_is_refused() {
    let entry = json!({ "Config": "x.json", "Layers": [] });
    let manifest = Value::from(vec![entry; 1001]).to_string();
    let paths = Paths::from([("manifest.json".to_owned(), manifest.into_bytes())]);
    assert_eq!(
        refused(&paths),
        "Parse: `manifest.json` names more images than any archive has"
    );
}
