//! `boot cache`, on what real runs left in the store.

use crate::{
    archive,
    bench::{Bench, Ended},
};
use serde_json::{Value, json};
use std::fs;

impl Bench {
    fn cache(&self, arguments: &[&str]) -> Ended {
        let arguments = [&["cache"], arguments].concat();
        self.run(self.bare(&arguments))
    }

    /// Kind and name of everything in the store, sorted by name.
    fn kept(&self) -> Vec<Value> {
        let listed = self.cache(&["list", "--json"]);
        assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        let items = listed["items"].as_array().expect("a list");
        let sizes = items.iter().map(|item| item["size_bytes"].as_u64());
        assert_eq!(listed["size_bytes"].as_u64(), sizes.sum());
        let mut items: Vec<_> = items
            .iter()
            .map(|item| {
                let name = item["name"].as_str().expect("text");
                json!([item["kind"], self.named(name)])
            })
            .collect();
        items.sort_by_key(Value::to_string);
        items
    }
}

#[test]
fn a_plan_leaves_its_indexes_and_what_was_seen() {
    let (bench, _server) = Bench::serving(&archive());
    assert_eq!(bench.kept(), [""; 0]);
    assert_eq!(bench.debian(&["--dry-run"]).code, 0);
    assert_eq!(
        bench.kept(),
        [
            json!(["index", "deb list http://first/debian trixie main amd64"]),
            json!(["index", "trixie main amd64 Packages"]),
            json!(["note", "deb InRelease http://first/debian trixie"]),
            json!(["note", "deb list http://first/debian trixie main amd64"]),
            json!(["note", "deb plan DIGEST"]),
        ]
    );
    let listed = bench.cache(&["list"]);
    let rows = String::from_utf8(listed.stdout).expect("text");
    let kinds: Vec<_> = rows
        .lines()
        .filter_map(|row| row.split_whitespace().next())
        .collect();
    assert_eq!(kinds, ["kind", "indexes", "notes", "total"]);
}

#[test]
fn damage_is_told_and_ends_with_1() {
    let (bench, _server) = Bench::serving(&archive());
    assert_eq!(bench.debian(&["--dry-run"]).code, 0);
    bench.cache(&["verify", "--progress", "none"]).is(0, "");
    let blobs = bench.path("cache/blobs/sha256");
    for entry in fs::read_dir(blobs).expect("a directory") {
        fs::write(entry.expect("an entry").path(), "damaged").expect("writable");
    }
    let rows = [
        "index     deb list http://first/debian trixie main amd64: its SHA-256 is DIGEST, not DIGEST",
        "index     trixie main amd64 Packages: its SHA-256 is DIGEST, not DIGEST",
    ];
    for (arguments, hint) in [
        (
            &["verify", "--progress", "none", "--keep"][..],
            "run `boot cache verify` without --keep to remove what is damaged",
        ),
        (
            &["verify", "--progress", "none"],
            "what was damaged has been removed: a build that needs it gets or makes it anew",
        ),
    ] {
        let ended = bench.cache(arguments);
        let told = bench.named(&String::from_utf8_lossy(&ended.stdout));
        let mut told: Vec<_> = told.lines().collect();
        told.sort_unstable();
        assert_eq!(told, rows);
        let ended = Ended {
            stdout: Vec::new(),
            ..ended
        };
        ended.is(1, &format!("error: 2 items are damaged\nhint: {hint}\n"));
    }
    bench.cache(&["verify", "--progress", "none"]).is(0, "");
    assert_eq!(
        bench.kept(),
        [
            json!(["note", "deb InRelease http://first/debian trixie"]),
            json!(["note", "deb list http://first/debian trixie main amd64"]),
            json!(["note", "deb plan DIGEST"]),
        ]
    );
}

#[test]
fn a_clean_store_is_empty_and_fills_again() {
    let (bench, _server) = Bench::serving(&archive());
    let plan = bench.debian(&["--dry-run"]);
    let full = bench.kept();
    let dry = bench.cache(&["clean", "--dry-run"]);
    assert_eq!((dry.code, bench.kept()), (0, full.clone()));
    assert!(
        dry.stderr
            .starts_with("would remove all that no running build uses: 5 items, "),
        "{}",
        dry.stderr
    );
    bench
        .cache(&["clean", "--older-than", "1h"])
        .is(0, &format!("removed 0 items, 0 B; kept {}", sizes(&dry)));
    bench.cache(&["clean"]).is(
        0,
        &format!(
            "removed all that no running build uses: {}; kept 0 items, 0 B\n",
            sizes(&dry).trim_end()
        ),
    );
    assert_eq!(bench.kept(), [""; 0]);
    assert_eq!(bench.debian(&["--dry-run"]), plan);
    assert_eq!(bench.kept(), full);
}

/// The count and size that a dry run told, and a newline.
fn sizes(dry: &Ended) -> String {
    let (_, rest) = dry.stderr.split_once(": ").expect("a colon");
    let (sizes, _) = rest.split_once(';').expect("a semicolon");
    format!("{sizes}\n")
}

#[test]
fn limits_without_units_are_refused() {
    let (bench, _server) = Bench::serving(&archive());
    bench.cache(&["clean", "--max-size", "5"]).is(
        2,
        "\
error: invalid value '5' for '--max-size <SIZE>': give a whole number and one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB

For more information, try '--help'.
",
    );
    bench.cache(&["clean", "--older-than", "d"]).is(
        2,
        "\
error: invalid value 'd' for '--older-than <AGE>': give a whole number and one of s, m, h, d, w

For more information, try '--help'.
",
    );
}
