//! From signed archives on a local server to proven lists: what is taken, and what is refused.

mod bench;
mod known;
mod mirrors;
mod rollback;
mod trust;

use bench::Bench;
use boot_kit::{
    Recipe,
    testkit::{Archive, Deb, Packing},
};

#[test]
fn the_lists_are_those_of_the_archive() {
    let archive = Archive::new("trixie")
        .arch("i386")
        .package(Deb::new("a", "1").depends("b"))
        .package(Deb::new("b", "2").arch("all"))
        .package(Deb::new("c", "3").arch("i386"));
    let server = archive.serve();
    let bench = Bench::new();
    let mut recipe = bench::recipe(&archive, &[&server]);
    let acquired = bench.acquire(&recipe).expect("is good");
    assert_eq!(
        bench::shown(&acquired),
        [("main", "amd64", archive.list("amd64"))]
    );
    assert_eq!(acquired.suites[0].mirrors, recipe.archives[0].mirrors);
    assert_eq!(acquired.epoch(), Archive::DATE);

    recipe.include = vec!["c:i386".into(), "a".into(), "b:any".into()];
    let acquired = bench.acquire(&recipe).expect("is good");
    assert_eq!(
        bench::shown(&acquired),
        [
            ("main", "amd64", archive.list("amd64")),
            ("main", "i386", archive.list("i386")),
        ]
    );
}

#[test]
fn a_list_of_all_is_read_unless_it_repeats() {
    let archive = Archive::new("trixie")
        .arch("all")
        .package(Deb::new("a", "1"))
        .package(Deb::new("b", "2").arch("all"));
    for (archive, archs) in [
        (archive.clone(), vec!["amd64", "all"]),
        (
            archive.field("No-Support-for-Architecture-all", "Packages"),
            vec!["amd64"],
        ),
    ] {
        let (bench, server) = (Bench::new(), archive.serve());
        let acquired = bench
            .acquire(&bench::recipe(&archive, &[&server]))
            .expect("is good");
        let found: Vec<_> = acquired.lists.iter().map(|list| &list.arch).collect();
        assert_eq!(found, archs);
    }
}

#[test]
fn every_form_of_a_list_will_do() {
    for packing in [Packing::Xz, Packing::Gzip, Packing::Zstd, Packing::Plain] {
        for by_hash in [true, false] {
            let archive = Archive::new("trixie")
                .package(Deb::new("a", "1"))
                .packed(&[packing]);
            let archive = if by_hash {
                archive
            } else {
                archive.without_by_hash()
            };
            let (bench, server) = (Bench::new(), archive.serve());
            let acquired = bench
                .acquire(&bench::recipe(&archive, &[&server]))
                .expect("is good");
            assert_eq!(
                bench::shown(&acquired),
                [("main", "amd64", archive.list("amd64"))]
            );
            let asked = server.take_requests().pop().expect("the list");
            assert_eq!(asked.contains("/by-hash/SHA256/"), by_hash, "{asked}");
        }
    }
}

#[test]
fn several_suites_come_at_once() {
    let trixie = Archive::new("trixie").package(Deb::new("a", "1"));
    let security = Archive::new("trixie-security")
        .package(Deb::new("a", "2"))
        .signed_by(trixie.signing_key())
        .dated(Archive::DATE + 3600);
    let empty = Archive::new("trixie-updates").signed_by(trixie.signing_key());
    let server = trixie.serve();
    server
        .put_tree("/debian", empty.build())
        .put_tree("/security", security.build());
    let bench = Bench::new();
    let mut recipe = bench::recipe(&trixie, &[&server]);
    for (suite, directory) in [
        ("trixie-updates", "debian"),
        ("trixie-security", "security"),
    ] {
        recipe.archives.push(boot_kit::recipe::Archive {
            suite: suite.into(),
            mirrors: vec![format!("{}/{directory}", server.url())],
            ..boot_kit::recipe::Archive::default()
        });
    }
    let acquired = bench.acquire(&recipe).expect("is good");
    let suites: Vec<_> = acquired.suites.iter().map(|suite| &suite.name).collect();
    assert_eq!(suites, ["trixie", "trixie-updates", "trixie-security"]);
    let of: Vec<_> = acquired.lists.iter().map(|list| list.suite).collect();
    assert_eq!(of, [0, 2]);
    let texts: Vec<_> = bench::shown(&acquired).into_iter().map(|it| it.2).collect();
    assert_eq!(texts, [trixie.list("amd64"), security.list("amd64")]);
    assert_eq!(acquired.epoch(), Archive::DATE + 3600);
}

#[test]
fn a_second_run_works_offline() {
    let archive = Archive::new("trixie").package(Deb::new("a", "1"));
    works_offline(&archive);
    works_offline(&archive.of_sha512());
}

fn works_offline(archive: &Archive) {
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = bench::recipe(archive, &[&server]);
    assert_eq!(
        format!(
            "{:?}",
            bench.acquire_offline(&recipe).expect_err("is empty")
        ),
        "NotFound: nothing is known of `trixie` (hint: run the same command once without --offline)"
    );
    let online = bench.acquire(&recipe).expect("is good");
    server.take_requests();
    let offline = bench.acquire_offline(&recipe).expect("is stored");
    assert_eq!(offline.suites, online.suites);
    assert_eq!(bench::shown(&offline), bench::shown(&online));
    assert_eq!(server.take_requests(), Vec::<String>::new());
}

#[test]
fn what_does_not_exist_is_the_users_mistake() {
    let archive = Archive::new("trixie").package(Deb::new("a", "1"));
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = bench::recipe(&archive, &[&server]);
    let mut suite = recipe.clone();
    suite.archives[0].suite = "trixei".into();
    let releases = "[releases.trixie]\n[releases.bookworm]\n";
    suite.settings = toml::from_str(releases).expect("is TOML");
    let component = Recipe {
        components: vec!["main".into(), "man".into()],
        ..recipe.clone()
    };
    let arch = Recipe {
        arch: "vax".into(),
        ..recipe.clone()
    };
    let mirror = Recipe {
        mirrors: vec![format!("{}/nowhere", server.url())],
        ..recipe.clone()
    };
    let nothing = Recipe {
        archives: Vec::new(),
        ..recipe
    };
    for (recipe, message, hint) in [
        (
            suite,
            "`debian` has no release `trixei`",
            "choose one of bookworm, trixie",
        ),
        (
            component,
            "`trixie` has no component `man`",
            "choose one of main",
        ),
        (
            arch,
            "`trixie` has no packages for `vax`",
            "choose one of amd64",
        ),
        (
            mirror,
            "`debian` has no release `trixie`",
            "check the name of the release and the mirror's address",
        ),
        (
            nothing,
            "`debian` has no archives",
            "name one with --mirror",
        ),
    ] {
        let error = bench.acquire(&recipe).expect_err(message);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint(), Some(hint));
        assert_eq!(error.kind(), boot_kit::ErrorKind::Usage);
    }
}
