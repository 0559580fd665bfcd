//! The same bytes from any mirror, and from none.

use crate::{
    bench::{Bench, Ended},
    living,
};
use boot_kit::testkit::{Archive, Server};
use std::fs;

/// Compares everything, and the image first: it is long.
#[track_caller]
fn same(found: &Ended, expected: &Ended) {
    assert_eq!((found.code, found.stderr.as_str()), (0, ""));
    assert_eq!(found.stdout.len(), expected.stdout.len());
    assert!(found.stdout == expected.stdout, "the images differ");
}

fn pool(requests: &[String], base: &str) -> bool {
    let below = format!("GET {base}/pool/");
    !requests.is_empty() && requests.iter().all(|request| request.starts_with(&below))
}

#[test]
fn a_lock_builds_the_same_bytes_from_any_mirror_and_from_none() {
    builds_the_same_bytes(&living::archive(), "sha256");
}

#[test]
fn so_does_one_of_an_archive_of_sha_512() {
    builds_the_same_bytes(&living::archive().of_sha512(), "sha512");
}

#[track_caller]
fn builds_the_same_bytes(archive: &Archive, algorithm: &str) {
    let Some((mut bench, first)) = Bench::building(archive) else {
        return;
    };
    let unlocked = bench.debian(&["--include", "apple", "-q", "-o", "-"]);
    assert!(!unlocked.stdout.is_empty(), "{}", unlocked.stderr);
    bench.lock(&["--include", "apple"]).is(0, "");
    let locked = fs::read_to_string(bench.lockfile()).expect("is there");
    let (proofs, ours) = ("proof = \"", format!("proof = \"{algorithm}:"));
    assert_eq!(locked.matches(proofs).count(), 5, "{locked}");
    assert_eq!(locked.matches(&ours).count(), 5, "{locked}");
    first.take_requests();
    let empty = || fs::remove_dir_all(bench.path("cache")).expect("is there");

    // From where it was made, and no index is read.
    empty();
    same(&bench.locked(&[]), &unlocked);
    assert!(pool(&first.take_requests(), "/debian"));
    // With all that is in the store, nothing is asked for.
    same(&bench.locked(&["--offline"]), &unlocked);
    same(&bench.locked(&["--offline", "--no-cache"]), &unlocked);
    same(&bench.locked(&[]), &unlocked);
    assert_eq!(first.take_requests(), [""; 0]);
    drop(first);

    // From a snapshot of it somewhere else, the first server being gone.
    empty();
    let base = "/archive/debian/20260801T000000Z";
    let second = Server::start();
    second.put_tree(base, archive.build());
    let lockfile = bench.lockfile();
    bench.mirrors.clear();
    bench.add_mirror(&format!("{}{base}", second.url()));
    same(
        &bench.locked(&["--lockfile", lockfile.to_str().expect("is text")]),
        &unlocked,
    );
    assert!(pool(&second.take_requests(), base));
}

#[test]
fn a_lock_says_where_its_packages_are() {
    let archive = living::archive();
    let Some((mut bench, server)) = Bench::building(&archive) else {
        return;
    };
    bench.lock(&["--include", "apple"]).is(0, "");
    let named = bench.locked(&[]);
    fs::remove_dir_all(bench.path("cache")).expect("is there");
    server.take_requests();
    bench.mirrors.clear();
    same(&bench.locked(&[]), &named);
    assert!(pool(&server.take_requests(), "/debian"));
}

#[test]
fn what_was_fetched_builds_offline() {
    let archive = living::archive();
    let Some((bench, server)) = Bench::building(&archive) else {
        return;
    };
    let fetch = |arguments: &[&str]| {
        let ended = bench.run_free(bench.command("fetch", arguments));
        assert_eq!((ended.code, ended.stdout), (0, vec![]), "{}", ended.stderr);
        let facts = ended.stderr.lines().last().map(str::to_owned);
        facts.and_then(|line| Some(line.rsplit_once(": ")?.0.to_owned()))
    };
    let told = fetch(&["--include", "apple"]).expect("facts");
    assert!(told.starts_with("the store has 5 packages, "), "{told}");
    assert!(!told.contains("were there"), "{told}");
    let built = |arguments: &[&str]| {
        let ended = bench.debian(&[&["--include", "apple", "-q", "-o", "-"], arguments].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        ended
    };
    server.take_requests();
    let offline = built(&["--offline"]);
    assert_eq!(server.take_requests(), [""; 0]);

    bench.lock(&["--include", "apple"]).is(0, "");
    fs::remove_dir_all(bench.path("cache")).expect("is there");
    server.take_requests();
    fetch(&["--include", "apple", "--locked"]);
    assert!(pool(&server.take_requests(), "/debian"));
    let again = fetch(&["--include", "apple", "--locked", "--offline"]).expect("facts");
    assert!(again.contains(" were there)"), "{again}");
    same(&built(&["--locked", "--offline"]), &offline);
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_date_given_with_the_lock_is_part_of_it() {
    let archive = living::archive();
    let Some((bench, _server)) = Bench::building(&archive) else {
        return;
    };
    let dated = bench.debian(&[
        "--include",
        "apple",
        "-q",
        "-o",
        "-",
        "--epoch",
        "1000000000",
    ]);
    assert_eq!((dated.code, dated.stderr.as_str()), (0, ""));
    let arguments = ["--include", "apple", "--epoch", "1000000000"];
    bench.lock(&arguments).is(0, "");
    same(&bench.locked(&[]), &dated);
    assert_ne!(
        bench.locked(&["--epoch", "1000000001"]).stdout,
        dated.stdout
    );
    // It stays as long as it is asked for, and no longer.
    bench
        .lock(&[&arguments[..], &["--check"]].concat())
        .is(0, "");
    let changed = bench.lock(&["--include", "apple", "--diff"]);
    let said = String::from_utf8_lossy(&changed.stdout).into_owned();
    assert!(said.contains("the date that is asked for"), "{said}");
}
