//! Images of layers, from their archive to ours.

use super::*;
use boot_stage::image::Flattened;
use serde_json::{Value, json};

/// An image by the paths of its layout.
type Paths = BTreeMap<String, Vec<u8>>;

fn add(paths: &mut Paths, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    paths.insert(format!("blobs/sha256/{digest}"), bytes.to_vec());
    json!({ "digest": format!("sha256:{digest}"), "size": bytes.len() })
}

/// An image of two layers, the second of which hides a file of five bytes.
fn image() -> Paths {
    let tars = [
        archive(&["etc/old: 12345", "etc/os-release: ID=x\nVERSION_ID=7\n"]),
        archive(&["etc/.wh.old", "usr/share/man/x: x", "new: x"]),
    ];
    let mut paths = Paths::new();
    let layers = tars.iter().map(|tar| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(tar).expect("memory does not fail");
        add(&mut paths, &gzip.finish().expect("memory does not fail"))
    });
    let layers: Vec<_> = layers.collect();
    let ids = tars.iter().map(|tar| format!("sha256:{}", Digest::of(tar)));
    let config = json!({
        "created": "2026-01-02T03:04:05.6Z",
        "architecture": "arm",
        "variant": "v7",
        "os": "linux",
        "config": {
            "User": "1:2", "ExposedPorts": { "80/tcp": {} }, "Env": ["PATH=/bin", "A=b c"],
            "Entrypoint": ["/entry"], "Cmd": ["x", "y z"], "Volumes": { "/data": {} }, "WorkingDir": "/srv",
            "Labels": { "team": "ours" }, "StopSignal": "SIGQUIT",
        },
        "rootfs": { "type": "layers", "diff_ids": ids.collect::<Vec<_>>() },
    });
    let config = add(&mut paths, config.to_string().as_bytes());
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers }).to_string();
    let mut manifest = add(&mut paths, manifest.as_bytes());
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "team/app:1.2" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string();
    paths.insert("index.json".into(), index.into_bytes());
    paths.insert(
        "oci-layout".into(),
        b"{\"imageLayoutVersion\":\"1.0.0\"}".to_vec(),
    );
    paths
}

fn packed(paths: &Paths) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in paths {
        let mut header = header(tar::EntryType::Regular, content.len() as u64);
        builder
            .append_data(&mut header, path, &content[..])
            .expect("memory does not fail");
    }
    builder.into_inner().expect("memory does not fail")
}

/// The configuration in an OCI archive of ours.
fn config_in(archive: &[u8]) -> Value {
    let mut archive = TarReader::new(archive);
    while let Some(entry) = archive.next().expect("ours") {
        let mut content = Vec::new();
        archive.content().read_to_end(&mut content).expect("ours");
        let json = serde_json::from_slice::<Value>(&content).unwrap_or_default();
        if entry.path.bytes().starts_with(b"blobs/") && json["rootfs"].is_object() {
            return json;
        }
    }
    panic!("there is no configuration")
}

