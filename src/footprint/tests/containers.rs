//! The same tree from a tar, a directory, an image of layers.

use super::*;
use crate::{
    export::tar::TarWriter,
    footprint::{
        model::Form,
        source::{self, Reading},
    },
    interrupt,
};
use boot_kit::Digest;
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

fn reading(interrupt: &Arc<AtomicBool>) -> Reading<'_> {
    Reading {
        jobs: 2,
        which: None,
        platform: None,
        interrupt,
    }
}

pub(super) fn measure_path(path: &Path) -> Footprint {
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut measure = Measure::new(registry::inventories(), options(&[])).expect("well-formed");
    let opened = source::send(path, &reading(&interrupt), &mut measure).expect("is readable");
    let mut footprint = measure.finish(opened.image).expect("is well-formed");
    // Where it was found, and as what, may differ.
    footprint.image = Image {
        os_id: footprint.image.os_id,
        newest: footprint.image.newest,
        ..Image::default()
    };
    footprint
}

#[test]
#[allow(clippy::print_stdout, reason = "a skip says why")]
fn a_tree_is_the_same_from_any_container() {
    let place = tempfile::tempdir().expect("may be made");
    let mut tar = TarWriter::new(Vec::new(), i64::MAX);
    send(&fixture(), &mut tar);
    let tar = tar.finish().expect("memory does not fail").2;
    let plain = place.path().join("x.tar");
    fs_err::write(&plain, &tar).expect("may be written");
    let wanted = measure_path(&plain);
    assert_eq!(
        wanted.sizes.tar,
        tar.len() as u64 + 512,
        "the root's header is not in the file"
    );
    assert_eq!(wanted.image.os_id.as_deref(), Some("fixture"));

    let zstd = place.path().join("x.tar.zst");
    let packed = zstd::encode_all(&tar[..], 1).expect("memory does not fail");
    fs_err::write(&zstd, packed).expect("may be written");
    assert_eq!(measure_path(&zstd), wanted);

    let root = place.path().join("root");
    fs_err::create_dir(&root).expect("may be made");
    tar::Archive::new(&tar[..])
        .unpack(&root)
        .expect("may be unpacked");
    let mut found = measure_path(&root);
    if !rustix::process::getuid().is_root() {
        // Files of a normal user are somebody else's, and setuid bits go.
        println!("owners are not compared: not root");
        found.privilege = wanted.privilege.clone();
        found.detail = wanted.detail.clone();
    }
    let mut wanted = wanted;
    // Modes that the library leaves out, and times, which only matter for the newest.
    for footprint in [&mut found, &mut wanted] {
        footprint.image.newest = None;
        let detail = footprint.detail.as_mut().expect("is there in memory");
        detail.files.iter_mut().for_each(|file| {
            file.mode &= 0o777;
            file.zstd_bytes = 0;
        });
        footprint.privilege = crate::footprint::model::Privilege::default();
    }
    assert_eq!(found.sizes.content, wanted.sizes.content);
    assert_eq!(found.detail, wanted.detail);
    assert_eq!(found.entries, wanted.entries);
}

#[test]
fn reading_ends_when_it_is_told_to() {
    let place = tempfile::tempdir().expect("may be made");
    let path = place.path().join("x.tar");
    let mut tar = TarWriter::new(Vec::new(), 0);
    send(&fixture(), &mut tar);
    fs_err::write(&path, tar.finish().expect("memory does not fail").2).expect("may be written");
    let interrupt = Arc::new(AtomicBool::new(true));
    let mut measure = Measure::new(vec![], options(&[])).expect("well-formed");
    let stopped = source::send(&path, &reading(&interrupt), &mut measure).expect_err("told to");
    assert_eq!(stopped.kind(), boot_kit::ErrorKind::Interrupted);
    interrupt::check(&AtomicBool::new(false)).expect("nobody told");
}

/// Writes an OCI layout of these layers into a directory; names and digests are the true ones.
fn layout(place: &Path, layers: &[Vec<u8>]) {
    let blobs = place.join("blobs/sha256");
    fs_err::create_dir_all(&blobs).expect("may be made");
    let blob = |content: &[u8]| {
        let digest = Digest::of(content);
        fs_err::write(blobs.join(digest.to_string()), content).expect("may be written");
        json!({ "digest": format!("sha256:{digest}"), "size": content.len() })
    };
    let layers: Vec<_> = layers.iter().map(|layer| blob(layer)).collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer["digest"].clone()).collect();
    let config = json!({
        "architecture": "riscv64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let mut config = blob(config.to_string().as_bytes());
    config["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
    let with_type = |mut layer: Value| {
        layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar");
        layer
    };
    let layers: Vec<_> = layers.into_iter().map(with_type).collect();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers,
    });
    let mut manifest = blob(manifest.to_string().as_bytes());
    manifest["mediaType"] = json!(media_type);
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "example.org/x:7" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string();
    fs_err::write(place.join("index.json"), index).expect("may be written");
    let version = json!({ "imageLayoutVersion": "1.0.0" }).to_string();
    fs_err::write(place.join("oci-layout"), version).expect("may be written");
}

#[test]
fn an_image_of_layers_is_the_tree_they_come_to() {
    let place = tempfile::tempdir().expect("may be made");
    let tar = |tree: &[Made]| {
        let mut tar = TarWriter::new(Vec::new(), i64::MAX);
        send(tree, &mut tar);
        tar.finish().expect("memory does not fail").2
    };
    let lower = tar(&fixture());
    let mut upper = vec![
        directory("etc"),
        file("etc/.wh.shadow", b""),
        file("etc/passwd", b"x\n"),
    ];
    upper.push(directory("opt"));
    let upper = tar(&upper);
    let lengths = [lower.len() as u64, upper.len() as u64];
    layout(place.path(), &[lower, upper]);

    let mut wanted: Vec<Made> = fixture();
    wanted.retain(|Made(entry, _)| {
        !["etc/shadow", "etc/passwd"].contains(&entry.path.to_string().as_str())
    });
    wanted.extend([file("etc/passwd", b"x\n"), directory("opt")]);
    let wanted = measure(&wanted, options(&[]));

    let mut archive = tar::Builder::new(Vec::new());
    archive
        .append_dir_all(".", place.path())
        .expect("may be read");
    let packed = place.path().join("x.oci.tar");
    fs_err::write(&packed, archive.into_inner().expect("memory does not fail"))
        .expect("may be written");
    for (path, form) in [
        (place.path(), Form::OciDirectory),
        (&packed, Form::OciArchive),
    ] {
        let interrupt = Arc::new(AtomicBool::new(false));
        let mut measure = Measure::new(registry::inventories(), options(&[])).expect("well-formed");
        let opened = source::send(path, &reading(&interrupt), &mut measure).expect("is readable");
        let image = &opened.image;
        assert_eq!((image.form, image.name.as_str()), (form, "example.org/x:7"));
        assert_eq!(image.platform.as_deref(), Some("linux/riscv64"));
        assert_eq!(
            image
                .layers
                .iter()
                .map(|layer| layer.bytes)
                .collect::<Vec<_>>(),
            lengths
        );
        let found = measure.finish(opened.image).expect("is well-formed");
        assert_sums(&found);
        let paths = |footprint: &Footprint| {
            let detail = footprint.detail.clone().expect("is there in memory");
            detail
                .files
                .into_iter()
                .map(|it| (it.path, it.sha256, it.package))
                .collect::<Vec<_>>()
        };
        assert_eq!(paths(&found), paths(&wanted));
        assert_eq!(found.sizes.content, wanted.sizes.content);
    }
}
