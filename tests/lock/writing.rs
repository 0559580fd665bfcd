//! What `boot lock` writes and says.

use crate::{apple, archive, archive_of, bench::Bench, package};
use boot_kit::{
    Digest,
    testkit::{Archive, Server},
};
use std::fs;

/// Puts another state of the archive on its server, a day younger, which keeps old packages as mirrors do not.
fn publish(server: &Server, before: &Archive, after: Archive) -> Archive {
    let after = after
        .signed_by(before.signing_key())
        .dated(Archive::DATE + 86400);
    for path in server.paths("/debian/dists/") {
        server.remove(&path);
    }
    server.put_tree("/debian", after.build());
    after
}

/// `archive_of(new, pip)` that still has version 1 of both.
fn with_old(new: &str, pip: &str) -> Archive {
    archive_of(new, pip).packages([apple("1", "1"), package("pip")])
}

const INCLUDE: [&str; 2] = ["--include", "apple"];

#[test]
fn a_lock_names_every_package_and_no_secret() {
    let archive = archive();
    let (mut bench, server) = Bench::serving(&archive);
    let tree = archive.build();
    let inrelease = Digest::of(&tree["dists/trixie/InRelease"]);
    server.put_tree("/debian", tree);
    let url = server.url().replace("http://", "http://me:secret@");
    bench.mirrors.clear();
    bench.add_mirror(&format!("{url}/debian"));
    let ended = bench.run_free(bench.command("lock", &INCLUDE));
    assert_eq!((ended.code, ended.stdout), (0, vec![]), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.lines().last(),
        Some("wrote boot.lock: 4 packages, 18.8 KiB")
    );
    let text = bench.text();
    assert!(
        !text.contains("secret") && !text.contains("key.asc"),
        "{text}"
    );
    let lock: toml::Table = text.parse().expect("is TOML");
    let index = &lock["index"][0];
    assert_eq!(index["name"].as_str(), Some("trixie InRelease"));
    let url = format!("{}/debian/dists/trixie/InRelease", server.url());
    assert_eq!(index["url"].as_str(), Some(url.as_str()));
    let inrelease = inrelease.to_string();
    assert_eq!(index["sha256"].as_str(), Some(inrelease.as_str()));
    assert_eq!(lock["epoch"].as_integer(), Some(Archive::DATE));
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  { name = \"")?.split('"').next())
        .collect();
    assert_eq!(names, ["base-files", "apt", "pip", "apple"]);
}

#[test]
fn a_lock_that_is_right_stays_as_it_is() {
    let first = archive();
    let (bench, server) = Bench::serving(&first);
    bench.lock(&INCLUDE).is(0, "");
    let written = bench.text();
    // The index is younger, the packages are the same.
    publish(&server, &first, archive());
    bench.lock(&INCLUDE).is(0, "");
    assert_eq!(bench.text(), written);
    bench.lock(&["--include", "apple", "--check"]).is(0, "");
    bench.lock(&["--include", "apple", "--diff"]).is(0, "");
}

#[test]
fn an_update_is_shown_before_it_is_made() {
    let first = archive();
    let (bench, server) = Bench::serving(&first);
    bench.lock(&INCLUDE).is(0, "");
    let before = bench.text();
    publish(
        &server,
        &first,
        archive_of("2", "1").package(package("cherry")),
    );
    let table = "\
request: the lock does not include `cherry`, which is asked for
moved    apple   1 → 2  amd64         +0 B
added    cherry  1      amd64     +4.2 KiB
total: 1 added, 1 moved, 0 removed, 3 kept; 5 packages, 22.9 KiB, 9.4 KiB of that new
";
    let arguments = ["--include", "apple,cherry"];
    let with = |flag| [arguments[0], arguments[1], flag];
    bench.lock(&with("--diff")).prints(table, "");
    let checked = bench.lock(&with("--check"));
    assert_eq!(
        (
            checked.code,
            String::from_utf8_lossy(&checked.stdout).as_ref()
        ),
        (1, table)
    );
    assert_eq!(bench.text(), before);
    bench.lock(&arguments).is(0, "");
    assert_ne!(bench.text(), before);
    bench.lock(&with("--check")).is(0, "");
}

#[test]
fn an_update_of_one_package_moves_only_what_it_must() {
    let first = archive().package(package("pear"));
    let (bench, server) = Bench::serving(&first);
    let include = "apple,pear";
    bench.lock(&["--include", include]).is(0, "");
    let second = with_old("2", "2").packages([
        package("pear"),
        package("pear").field("Version", "2"),
        package("apt").field("Version", "2").depends("base-files"),
    ]);
    publish(&server, &first, second);
    let diff = |names: &str| {
        let ended = bench.lock(&["--include", include, "--diff", "--update", names]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        let moved: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("moved"))
            .map(|line| {
                line.split_whitespace()
                    .skip(1)
                    .take(4)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        moved.join(", ")
    };
    assert_eq!(diff("pear"), "pear 1 → 2");
    assert_eq!(diff("apple"), "apple 1 → 2, pip 1 → 2");
    assert_eq!(diff("pip"), "apple 1 → 2, pip 1 → 2");
    assert_eq!(diff("base-files"), "");
    assert_eq!(diff("apt,pear"), "apt 1 → 2, pear 1 → 2");
    bench.lock(&["--include", include, "--update", "paer"]).is(
        2,
        "\
error: `boot.lock` has no package `paer`
hint: did you mean `pear`?
",
    );
}

#[test]
fn there_is_nothing_to_update_without_a_lock() {
    let (bench, server) = Bench::serving(&archive());
    bench.lock(&["--update", "apt"]).is(
        2,
        "\
error: there is no lock `boot.lock` to update
hint: write it with `boot lock`, or name another with --lockfile
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn the_lock_is_beside_the_recipe() {
    let (bench, server) = Bench::serving(&archive());
    fs::create_dir(bench.path("team")).expect("writable");
    let recipe = format!(
        "distribution = \"debian\"\narch = \"amd64\"\ninclude = \"apple\"\nkeyring = \"../key.asc\"\nmirror = \"{}/debian\"\n",
        server.url()
    );
    fs::write(bench.path("team/image.toml"), &recipe).expect("writable");
    let boot = |word: &str, more: &[&str]| {
        let mut command = bench.bare(&[word, "../team/image.toml", "--ignore-host"]);
        command.args(["--progress", "none", "-q"]).args(more);
        bench.run_free(command)
    };
    boot("lock", &[]).is(0, "");
    assert!(bench.path("team/boot.lock").exists());
    assert!(!bench.lockfile().exists());
    server.take_requests();
    let planned = boot("build", &["--locked", "--dry-run"]);
    assert_eq!((planned.code, planned.stderr.as_str()), (0, ""));
    assert_eq!(server.take_requests(), [""; 0]);
    // The recipe has changed since.
    fs::write(
        bench.path("team/image.toml"),
        recipe.replace("apple", "pip"),
    )
    .expect("writable");
    boot("build", &["--locked", "--dry-run"]).is(
        2,
        "\
error: `../team/boot.lock` does not fit what is asked for
  caused by: the lock does not include `pip`, which is asked for
    the lock includes `apple`, which is not asked for
hint: run `boot lock` again, or name another lock with --lockfile
",
    );
}