#[test]
fn a_squashed_image_says_what_the_image_of_layers_did() {
    let bench = Bench::new();
    let source = bench.write("r.oci.tar", &packed(&image()));
    let output = bench.path("out.oci.tar");
    let options = Options {
        output: Some(output.clone()),
        ..bench.options(source)
    };
    let summary = stage(&options, &Silence).expect("an image");
    let flattened = Flattened {
        layers: 2,
        shadowed_files: 1,
        shadowed_bytes: 5,
    };
    assert_eq!(summary.squashed, Some(flattened));
    assert_eq!(summary.name.as_str(), "team/app:1.2");
    assert_eq!(summary.about.platform, Some("linux/arm/v7"));
    let made = fs_err::read(&output).expect("was made");
    let mut config = config_in(&made);
    let said = json!({
        "User": "1:2", "ExposedPorts": { "80/tcp": {} }, "Env": ["PATH=/bin", "A=b c"],
        "Entrypoint": ["/entry"], "Cmd": ["x", "y z"], "Volumes": { "/data": {} }, "WorkingDir": "/srv",
        "Labels": { "team": "ours" }, "StopSignal": "SIGQUIT",
    });
    assert_eq!(config["config"], said);
    assert_eq!(
        config["rootfs"]["diff_ids"].as_array().map(Vec::len),
        Some(1)
    );
    let machine = ["created", "architecture", "variant", "os"].map(|key| config[key].take());
    assert_eq!(
        machine,
        ["2026-01-02T03:04:05Z", "arm", "v7", "linux"].map(|text| json!(text))
    );

    // Of our own image it makes the same again.
    let again = Options {
        source: Source::Path(bench.write("again.tar", &made)),
        ..options.clone()
    };
    assert_eq!(
        stage(&again, &Silence).expect("an image").written,
        summary.written
    );
    assert!(fs_err::read(&output).expect("was made") == made);

    // Flags come last.
    let flagged = Options {
        epoch: Some(1_800_000_000),
        image: ImageOptions {
            name: Some("mine:1".parse().expect("a name")),
            entrypoint: Some(r#"["new"]"#.parse().expect("a command")),
            env: vec!["A=2".parse().expect("a pair")],
            ..ImageOptions::default()
        },
        ..options
    };
    assert_eq!(
        stage(&flagged, &Silence).expect("an image").name.as_str(),
        "mine:1"
    );
    let config = config_in(&fs_err::read(&output).expect("was made"));
    let mut wanted = said;
    wanted["Entrypoint"] = json!(["new"]);
    wanted["Env"] = json!(["PATH=/bin", "A=2"]);
    wanted.as_object_mut().expect("an object").remove("Cmd");
    assert_eq!(config["config"], wanted);
    assert_eq!(config["created"], "2027-01-15T08:00:00Z");
}

#[test]
fn an_archive_a_packed_one_and_a_directory_give_the_same_pruned_root() {
    let bench = Bench::new();
    let paths = image();
    let plain = packed(&paths);
    let zstd = zstd::encode_all(&plain[..], 1).expect("memory does not fail");
    let directory = bench.path("r.oci");
    for (path, content) in &paths {
        let path = directory.join(path);
        fs_err::create_dir_all(path.parent().expect("has one")).expect("writable");
        fs_err::write(path, content).expect("writable");
    }
    let mut written = Vec::new();
    for source in [
        bench.write("r.tar", &plain),
        bench.write("r", &zstd),
        directory,
    ] {
        let options = Options {
            prune: Some(Profile::Slim),
            ..bench.options(source)
        };
        written.push(stage(&options, &Silence).expect("an image").written);
        let names: Vec<_> = bench.made().into_keys().collect();
        assert_eq!(
            names,
            [
                "",
                "etc",
                "etc/os-release",
                "new",
                "usr",
                "usr/share",
                "usr/share/man"
            ]
        );
    }
    written.dedup();
    assert_eq!(written.len(), 1);
}

#[test]
fn an_image_that_is_damaged_or_for_another_system_writes_nothing() {
    let bench = Bench::new();
    let mut paths = image();
    let layer = paths
        .iter()
        .find(|(_, content)| content.starts_with(b"\x1f\x8b"))
        .map(|(path, _)| path.clone())
        .expect("is compressed");
    paths.get_mut(&layer).expect("is there")[20] ^= 1;
    let found = Digest::of(&paths[&layer]);
    let error = bench.refused(&bench.options(bench.write("r.tar", &packed(&paths))));
    let named = layer.replace("blobs/sha256/", "sha256:");
    assert_eq!(
        error,
        format!(
            "Trust: cannot read the image in `DIR/r.tar`: blob `{named}` is not what it is named: its SHA-256 is {found}"
        )
    );
    let windows = json!({ "os": "windows", "architecture": "amd64", "rootfs": { "diff_ids": [] } });
    let manifest = json!([{ "Config": "c.json", "Layers": [] }]);
    let paths = [("manifest.json", manifest), ("c.json", windows)];
    let paths = paths.map(|(path, json)| (path.to_owned(), json.to_string().into_bytes()));
    let error = bench.refused(&bench.options(bench.write("r.tar", &packed(&Paths::from(paths)))));
    assert_eq!(
        error,
        "Usage: the image in `DIR/r.tar` is for `windows/amd64`, not for Linux"
    );
}

#[test]
fn a_root_leaves_nothing_to_choose() {
    let bench = Bench::new();
    let options = Options {
        which: Some("app:1".into()),
        ..bench.options(bench.write("r.tar", &archive(&["a: x"])))
    };
    assert_eq!(
        bench.refused(&options),
        "Usage: `DIR/r.tar` is a root, not an image to choose from (hint: leave out --image and --platform)"
    );
    let options = Options {
        which: Some("app:1".into()),
        ..bench.options(bench.write("r.tar", &packed(&image())))
    };
    assert_eq!(
        bench.refused(&options),
        "Usage: cannot read the image in `DIR/r.tar`: there is no image `app:1` (hint: there is team/app:1.2)"
    );
}

#[test]
fn a_squashed_file_is_named_after_the_image() {
    let about = About {
        id: Some("x".into()),
        version: Some("7".into()),
        ..About::default()
    };
    let named = ImageOptions {
        name: Some(
            "registry.example:5000/team/app:1.2"
                .parse()
                .expect("a name"),
        ),
        ..ImageOptions::default()
    };
    assert_eq!(squashed_name(&named, &about, "s"), "app-1.2-squashed.tar");
    let unnamed = ImageOptions::default();
    assert_eq!(squashed_name(&unnamed, &about, "s"), "x-7-squashed.tar");
}
