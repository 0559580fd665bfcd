//! Locks as text, and as plans.

use super::{Asked, Change, Changes, Formats, Layer, Lock, Locked, Place, text};
use boot_kit::{Artifact, Digest, Plan, Proof, SignedIndex, Step, recipe::Mirrors};
use std::{collections::BTreeMap, path::Path};

fn locked(name: &str, version: &str, size: u64) -> Locked {
    Locked {
        name: name.into(),
        version: version.into(),
        arch: "amd64".into(),
        size,
        requested: name == "apple",
        place: Place::Below {
            archive: 0,
            path: format!("pool/main/{name}_{version}_amd64.deb"),
        },
        proof: Proof::Sha256(Digest::of(format!("{name} {version}"))),
    }
}

fn lock(layers: &[(&str, &[&[Locked]])]) -> Lock {
    let layer = |(name, steps): &(&str, &[&[Locked]])| Layer {
        name: (*name).into(),
        steps: steps.iter().map(|step| step.to_vec()).collect(),
    };
    Lock {
        asked: Asked {
            distribution: "debian".into(),
            release: "trixie".into(),
            variant: "minbase".into(),
            arch: "amd64".into(),
            platform: "linux/amd64".into(),
            components: vec!["main".into()],
            include: vec!["apple".into()],
            prune: "safe".into(),
            ..Asked::default()
        },
        epoch: 1_790_000_000,
        formats: Formats {
            tar: 1,
            layer: 1,
            backend: "deb/1".into(),
            prune: Digest::of("rules"),
        },
        archives: vec![vec!["http://ftp.debian.org/debian".into()]],
        indexes: vec![SignedIndex {
            name: "trixie InRelease".into(),
            url: "http://ftp.debian.org/debian/dists/trixie/InRelease".into(),
            sha256: Digest::of("index"),
            date: 1_790_000_000,
        }],
        notes: BTreeMap::from([("deb".into(), "{\"sources\":\"Types: deb\\n\"}\n".into())]),
        layers: layers.iter().map(layer).collect(),
    }
}

fn two_layers() -> Lock {
    lock(&[
        ("base", &[&[locked("base-files", "13.8+deb13u7", 73_728)]]),
        (
            "include",
            &[&[locked("pear", "1:2~a", 10)], &[locked("apple", "1", 20)]],
        ),
    ])
}

