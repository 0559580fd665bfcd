//! Real packages, installed in the order apk installed them, against the trees and databases apk made.
//!
//! No script runs here; `tests/alpine.rs` of the program runs them all. What scripts leave in these three worlds is known
//! and listed.

#![allow(clippy::print_stdout, reason = "a skip says why")]

mod worlds;

use boot_kit::testkit::Tree;
use std::collections::BTreeMap;
use worlds::World;

/// Where the tests' real inputs are.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/alpine");

/// Paths of a tree of ours that differ from apk's, whatever the world, each with its reason.
const TOLERATED: [(&str, &str); 8] = [
    (
        "dev/console",
        "images have an empty /dev: whoever runs one fills it",
    ),
    (
        "dev/null",
        "images have an empty /dev: whoever runs one fills it",
    ),
    (
        "dev/random",
        "images have an empty /dev: whoever runs one fills it",
    ),
    (
        "dev/urandom",
        "images have an empty /dev: whoever runs one fills it",
    ),
    (
        "dev/zero",
        "images have an empty /dev: whoever runs one fills it",
    ),
    (
        "etc/apk/repositories",
        "apk was given them on its command line",
    ),
    ("etc/shadow", "root's password is locked instead of empty"),
    (
        "lib/apk/db/installed",
        "apk 2.14.10 writes r: of alpine-base into the next stanza",
    ),
];

/// Programs that may change who runs them: busybox-suid's links, which only busybox's trigger makes.
const OF_THE_TRIGGER: [&str; 8] = [
    "bin/mount",
    "bin/su",
    "bin/umount",
    "usr/bin/crontab",
    "usr/bin/passwd",
    "usr/bin/traceroute",
    "usr/bin/traceroute6",
    "usr/bin/vlock",
];

#[test]
fn trees_are_those_apk_made() {
    if worlds::are_missing() {
        return;
    }
    for name in ["minirootfs", "alpine-base"] {
        let world = World::read(name);
        let image = world.install();
        let differing = Tree::of_root(&image.root).differences(&world.tree());
        let unexpected: BTreeMap<_, _> = differing
            .iter()
            .filter(|(path, _)| !TOLERATED.iter().any(|(known, _)| known == path))
            .filter(|(path, _)| name == "minirootfs" || !OF_THE_TRIGGER.contains(&path.as_str()))
            .collect();
        assert_eq!(unexpected, BTreeMap::new(), "{name}");
    }
}

#[test]
fn databases_are_byte_for_byte_those_apk_wrote() {
    if worlds::are_missing() {
        return;
    }
    for name in ["minirootfs", "alpine-base"] {
        let world = World::read(name);
        let image = world.install();
        let installed = image.read("lib/apk/db/installed");
        assert_eq!(installed, world.database(), "{name}");
    }
}
