use super::{place::swap, remove::remove_tree, *};
use boot_kit::event::Silence;
use std::{
    collections::BTreeMap,
    os::unix::fs::{MetadataExt, symlink},
};

fn entry(path: &str, kind: Kind) -> Entry {
    Entry {
        path: RootPath::parse(path).expect("well-formed"),
        kind,
        mode: 0o644,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        mtime: 1,
        xattrs: BTreeMap::new(),
    }
}

#[test]
fn no_entry_is_written_through_a_link() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (top, outside) = (
        directory.path().join("top"),
        directory.path().join("outside"),
    );
    fs_err::create_dir(&top).expect("writable");
    fs_err::create_dir(&outside).expect("writable");
    fs_err::write(outside.join("secret"), "").expect("writable");
    let mut writer = DirectoryWriter::new(&top, 10, &Silence).expect("readable");
    let link = entry("link", Kind::Symlink(b"../outside".to_vec()));
    writer.entry(&link, &mut io::empty()).expect("writable");
    for kind in [
        Kind::File { size: 0 },
        Kind::Directory,
        Kind::Hardlink(RootPath::from("link")),
        Kind::Fifo,
    ] {
        assert!(
            writer
                .entry(&entry("link/evil", kind), &mut io::empty())
                .is_err()
        );
    }
    let stolen = entry("stolen", Kind::Hardlink(RootPath::from("link/secret")));
    assert!(writer.entry(&stolen, &mut io::empty()).is_err());
    assert_eq!(fs_err::read_dir(&outside).expect("readable").count(), 1);
}

#[test]
fn attributes_are_set_after_what_would_undo_them() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut writer = DirectoryWriter::new(directory.path(), 10, &Silence).expect("readable");
    let mut file = entry("file", Kind::File { size: 1 });
    file.mode = 0o6755;
    file.xattrs = BTreeMap::from([
        (b"user.kept".to_vec(), b"value".to_vec()),
        (b"trusted.dropped".to_vec(), b"value".to_vec()),
    ]);
    writer
        .entry(&file, &mut &b"x"[..])
        .expect("this file system has attributes");
    let path = directory.path().join("file");
    let metadata = fs_err::metadata(&path).expect("there");
    assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o6755, 1));
    let mut list = vec![0; 4096];
    let length = fs::listxattr(&path, &mut list[..]).expect("readable");
    assert!(
        list[..length]
            .split(|byte| *byte == 0)
            .any(|name| name == b"user.kept")
    );
    let dropped = list[..length]
        .split(|byte| *byte == 0)
        .any(|name| name == b"trusted.dropped");
    assert!(!dropped);
}

#[test]
fn removing_a_tree_does_not_follow_links() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (tree, outside) = (
        directory.path().join("tree"),
        directory.path().join("outside"),
    );
    fs_err::create_dir_all(tree.join("a/b")).expect("writable");
    fs_err::create_dir(&outside).expect("writable");
    fs_err::write(outside.join("kept"), "").expect("writable");
    symlink(&outside, tree.join("a/link")).expect("writable");
    symlink("/none", tree.join("dangling")).expect("writable");
    remove_tree(&tree).expect("removable");
    assert!(!tree.exists() && outside.join("kept").exists());
}

#[test]
fn directories_are_swapped_where_the_file_system_cannot_and_touch_no_other() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = |name: &str| directory.path().join(name);
    let (new, path, mine) = (
        place(".root.boot-unfinished-abcdef"),
        place("root"),
        place(".root.old"),
    );
    for directory in [&new, &path, &mine] {
        fs_err::create_dir(directory).expect("writable");
        fs_err::write(directory.join("x"), directory.as_os_str().len().to_string())
            .expect("writable");
    }
    let read = |path: &std::path::Path| fs_err::read_to_string(path.join("x")).expect("there");
    let (old_text, new_text, mine_text) = (read(&path), read(&new), read(&mine));
    assert_eq!(swap(&new, &path).expect("renamed"), new);
    assert_eq!(
        (read(&path), read(&new), read(&mine)),
        (new_text.clone(), old_text, mine_text)
    );
    // The new one is gone: what was there comes back.
    fs_err::remove_dir_all(&new).expect("removable");
    swap(&new, &path).expect_err("there is nothing to rename");
    assert_eq!(read(&path), new_text);
    assert_eq!(
        fs_err::read_dir(directory.path())
            .expect("readable")
            .count(),
        2
    );
}