#[test]
fn a_lock_is_one_line_for_each_artifact() {
    let digest = |text: &str| Digest::of(text).to_string();
    let expected = format!(
        r#"# Written by `boot lock`: the exact packages of an image, from which `--locked` builds the same bytes.
# Do not edit it: run `boot lock` again.
format = 1
epoch = 1790000000

[request]
distribution = "debian"
release = "trixie"
variant = "minbase"
arch = "amd64"
platform = "linux/amd64"
components = [
  "main",
]
include = [
  "apple",
]
exclude = []
recommends = false
prune = "safe"
keep-locales = []
no-scripts = false

[formats]
tar = 1
layer = 1
backend = "deb/1"
prune = "{}"

[[archive]]
mirrors = [
  "http://ftp.debian.org/debian",
]

[[index]]
name = "trixie InRelease"
url = "http://ftp.debian.org/debian/dists/trixie/InRelease"
sha256 = "{}"
date = 1790000000

[notes]
"deb" = "{{\"sources\":\"Types: deb\\n\"}}\n"

[[layer]]
name = "base"

[[layer.step]]
artifacts = [
  {{ name = "base-files", version = "13.8+deb13u7", arch = "amd64", size = 73728, requested = false, archive = 0, path = "pool/main/base-files_13.8+deb13u7_amd64.deb", proof = "sha256:{}" }},
]

[[layer]]
name = "include"

[[layer.step]]
artifacts = [
  {{ name = "pear", version = "1:2~a", arch = "amd64", size = 10, requested = false, archive = 0, path = "pool/main/pear_1:2~a_amd64.deb", proof = "sha256:{}" }},
]

[[layer.step]]
artifacts = [
  {{ name = "apple", version = "1", arch = "amd64", size = 20, requested = true, archive = 0, path = "pool/main/apple_1_amd64.deb", proof = "sha256:{}" }},
]
"#,
        digest("rules"),
        digest("index"),
        digest("base-files 13.8+deb13u7"),
        digest("pear 1:2~a"),
        digest("apple 1"),
    );
    assert_eq!(text::render(&two_layers()), expected);
    assert_eq!(
        text::parse("boot.lock", &expected).expect("is one"),
        two_layers()
    );
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 18] = [
            'a', 'Z', '0', '"', '\'', '\\', '\n', '\r', '\t', '\u{0}', '\u{7f}', '#', '=', '[',
            'é', '\u{2028}', '𝄞', '/',
        ];
        let length = self.next(12);
        (0..length)
            .map(|_| LETTERS[usize::try_from(self.next(18)).expect("is small")])
            .collect()
    }

    fn list(&mut self) -> Vec<String> {
        (0..self.next(4)).map(|_| self.text()).collect()
    }

    fn locked(&mut self, number: u64) -> Locked {
        let word = format!("w{}", self.next(1000));
        Locked {
            name: format!("{number}{}", self.text()),
            version: self.text(),
            arch: self.text(),
            size: self.next(1 << 40),
            requested: self.next(2) == 0,
            place: match self.next(3) {
                0 => Place::At(vec![format!("https://example.org/{}", self.text())]),
                _ => Place::Below {
                    archive: 0,
                    path: format!("pool/{word}\"é.deb"),
                },
            },
            proof: match self.next(2) {
                0 => Proof::Identity(self.text()),
                _ => Proof::Sha256(Digest::of(&word)),
            },
        }
    }
}

#[test]
fn what_is_written_is_read_and_written_alike() {
    for seed in 1..200 {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut count = 0;
        let mut layer = |numbers: &mut Numbers| Layer {
            name: numbers.text(),
            steps: (0..numbers.next(3))
                .map(|_| {
                    let artifacts = 0..numbers.next(4);
                    artifacts
                        .map(|_| {
                            count += 1;
                            numbers.locked(count)
                        })
                        .collect()
                })
                .collect(),
        };
        let lock = Lock {
            layers: (0..numbers.next(3)).map(|_| layer(&mut numbers)).collect(),
            asked: Asked {
                distribution: numbers.text(),
                include: numbers.list(),
                exclude: numbers.list(),
                keep_locales: numbers.list(),
                recommends: numbers.next(2) == 0,
                no_scripts: numbers.next(2) == 0,
                epoch: (numbers.next(2) == 0).then_some(7),
                ..two_layers().asked
            },
            epoch: i64::try_from(numbers.next(1 << 40)).expect("is small"),
            notes: BTreeMap::from([(numbers.text(), numbers.text())]),
            ..two_layers()
        };
        let written = text::render(&lock);
        let read = text::parse("boot.lock", &written).expect(&written);
        assert_eq!(read, lock, "{written}");
        assert_eq!(text::render(&read), written);
    }
}

