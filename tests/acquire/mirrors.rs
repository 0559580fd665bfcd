//! Mirrors that fail, and those that help out.

use crate::bench::{self, Bench, shown};
use boot_kit::{
    ErrorKind, Recipe,
    testkit::{Archive, Deb, Fault, Server, SigningKey},
};

const RELEASE: &str = "/debian/dists/trixie/InRelease";

fn archive() -> Archive {
    Archive::new("trixie").package(Deb::new("a", "1"))
}

#[test]
fn the_next_mirror_helps_out() {
    let archive = archive();
    let wrong = SigningKey::new().clearsign(&archive.release(), Archive::DATE);
    for (path, fault) in [
        ("/*", Fault::Close),
        ("/*", Fault::Status(503)),
        ("/*", Fault::Status(404)),
        (RELEASE, Fault::Replace(wrong)),
        (RELEASE, Fault::Alter(100)),
        (RELEASE, Fault::Endless),
    ] {
        let (bench, bad, good) = (Bench::new(), archive.serve(), archive.serve());
        bad.fail(path, fault.clone());
        let recipe = bench::recipe(&archive, &[&bad, &good]);
        let acquired = bench.acquire(&recipe).expect("the second is good");
        assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
        let mut mirrors = recipe.archives[0].mirrors.clone();
        mirrors.reverse();
        assert_eq!(acquired.suites[0].mirrors, mirrors, "{fault:?}");
        let warnings = bench.warnings();
        assert_eq!(warnings.len(), 1, "{fault:?}: {warnings:?}");
    }
}

#[test]
fn lists_may_come_from_another_mirror_under_one_release_file() {
    let faults = [Fault::Status(404), Fault::Alter(20), Fault::Status(503)];
    let archives = [archive(), archive().of_sha512()];
    for (archive, fault) in archives
        .iter()
        .flat_map(|it| faults.iter().map(move |fault| (it, fault)))
    {
        let (bench, bad, good) = (Bench::new(), archive.serve(), archive.serve());
        bad.fail("/debian/dists/trixie/main/*", fault.clone());
        let acquired = bench
            .acquire(&bench::recipe(archive, &[&bad, &good]))
            .expect("the second has the list");
        assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
        // One release file for everything: the second was not asked for its own.
        let asked = good.take_requests();
        assert!(
            !asked.iter().any(|asked| asked.contains("InRelease")),
            "{asked:?}"
        );
    }
}

#[test]
fn a_mirror_in_the_middle_of_an_update_is_asked_again() {
    let old = archive();
    let new = archive()
        .package(Deb::new("b", "1"))
        .signed_by(old.signing_key())
        .dated(Archive::DATE + 3600);
    let (bench, server) = (Bench::new(), Server::start());
    // The first release file names lists that are gone already; a moment later the new one is there.
    server.put_tree("/debian", new.build());
    let stale = old.build().remove("dists/trixie/InRelease");
    server.fail_times(RELEASE, 1, Fault::Replace(stale.expect("is built")));
    let recipe = bench::recipe(&new, &[&server]);
    let acquired = bench.acquire(&recipe).expect("is whole now");
    assert_eq!(shown(&acquired), [("main", "amd64", new.list("amd64"))]);
}

#[test]
fn lists_that_no_mirror_has_are_not_the_users_mistake() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    server.fail("/debian/dists/trixie/main/*", Fault::Status(404));
    let error = bench
        .acquire(&bench::recipe(&archive, &[&server]))
        .expect_err("has no lists");
    assert_eq!(error.kind(), ErrorKind::Network);
    let shown = format!("{error:?}");
    assert!(
        shown.starts_with(
            "Network: cannot use `trixie`: `trixie` names a list that no mirror has: "
        ),
        "{shown}"
    );
    assert!(shown.contains("the mirror is being updated"), "{shown}");
}

#[test]
fn by_hash_finds_lists_that_were_replaced() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    for ending in ["xz", "gz"] {
        let path = format!("/debian/dists/trixie/main/binary-amd64/Packages.{ending}");
        server.put(&path, "newer");
    }
    let acquired = bench
        .acquire(&bench::recipe(&archive, &[&server]))
        .expect("the digest's name still leads to it");
    assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
}

#[test]
fn trouble_that_passes_is_not_noticed() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    server
        .fail_times(RELEASE, 2, Fault::Status(503))
        .fail_times("/debian/dists/trixie/main/*", 2, Fault::BreakOff(50));
    let acquired = bench.acquire(&bench::recipe(&archive, &[&server]));
    assert_eq!(
        shown(&acquired.expect("comes in the end")),
        [("main", "amd64", archive.list("amd64"))]
    );
    assert_eq!(bench.warnings(), Vec::<String>::new());
}

#[test]
fn the_hosts_mirror_is_used_but_not_trusted() {
    let archive = archive();
    let official = archive.serve();
    for (near, is_good) in [
        (archive.serve(), true),
        // It serves another release, signed by someone else, or nothing at all.
        (Archive::new("trixie").serve(), false),
        (Server::start(), false),
    ] {
        let host = tempfile::tempdir().expect("a temporary directory");
        let etc = host.path();
        std::fs::create_dir(etc.join("apt")).expect("writable");
        std::fs::write(
            etc.join("os-release"),
            "ID=debian\nVERSION_CODENAME=bookworm\n",
        )
        .expect("writable");
        std::fs::write(
            etc.join("apt/sources.list"),
            format!("deb {}/debian bookworm main\n", near.url()),
        )
        .expect("writable");
        let bench = Bench::new();
        let recipe = Recipe {
            host: Some(etc.to_owned()),
            ..bench::recipe(&archive, &[&official])
        };
        let acquired = bench.acquire(&recipe).expect("the official one is good");
        assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
        assert_eq!(bench.warnings().is_empty(), is_good);
        let asked = official.take_requests();
        assert_eq!(asked.is_empty(), is_good, "{asked:?}");
    }
}

#[test]
fn only_the_named_mirror_is_used() {
    let archive = archive();
    let (bench, official, named) = (Bench::new(), archive.serve(), archive.serve());
    let recipe = Recipe {
        mirrors: vec![format!("{}/debian", named.url())],
        ..bench::recipe(&archive, &[&official])
    };
    assert!(bench.acquire(&recipe).is_ok());
    named.fail("/*", Fault::Status(404));
    assert!(bench.acquire(&recipe).is_err());
    assert_eq!(official.take_requests(), Vec::<String>::new());
}

#[test]
fn a_directory_is_a_mirror_too() {
    let archive = archive();
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (path, bytes) in archive.build() {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("has one")).expect("writable");
        std::fs::write(path, bytes).expect("writable");
    }
    let bench = Bench::new();
    for scheme in ["file://", "copy:", ""] {
        let recipe = Recipe {
            mirrors: vec![format!("{scheme}{}", directory.path().display())],
            ..bench::recipe(&archive, &[])
        };
        let acquired = bench.acquire(&recipe).expect("is good");
        assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
    }
}
