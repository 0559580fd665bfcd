use super::*;
use boot_kit::{Kind, testkit::Elf};
use std::io::Read;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// Makes a tree of files (`path` and bytes) and links (`path -> target`).
fn tree(files: &[(&str, Vec<u8>)]) -> Tree {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    for (path, content) in files {
        let entry = match path.split_once(" -> ") {
            Some((path, target)) => {
                let path = RootPath::parse(path).expect("well-formed");
                link(path, target.as_bytes(), 0)
            }
            None => boot_kit::Entry {
                kind: Kind::File {
                    size: content.len() as u64,
                },
                mode: 0o755,
                ..link(RootPath::parse(path).expect("well-formed"), b"", 0)
            },
        };
        tree.entry(&entry, &mut &content[..]).expect("room");
    }
    tree.settle().expect("nothing is missing");
    tree
}

/// Everything but directories: `path`, or `path -> target`.
fn listed(tree: &Tree) -> Vec<String> {
    struct Names(Vec<String>);
    impl Sink for Names {
        fn entry(&mut self, entry: &boot_kit::Entry, _: &mut dyn Read) -> Result<()> {
            let path = &entry.path;
            match &entry.kind {
                Kind::Directory => {}
                Kind::Symlink(target) => {
                    let target = String::from_utf8_lossy(target);
                    self.0.push(format!("{path} -> {target}"));
                }
                _ => self.0.push(path.to_string()),
            }
            Ok(())
        }
    }
    let mut names = Names(Vec::new());
    tree.walk(&mut names).expect("readable");
    names.0
}

fn places<'a>(source: Option<&'a Tree>, host: &'a Tree) -> Places<'a> {
    Places {
        source: source.map(|source| source as &dyn System),
        host,
        origins: BTreeMap::new(),
        library_path: String::new(),
        epoch: 0,
    }
}

/// Completes the program `p` of an image from a source; gives what is in the image then, and what is missing.
fn complete(image: &[(&str, Vec<u8>)], source: &[(&str, Vec<u8>)]) -> (Vec<String>, Vec<Missing>) {
    let (mut image, source, host) = (tree(image), tree(source), tree(&[]));
    let mut closure = Closure::new(&mut image, places(Some(&source), &host));
    let missing = closure.complete(&"p".into()).expect("readable");
    (listed(&image), missing)
}

fn program() -> Elf {
    Elf::program().interpreter(LOADER)
}

fn library(name: &str) -> Vec<u8> {
    Elf::library(name).build()
}

/// A root such as Debian's.
fn debian() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("lib -> usr/lib", vec![]),
        ("lib64 -> usr/lib64", vec![]),
        (
            "usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            vec![],
        ),
        (
            "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            library("ld-linux-x86-64.so.2"),
        ),
        (
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            Elf::library("libc.so.6")
                .needs("ld-linux-x86-64.so.2")
                .build(),
        ),
    ]
}

/// What a program has of that in its image.
const C_LIBRARY: [&str; 5] = [
    "lib -> usr/lib",
    "lib64 -> usr/lib64",
    "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
];

fn with_c_library(others: &[&str]) -> Vec<String> {
    let mut all: Vec<_> = C_LIBRARY
        .iter()
        .chain(others)
        .map(ToString::to_string)
        .collect();
    all.sort();
    all
}

#[test]
fn links_come_with_the_files_they_lead_to() {
    let mut source = debian();
    source.extend([
        ("usr/lib/x86_64-linux-gnu/liba.so.1 -> liba.so.1.2", vec![]),
        (
            "usr/lib/x86_64-linux-gnu/liba.so.1.2",
            Elf::library("liba.so.1")
                .needs("libb.so")
                .needs("libc.so.6")
                .build(),
        ),
        (
            "usr/lib/libb.so",
            Elf::library("libb.so").needs("liba.so.1").build(),
        ),
        ("usr/lib/unused.so", library("unused.so")),
    ]);
    let image = [("p", program().needs("liba.so.1").needs("libc.so.6").build())];
    let (made, missing) = complete(&image, &source);
    assert_eq!(missing, []);
    assert_eq!(
        made,
        with_c_library(&[
            "p",
            "usr/lib/libb.so",
            "usr/lib/x86_64-linux-gnu/liba.so.1 -> liba.so.1.2",
            "usr/lib/x86_64-linux-gnu/liba.so.1.2",
        ])
    );
}

