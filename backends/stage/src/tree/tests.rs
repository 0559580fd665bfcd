use super::*;
use boot_kit::{archive::send_tar, testkit::lines_of};
use std::io::Write as _;

/// A tree of entries written as `path` with a content, `path/`, `path -> target` or `path = first`.
fn tree(lines: &[&str]) -> Result<Tree> {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    for (i, line) in lines.iter().enumerate() {
        let name = line.split(' ').next().expect("never empty");
        let content = line.split_once(": ").map_or("", |(_, content)| content);
        let kind = if let Some((_, target)) = line.split_once(" -> ") {
            Kind::Symlink(target.into())
        } else if let Some((_, first)) = line.split_once(" = ") {
            Kind::Hardlink(RootPath::parse(first)?)
        } else if name.ends_with('/') {
            Kind::Directory
        } else {
            Kind::File {
                size: content.len() as u64,
            }
        };
        let entry = Entry {
            path: RootPath::parse(name.trim_end_matches(':'))?,
            kind,
            mode: 0o700,
            uid: u32::try_from(i).expect("few"),
            gid: 0,
            mtime: 1,
            xattrs: BTreeMap::new(),
        };
        tree.entry(&entry, &mut content.as_bytes())?;
    }
    tree.settle()?;
    Ok(tree)
}

/// The same lines, with the number of the line that owner and content come from.
fn shown(tree: &Tree) -> Vec<String> {
    lines_of(|sink| tree.walk(sink))
}

#[test]
fn any_order_is_sorted_and_missing_directories_are_roots() {
    let tree = tree(&["b/c/d: 1", "a-b", "a/x", "b/ ", "a/ "]).expect("well-formed");
    let wanted = ["a/ 4", "a-b:  1", "a/x:  2", "b/ 3", "b/c/ 0", "b/c/d: 1 0"];
    assert_eq!(shown(&tree), wanted);
    let implied = tree.find(&RootPath::from("b/c")).expect("is there");
    assert_eq!((implied.mode, implied.uid, implied.gid), (0o755, 0, 0));
}

#[test]
fn the_last_of_a_name_wins_and_links_keep_what_they_were_made_to() {
    let tree = tree(&[
        "a: old", "b = a", "a: new", "c = a", "d -> a", "d: file", "e/", "e: file",
    ]);
    let wanted = ["a: new 2", "b: old 0", "c = a 2", "d: file 5", "e: file 7"];
    assert_eq!(shown(&tree.expect("well-formed")), wanted);
}

#[test]
fn links_may_come_before_their_file_and_sort_before_it() {
    let late = tree(&["a = z", "b = c", "c = z", "z: x"]).expect("well-formed");
    assert_eq!(shown(&late), ["a: x 3", "b = a 3", "c = a 3", "z = a 3"]);
    let early = tree(&["z: x", "a = z", "m -> z", "b = m"]).expect("well-formed");
    assert_eq!(shown(&early), ["a: x 0", "b -> z 2", "m = b 2", "z = a 0"]);
    // A file of the same name that comes after such a link replaces it.
    let replaced = tree(&["a = z", "a: new", "z: x"]).expect("well-formed");
    assert_eq!(shown(&replaced), ["a: new 1", "z: x 2"]);
}

#[test]
fn what_would_be_written_through_something_is_refused_by_name() {
    for (lines, message) in [
        (
            &["out -> /etc", "out/passwd"][..],
            "`out/passwd`: `out` is a symbolic link, so nothing can be below it",
        ),
        (
            &["out -> /etc", "out/a/b"],
            "`out/a/b`: `out` is a symbolic link, so nothing can be below it",
        ),
        (
            &["f", "f/a/b"],
            "`f/a/b`: `f` is not a directory, so nothing can be below it",
        ),
        (
            &["f", "f/a = f"],
            "`f/a`: `f` is not a directory, so nothing can be below it",
        ),
        (
            &["d/x", "d: file"],
            "`d`: a directory that is not empty has this name",
        ),
        (
            &["d/x", "d -> /"],
            "`d`: a directory that is not empty has this name",
        ),
        (&["d/x", "e = d"], "`e`: its target `d` is a directory"),
        (
            &["a = gone"],
            "`a`: its target `gone` is not in the archive",
        ),
        (
            &["a = b", "b = a"],
            "`a`: its target `b` is not in the archive",
        ),
        (
            &["l -> x", "z = l/y"],
            "`z`: its target `l/y` is not in the archive",
        ),
    ] {
        let error = tree(lines).err().expect("is refused");
        assert_eq!(
            format!("{error:?}"),
            format!("Parse: cannot take entry {message}")
        );
    }
}

