//! `boot alpine` on real packages, scripts and all, against what apk and Alpine's own builders made of them.
//!
//! Needs the real packages beside the workspace and a system that allows namespaces; says so where it has not.

#![allow(clippy::print_stdout, reason = "a skip says why")]

mod bench;

use bench::{Bench, golden, mended};
use boot_kit::testkit::{Tree, text_in_tar};
use std::collections::{BTreeMap, BTreeSet};

const DEVICE: &str = "images have an empty /dev: whoever runs one fills it";
const BACKUP: &str = "the state before the last account was added depends on the order of packages";

/// Paths of a tree of ours that differ from apk's, each with the reason.
const TOLERATED: [(&str, &str); 11] = [
    ("dev/console", DEVICE),
    ("dev/null", DEVICE),
    ("dev/random", DEVICE),
    ("dev/urandom", DEVICE),
    ("dev/zero", DEVICE),
    (
        "etc/apk/repositories",
        "apk was given them on its command line",
    ),
    ("etc/group-", BACKUP),
    ("etc/passwd-", BACKUP),
    (
        "etc/shadow",
        "root's password is locked instead of empty, and accounts are dated like the image",
    ),
    ("etc/shadow-", BACKUP),
    (
        "lib/apk/db/installed",
        "apk 2.14.10 writes r: of alpine-base into the next stanza",
    ),
];

/// Paths of `minirootfs` that Alpine's own recipe takes from a package that is not installed, which apk alone does not do.
const BORROWED: [&str; 5] = [
    "etc/alpine-release",
    "etc/issue",
    "etc/os-release",
    "etc/secfixes.d",
    "etc/secfixes.d/alpine",
];

/// The worlds apk was given, and how to ask for them.
const WORLDS: [(&str, &[&str]); 3] = [
    ("minirootfs", &[]),
    ("alpine-base", &["--variant", "base"]),
    (
        "alpine-base-openssh-chrony",
        &["--variant", "base", "--include", "openssh,chrony"],
    ),
];

#[test]
fn every_world_is_what_apk_made_of_it() {
    let Some(bench) = Bench::new() else { return };
    for (name, arguments) in WORLDS {
        let image = bench.build(arguments);
        let theirs = Tree::parse(&golden(&format!("{name}.tree.txt")));
        let tolerated: BTreeSet<&str> = TOLERATED.iter().map(|(path, _)| *path).collect();
        let mut differing = Tree::of_tar(&image).differences(&theirs);
        differing.retain(|path, _| !tolerated.contains(path.as_str()));
        if name == "minirootfs" {
            for path in BORROWED {
                let [_, theirs] = differing.remove(path).expect("is there without apk");
                assert_eq!(theirs, "", "{path}");
            }
        }
        assert_eq!(differing, BTreeMap::new(), "{name}");
        let database = text_in_tar(&image, "lib/apk/db/installed");
        assert_eq!(
            database,
            mended(&golden(&format!("{name}.installed.txt"))),
            "{name}"
        );
    }
}

#[test]
fn accounts_are_dated_like_the_image_and_none_is_open() {
    let Some(bench) = Bench::new() else { return };
    let day = 20_000;
    let epoch = (day * 86_400 + 7).to_string();
    let image = bench.build(&[
        "--variant",
        "base",
        "--include",
        "chrony",
        "--epoch",
        &epoch,
    ]);
    let shadow = text_in_tar(&image, "etc/shadow");
    let lines: Vec<&str> = shadow.lines().collect();
    assert_eq!(lines.first(), Some(&"root:*::0:::::"));
    assert_eq!(lines.last(), Some(&"chrony:!:20000:0:99999:7:::"));
    let open = lines
        .iter()
        .filter(|line| line.split(':').nth(1) == Some(""));
    assert_eq!(open.count(), 0, "{shadow}");
}