#[test]
fn a_lock_edited_by_hand_is_refused_by_line_or_name() {
    let whole = text::render(&two_layers());
    let line_of = |word: &str| {
        let line = whole.lines().position(|line| line.contains(word));
        line.expect(word) + 1
    };
    let digest = Digest::of("apple 1").to_string();
    for (from, to, place, why) in [
        (
            "format = 1",
            "format = 7",
            None,
            "`boot.lock` has format 7, this `boot` reads 1",
        ),
        (
            "epoch = 1790000000",
            "epoch = -1",
            Some("epoch"),
            "a date is not before 1970",
        ),
        (
            &digest,
            "1234",
            Some("\"apple\", version"),
            "`1234` is not a SHA-256 digest",
        ),
        (
            "size = 20",
            "size = -20",
            Some("\"apple\", version"),
            "invalid value: integer `-20`, expected u64",
        ),
        (
            "size = 20",
            "size = \"20\"",
            Some("\"apple\", version"),
            "invalid type: string \"20\", expected u64",
        ),
        (
            "pool/main/apple_1",
            "pool/../../apple_1",
            Some("\"apple\", version"),
            "`pool/../../apple_1_amd64.deb` is not a path below an archive",
        ),
        (
            "http://ftp.debian.org/debian\"",
            "ftp://ftp.debian.org/debian\"",
            Some("mirrors = ["),
            "`ftp://ftp.debian.org/debian` is neither http, https nor file",
        ),
        (
            "recommends = false",
            "recomends = false",
            Some("recommends"),
            "unknown field `recomends`, expected one of `distribution`, `release`, `variant`, `arch`, `platform`, \
             `components`, `include`, `exclude`, `recommends`, `prune`, `keep-locales`, `no-scripts`, `epoch`",
        ),
        (
            "archive = 0, path = \"pool/main/apple",
            "archive = 1, path = \"pool/main/apple",
            None,
            "artifact `apple` is in archive 1, there are 1",
        ),
        (
            "archive = 0, path = \"pool/main/apple_1_amd64.deb\", ",
            "",
            None,
            "artifact `apple` needs either `archive` and `path` or `urls`",
        ),
        (
            "name = \"apple\"",
            "name = \"pear\"",
            None,
            "artifact `pear` of `amd64` is there twice",
        ),
    ] {
        let edited = whole.replacen(from, to, 1);
        assert_ne!(edited, whole, "{from}");
        let error = text::parse("boot.lock", &edited).expect_err(to);
        let told = error.one_line();
        match place {
            Some(word) => {
                let line = line_of(word);
                assert_eq!(told, format!("cannot use `boot.lock` line {line}: {why}"));
            }
            None if to == "format = 7" => assert_eq!(told, why),
            None => assert_eq!(told, format!("cannot use `boot.lock`: {why}")),
        }
    }
}

fn mirrors(urls: &[&str], public: &[&str]) -> Mirrors {
    let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
    Mirrors {
        urls: own(urls),
        public: own(public),
    }
}

const MAIN: &str = "http://ftp.debian.org/debian";
const SECURITY: &str = "http://security.debian.org/debian-security";

#[test]
fn a_lock_says_nothing_of_the_host() {
    let known = [
        mirrors(&["http://near.example/debian", MAIN], &[MAIN]),
        mirrors(&["http://near.example/debian", MAIN], &[MAIN]),
        mirrors(
            &["http://near.example/debian/security", SECURITY],
            &[SECURITY],
        ),
    ];
    let artifact = |name: &str, urls: &[&str]| Artifact {
        name: name.into(),
        version: "1".into(),
        arch: "amd64".into(),
        size: 1,
        proof: Proof::Sha256(Digest::of(name)),
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        requested: false,
    };
    let plan = Plan {
        layers: vec![boot_kit::Layer {
            name: "base".into(),
            steps: vec![Step {
                artifacts: vec![
                    artifact("a", &["http://near.example/debian/pool/a.deb"]),
                    artifact(
                        "b",
                        &[
                            "http://near.example/debian/security/pool/b.deb",
                            "http://security.debian.org/debian-security/pool/b.deb",
                        ],
                    ),
                    artifact("c", &["https://me:secret@example.org/c.tar"]),
                ],
            }],
        }],
        indexes: vec![SignedIndex {
            name: "trixie InRelease".into(),
            url: "http://near.example/debian/dists/trixie/InRelease".into(),
            ..SignedIndex::default()
        }],
        ..Plan::default()
    };
    let lock = Lock::of(&plan, Asked::default(), Formats::default(), &known);
    assert_eq!(lock.archives, [[MAIN], [SECURITY]]);
    let below = |archive, path: &str| Place::Below {
        archive,
        path: path.into(),
    };
    let places: Vec<_> = lock.artifacts().map(|it| it.place.clone()).collect();
    assert_eq!(
        places,
        [
            below(0, "pool/a.deb"),
            below(1, "pool/b.deb"),
            Place::At(vec!["https://example.org/c.tar".into()]),
        ]
    );
    assert_eq!(
        lock.indexes[0].url,
        format!("{MAIN}/dists/trixie/InRelease")
    );
    let written = text::render(&lock);
    assert!(
        !written.contains("near.example") && !written.contains("secret"),
        "{written}"
    );
}