#[test]
fn a_directory_of_the_image_stays_where_the_source_has_a_link() {
    let image = [
        ("p", program().needs("libc.so.6").build()),
        ("lib64/mine", vec![]),
        ("lib/mine", vec![]),
    ];
    let (made, missing) = complete(&image, &debian());
    assert_eq!(missing, []);
    assert_eq!(
        made,
        [
            "lib/mine",
            "lib/x86_64-linux-gnu/libc.so.6",
            "lib64/ld-linux-x86-64.so.2",
            "lib64/mine",
            "p",
        ]
    );
}

#[test]
fn what_was_added_comes_before_what_could_be_taken() {
    let mine = Elf::library("libc.so.6").needs("libmine.so").build();
    let image = [
        ("p", program().needs("libc.so.6").build()),
        ("usr/lib/libc.so.6", mine),
        ("usr/lib/libmine.so", library("libmine.so")),
    ];
    let (made, missing) = complete(&image, &debian());
    assert_eq!(missing, []);
    assert!(!made.contains(&"usr/lib/x86_64-linux-gnu/libc.so.6".to_owned()));
}

#[test]
fn search_paths_of_objects_count_as_for_the_loader() {
    let file = |path: &'static str, made: Elf| (path, made.build());
    let libraries = |path: &'static str| (path, library("libx.so"));
    for (program, files, wanted) in [
        // The path of the program is asked for what its libraries need, too...
        (
            program().needs("liba.so").rpath("/opt/a"),
            vec![
                file("opt/a/liba.so", Elf::library("liba.so").needs("libx.so")),
                libraries("opt/a/libx.so"),
            ],
            Some("opt/a/libx.so"),
        ),
        // ...but not if it is of the new kind...
        (
            program().needs("liba.so").runpath("/opt/a"),
            vec![
                file("opt/a/liba.so", Elf::library("liba.so").needs("libx.so")),
                libraries("opt/a/libx.so"),
            ],
            None,
        ),
        // ...or if the library has one of the new kind itself.
        (
            program().needs("liba.so").rpath("/opt/a"),
            vec![
                file(
                    "opt/a/liba.so",
                    Elf::library("liba.so").needs("libx.so").runpath("/opt/b"),
                ),
                libraries("opt/a/libx.so"),
            ],
            None,
        ),
        (
            program().needs("libx.so").rpath("/opt/a").runpath("/opt/b"),
            vec![libraries("opt/a/libx.so"), libraries("opt/b/libx.so")],
            Some("opt/b/libx.so"),
        ),
        (
            program()
                .needs("libx.so")
                .runpath("relative:$PLATFORM/x:${ORIGIN}/opt/./b/../c"),
            vec![libraries("opt/c/libx.so")],
            Some("opt/c/libx.so"),
        ),
        // A path is no name to look up.
        (
            program().needs("/srv/libx.so"),
            vec![libraries("srv/libx.so"), libraries("lib/libx.so")],
            Some("srv/libx.so"),
        ),
        // The path comes before the usual directories, they before nothing.
        (
            program().needs("libx.so").runpath("/opt/b"),
            vec![libraries("opt/b/libx.so"), libraries("usr/lib/libx.so")],
            Some("opt/b/libx.so"),
        ),
    ] {
        let source = [files, vec![("lib64/ld-linux-x86-64.so.2", library("ld"))]].concat();
        let (made, missing) = complete(&[("p", program.build())], &source);
        let found = made.iter().find(|path| path.ends_with("libx.so"));
        assert_eq!(found.map(String::as_str), wanted, "{program:?}");
        assert_eq!(missing.is_empty(), wanted.is_some(), "{missing:?}");
    }
}

#[test]
fn a_library_that_only_the_cache_leads_to_is_linked_where_the_loader_looks() {
    let mut source = debian();
    source.extend([
        (
            "etc/ld.so.conf",
            b"include ld.so.conf.d/*.conf # all\n/opt/b\n".to_vec(),
        ),
        (
            "etc/ld.so.conf.d/a.conf",
            b"# a comment\n/opt/a/\n/usr/lib/x86_64-linux-gnu\n".to_vec(),
        ),
        ("etc/ld.so.conf.d/.hidden.conf", b"/opt/no\n".to_vec()),
        ("opt/a/libx.so", library("libx.so")),
        ("opt/b/libx.so", library("libx.so")),
        ("opt/no/liby.so", library("liby.so")),
    ]);
    let image = [(
        "p",
        program()
            .needs("libx.so")
            .needs("libc.so.6")
            .needs("liby.so")
            .build(),
    )];
    let (made, missing) = complete(&image, &source);
    assert_eq!(
        made,
        with_c_library(&[
            "opt/a/libx.so",
            "p",
            "usr/lib/x86_64-linux-gnu/libx.so -> /opt/a/libx.so",
        ])
    );
    let missing: Vec<_> = missing
        .iter()
        .map(|missing| missing.name.as_str())
        .collect();
    assert_eq!(missing, ["liby.so"]);
}

