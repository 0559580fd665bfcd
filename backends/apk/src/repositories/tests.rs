use super::*;
use crate::testkit::Warnings;
use boot_kit::recipe::Archive;

fn recipe(mirrors: &[&str]) -> Recipe {
    Recipe {
        distribution: "alpine".into(),
        release: "v3.19".into(),
        arch: "x86_64".into(),
        components: vec!["main".into(), "community".into()],
        archives: vec![Archive {
            suite: "v3.19".into(),
            mirrors: vec![
                "http://one.example/alpine/".into(),
                "http://two.example/alpine".into(),
            ],
            ..Archive::default()
        }],
        mirrors: mirrors.iter().map(|word| (*word).to_owned()).collect(),
        ..Recipe::default()
    }
}

/// What is used: tag, bases, and the index of the first.
fn used(mirrors: &[&str]) -> Vec<String> {
    let repositories = repositories(&recipe(mirrors), &Settings::default()).expect("understood");
    let lines = repositories.iter().map(|repository| {
        let tag = repository.tag.as_deref().unwrap_or("-");
        let index = repository.index_url(&repository.bases[0], "x86_64");
        let rest = repository.bases[1..].join(" ");
        format!("{tag} {index} {rest}").trim_end().to_owned()
    });
    lines.collect()
}

fn written(mirrors: &[&str]) -> (String, Vec<String>) {
    let warnings = Warnings::default();
    let text = image_repositories(&recipe(mirrors), &Settings::default(), &warnings);
    (text.expect("understood"), warnings.take())
}

const OFFICIAL: [&str; 2] = [
    "- http://one.example/alpine/v3.19/main/x86_64/APKINDEX.tar.gz http://two.example/alpine/v3.19/main",
    "- http://one.example/alpine/v3.19/community/x86_64/APKINDEX.tar.gz http://two.example/alpine/v3.19/community",
];

#[test]
fn every_component_of_a_release_is_a_repository() {
    assert_eq!(used(&[]), OFFICIAL);
    let mut wolfi = recipe(&[]);
    wolfi.components.clear();
    wolfi.archives = vec![Archive {
        suite: String::new(),
        mirrors: vec!["https://wolfi.example/os".into()],
        ..Archive::default()
    }];
    let repositories = repositories(&wolfi, &Settings::default()).expect("understood");
    assert_eq!(
        repositories[0].index_url(&repositories[0].bases[0], "x86_64"),
        "https://wolfi.example/os/x86_64/APKINDEX.tar.gz"
    );
}

#[test]
fn a_mirror_is_a_root_an_index_or_a_line() {
    for (mirrors, expected) in [
        (
            &["http://a.example/alpine/", "file:///srv/alpine"][..],
            &[
                "- http://a.example/alpine/v3.19/main/x86_64/APKINDEX.tar.gz file:///srv/alpine/v3.19/main",
                "- http://a.example/alpine/v3.19/community/x86_64/APKINDEX.tar.gz file:///srv/alpine/v3.19/community",
            ][..],
        ),
        (
            &["http://a.example/feed/packages.adb"],
            &["- http://a.example/feed/packages.adb"],
        ),
        (
            &["# mine\nhttp://a.example/own\n\n@edge http://b.example/edge main testing\n"],
            &[
                "- http://a.example/own/x86_64/APKINDEX.tar.gz",
                "edge http://b.example/edge/main/x86_64/APKINDEX.tar.gz",
                "edge http://b.example/edge/testing/x86_64/APKINDEX.tar.gz",
            ],
        ),
        (
            &[
                "v3 http://a.example/own",
                "ndx @t http://b.example/x/index.adb",
            ],
            &[
                "- http://a.example/own/x86_64/Packages.adb",
                "t http://b.example/x/index.adb",
            ],
        ),
    ] {
        assert_eq!(used(mirrors), expected, "{mirrors:?}");
    }
    let mut edge: Vec<&str> = OFFICIAL.to_vec();
    edge.push("edge http://e.example/edge/main/x86_64/APKINDEX.tar.gz");
    assert_eq!(used(&["@edge http://e.example/edge/main"]), edge);
}

#[test]
fn a_file_of_repositories_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("repositories");
    std::fs::write(
        &file,
        "http://a.example/main\n#http://a.example/community\n",
    )
    .expect("writable");
    let word = file.to_str().expect("is text");
    assert_eq!(
        used(&[word]),
        ["- http://a.example/main/x86_64/APKINDEX.tar.gz"]
    );
    let root = directory.path().to_str().expect("is text");
    let main = format!("- file://{root}/v3.19/main/x86_64/APKINDEX.tar.gz");
    assert_eq!(used(&[root])[0], main);
}

