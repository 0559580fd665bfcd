//! Plans that were made before.

use crate::bench::{self, Bench};
use boot_kit::{
    Event, Recipe,
    testkit::{Archive, Deb, Fault, Server, SigningKey, Validator},
};
use std::{fs, path::PathBuf};

const RELEASE: &str = "/debian/dists/trixie/InRelease";

fn archive() -> Archive {
    Archive::new("trixie")
        .package(Deb::new("a", "1").depends("b"))
        .package(Deb::new("b", "2").arch("all"))
        .package(Deb::new("c", "3"))
}

fn asking(archive: &Archive, server: &Server, include: &str) -> Recipe {
    Recipe {
        include: include.split(' ').map(str::to_owned).collect(),
        ..bench::recipe(archive, &[server])
    }
}

/// What was asked of a server, lists as `list`.
fn requests(server: &Server) -> Vec<String> {
    let requests = server.take_requests().into_iter();
    let short = requests.map(|request| {
        if request.contains("/by-hash/") {
            return "list".to_owned();
        }
        request.replace(RELEASE, "release")
    });
    short.collect()
}

/// Sorted, because files come in any order.
fn events(bench: &Bench) -> Vec<String> {
    let mut events: Vec<_> = bench.events().iter().map(|it| format!("{it:?}")).collect();
    events.sort();
    events
}

#[test]
fn a_known_plan_is_the_one_that_would_be_made() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    server.validate(Validator::ETag);
    let recipe = asking(&archive, &server, "a");
    let made = bench.resolve(&recipe).expect("is good");
    let told = events(&bench);
    assert_eq!(requests(&server), ["GET release", "list"]);
    let known = bench.resolve(&recipe).expect("is good");
    assert_eq!(known, made);
    assert_eq!(events(&bench), told);
    assert_eq!(requests(&server), ["GET release if changed"]);
    assert_eq!(bench.resolve_offline(&recipe).expect("is known"), made);
    assert_eq!(requests(&server), Vec::<String>::new());
    assert_eq!(Bench::new().resolve(&recipe).expect("is good"), made);
}

#[test]
fn another_request_is_another_plan() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = asking(&archive, &server, "a");
    bench.resolve(&recipe).expect("is good");
    let others = [
        asking(&archive, &server, "a c"),
        Recipe {
            exclude: vec!["c".into()],
            ..recipe.clone()
        },
        Recipe {
            hold: [("a".to_owned(), "1".to_owned())].into(),
            ..recipe.clone()
        },
        Recipe {
            mirrors: vec![format!("{}/debian", server.url())],
            ..recipe.clone()
        },
        Recipe {
            settings: "prefer = ['c']".parse().expect("is TOML"),
            ..recipe.clone()
        },
    ];
    for other in &others {
        bench.events();
        let made = bench.resolve(other).expect("is good");
        assert_eq!(Bench::new().resolve(other).expect("is good"), made);
        let again = bench.resolve(other).expect("is good");
        assert_eq!(again, made);
    }
    let plan = bench.resolve(&others[0]).expect("is good");
    let names: Vec<&str> = plan.artifacts().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["b", "a", "c"]);
}

#[test]
fn a_new_release_is_a_new_plan() {
    let key = SigningKey::new();
    let old = archive().signed_by(&key);
    let new = Archive::new("trixie")
        .package(Deb::new("a", "1+fixed"))
        .signed_by(&key)
        .dated(Archive::DATE + 3600);
    let (bench, server) = (Bench::new(), old.serve());
    server.validate(Validator::LastModified);
    let recipe = asking(&old, &server, "a");
    bench.resolve(&recipe).expect("is good");
    server.put_tree("/debian", new.build());
    let plan = bench.resolve(&recipe).expect("is good");
    let versions: Vec<&str> = plan.artifacts().map(|it| it.version.as_str()).collect();
    assert_eq!(versions, ["1+fixed"]);
    assert_eq!(Bench::new().resolve(&recipe).expect("is good"), plan);
}

#[test]
fn one_changed_suite_of_two_is_a_new_plan() {
    let key = SigningKey::new();
    let trixie = archive().signed_by(&key);
    let security = |version: &str, date| {
        Archive::new("trixie-security")
            .package(Deb::new("c", version))
            .signed_by(&key)
            .dated(date)
            .build()
    };
    let (bench, server) = (Bench::new(), trixie.serve());
    server.put_tree("/debian", security("3+1", Archive::DATE));
    let mut recipe = asking(&trixie, &server, "a c");
    let mut archive = recipe.archives[0].clone();
    archive.suite = "trixie-security".into();
    recipe.archives.push(archive);
    let first = bench.resolve(&recipe).expect("is good");
    server.put_tree("/debian", security("3+2", Archive::DATE + 60));
    let second = bench.resolve(&recipe).expect("is good");
    assert_ne!(first, second);
    assert_eq!(Bench::new().resolve(&recipe).expect("is good"), second);
    assert_eq!(bench.resolve(&recipe).expect("is good"), second);
}

#[test]
fn a_known_plan_does_not_make_an_expired_release_good() {
    let archive = archive().valid_until(Archive::DATE + 2 * 86400);
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = asking(&archive, &server, "a");
    let plan = bench.resolve(&recipe).expect("is good");
    let late = Recipe {
        now: Archive::DATE + 3 * 86400,
        ..recipe.clone()
    };
    for refused in [bench.resolve(&late), bench.resolve_offline(&late)] {
        let error = refused.expect_err("has expired").one_line();
        assert!(
            error.contains("has expired: it was valid until 2025-06-03"),
            "{error}"
        );
    }
    let other = Recipe {
        keys: vec![SigningKey::new().key()],
        ..recipe.clone()
    };
    assert!(bench.resolve(&other).is_err());
    assert!(bench.resolve_offline(&other).is_err());
    assert_eq!(bench.resolve(&recipe).expect("is good"), plan);
}