#[test]
fn the_files_of_equal_builds_are_those_of_the_genuine_minirootfs() {
    let Some(bench) = Bench::new() else { return };
    let image = bench.build(&[]);
    let genuine = bench::genuine();
    let (ours, theirs) = (Tree::of_tar(&image), Tree::of_tar(&genuine));
    let stanzas = |image: &[u8]| -> BTreeMap<String, String> {
        let text = text_in_tar(image, "lib/apk/db/installed");
        let stanzas = text.split("\n\n").filter_map(|stanza| {
            let name = stanza.lines().find_map(|line| line.strip_prefix("P:"))?;
            Some((name.to_owned(), stanza.to_owned()))
        });
        stanzas.collect()
    };
    let (our_stanzas, their_stanzas) = (stanzas(&image), stanzas(&genuine));
    let equal: Vec<_> = our_stanzas
        .iter()
        .filter(|(name, stanza)| their_stanzas.get(*name) == Some(stanza))
        .collect();
    let names: Vec<_> = equal.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "alpine-baselayout",
            "alpine-baselayout-data",
            "alpine-keys",
            "libc-utils",
            "musl",
            "musl-utils",
            "scanelf",
            "zlib",
        ]
    );
    let mut compared = 0;
    for (name, stanza) in equal {
        let mut directory = "";
        for line in stanza.lines() {
            let path = match line.split_once(':') {
                Some(("F", path)) => {
                    directory = path;
                    path.to_owned()
                }
                Some(("R", file)) => format!("{directory}/{file}"),
                _ => continue,
            };
            if path.is_empty() || path.starts_with("dev/") {
                // Upstream's archive is made without what is in /dev.
                continue;
            }
            assert_eq!(ours.0.get(&path), theirs.0.get(&path), "{name}: {path}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn the_minirootfs_has_the_paths_of_the_genuine_one() {
    let Some(bench) = Bench::new() else { return };
    let (ours, theirs) = (
        Tree::of_tar(&bench.build(&[])),
        Tree::of_tar(&bench::genuine()),
    );
    let paths = |tree: &Tree| -> BTreeSet<String> {
        let paths = tree.0.keys().filter(|path| !path.is_empty());
        paths.cloned().collect()
    };
    let differing: Vec<String> = paths(&ours)
        .symmetric_difference(&paths(&theirs))
        .cloned()
        .collect();
    // Upstream's archive is made without what is in /dev; its apk 2.14.4 makes no var/lib/apk.
    assert_eq!(differing, ["dev/pts", "dev/shm", "var/lib/apk"]);
    for path in ["etc/issue", "etc/secfixes.d", "etc/secfixes.d/alpine"] {
        assert_eq!(ours.0.get(path), theirs.0.get(path), "{path}");
    }
    // The packages are those of another point release.
    assert_eq!(
        text_in_tar(&bench.build(&[]), "etc/alpine-release"),
        "3.19.1\n"
    );
}

#[test]
fn what_was_borrowed_can_be_installed_on_top() {
    let Some(bench) = Bench::new() else { return };
    let image = bench.build(&["--include", "alpine-release"]);
    let database = text_in_tar(&image, "lib/apk/db/installed");
    assert!(database.contains("\nP:alpine-release\n"));
    let tree = Tree::of_tar(&image);
    let beside = tree.0.keys().filter(|path| path.ends_with(".apk-new"));
    assert_eq!(beside.count(), 0);
}

#[test]
fn the_minirootfs_needs_no_script() {
    let Some(bench) = Bench::new() else { return };
    let (status, image, stderr) = bench.run(&["--no-scripts"]);
    assert_eq!(
        (status, stderr.as_str()),
        (
            0,
            "warning: scripts were not run: busybox-1.36.1-r15.post-install, \
             alpine-baselayout-3.4.3-r2.pre-install, alpine-baselayout-3.4.3-r2.post-install, \
             busybox-1.36.1-r15.trigger\n"
        )
    );
    assert!(image == bench.build(&[]), "the same bytes with scripts");
}

#[test]
fn the_image_is_the_same_however_many_work_on_it() {
    let Some(bench) = Bench::new() else { return };
    let arguments = ["--variant", "base", "--include", "openssh,chrony"];
    let image = |jobs| bench.build(&[&arguments[..], &["--no-cache", "--jobs", jobs]].concat());
    assert!(image("1") == image("8"), "the same bytes");
}

#[test]
fn a_base_from_the_store_is_built_upon_with_the_same_bytes() {
    let Some(bench) = Bench::new() else { return };
    for (name, arguments) in WORLDS {
        let made = bench.build(&[arguments, &["--no-cache"]].concat());
        assert!(
            bench.build(arguments) == made,
            "{name}, its base perhaps stored"
        );
        assert!(bench.build(arguments) == made, "{name}, all of it stored");
    }
    let (status, _, stderr) = bench.call(
        &["alpine"],
        &[
            "--variant",
            "base",
            "--include",
            "dhcpcd",
            "--progress",
            "json",
            "--prune",
            "none",
            "-o",
            "x.tar",
        ],
    );
    assert_eq!(status, 0, "{stderr}");
    let layers: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("\"event\":\"layer\""))
        .map(|line| line.contains("\"stored\":true"))
        .collect();
    assert_eq!(layers, [true, false], "{stderr}");
}

#[test]
fn a_lock_gives_the_same_bytes_and_names_what_was_altered() {
    let Some(bench) = Bench::new() else { return };
    let arguments = ["--variant", "base", "--include", "chrony"];
    let image = bench.build(&arguments);
    let (status, _, stderr) = bench.call(
        &["lock", "alpine"],
        &[&arguments[..], &["--prune", "none"]].concat(),
    );
    assert_eq!((status, stderr.as_str()), (0, ""));
    let locked = [&arguments[..], &["--locked", "--no-cache"]].concat();
    assert!(bench.build(&locked) == image, "the same bytes");
    // Wherever the identity of one package stands, another.
    let lock = bench.path("boot.lock");
    let text = std::fs::read_to_string(&lock).expect("readable");
    let at = text.find("Q1").expect("an identity");
    let identity = &text[at..at + 30];
    let turned: String = identity[2..].chars().rev().collect();
    std::fs::write(
        &lock,
        text.replace(identity, &format!("Q1{}=", turned.trim_start_matches('='))),
    )
    .expect("ours");
    let (status, image, stderr) = bench.run(&locked);
    assert_eq!((status, image.len()), (1, 0), "{stderr}");
    assert!(stderr.contains("has been altered"), "{stderr}");
}

#[test]
fn an_image_of_layers_and_a_slim_one_are_made_too() {
    let Some(bench) = Bench::new() else { return };
    let arguments = ["--include", "chrony", "-o", "x.oci.tar"];
    let (status, _, stderr) = bench.call(
        &["alpine"],
        &[&arguments[..], &["--prune", "slim"]].concat(),
    );
    assert_eq!((status, stderr.as_str()), (0, ""));
    let archive = std::fs::read(bench.path("x.oci.tar")).expect("is there");
    let manifest = text_in_tar(&archive, "manifest.json");
    assert_eq!(manifest.matches("blobs/sha256/").count(), 3, "{manifest}");
}
