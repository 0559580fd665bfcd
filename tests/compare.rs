//! `boot compare` and `boot why` on real images, held against what their archives hold.
//!
//! The images are beside the checkout; without them a test says so and shows nothing.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests may")]

use boot_kit::Digest;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");

/// Three small images: with a database of packages, with a list of none, and with another C library.
const IMAGES: [&str; 3] = [
    "alpine/alpine-minirootfs-3.19.4-x86_64.tar.gz",
    "stage/buildroot/buildroot-2025.11.2-x86_64-musl.tar.xz",
    "stage/buildroot/buildroot-2025.02.13-arm-glibc.tar.xz",
];

/// The images, or nothing if one is not there.
fn images() -> Option<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = IMAGES
        .iter()
        .map(|name| Path::new(DATA).join(name))
        .collect();
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        eprintln!(
            "skipped: `{}` is not beside the checkout",
            missing.display()
        );
        return None;
    }
    Some(paths)
}

fn boot(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
    for name in ["SOURCE_DATE_EPOCH", "BOOT_CACHE_DIR"] {
        command.env_remove(name);
    }
    command.args(arguments).arg("-q");
    command.env("HOME", "/nonexistent").output().unwrap()
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn compared(arguments: &[&str]) -> Value {
    let mut all = vec!["compare", "--format", "json"];
    all.extend(arguments);
    let output = boot(&all);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The content of each regular file of an archive, by path, read without any of the program's own code.
fn contents(archive: &Path) -> BTreeMap<String, (Digest, u64)> {
    let file = File::open(archive).unwrap();
    let reader: Box<dyn Read> = if archive.extension().is_some_and(|ending| ending == "xz") {
        Box::new(xz2::read::XzDecoder::new(file))
    } else {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    };
    let mut archive = tar::Archive::new(reader);
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.insert(path, (Digest::of(&content), content.len() as u64));
        }
    }
    found
}

fn sum(rows: &Value, image: usize) -> u64 {
    let rows = rows.as_array().unwrap().iter();
    rows.filter_map(|row| row["bytes"][image].as_u64()).sum()
}

#[test]
fn every_breakdown_and_what_is_shared_add_up_to_the_content() {
    let Some(images) = images() else { return };
    let paths: Vec<&str> = images.iter().map(|path| path.to_str().unwrap()).collect();
    let held: Vec<_> = images.iter().map(|path| contents(path)).collect();
    let sizes: Vec<u64> = held
        .iter()
        .map(|files| files.values().map(|(_, bytes)| bytes).sum())
        .collect();
    for by in ["package", "dir", "file"] {
        let found = compared(&[&paths[..], &["--by", by]].concat());
        let metric = found["metrics"].as_array().unwrap();
        let size = metric.iter().find(|it| it["name"] == "size").unwrap();
        assert_eq!(size["values"], json!(sizes));
        for breakdown in found["breakdowns"].as_array().unwrap() {
            for (image, size) in sizes.iter().enumerate() {
                assert_eq!(
                    sum(&breakdown["rows"], image),
                    *size,
                    "{} of {image}",
                    breakdown["by"]
                );
            }
        }
        for (image, files) in held.iter().enumerate() {
            let others: BTreeSet<Digest> = (0..held.len())
                .filter(|other| *other != image)
                .flat_map(|other| held[other].values().map(|(digest, _)| *digest))
                .collect();
            let shared = files.values().filter(|(digest, _)| others.contains(digest));
            let shared: u64 = shared.map(|(_, bytes)| bytes).sum();
            assert_eq!(found["sharing"]["shared_bytes"][image], json!(shared));
            assert_eq!(
                found["sharing"]["unique_bytes"][image],
                json!(sizes[image] - shared)
            );
        }
        for (place, difference) in found["differences"].as_array().unwrap().iter().enumerate() {
            let contributors = difference["contributors"].as_array().unwrap().iter();
            let growth: i64 = contributors
                .map(|it| {
                    it["bytes_after"].as_i64().unwrap() - it["bytes_before"].as_i64().unwrap()
                })
                .sum();
            let signed = |bytes: u64| i64::try_from(bytes).unwrap();
            assert_eq!(growth, signed(sizes[place + 1]) - signed(sizes[0]));
            assert_eq!(difference["bytes"], json!(growth));
        }
    }
}

#[test]
fn a_budget_ends_with_3_and_names_what_broke_it() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    for command in ["compare", "inspect"] {
        let (code, out, err) = told(&boot(&[command, image, "--budget", "size=7MB,setuid=0"]));
        assert_eq!(
            (code, err.as_str()),
            (
                3,
                "over budget: alpine-minirootfs-3.19.4-x86_64: content 7.0 MiB, 6.7 MiB allowed, 382.0 KiB too much: \
                 libcrypto3 4.3 MiB, busybox 803.6 KiB, musl 634.6 KiB\n"
            ),
            "{command}"
        );
        assert!(!out.is_empty(), "the report is written all the same");
        let (code, _, err) = told(&boot(&[
            command,
            image,
            "--budget",
            "size=8MB",
            "--budget",
            "files=900",
        ]));
        assert_eq!((code, err.as_str()), (0, ""), "{command}");
    }
    let (code, out, err) = told(&boot(&["compare", image, "--budget", "sizes=7MB"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("there is no figure `sizes`"), "{err}");
}

#[test]
fn an_update_from_the_same_image_fetches_nothing() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let last = directory.path().join("last.json");
    let last = last.to_str().unwrap();
    let files = contents(&images[0]);
    let whole: BTreeMap<Digest, u64> = files.values().copied().collect();
    let (code, _, err) = told(&boot(&[
        "inspect", image, "--format", "json", "--files", "-o", last,
    ]));
    assert_eq!((code, err.as_str()), (0, ""));
    // A report, and the older image itself.
    for older in [last, image] {
        let found = compared(&[image, "--against", older]);
        let update = json!([{
            "image": 1,
            "basis": "files",
            "fetch_bytes": 0,
            "whole_bytes": whole.values().sum::<u64>(),
            "fetched": 0,
            "total": whole.len(),
        }]);
        assert_eq!(found["updates"], update);
        assert_eq!(found["differences"][0]["bytes"], json!(0));
        assert_eq!(found["differences"][0]["contributors"], json!([]));
    }
    let both = directory.path().join("both.json");
    let both = both.to_str().unwrap();
    let (code, ..) = told(&boot(&[
        "compare",
        image,
        images[1].to_str().unwrap(),
        "-o",
        both,
    ]));
    assert_eq!(code, 0);
    let written: Value = serde_json::from_slice(&std::fs::read(both).unwrap()).unwrap();
    assert_eq!(written["images"].as_array().unwrap().len(), 2);
    assert_eq!(
        compared(&[both]),
        written,
        "a comparison is taken up as it was"
    );
}

