//! What a lock names and nobody has, or has otherwise: the build fails, names it and leaves nothing.

use crate::{
    apple,
    bench::{Bench, Ended},
    living,
};
use boot_kit::{
    Digest,
    testkit::{Archive, Fault, Server},
};
use std::fs;

/// A bench with a lock that has `apple`, and an empty store.
fn locked() -> Option<(Bench, Server)> {
    locked_from(&living::archive())
}

fn locked_from(archive: &Archive) -> Option<(Bench, Server)> {
    let (bench, server) = Bench::building(archive)?;
    bench.lock(&["--include", "apple"]).is(0, "");
    fs::remove_dir_all(bench.path("cache")).expect("is there");
    Some((bench, server))
}

/// The output is a file: that there is none is checked with all that could be left behind.
fn build(bench: &Bench, arguments: &[&str]) -> Ended {
    let build = ["--locked", "--include", "apple", "-q", "-o", "image.tar"];
    bench.debian(&[&build, arguments].concat())
}

const APPLE: &str = "/debian/pool/main/a/apple/apple_1_amd64.deb";

#[test]
fn an_artifact_that_is_missing_is_named() {
    let Some((bench, server)) = locked() else {
        return;
    };
    server.fail(APPLE, Fault::Status(404));
    build(&bench, &[]).is(
        1,
        "\
error: cannot get `apple`
  caused by: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` answers 404 Not Found
hint: the mirror is being updated: try again in some minutes, or name another with --mirror
",
    );
    server.mend();
    assert_eq!(bench.locked(&[]).code, 0);
    let digest = Digest::of(apple("1", "1").build());
    fs::remove_file(bench.path(&format!("cache/blobs/sha256/{digest}"))).expect("is stored");
    build(&bench, &["--offline", "--no-cache"]).is(
        1,
        "\
error: `apple` is not in the store
hint: run the same command once without --offline
",
    );
}

#[test]
fn an_artifact_that_was_altered_is_named() {
    let Some((bench, server)) = locked() else {
        return;
    };
    let altered = "\
error: cannot get `apple`
  caused by: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` has been altered
  caused by: the SHA-256 is DIGEST, the signed one is DIGEST
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
";
    server.fail(APPLE, Fault::Alter(100));
    build(&bench, &[]).is(1, altered);
    server.mend();
    // Now the lock instead, with the right file in the store.
    let digest = Digest::of(apple("1", "1").build()).to_string();
    let first = digest.chars().next().expect("has 64");
    let other = if first == '0' { "1" } else { "0" };
    let stored = bench.debian(&["--include", "apple", "-q", "-o", "-"]);
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    bench.edit(&digest, &format!("{other}{}", &digest[1..]));
    build(&bench, &[]).is(1, altered);
    build(&bench, &["--offline"]).is(
        1,
        "\
error: `apple` is not in the store
hint: run the same command once without --offline
",
    );
}

#[test]
fn an_artifact_proven_by_sha_512_is_named() {
    let archive = living::archive().of_sha512();
    let Some((bench, server)) = Bench::building(&archive) else {
        return;
    };
    server.fail(APPLE, Fault::Alter(100));
    let built = bench.debian(&["--include", "apple", "-q", "-o", "image.tar"]);
    built.is(
        1,
        "\
error: cannot get `apple`
  caused by: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` has been altered
  caused by: the SHA-512 is DIGEST, the signed one is DIGEST
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
",
    );
}

#[test]
fn an_artifact_of_another_size_is_named() {
    let in_store = "\
error: cannot get `apple`
  caused by: the stored file of that digest has SIZE bytes where LESS are named
";
    is_of_another_size(&living::archive(), in_store);
}

#[test]
fn an_artifact_of_another_size_is_no_other_by_sha_512() {
    let in_store = "\
error: `apple` is not in the store
hint: run the same command once without --offline
";
    is_of_another_size(&living::archive().of_sha512(), in_store);
}

fn is_of_another_size(archive: &Archive, in_store: &str) {
    let Some((bench, _server)) = locked_from(archive) else {
        return;
    };
    let size = apple("1", "1").build().len();
    let (from, to) = (format!("size = {size},"), format!("size = {},", size - 1));
    let line = bench
        .text()
        .lines()
        .find(|line| line.contains("name = \"apple\""))
        .expect("it is locked")
        .to_owned();
    bench.edit(&line, &line.replace(&from, &to));
    build(&bench, &[]).is(
        1,
        &format!(
            "\
error: cannot get `apple`
  caused by: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` has {size} bytes where the signed size is {}
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
",
            size - 1
        ),
    );
    // The right file in the store does not help.
    let stored = bench.debian(&["--include", "apple", "-q", "-o", "-"]);
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    let (size, less) = (size.to_string(), (size - 1).to_string());
    let told = in_store.replace("SIZE", &size).replace("LESS", &less);
    build(&bench, &["--offline"]).is(1, &told);
}