#[test]
fn names_no_system_takes_are_refused_before_they_cost_memory() {
    let deep = "a/".repeat(3000) + "b";
    let long = format!("l -> {}", "x".repeat(5000));
    for line in [&deep, &long] {
        let error = tree(&[line]).err().expect("is refused");
        assert!(
            error.one_line().ends_with("longer than any system takes"),
            "{error:?}"
        );
    }
    assert_eq!(
        shown(&tree(&[&"a/".repeat(2000)]).expect("fits")).len(),
        2000
    );
}

#[test]
fn a_file_that_cannot_fit_is_refused_before_it_is_read() {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let mut entry = tree.top();
    entry.path = RootPath::from("huge");
    entry.kind = Kind::File { size: 1 << 62 };
    let error = tree
        .entry(&entry, &mut std::io::repeat(0))
        .expect_err("is refused");
    assert_eq!(error.to_string(), "cannot take entry `huge`");
    assert!(error.hint().expect("has one").starts_with("set TMPDIR"));
}

#[test]
fn paths_are_resolved_inside_the_root() {
    let tree = tree(&[
        "usr/lib/os-release: ID=x",
        "etc/os-release -> ../usr/lib/os-release",
        "bin -> usr/bin",
        "usr/bin/sh: elf",
        "up -> ../../../../etc",
        "loop -> loop",
        "absolute -> /bin/sh",
    ]);
    let tree = tree.expect("well-formed");
    for (path, content) in [
        ("etc/os-release", Some("ID=x")),
        ("bin/sh", Some("elf")),
        ("up/os-release", Some("ID=x")),
        ("absolute", Some("elf")),
        ("loop", None),
        ("bin", None),
        ("none/x", None),
    ] {
        let read = tree.read(&RootPath::from(path), 100).expect("readable");
        assert_eq!(read.as_deref(), content.map(str::as_bytes), "{path}");
    }
    let entry = tree.find(&RootPath::from("bin/sh")).expect("is there");
    assert_eq!(entry.path, RootPath::from("usr/bin/sh"));
    assert!(tree.read(&RootPath::from("bin/sh"), 2).is_err());
    assert_eq!(
        tree.list(&RootPath::from("usr")),
        [b"bin".to_vec(), b"lib".to_vec()]
    );
}

#[test]
fn a_tree_can_be_changed_afterwards() {
    let mut tree = tree(&["a: x", "b = a", "d/e", "f"]).expect("well-formed");
    tree.remove(&RootPath::from("a")).expect("removable");
    tree.remove(&RootPath::from("d")).expect("removable");
    tree.write(&RootPath::from("g/h"), b"new", 0o600)
        .expect("writable");
    tree.set_owner(&RootPath::from("f"), 9, 9, 0o444)
        .expect("there");
    assert_eq!(shown(&tree), ["b: x 0", "f:  9", "g/ 0", "g/h: new 0"]);
    assert!(tree.set_owner(&RootPath::from("a"), 0, 0, 0).is_err());
}

#[test]
fn contents_come_back_whatever_their_size() {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let content = |size: usize| -> Vec<u8> {
        (0..size)
            .map(|i| u8::try_from(i * size % 251).expect("small"))
            .collect()
    };
    let sizes = [0, 1, 1 << 20, (1 << 20) - 1, 3 << 20, 7];
    for (i, size) in sizes.into_iter().enumerate() {
        let mut entry = tree.top();
        entry.path = RootPath::default().join(format!("{}", 9 - i).as_bytes());
        entry.kind = Kind::File { size: size as u64 };
        tree.entry(&entry, &mut &content(size)[..]).expect("fits");
    }
    tree.settle().expect("nothing is missing");
    for (i, size) in sizes.into_iter().enumerate() {
        let path = RootPath::default().join(format!("{}", 9 - i).as_bytes());
        let read = tree.read(&path, u64::MAX).expect("readable");
        assert!(read == Some(content(size)), "{size}");
    }
    let mut cut = tree.top();
    cut.path = RootPath::from("cut");
    cut.kind = Kind::File { size: 5 };
    let error = tree.entry(&cut, &mut &b"abc"[..]).expect_err("is short");
    assert_eq!(
        error.one_line(),
        "cannot take entry `cut`: content is shorter than its size says"
    );
}

#[test]
fn a_damaged_archive_is_an_error_that_names_the_entry() {
    let mut tar = Vec::new();
    tar.write_all(&[b'x'; 512]).expect("memory does not fail");
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let error = send_tar(&mut &tar[..], &mut tree).expect_err("is damaged");
    assert!(
        error
            .to_string()
            .starts_with("cannot read the header after its start")
    );
}