#[test]
fn a_package_or_path_says_why_it_is_there() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    for (what, answer) in [
        (
            "musl",
            "musl 1.2.4_git20230717-r4: 634.6 KiB; nothing else would leave with it\n  \
             apk-tools (asked for)\n    needs musl>=1.2.3_git20230424 (musl)\n\
             also needed by busybox, libcrypto3, libssl3, musl-utils, scanelf, ssl_client, zlib\n",
        ),
        (
            "/bin/sh",
            "/bin/sh is a file of busybox-binsh\n\
             busybox-binsh 1.36.1-r19: 0 B; nothing else would leave with it\n  \
             alpine-baselayout (asked for)\n    needs /bin/sh (busybox-binsh)\n",
        ),
        (
            "/lib/apk/db/installed",
            "/lib/apk/db/installed is of no package\n",
        ),
    ] {
        let (code, out, err) = told(&boot(&["why", image, what]));
        assert_eq!(
            (code, out.as_str(), err.as_str()),
            (0, answer, ""),
            "{what}"
        );
    }
    let (code, out, err) = told(&boot(&["why", image, "busybix"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "error: `alpine-minirootfs-3.19.4-x86_64` has no package or path `busybix`, and no package lists it\n\
         hint: did you mean `busybox`?\n"
    );
}

#[test]
fn the_ending_of_a_file_says_the_form() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("x.json", "{\n  \"schema\": \"boot.inspect/1\""),
        ("x.csv", "class,note,files,"),
        ("x.md", "## "),
        ("x.html", "<!doctype html>"),
        ("x.txt", "alpine-minirootfs"),
    ] {
        let path = directory.path().join(name);
        let (code, out, err) = told(&boot(&["inspect", image, "-o", path.to_str().unwrap()]));
        assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""), "{name}");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(start), "{name}: {}", &text[..60]);
    }
    let (code, out, _) = told(&boot(&["inspect", image, "-o", "-", "--format", "csv"]));
    assert_eq!((code, out.starts_with("class,note,")), (0, true));
}

#[test]
fn files_are_listed_only_where_that_was_asked_for() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    for (flags, wanted) in [(&[][..], false), (&["--files"][..], true)] {
        let arguments = [
            &["inspect", image, "--against", image, "--format", "json"],
            flags,
        ]
        .concat();
        let found: Value = serde_json::from_slice(&boot(&arguments).stdout).unwrap();
        for image in found["images"].as_array().unwrap() {
            assert_eq!(image.get("detail").is_some(), wanted, "{flags:?}");
        }
    }
    let (code, _, err) = told(&boot(&[
        "inspect",
        image,
        "--against",
        image,
        "--by",
        "dir",
    ]));
    assert_eq!(code, 2);
    assert!(err.contains("cannot be used with"), "{err}");
}

#[test]
fn a_limit_on_gzip_is_held_against_what_gzip_makes() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    for command in ["compare", "inspect"] {
        let (code, _, err) = told(&boot(&[command, image, "--budget", "gzip=5MB"]));
        assert_eq!((code, err.as_str()), (0, ""), "{command}");
        let (code, _, err) = told(&boot(&[command, image, "--budget", "gzip=1MB"]));
        assert_eq!(code, 3, "{command}");
        assert!(!err.contains("is not known"), "{err}");
    }
    assert_eq!(
        compared(&[image])["images"][0]["sizes"]["gzip"],
        Value::Null
    );
    assert!(compared(&[image, "--gzip"])["images"][0]["sizes"]["gzip"].is_u64());
}

#[test]
fn an_older_image_need_keep_no_limit_even_if_its_files_are_not_known() {
    let Some(images) = images() else { return };
    let image = images[0].to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let [last, both] = ["last.json", "both.json"].map(|name| directory.path().join(name));
    let [last, both] = [&last, &both].map(|path| path.to_str().unwrap());
    let (code, ..) = told(&boot(&["inspect", image, "-o", last]));
    assert_eq!(code, 0);
    let (code, ..) = told(&boot(&["compare", image, "--against", last, "-o", both]));
    assert_eq!(code, 0);
    let found = boot(&[
        "compare", both, "--format", "json", "--by", "file", "--budget", "size=1MB",
    ]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let breaches = found["breaches"].as_array().unwrap().iter();
    let broken: Vec<_> = breaches.map(|it| it["image"].as_u64()).collect();
    assert_eq!((&found["updates"], broken), (&json!([]), vec![Some(1)]));
    let notes = found["notes"].as_array().unwrap().iter();
    let notes = notes.filter_map(Value::as_str);
    assert!(
        notes
            .into_iter()
            .any(|it| it.starts_with("by file is not known"))
    );
}
