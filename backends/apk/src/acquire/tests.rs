use super::*;
use crate::testkit::{Apk, Files, Key, Warnings, index};
use boot_kit::recipe::Archive;

const ONE: &str = "http://one.example/v1/main/x86_64/APKINDEX.tar.gz";
const TWO: &str = "http://two.example/v1/main/x86_64/APKINDEX.tar.gz";

fn recipe(key: &Key) -> Recipe {
    Recipe {
        distribution: "alpine".into(),
        release: "v1".into(),
        arch: "x86_64".into(),
        components: vec!["main".into()],
        archives: vec![Archive {
            suite: "v1".into(),
            mirrors: vec!["http://one.example".into(), "http://two.example".into()],
            ..Archive::default()
        }],
        keys: vec![key.public()],
        ..Recipe::default()
    }
}

fn acquired(recipe: &Recipe, files: &Files) -> (Result<Vec<Acquired>>, Vec<String>) {
    let warnings = Warnings::default();
    let result = acquire(recipe, &Settings::default(), files, &warnings);
    (result, warnings.take())
}

fn made(key: &Key, version: &str, date: i64) -> Vec<u8> {
    index(key, version, &[Apk::new("a", version).stanza()], date)
}

const LATER: i64 = Apk::DATE + 7200;

#[test]
fn an_index_comes_from_the_first_mirror_that_can_be_trusted() {
    let (key, other) = (Key::new("a.rsa.pub"), Key::new("b.rsa.pub"));
    let files = Files::default();
    files.put(ONE, made(&other, "1", LATER));
    files.put(TWO, made(&key, "2", LATER));
    let (found, warnings) = acquired(&recipe(&key), &files);
    let found = found.expect("one is good").remove(0);
    assert_eq!(found.index.packages[0].version, "2");
    assert_eq!(found.url, TWO);
    assert_eq!(
        found.repository.bases,
        ["http://two.example/v1/main", "http://one.example/v1/main"]
    );
    assert_eq!(
        warnings,
        [format!(
            "the index `{ONE}` cannot be trusted: it is signed by `b.rsa.pub`, not by the known key `a.rsa.pub`: \
             trying another mirror"
        )]
    );
}

#[test]
fn without_a_good_one_trust_is_what_is_told_of() {
    let (key, other) = (Key::new("a.rsa.pub"), Key::new("b.rsa.pub"));
    let files = Files::default();
    files.put(TWO, made(&other, "2", LATER));
    let error = acquired(&recipe(&key), &files).0.expect_err("none is good");
    assert_eq!(
        (error.kind(), error.to_string()),
        (
            ErrorKind::Trust,
            format!("the index `{TWO}` cannot be trusted")
        )
    );
    assert_eq!(files.notes(), Vec::<String>::new());

    let error = acquired(&recipe(&key), &Files::default())
        .0
        .expect_err("none is there");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::Usage,
            "`alpine` has no repository `v1/main` for `x86_64`"
        )
    );
    let mut keyless = recipe(&key);
    keyless.keys.clear();
    let error = acquired(&keyless, &files).0.expect_err("no key");
    assert_eq!(
        error.to_string(),
        "there is no key to verify `v1/main` of `alpine` with"
    );
}

#[test]
fn what_was_proven_is_there_offline_for_the_same_keys() {
    let key = Key::new("a.rsa.pub");
    let mut files = Files::default();
    files.put(ONE, made(&key, "1", LATER));
    let online = acquired(&recipe(&key), &files).0.expect("is good");
    files.offline = true;
    let (offline, warnings) = acquired(&recipe(&key), &files);
    assert_eq!(offline.expect("is remembered"), online);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(files.notes(), [format!("apk index of alpine {ONE}")]);
    let error = acquired(&recipe(&Key::new("a.rsa.pub")), &files)
        .0
        .expect_err("other keys");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::NotFound, "nothing is known of `v1/main`")
    );
}

#[test]
fn a_mirror_is_not_followed_back_in_time() {
    let key = Key::new("a.rsa.pub");
    let files = Files::default();
    files.put(ONE, made(&key, "2", LATER));
    acquired(&recipe(&key), &files).0.expect("is good");
    files.put(ONE, made(&key, "1", Apk::DATE));
    let (found, warnings) = acquired(&recipe(&key), &files);
    assert_eq!(
        found.expect("the newer one").remove(0).index.packages[0].version,
        "2"
    );
    assert_eq!(
        warnings,
        [
            format!(
                "the index `{ONE}` is older than what was seen before, by 2 hours: trying another mirror"
            ),
            "every mirror of `v1/main` is older than what was seen before: going on with the newer one".into(),
        ]
    );
    // One that the user names may be older on purpose.
    let mut named = recipe(&key);
    named.mirrors = vec!["http://one.example".into()];
    let (found, warnings) = acquired(&named, &files);
    assert_eq!(
        found.expect("is good").remove(0).index.packages[0].version,
        "1"
    );
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn an_index_of_another_architecture_is_refused() {
    let key = Key::new("a.rsa.pub");
    let files = Files::default();
    for place in [ONE, TWO] {
        files.put(place, made(&key, "1", LATER));
    }
    let recipe = Recipe {
        arch: "aarch64".into(),
        ..recipe(&key)
    };
    for place in [ONE, TWO].map(|place| place.replace("x86_64", "aarch64")) {
        files.put(&place, made(&key, "1", LATER));
    }
    let (found, _) = acquired(&recipe, &files);
    let error = found.expect_err("is another's");
    assert_eq!(error.kind(), ErrorKind::Trust);
    let told = format!("{error:?}");
    assert!(
        told.contains("is for `x86_64`, not for `aarch64`"),
        "{told}"
    );
}
