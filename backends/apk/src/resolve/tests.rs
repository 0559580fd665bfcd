use super::*;
use crate::testkit::{self, Apk, Files, data, index, key_files};
use boot_kit::{event::Silence, recipe::Archive};

const MINIROOTFS: &str = "alpine-baselayout alpine-keys apk-tools busybox libc-utils";

/// A recipe for the genuine packages; `None` where they are not.
fn genuine(variant: &str, include: &[&str]) -> Option<Recipe> {
    let root = data("v3.19")?.parent()?.to_owned();
    Some(Recipe {
        mirrors: vec![format!("file://{}", root.display())],
        keys: key_files("keys", ".rsa.pub"),
        ..recipe(variant, include)
    })
}

fn recipe(variant: &str, include: &[&str]) -> Recipe {
    let packages: Vec<_> = variant.split(' ').map(|name| format!("'{name}'")).collect();
    let settings = format!("variant = {{ packages = [{}] }}", packages.join(", "));
    Recipe {
        distribution: "alpine".into(),
        release: "v3.19".into(),
        arch: "x86_64".into(),
        variant: "test".into(),
        components: vec!["main".into()],
        include: include.iter().map(|word| (*word).to_owned()).collect(),
        archives: vec![Archive {
            suite: "v3.19".into(),
            mirrors: vec!["https://official.example/alpine".into()],
            ..Archive::default()
        }],
        settings: settings.parse().expect("valid TOML"),
        ..Recipe::default()
    }
}

fn layers(plan: &Plan) -> Vec<(&str, Vec<String>)> {
    let layers = plan.layers.iter().map(|layer| {
        let artifacts = layer.steps.iter().flat_map(|step| &step.artifacts);
        let names = artifacts.map(|one| format!("{}-{}", one.name, one.version));
        (layer.name.as_str(), names.collect())
    });
    layers.collect()
}

#[test]
fn plans_have_the_order_in_which_apk_installed() {
    for (golden, variant, include) in [
        ("minirootfs", MINIROOTFS, &[][..]),
        ("alpine-base", "alpine-base", &[]),
        (
            "alpine-base-openssh-chrony",
            "alpine-base",
            &["openssh", "chrony"],
        ),
    ] {
        let Some(recipe) = genuine(variant, include) else {
            return;
        };
        let log = data(&format!("golden/{golden}.log.txt")).expect("is there");
        let log = std::fs::read_to_string(log).expect("readable");
        let installed: Vec<String> = log
            .lines()
            .filter_map(|line| line.split_once(") Installing ")?.1.strip_suffix(')'))
            .map(|line| line.replace(" (", "-"))
            .collect();
        let plan = resolve(&recipe, &Files::default(), &Silence).expect("can be met");
        let planned: Vec<_> = layers(&plan)
            .into_iter()
            .flat_map(|(_, names)| names)
            .collect();
        assert_eq!(planned, installed, "{golden}");
    }
}

#[test]
fn a_plan_says_all_that_the_installer_must_know() {
    let Some(mut recipe) = genuine("alpine-base", &["openssh", "!vlan"]) else {
        return;
    };
    recipe.exclude = vec!["openntpd".into()];
    let plan = resolve(&recipe, &Files::default(), &Silence).expect("can be met");
    assert_eq!(plan.epoch, 1_706_291_505);
    let [index] = &plan.indexes[..] else {
        panic!("{:?}", plan.indexes)
    };
    assert_eq!(
        (index.name.as_str(), index.date),
        ("v3.19/main index", plan.epoch)
    );
    let notes = Notes::read(&plan).expect("are there");
    assert_eq!(notes.architecture, "x86_64");
    assert_eq!(notes.base_world, ["alpine-base"]);
    assert_eq!(notes.world, ["alpine-base", "openssh", "!vlan"]);
    assert_eq!(
        notes.repositories,
        "https://official.example/alpine/v3.19/main\n"
    );
    assert_eq!(notes.keys.len(), 5);
    assert!(
        notes
            .keys
            .iter()
            .all(|key| key.text.starts_with("-----BEGIN PUBLIC KEY-----\n"))
    );
    let requested: Vec<_> = plan.artifacts().filter(|one| one.requested).collect();
    assert_eq!(
        requested
            .iter()
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>(),
        ["alpine-base", "openssh"]
    );
    for artifact in plan.artifacts() {
        let stanza = &notes.stanzas[&artifact.proof.to_string()];
        assert!(stanza.contains(&format!("\nP:{}\n", artifact.name)));
        // Noarch packages, too, are where their index says.
        let [url] = &artifact.urls[..] else {
            panic!("{:?}", artifact.urls)
        };
        let mut file =
            std::fs::File::open(url.strip_prefix("file://").expect("is local")).expect("is there");
        crate::archive::verify(
            &artifact.proof.to_string().parse().expect("valid"),
            &mut file,
        )
        .expect("is the one meant");
    }
}

