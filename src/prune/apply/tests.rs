use super::*;
use boot_kit::event::Silence;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

const DATA: &str = r#"
    [normalise]
    remove = ["/log/*", "/etc/key", "/etc/name"]
    empty = ["/etc/id"]
    clear = ["/run", "/run/lock", "/none"]
    [profile.none]
    [profile.slim]
    remove = ["/made"]
    exclude = ["/doc/*"]
    include = ["/doc/*/licence"]
    [[profile.slim.write]]
    path = "/etc/filter"
    mode = 0o644
    head = ""
    exclude = "no {}"
    include = "yes {}"
"#;

struct Fixture {
    directory: tempfile::TempDir,
    root: Root,
}

/// A root with files (`path`), links (`path -> target`), hard links (`path = first`) and directories (`path/`).
fn fixture(lines: &[&str]) -> Fixture {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for line in lines {
        let name = line.split(' ').next().expect("never empty");
        let path = directory.path().join(name);
        fs_err::create_dir_all(path.parent().expect("below the top")).expect("writable");
        if let Some((_, target)) = line.split_once(" -> ") {
            symlink(target, path).expect("writable");
        } else if let Some((_, first)) = line.split_once(" = ") {
            fs_err::hard_link(directory.path().join(first), path).expect("writable");
        } else if name.ends_with('/') {
            fs_err::create_dir_all(path).expect("writable");
        } else {
            fs_err::write(path, "content").expect("writable");
        }
    }
    let root = Root::open(directory.path()).expect("readable");
    Fixture { directory, root }
}

impl Fixture {
    fn apply(&self, profile: &str) -> Pruned {
        let profile = Profile::parse(DATA, profile, &[]).expect("well-formed");
        profile.apply(&self.root, &Silence).expect("removable")
    }

    fn left(&self) -> Vec<String> {
        struct Names(Vec<String>);
        impl Sink for Names {
            fn entry(&mut self, entry: &Entry, _: &mut dyn Read) -> Result<()> {
                self.0.push(entry.path.to_string());
                Ok(())
            }
        }
        let mut names = Names(Vec::new());
        self.root.walk(&mut names).expect("readable");
        names.0
    }
}

fn paths(paths: &[&'static str]) -> Vec<RootPath> {
    paths.iter().map(|path| RootPath::from(*path)).collect()
}

#[test]
fn every_profile_removes_what_differs_between_builds() {
    let fixture = fixture(&[
        "log/a",
        "log/below/b",
        "log/link -> ../made",
        "etc/name -> ../run/name",
        "etc/id",
        "made",
        "doc/a/readme",
    ]);
    let id = fixture.directory.path().join("etc/id");
    fs_err::set_permissions(&id, PermissionsExt::from_mode(0o464)).expect("ours");
    let wanted = Pruned {
        paths: paths(&["log/a", "log/below/b"]),
        emptied: paths(&["etc/id"]),
        bytes: 21,
    };
    assert_eq!(fixture.apply("none"), wanted);
    // The mode stays, but for the owner, who is to fill the file again.
    let metadata = fs_err::metadata(&id).expect("there");
    assert_eq!((metadata.len(), metadata.mode() & 0o7777), (0, 0o664));
    let left = [
        "doc",
        "doc/a",
        "doc/a/readme",
        "etc",
        "etc/id",
        "etc/name",
        "log",
        "log/below",
    ];
    assert_eq!(fixture.left(), [&left[..], &["log/link", "made"]].concat());
    assert_eq!(fixture.apply("none"), Pruned::default());
}

#[test]
fn slim_keeps_directories_and_what_is_included_and_writes_its_rules() {
    let fixture = fixture(&[
        "doc/a/licence",
        "doc/a/readme",
        "doc/b -> a",
        "doc/c/sub/x",
        "made",
    ]);
    let wanted = Pruned {
        paths: paths(&["doc/a/readme", "doc/c/sub/x", "made"]),
        emptied: Vec::new(),
        bytes: 21,
    };
    assert_eq!(fixture.apply("slim"), wanted);
    let left = [
        "doc",
        "doc/a",
        "doc/a/licence",
        "doc/b",
        "doc/c",
        "doc/c/sub",
        "etc",
        "etc/filter",
    ];
    assert_eq!(fixture.left(), left);
    let rules = fixture
        .root
        .read(&RootPath::from("etc/filter"))
        .expect("readable");
    assert_eq!(rules, Some(b"no /doc/*\nyes /doc/*/licence\n".to_vec()));
}

#[test]
fn links_to_what_went_go_too_and_others_stay() {
    let fixture = fixture(&[
        "doc/a/readme",
        "doc/a/licence",
        "doc/b/readme -> ../a/readme",
        "z-chain -> a-link",
        "a-link -> doc/a/readme",
        "absolute -> /doc/a/readme",
        "never-unpacked -> doc/gone",
        "hash -> etc/key",
        "etc/key",
        "kept -> doc/a/licence",
        "kept-directory -> doc/a",
        "elsewhere -> not/there",
        "mtab -> proc/self/mounts",
        "up -> ../../doc/a/licence",
        "loop -> loop",
    ]);
    let gone = [
        "a-link",
        "absolute",
        "doc/a/readme",
        "doc/b/readme",
        "etc/key",
        "hash",
        "never-unpacked",
        "z-chain",
    ];
    assert_eq!(fixture.apply("slim").paths, paths(&gone));
    let left = [
        "doc",
        "doc/a",
        "doc/a/licence",
        "doc/b",
        "elsewhere",
        "etc",
        "etc/filter",
        "kept",
        "kept-directory",
        "loop",
        "mtab",
        "up",
    ];
    assert_eq!(fixture.left(), left);
}

#[test]
fn a_file_with_another_name_survives_and_saves_nothing() {
    let fixture = fixture(&[
        "doc/a/readme",
        "usr/readme = doc/a/readme",
        "doc/b",
        "doc/c = doc/b",
    ]);
    let pruned = fixture.apply("slim");
    assert_eq!(
        (pruned.paths, pruned.bytes),
        (paths(&["doc/a/readme", "doc/b", "doc/c"]), 7)
    );
    let kept = fixture
        .root
        .read(&RootPath::from("usr/readme"))
        .expect("readable");
    assert_eq!(kept, Some(b"content".to_vec()));
}

#[test]
fn cleared_directories_stay_and_nothing_behind_their_links_is_touched() {
    let fixture = fixture(&[
        "run/a/b/c",
        "run/lock/d",
        "run/link -> ../kept",
        "kept/file",
        "runner/file",
        "var/run -> /run",
    ]);
    let socket = fixture.directory.path().join("run/a/socket");
    std::os::unix::net::UnixListener::bind(socket).expect("writable");
    assert_eq!(
        fixture.apply("none").paths,
        paths(&[
            "run/a",
            "run/a/b",
            "run/a/b/c",
            "run/a/socket",
            "run/link",
            "run/lock/d"
        ])
    );
    let left = [
        "kept",
        "kept/file",
        "run",
        "run/lock",
        "runner",
        "runner/file",
        "var",
        "var/run",
    ];
    assert_eq!(fixture.left(), left);
}
