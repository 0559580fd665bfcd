//! Mirrors that go back in time.

use crate::bench::{self, Bench, shown};
use boot_kit::{
    Recipe,
    testkit::{Archive, Deb, SigningKey},
};

/// The same suite on two days, the second with a fixed package.
fn days() -> (Archive, Archive) {
    let key = SigningKey::new();
    let old = Archive::new("trixie")
        .package(Deb::new("a", "1"))
        .signed_by(&key);
    let new = Archive::new("trixie")
        .package(Deb::new("a", "1+fixed"))
        .signed_by(&key)
        .dated(Archive::DATE + 2 * 86400);
    (old, new)
}

#[test]
fn a_mirror_that_went_back_is_passed_over() {
    let (old, new) = days();
    let (bench, server) = (Bench::new(), new.serve());
    assert!(bench.acquire(&bench::recipe(&new, &[&server])).is_ok());
    let (stale, fresh) = (old.serve(), new.serve());
    let acquired = bench
        .acquire(&bench::recipe(&new, &[&stale, &fresh]))
        .expect("the second is current");
    assert_eq!(shown(&acquired), [("main", "amd64", new.list("amd64"))]);
    assert_eq!(
        bench.warnings(),
        [format!(
            "`trixie` at `{}/debian` is older than what was seen before, by 2 days: trying another mirror",
            stale.url()
        )]
    );
}

#[test]
fn where_all_went_back_what_was_known_is_used() {
    let (old, new) = days();
    let (bench, server) = (Bench::new(), new.serve());
    assert!(bench.acquire(&bench::recipe(&new, &[&server])).is_ok());
    let stale = old.serve();
    let acquired = bench
        .acquire(&bench::recipe(&new, &[&stale]))
        .expect("the lists are stored");
    assert_eq!(shown(&acquired), [("main", "amd64", new.list("amd64"))]);
    assert_eq!(
        bench.warnings(),
        [
            "every mirror of `trixie` is older than what was seen before: going on with the newer one"
        ]
    );
}

#[test]
fn a_newer_release_replaces_what_was_known() {
    let (old, new) = days();
    let bench = Bench::new();
    for archive in [&old, &new] {
        let server = archive.serve();
        let recipe = Recipe {
            now: new.recipe(&[]).now,
            ..bench::recipe(archive, &[&server])
        };
        let acquired = bench.acquire(&recipe).expect("is newer");
        assert_eq!(shown(&acquired), [("main", "amd64", archive.list("amd64"))]);
        let offline = bench.acquire_offline(&recipe).expect("is stored");
        assert_eq!(offline.suites, acquired.suites);
        assert_eq!(shown(&offline), shown(&acquired));
    }
    assert_eq!(bench.warnings(), Vec::<String>::new());
}

#[test]
fn an_archive_the_user_names_may_be_older() {
    let (old, new) = days();
    let (bench, server) = (Bench::new(), new.serve());
    assert!(bench.acquire(&bench::recipe(&new, &[&server])).is_ok());
    let dated = old.serve();
    let recipe = Recipe {
        mirrors: vec![format!("{}/debian", dated.url())],
        ..bench::recipe(&new, &[&server])
    };
    let acquired = bench.acquire(&recipe).expect("is meant");
    assert_eq!(shown(&acquired), [("main", "amd64", old.list("amd64"))]);
    assert_eq!(bench.warnings(), Vec::<String>::new());
}

#[test]
fn what_was_known_under_other_keys_says_nothing() {
    let (_, new) = days();
    let (bench, server) = (Bench::new(), new.serve());
    assert!(bench.acquire(&bench::recipe(&new, &[&server])).is_ok());
    let other = Archive::new("trixie").package(Deb::new("b", "1"));
    let elsewhere = other.serve();
    let acquired = bench
        .acquire(&bench::recipe(&other, &[&elsewhere]))
        .expect("is good by its own key");
    assert_eq!(shown(&acquired), [("main", "amd64", other.list("amd64"))]);
}