#[test]
fn a_damaged_blob_is_named_when_there_is_no_other() {
    let Some((bench, _server)) = locked() else {
        return;
    };
    let whole = bench.locked(&[]);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let digest = Digest::of(apple("1", "1").build());
    let blob = bench.path(&format!("cache/blobs/sha256/{digest}"));
    let mut bytes = fs::read(&blob).expect("is stored");
    bytes[100] ^= 1;
    fs::write(&blob, bytes).expect("writable");
    build(&bench, &["--offline", "--no-cache"]).is(
        1,
        "\
warning: the stored copy of `apple` was damaged and has been removed
error: `apple` is not in the store
hint: run the same command once without --offline
",
    );
    // With a network it is fetched again.
    assert_eq!(bench.locked(&["--no-cache"]).stdout, whole.stdout);
}

#[test]
fn a_lock_that_does_not_fit_is_refused() {
    let Some((bench, server)) = locked() else {
        return;
    };
    server.take_requests();
    let hint = "hint: run `boot lock` again, or name another lock with --lockfile";
    let refused = |why: &str| {
        format!("error: `boot.lock` does not fit what is asked for\n  caused by: {why}\n{hint}\n")
    };
    for (arguments, why) in [
        (
            &["--release", "sid"][..],
            "the release is `sid`, in the lock `trixie`",
        ),
        (
            &["--variant", "apt"],
            "the variant is `apt`, in the lock `minbase`",
        ),
        (
            &["--include", "pear"],
            "the lock does not include `pear`, which is asked for",
        ),
        (
            &["--exclude", "pear"],
            "the lock does not exclude `pear`, which is asked for",
        ),
        (
            &["--prune", "slim", "--keep-locales", "de"],
            "the prune profile is `slim`, in the lock `safe`\n    \
             the lock does not keep translations into `de`, which is asked for",
        ),
        (
            &["--no-scripts"],
            "scripts of packages are not to run, by the lock they do",
        ),
    ] {
        build(&bench, arguments).is(2, &refused(why));
    }
    bench
        .lock(&["--include", "apple", "--no-scripts"])
        .is(0, "");
    server.take_requests();
    build(&bench, &[]).is(
        2,
        &refused("scripts of packages are to run, by the lock they do not (`--no-scripts`)"),
    );
    bench
        .debian(&["--locked", "--lockfile", "other.lock", "-o", "x.tar"])
        .is(
            2,
            "\
error: there is no lock `other.lock`
hint: write it with `boot lock`, or name another with --lockfile
",
        );
    fs::write(bench.lockfile(), "format = 1\nepoch = yesterday\n").expect("writable");
    let ended = build(&bench, &[]);
    assert_eq!(ended.code, 2);
    let first = ended.stderr.lines().next();
    assert_eq!(first, Some("error: cannot use `boot.lock` line 2"));
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_lock_of_other_rules_is_built_with_a_warning() {
    let Some((bench, _server)) = locked() else {
        return;
    };
    bench.edit("tar = 1", "tar = 0");
    let ended = bench.locked(&[]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            0,
            "\
warning: `boot.lock` was made for tar format 0, which this `boot` no longer has: the image may differ from the one locked
"
        )
    );
}