#[test]
fn what_is_not_understood_is_named_without_its_password() {
    for (word, message) in [
        (
            "ftp://me:secret@a.example/x",
            "the mirror `ftp://a.example/x` is neither http, https nor file",
        ),
        ("@edge", "the line `@edge` of repositories has no URL"),
        (
            "@ http://a.example",
            "the line `@ http://a.example` of repositories has an empty tag",
        ),
        (
            "ndx http://a:b@c.example/x.adb main",
            "the line `ndx http://c.example/x.adb main` of repositories has components for a single index",
        ),
        (
            "v2 http://${host}/x",
            "the line `v2 http://${host}/x` of repositories has a variable, which is not supported",
        ),
        (
            "/nowhere/repositories",
            "cannot read `/nowhere/repositories`",
        ),
    ] {
        let error = repositories(&recipe(&[word]), &Settings::default()).expect_err("is refused");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (boot_kit::ErrorKind::Usage, message)
        );
    }
}

#[test]
fn the_image_names_official_repositories_or_those_the_user_named() {
    let official =
        "http://one.example/alpine/v3.19/main\nhttp://one.example/alpine/v3.19/community\n";
    let none = Vec::<String>::new();
    assert_eq!(written(&[]), (official.to_owned(), none.clone()));
    assert_eq!(
        written(&["file:///srv/alpine"]),
        (official.to_owned(), none.clone())
    );
    assert_eq!(
        written(&["@edge http://e.example/main"]).0,
        format!("{official}@edge http://e.example/main\n")
    );
    assert_eq!(
        written(&["v3 http://a.example/own\n@t http://b.example/x.adb"]).0,
        "v3 http://a.example/own\n@t http://b.example/x.adb\n"
    );
    let warning =
        "the image's repositories name `http://a.example/own` without the user and password given";
    assert_eq!(
        written(&["v2 http://me:secret@a.example/own"]),
        (
            "http://a.example/own\n".to_owned(),
            vec![warning.to_owned()]
        )
    );
}

#[test]
fn all_that_is_used_is_below_a_mirror() {
    let recipe = recipe(&["http://me:secret@a.example", "@edge http://e.example/main"]);
    let urls: Vec<_> = mirrors(&recipe)
        .expect("understood")
        .into_iter()
        .map(|mirrors| (mirrors.urls, mirrors.public))
        .collect();
    let pair = |used: &str, public: &str| (vec![used.to_owned()], vec![public.to_owned()]);
    assert_eq!(
        urls,
        [
            pair(
                "http://me:secret@a.example/v3.19/main",
                "http://a.example/v3.19/main"
            ),
            pair(
                "http://me:secret@a.example/v3.19/community",
                "http://a.example/v3.19/community"
            ),
            pair("http://e.example/main", "http://e.example/main"),
        ]
    );
}

#[test]
fn a_package_is_where_its_index_says() {
    let mut package = Package {
        name: "a".into(),
        version: "1-r0".into(),
        arch: "x86_64".into(),
        identity: "Q1x".into(),
        ..Package::default()
    };
    let by_arch = Repository {
        bases: vec!["http://a".into(), "http://b".into()],
        ..Repository::default()
    };
    let flat = Repository {
        layout: Layout::Flat("packages.adb".into()),
        ..by_arch.clone()
    };
    let urls = |repository: &Repository, package: &Package, spec| {
        repository
            .package_urls(package, "aarch64", spec)
            .expect("is a path")
            .join(" ")
    };
    assert_eq!(
        urls(&by_arch, &package, None),
        "http://a/x86_64/a-1-r0.apk http://b/x86_64/a-1-r0.apk"
    );
    assert_eq!(
        urls(&flat, &package, None),
        "http://a/a-1-r0.apk http://b/a-1-r0.apk"
    );
    package.identity = "Q2x".into();
    assert_eq!(
        urls(&by_arch, &package, None),
        "http://a/aarch64/a-1-r0.apk http://b/aarch64/a-1-r0.apk"
    );
    let spec = Some("${arch}/pool/${name}_${version}.apk");
    assert_eq!(
        urls(&by_arch, &package, spec),
        "http://a/x86_64/pool/a_1-r0.apk http://b/x86_64/pool/a_1-r0.apk"
    );
    for (spec, message) in [
        (
            "${name",
            "the index's pattern of names `${name` is malformed",
        ),
        (
            "${hash}",
            "the index's pattern of names `${hash}` has the unknown word `hash`",
        ),
        (
            "../${name}",
            "the index's pattern of names `../${name}` does not make a path",
        ),
    ] {
        let error = by_arch
            .package_urls(&package, "x86_64", Some(spec))
            .expect_err("is refused");
        assert_eq!(error.to_string(), message);
    }
}