#[test]
fn a_library_for_another_machine_is_passed_over_and_named() {
    let other = Elf::library("libx.so").machine(false, true, 3).build();
    let mut source = debian();
    source.extend([
        ("usr/lib/x86_64-linux-gnu/libx.so", other.clone()),
        ("usr/lib/liby.so", other),
    ]);
    source.push(("usr/lib/libx.so", library("libx.so")));
    let image = [("p", program().needs("libx.so").needs("liby.so").build())];
    let (made, missing) = complete(&image, &source);
    assert!(made.contains(&"usr/lib/libx.so".to_owned()));
    assert_eq!(
        missing,
        [Missing {
            name: "liby.so".into(),
            is_interpreter: false,
            needed_by: "p".into(),
            other: Some(("lib/liby.so".into(), "linux/386")),
        }]
    );
}

#[test]
fn without_a_source_all_that_the_image_lacks_is_missing() {
    let (mut image, host) = (
        tree(&[
            ("p", program().needs("liba.so").needs("libc.so.6").build()),
            (
                "usr/lib/liba.so",
                Elf::library("liba.so").needs("libb.so").build(),
            ),
        ]),
        tree(&debian()),
    );
    let before = listed(&image);
    let mut closure = Closure::new(&mut image, places(None, &host));
    let missing = closure.complete(&"p".into()).expect("readable");
    let missing: Vec<_> = missing
        .iter()
        .map(|missing| (missing.name.as_str(), missing.needed_by.to_string()))
        .collect();
    assert_eq!(
        missing,
        [
            (LOADER, "p".into()),
            ("libc.so.6", "p".into()),
            ("libb.so", "usr/lib/liba.so".into())
        ]
    );
    assert_eq!(listed(&image), before);
}

#[test]
fn libraries_beside_a_program_on_the_host_come_along() {
    let host = tree(&[
        ("home/me/build/bin/p", vec![]),
        (
            "home/me/build/lib/libx.so",
            Elf::library("libx.so")
                .needs("liby.so")
                .runpath("$ORIGIN")
                .build(),
        ),
        ("home/me/build/lib/liby.so", library("liby.so")),
        ("usr/lib/libx.so", library("libx.so")),
    ]);
    let program = program().needs("libx.so").runpath("$ORIGIN/../lib").build();
    let (mut image, source) = (tree(&[("app/bin/p", program)]), tree(&debian()));
    let origins = BTreeMap::from([("app/bin/p".into(), "home/me/build/bin/p".into())]);
    let places = Places {
        origins,
        ..places(Some(&source), &host)
    };
    let mut closure = Closure::new(&mut image, places);
    assert_eq!(closure.complete(&"app/bin/p".into()).expect("readable"), []);
    let taken: Vec<_> = closure.taken().iter().map(ToString::to_string).collect();
    assert_eq!(
        taken,
        [
            "app/lib/libx.so",
            "app/lib/liby.so",
            "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
        ]
    );
}

#[test]
fn what_one_program_takes_is_not_what_another_has_beside_it() {
    let host = tree(&[("home/b/lib/libssl.so.3", library("libssl.so.3"))]);
    let mut source = debian();
    source.push(("usr/lib/libssl.so.3", library("libssl.so.3")));
    let source = tree(&source);
    let mut image = tree(&[
        ("a", program().needs("libssl.so.3").build()),
        (
            "app/bin/b",
            program()
                .needs("libssl.so.3")
                .runpath("$ORIGIN/../lib")
                .build(),
        ),
    ]);
    let places = Places {
        origins: BTreeMap::from([("app/bin/b".into(), "home/b/bin/b".into())]),
        ..places(Some(&source), &host)
    };
    let mut closure = Closure::new(&mut image, places);
    for program in ["a", "app/bin/b"] {
        assert_eq!(closure.complete(&program.into()).expect("readable"), []);
    }
    let made = listed(&image);
    let found = made.iter().filter(|path| path.ends_with("libssl.so.3"));
    assert_eq!(
        found.collect::<Vec<_>>(),
        ["app/lib/libssl.so.3", "usr/lib/libssl.so.3"]
    );
}

