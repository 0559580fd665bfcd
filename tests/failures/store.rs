//! The store: offline, damaged, or out of reach.

use crate::{
    archive,
    bench::{Bench, Ended},
    living, packages,
};
use boot_kit::{Digest, testkit::Deb};
use serde_json::json;
use std::{fs, path::PathBuf};

#[test]
fn offline_with_an_empty_store_says_what_to_do() {
    let (bench, server) = Bench::serving(&archive());
    bench.debian(&["--offline"]).is(
        1,
        "\
error: nothing is known of `trixie`
hint: run the same command once without --offline
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn offline_with_a_full_store_gives_the_same_plan() {
    let (bench, server) = Bench::serving(&archive());
    let online = bench.debian(&["--dry-run", "--include", "apple"]);
    online.prints(
        "\
base: 2 packages, 9.4 KiB
  base-files  1  amd64     5.2 KiB
  apt         1  amd64     4.2 KiB
include: 1 package, 5.2 KiB
  apple  1  amd64     5.2 KiB
total: 3 packages, 14.6 KiB
",
        "",
    );
    server.take_requests();
    assert_eq!(
        bench.debian(&["--dry-run", "--include", "apple", "--offline"]),
        online
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn offline_without_a_package_names_it() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    let plan = bench.debian(&["--dry-run"]);
    assert_eq!(plan.code, 0);
    let planned = String::from_utf8(plan.stdout).expect("text");
    server.take_requests();
    let ended = bench.debian(&["--offline"]);
    // Several are looked for at once, and none is there.
    let rest = "` is not in the store\nhint: run the same command once without --offline\n";
    let name = ended
        .stderr
        .strip_prefix("error: `")
        .and_then(|told| told.strip_suffix(rest));
    let is_planned = |name: &str| planned.contains(&format!("  {name} "));
    assert!(name.is_some_and(is_planned), "{}", ended.stderr);
    assert_eq!(ended.code, 1);
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_damaged_blob_is_fetched_anew_with_a_warning() {
    let (bench, server) = Bench::serving(&archive());
    let plan = bench.debian(&["--dry-run"]);
    assert_eq!((plan.code, plan.stderr.as_str()), (0, ""));
    let blobs: Vec<_> = fs::read_dir(bench.path("cache/blobs/sha256"))
        .expect("a directory")
        .map(|entry| entry.expect("readable").path())
        .collect();
    let whole: Vec<_> = blobs
        .iter()
        .map(|blob| fs::read(blob).expect("readable"))
        .collect();
    for blob in &blobs {
        fs::write(blob, "damaged").expect("writable");
    }
    // A plan that is known would not look at the list.
    fs::remove_dir_all(bench.path("cache/notes")).expect("ours");
    server.take_requests();
    let again = bench.debian(&["--dry-run"]);
    assert_eq!(again.stdout, plan.stdout);
    Ended {
        stdout: Vec::new(),
        ..again
    }
    .is(
        0,
        "\
warning: the stored copy of `trixie main amd64 Packages` was damaged and has been removed
",
    );
    for (blob, whole) in blobs.iter().zip(whole) {
        assert_eq!(fs::read(blob).expect("readable"), whole);
    }
}

/// Damaged so that it stays a zstd stream of a tar, and so that it does not.
#[test]
fn a_damaged_layer_is_made_again_and_reaches_no_image() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    let image = bench.path("x.tar");
    let place = image.to_str().expect("is text");
    let build = || {
        let output = bench.boot(&["-q", "--force", "-o", place]).output();
        let ended = bench.ended(output.expect("the program starts"));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        fs::read(&image).expect("was made")
    };
    let made = build();
    let layer = largest_blob_of_zstd(&bench);
    let whole = fs::read(&layer).expect("readable");
    let other = zstd_of_other_bytes(&whole);
    for damaged in [other, vec![0; whole.len()]] {
        fs::write(&layer, &damaged).expect("writable");
        assert!(build() == made, "the image differs");
        assert!(fs::read(&layer).expect("is there again") == whole);
    }
}

#[test]
fn an_image_does_not_fail_for_want_of_a_note() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    let build = || {
        let output = bench.boot(&["-q", "-o", "-"]).output();
        bench.ended(output.expect("the program starts"))
    };
    let made = build();
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    let notes = fs::read_dir(bench.path("cache/notes")).expect("a directory");
    let is_of_a_layer = |path: &PathBuf| {
        let bytes = fs::read(path).expect("readable");
        String::from_utf8_lossy(&bytes).contains("\"tar of layer ")
    };
    let paths = notes.map(|note| note.expect("readable").path());
    let note = paths.filter(is_of_a_layer).last().expect("was kept");
    // What is there cannot be replaced.
    fs::remove_file(&note).expect("writable");
    fs::create_dir_all(note.join("full")).expect("writable");
    let again = build();
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout == made.stdout, "the image differs");
    let warning = "warning: the next image like this one takes longer: ";
    assert!(again.stderr.starts_with(warning), "{}", again.stderr);
    assert_eq!(again.stderr.lines().count(), 1, "{}", again.stderr);
}

fn largest_blob_of_zstd(bench: &Bench) -> PathBuf {
    let blobs = fs::read_dir(bench.path("cache/blobs/sha256")).expect("a directory");
    let blobs = blobs.map(|blob| blob.expect("readable").path());
    blobs
        .filter(|blob| {
            let bytes = fs::read(blob).expect("readable");
            bytes.starts_with(b"\x28\xb5\x2f\xfd")
        })
        .max_by_key(|blob| fs::metadata(blob).expect("readable").len())
        .expect("a layer")
}

/// The tar in `whole` with one letter changed, as a stream of the same length: the rest is a frame to be skipped.
fn zstd_of_other_bytes(whole: &[u8]) -> Vec<u8> {
    let mut tar = zstd::decode_all(whole).expect("is zstd");
    let place = tar.len() / 2;
    tar[place] ^= 1;
    let mut other = zstd::encode_all(&tar[..], 19).expect("memory does not fail");
    let rest = whole.len() - other.len() - 8;
    other.extend(0x184d_2a50_u32.to_le_bytes());
    other.extend(u32::try_from(rest).expect("is small").to_le_bytes());
    other.resize(whole.len(), 0);
    other
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    let (bench, server) = Bench::serving(&archive());
    fs::write(bench.path("file"), "").expect("writable");
    let cache = bench.path("file/cache");
    bench
        .debian(&["--dry-run", "--cache-dir", cache.to_str().expect("is text")])
        .is(
            1,
            "\
error: cannot use `/bench/file/cache` as the store
  caused by: Not a directory (os error 20)
hint: name a directory you may write to with --cache-dir
",
        );
    bench
        .debian(&["--cache-dir", cache.to_str().expect("is text")])
        .is(
            1,
            "\
error: cannot use `/bench/file/cache` as the store
  caused by: Not a directory (os error 20)
hint: name a directory you may write to with --cache-dir
",
        );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_dry_run_prints_the_plan_as_json() {
    let (bench, server) = Bench::serving(&archive());
    let artifact = |deb: Deb| {
        let bytes = deb.build();
        json!({
            "name": deb.value("Package"),
            "version": "1",
            "arch": "amd64",
            "size": bytes.len(),
            "sha256": Digest::of(&bytes).to_string(),
        })
    };
    let [base_files, apt, apple, apple_tree] = packages().map(artifact);
    let plan = json!({"layers": [
        {"name": "base", "steps": [{"artifacts": [base_files, apt]}]},
        {"name": "include", "steps": [{"artifacts": [apple, apple_tree]}]},
    ]});
    bench
        .debian(&["--dry-run", "--json", "--include", "apple-tree"])
        .prints(&format!("{plan:#}\n"), "");
    let asked = server.take_requests();
    assert!(
        !asked.iter().any(|asked| asked.contains("/pool/")),
        "{asked:?}"
    );
}