#[test]
fn damaged_notes_only_cost_time() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    server.validate(Validator::ETag);
    let recipe = asking(&archive, &server, "a");
    let plan = bench.resolve(&recipe).expect("is good");
    let notes = || {
        let notes = fs::read_dir(bench.directory.path().join("notes")).expect("is there");
        notes.map(|note| note.expect("readable").path())
    };
    assert!(notes().count() >= 3);
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.truncate(10),
        Vec::clear,
    ];
    for damage in damages {
        for note in notes() {
            let whole = fs::read(&note).expect("readable");
            let mut bytes = whole.clone();
            damage(&mut bytes);
            fs::write(&note, bytes).expect("writable");
            assert_eq!(bench.resolve(&recipe).expect("is good"), plan);
        }
    }
    assert_eq!(bench.warnings(), Vec::<String>::new());
}

#[test]
fn a_server_that_says_nothing_changed_is_not_believed_for_long() {
    let key = SigningKey::new();
    let old = archive()
        .signed_by(&key)
        .valid_until(Archive::DATE + 2 * 86400);
    let new = archive().signed_by(&key).dated(Archive::DATE + 86400);
    let (bench, server) = (Bench::new(), old.serve());
    server.validate(Validator::ETag);
    let recipe = asking(&old, &server, "a");
    bench.resolve(&recipe).expect("is good");
    server.put_tree("/debian", new.build());
    server.fail_times(RELEASE, 1, Fault::Status(304));
    server.take_requests();
    let late = Recipe {
        now: Archive::DATE + 3 * 86400,
        ..recipe
    };
    let plan = bench.resolve(&late).expect("the new one is good");
    assert_eq!(plan.epoch, Archive::DATE + 86400);
    assert_eq!(
        requests(&server)[..2],
        ["GET release if changed", "GET release"]
    );
    let warned = bench.events().into_iter();
    let warned = warned.filter(|event| matches!(event, Event::Warning { .. }));
    assert_eq!(warned.count(), 0);
}

fn blobs(bench: &Bench) -> impl Iterator<Item = PathBuf> {
    let blobs = fs::read_dir(bench.directory.path().join("blobs/sha256")).expect("is there");
    blobs.map(|blob| blob.expect("readable").path())
}

/// Tells whether a file is what is kept of a list.
fn is_kept_list(blob: &PathBuf) -> bool {
    fs::read(blob).is_ok_and(|bytes| bytes.starts_with(b"deblist"))
}

/// The plans of several requests, each made on its own.
fn made_alone(recipes: &[Recipe]) -> Vec<boot_kit::Plan> {
    let plans = recipes.iter().map(|recipe| Bench::new().resolve(recipe));
    plans.map(|plan| plan.expect("is good")).collect()
}

#[test]
fn a_list_that_was_read_once_is_not_unpacked_again() {
    let archive = Archive::new("trixie")
        .packages((0..200).map(|i| Deb::new(&format!("p{i}"), "1").depends("b")))
        .package(Deb::new("b", "2").arch("all"))
        .package(Deb::new("v", "1").field("Provides", "virtual (= 3),\n other"))
        .package(Deb::new("c", "3").depends("virtual (>= 2), other"));
    let (bench, server) = (Bench::new(), archive.serve());
    let recipes = ["p3 p199", "c", "p7 c b"].map(|it| asking(&archive, &server, it));
    let plans = made_alone(&recipes);
    bench.resolve(&recipes[0]).expect("is good");
    let told = events(&bench);
    // Nobody has the list any more, neither the server nor the store.
    for path in server.paths("/debian/dists/trixie/main/") {
        server.remove(&path);
    }
    for blob in blobs(&bench).filter(|blob| !is_kept_list(blob)) {
        fs::remove_file(blob).expect("is there");
    }
    for (recipe, plan) in recipes.iter().zip(&plans) {
        assert_eq!(&bench.resolve(recipe).expect("is kept"), plan);
        let read = |events: &[String]| {
            let events = events.iter().filter(|event| event.starts_with("Index"));
            events.cloned().collect::<Vec<_>>()
        };
        assert_eq!(read(&events(&bench)), read(&told));
    }
}

#[test]
fn a_damaged_list_is_read_from_the_archive_again() {
    let packages = |i| Deb::new(&format!("p{i}"), "1").depends("b");
    let archive = Archive::new("trixie")
        .packages((0..200).map(packages))
        .package(Deb::new("b", "2").arch("all"));
    let (bench, server) = (Bench::new(), archive.serve());
    let recipes: Vec<_> = (0..30)
        .map(|i| asking(&archive, &server, &format!("p{i} p{}", 199 - i)))
        .collect();
    let plans = made_alone(&recipes);
    bench.resolve(&recipes[0]).expect("is good");
    let list = blobs(&bench).find(is_kept_list).expect("is kept");
    let whole = fs::read(&list).expect("readable");
    for (i, (recipe, plan)) in recipes.iter().zip(&plans).enumerate().skip(1) {
        let mut bytes = whole.clone();
        if i % 5 == 0 {
            bytes.truncate(whole.len() * i / 30);
        } else {
            bytes[whole.len() * i / 30] ^= 0x10;
        }
        fs::write(&list, bytes).expect("writable");
        assert_eq!(&bench.resolve(recipe).expect("is good"), plan, "{i}");
    }
    // What was damaged has been made anew, or was not looked at.
    assert!(is_kept_list(&list));
}