#[test]
fn libraries_beside_an_added_library_come_along_whatever_is_looked_at_first() {
    let a = Elf::library("liba.so")
        .needs("libx.so")
        .runpath("$ORIGIN")
        .build();
    let host = tree(&[
        ("home/me/liba.so", a.clone()),
        ("home/me/libx.so", library("libx.so")),
    ]);
    let source = tree(&debian());
    let program = program().needs("liba.so").runpath("/opt").build();
    for order in [["p", "opt/liba.so"], ["opt/liba.so", "p"]] {
        let mut image = tree(&[("p", program.clone()), ("opt/liba.so", a.clone())]);
        let places = Places {
            origins: BTreeMap::from([("opt/liba.so".into(), "home/me/liba.so".into())]),
            ..places(Some(&source), &host)
        };
        let mut closure = Closure::new(&mut image, places);
        for path in order {
            assert_eq!(closure.complete(&path.into()).expect("readable"), []);
        }
        assert!(listed(&image).contains(&"opt/libx.so".to_owned()));
    }
}

#[test]
fn the_environment_of_the_image_counts() {
    let (mut image, source, host) = (
        tree(&[("p", Elf::program().needs("libx.so").build())]),
        tree(&[("srv/lib/libx.so", library("libx.so"))]),
        tree(&[]),
    );
    let places = Places {
        library_path: "relative:/srv/lib".into(),
        ..places(Some(&source), &host)
    };
    let mut closure = Closure::new(&mut image, places);
    assert_eq!(closure.complete(&"p".into()).expect("readable"), []);
    assert_eq!(listed(&image), ["p", "srv/lib/libx.so"]);
}

#[test]
fn musl_is_its_own_c_library_and_has_its_own_path() {
    let program = Elf::program()
        .interpreter("/lib/ld-musl-x86_64.so.1")
        .needs("libc.musl-x86_64.so.1")
        .needs("libm.so.6")
        .needs("libx.so")
        .build();
    let loader = ("lib/ld-musl-x86_64.so.1", Elf::library("libc.so").build());
    let (x, y) = (library("libx.so"), library("libx.so"));
    let plain = [
        loader.clone(),
        ("usr/lib/libx.so", x.clone()),
        ("opt/libx.so", y.clone()),
    ];
    let (made, missing) = complete(&[("p", program.clone())], &plain);
    assert_eq!(missing, []);
    assert_eq!(made, ["lib/ld-musl-x86_64.so.1", "p", "usr/lib/libx.so"]);
    let path = ("etc/ld-musl-x86_64.path", b"/opt:/usr/lib\n".to_vec());
    let (made, missing) = complete(
        &[("p", program)],
        &[loader, ("usr/lib/libx.so", x), ("opt/libx.so", y), path],
    );
    assert_eq!(missing, []);
    assert_eq!(
        made,
        [
            "etc/ld-musl-x86_64.path",
            "lib/ld-musl-x86_64.so.1",
            "opt/libx.so",
            "p"
        ]
    );
}

#[test]
fn hostile_links_and_objects_end_somewhere() {
    let circle = Elf::library("liba.so").needs("libb.so").build();
    let other = Elf::library("libb.so").needs("liba.so").build();
    let source = [
        ("usr/lib/liba.so", circle),
        ("usr/lib/libb.so", other),
        ("usr/lib/libc.so -> libc.so", vec![]),
        ("usr/lib/libd.so -> ../../../../../etc/passwd", vec![]),
        (
            "usr/lib/libe.so",
            Elf::library("libe.so").build()[..100].to_vec(),
        ),
        ("etc/passwd", b"not a library".to_vec()),
    ];
    let mut program = Elf::program();
    for name in [
        "liba.so",
        "libc.so",
        "libd.so",
        "libe.so",
        "../lib/libf.so",
        "/../x",
    ] {
        program = program.needs(name);
    }
    let (made, missing) = complete(&[("p", program.build())], &source);
    assert_eq!(made, ["p", "usr/lib/liba.so", "usr/lib/libb.so"]);
    assert_eq!(missing.len(), 5);
}

#[test]
fn an_interpreter_that_points_out_of_the_root_is_missing() {
    let program = Elf::program().interpreter("/../ld.so").build();
    let (made, missing) = complete(&[("p", program)], &debian());
    assert_eq!(made, ["p"]);
    assert_eq!(
        missing,
        [Missing {
            name: "/../ld.so".into(),
            is_interpreter: true,
            needed_by: "p".into(),
            other: None,
        }]
    );
}