#[test]
fn todays_mirrors_are_tried_before_those_of_the_lock() {
    let lock = Lock {
        archives: vec![vec![MAIN.into()], vec![SECURITY.into()]],
        ..lock(&[("base", &[&[locked("apple", "1", 1)]])])
    };
    let urls = |today: &[Mirrors], named| {
        let plan = lock.plan(today, named);
        let artifact = plan.artifacts().next().expect("there is one");
        artifact.urls.clone()
    };
    let path = "pool/main/apple_1_amd64.deb";
    let host = mirrors(&["http://near.example/debian", MAIN], &[MAIN]);
    let other = mirrors(&["http://near.example/security", SECURITY], &[SECURITY]);
    assert_eq!(
        urls(&[other, host], false),
        [
            format!("http://near.example/debian/{path}"),
            format!("{MAIN}/{path}")
        ]
    );
    let snapshot = "http://snapshot.debian.org/archive/debian/20260801T000000Z";
    assert_eq!(
        urls(&[mirrors(&[snapshot], &[snapshot])], true),
        [format!("{snapshot}/{path}"), format!("{MAIN}/{path}")]
    );
    assert_eq!(urls(&[], false), [format!("{MAIN}/{path}")]);
}

#[test]
fn a_changed_request_is_noticed() {
    let asked = two_layers().asked;
    let now = |change: fn(&mut Asked)| {
        let mut now = asked.clone();
        change(&mut now);
        match asked.check(&now, Path::new("boot.lock")) {
            Ok(()) => String::new(),
            Err(error) => error.one_line(),
        }
    };
    let refused = |why: &str| format!("`boot.lock` does not fit what is asked for: {why}");
    assert_eq!(now(|_| ()), "");
    assert_eq!(
        now(|it| it.include = vec!["pear".into(), "apple".into()]),
        refused("the lock does not include `pear`, which is asked for")
    );
    assert_eq!(
        now(|it| it.include.clear()),
        refused("the lock includes `apple`, which is not asked for")
    );
    assert_eq!(
        now(|it| {
            it.release = "sid".into();
            it.recommends = true;
        }),
        refused(
            "the release is `sid`, in the lock `trixie`\nrecommended packages are asked for, the lock does not have them"
        )
    );
    let mut swapped = asked.clone();
    swapped.include = vec!["a".into(), "b".into()];
    let other = Asked {
        include: vec!["b".into(), "a".into()],
        ..asked.clone()
    };
    assert_eq!(swapped.differences(&other), Vec::<String>::new());
}

#[test]
fn changes_are_what_comes_goes_and_moves() {
    let before = two_layers();
    let after = lock(&[(
        "base",
        &[&[
            locked("base-files", "13.8+deb13u7", 73_728),
            locked("apple", "2", 25),
            locked("cherry", "1", 7),
        ]],
    )]);
    let side = |version: &str, size| Some((version.to_owned(), size));
    let change = |name: &str, before, after| Change {
        name: name.into(),
        arch: "amd64".into(),
        before,
        after,
    };
    let changes = Changes::between(Some(&before), &after);
    let expected = Changes {
        asked: vec![],
        packages: vec![
            change("apple", side("1", 20), side("2", 25)),
            change("cherry", None, side("1", 7)),
            change("pear", side("1:2~a", 10), None),
        ],
        also: vec![],
        kept: 1,
        new_bytes: 32,
    };
    assert_eq!(changes, expected);
    assert_eq!(changes.growth(), 2);
    assert!(Changes::between(Some(&before), &before).is_empty());
}