#[test]
fn the_base_is_the_same_whatever_is_included() {
    let Some(alone) = genuine(MINIROOTFS, &[]) else {
        return;
    };
    let alone = resolve(&alone, &Files::default(), &Silence).expect("can be met");
    let more = genuine(MINIROOTFS, &["openrc", "chrony", "wget"]).expect("is there");
    let more = resolve(&more, &Files::default(), &Silence).expect("can be met");
    assert_eq!(more.layers[0], alone.layers[0]);
    assert_eq!((more.layers.len(), alone.layers.len()), (2, 1));
    assert_eq!((more.epoch, more.indexes), (alone.epoch, alone.indexes));
}

#[test]
fn versions_are_held_where_they_can_be_and_tags_are_noted() {
    let key = testkit::Key::new("a.rsa.pub");
    let files = Files::default();
    let stanza = |name: &str, version: &str, more: &str| {
        let apk = Apk::new(name, version);
        let apk = if more.is_empty() {
            apk
        } else {
            apk.line(&format!("depend = {more}"))
        };
        apk.stanza()
    };
    let main = [
        stanza("a", "1-r0", ""),
        stanza("a", "2-r0", ""),
        stanza("b", "1-r0", ""),
    ];
    let edge = [stanza("c", "1-r0", "a>1-r0")];
    files.put(
        "http://m.example/x86_64/APKINDEX.tar.gz",
        index(&key, "", &main, 5),
    );
    files.put(
        "http://e.example/x86_64/APKINDEX.tar.gz",
        index(&key, "", &edge, 5),
    );
    let plan = |include: &[&str], hold: &[(&str, &str)]| {
        let recipe = Recipe {
            mirrors: vec![
                "v2 http://m.example".into(),
                "@edge http://e.example".into(),
            ],
            keys: vec![key.public()],
            hold: hold
                .iter()
                .map(|(name, version)| ((*name).into(), (*version).into()))
                .collect(),
            ..recipe("a", include)
        };
        resolve(&recipe, &files, &Silence)
    };
    let names = |plan: Result<Plan>| {
        let plan = plan.expect("can be met");
        let layers: Vec<_> = layers(&plan)
            .into_iter()
            .flat_map(|(_, names)| names)
            .collect();
        (
            layers.join(" "),
            Notes::read(&plan)
                .expect("are there")
                .tags
                .into_values()
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(names(plan(&[], &[])), ("a-2-r0".into(), vec![]));
    assert_eq!(
        names(plan(&["b"], &[("a", "1-r0")])),
        ("a-1-r0 b-1-r0".into(), vec![])
    );
    // What is gone is not held, and neither is what no longer fits.
    assert_eq!(
        names(plan(&[], &[("a", "0-r0")])),
        ("a-2-r0".into(), vec![])
    );
    assert_eq!(
        names(plan(&["c@edge"], &[("a", "1-r0")])),
        ("a-2-r0 c-1-r0".into(), vec!["edge".into()])
    );
    let error = plan(&["c"], &[]).expect_err("is tagged");
    assert_eq!(error.kind(), ErrorKind::Unsatisfiable);
}

#[test]
fn what_is_borrowed_comes_last_in_the_base_and_is_not_installed() {
    let key = testkit::Key::new("a.rsa.pub");
    let files = Files::default();
    let stanzas = [
        Apk::new("a", "1-r0").stanza(),
        Apk::new("release", "1-r0").stanza(),
        Apk::new("release", "2-r0").stanza(),
        Apk::new("whole", "1-r0").line("depend = release").stanza(),
    ];
    files.put(
        "http://m.example/x86_64/APKINDEX.tar.gz",
        index(&key, "", &stanzas, 5),
    );
    let plan = |include: &[&str], exclude: &[&str]| {
        let settings = "variant = { packages = ['a'], borrow = { release = 'etc' } }";
        let recipe = Recipe {
            mirrors: vec!["v2 http://m.example".into()],
            keys: vec![key.public()],
            settings: settings.parse().expect("valid TOML"),
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
            ..recipe("a", include)
        };
        resolve(&recipe, &files, &Silence).expect("can be met")
    };
    let alone = plan(&[], &[]);
    let base = (
        "base",
        vec!["a-1-r0".to_owned(), "release/etc-2-r0".to_owned()],
    );
    assert_eq!(layers(&alone), std::slice::from_ref(&base));
    let notes = Notes::read(&alone).expect("are there");
    let borrowed = Borrowed {
        package: "release".into(),
        directory: "etc".into(),
    };
    assert_eq!(
        notes.borrowed,
        BTreeMap::from([("release/etc".to_owned(), borrowed)])
    );
    assert_eq!(notes.stanzas.len(), 1);
    assert_eq!(notes.base_world, ["a"]);
    let urls = &alone.layers[0].steps[0].artifacts[1].urls;
    assert_eq!(urls[..], ["http://m.example/x86_64/release-2-r0.apk"]);
    // The base is the same where it is installed on top.
    let more = plan(&["whole"], &[]);
    let include = (
        "include",
        vec!["release-2-r0".to_owned(), "whole-1-r0".to_owned()],
    );
    assert_eq!(layers(&more), [base, include]);
    assert_eq!(
        layers(&plan(&[], &["release"])),
        [("base", vec!["a-1-r0".to_owned()])]
    );
}
