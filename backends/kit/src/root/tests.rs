use super::*;
use crate::{Place, Sink, archive::send_tar, parcel::Packing};
use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    sync::atomic::{AtomicBool, Ordering},
};

struct Dump(Vec<String>);

impl Sink for Dump {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut text = String::new();
        content.read_to_string(&mut text)?;
        let kind = match &entry.kind {
            Kind::File { .. } => format!("file {text}"),
            Kind::Directory => "dir".to_owned(),
            Kind::Symlink(target) => format!("-> {}", target.escape_ascii()),
            Kind::Hardlink(target) => format!("= {target}"),
            other => format!("{other:?}"),
        };
        self.0
            .push(format!("{} {:o} {kind}", entry.path, entry.mode));
        Ok(())
    }
}

fn dump(root: &Root) -> Vec<String> {
    let mut dump = Dump(Vec::new());
    root.walk(&mut dump).expect("readable");
    dump.0
}

/// One file `content` at each of `paths`, with its directories before it, as a package would ship them.
fn packed(paths: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in paths {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_uid(u64::from(rustix::process::getuid().as_raw()));
        header.set_gid(u64::from(rustix::process::getgid().as_raw()));
        header.set_mtime(7);
        header.set_size(0);
        let written = if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
            builder.append_data(&mut header, path, &[][..])
        } else if let Some(target) = content.strip_prefix("-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, path, target)
        } else if let Some(target) = content.strip_prefix("= ") {
            header.set_entry_type(tar::EntryType::Link);
            builder.append_link(&mut header, path, target)
        } else {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_bytes())
        };
        written.expect("memory does not fail");
    }
    builder.into_inner().expect("memory does not fail")
}

fn everything(_path: &RootPath, _kind: &Kind) -> bool {
    true
}

fn land(root: &Root, beside: &Path, paths: &[(&str, &str)]) -> Result<()> {
    let mut packing = Packing::new(&beside.join("parcel"), &everything)?;
    send_tar(&mut &packed(paths)[..], &mut packing)?;
    let parcel = packing.finish()?.expect("nothing was dropped");
    let landed = root.land(parcel, &mut |_| Ok(Place::Own));
    let _ = fs_err::remove_dir_all(beside.join("parcel"));
    landed
}

fn fixture() -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs_err::create_dir(directory.path().join("root")).expect("writable");
    let root = Root::open(&directory.path().join("root")).expect("readable");
    (directory, root)
}

#[test]
fn parcels_land_through_directory_links_and_keep_attributes() {
    let (directory, root) = fixture();
    root.create_directory(&RootPath::from("usr/bin"), 0o755)
        .expect("empty");
    root.symlink(&RootPath::from("bin"), b"usr/bin")
        .expect("empty");
    let files = [
        ("bin/", ""),
        ("bin/a", "hi"),
        ("bin/b", "= bin/a"),
        ("bin/c", "-> a"),
    ];
    land(&root, directory.path(), &files).expect("lands");
    assert_eq!(
        dump(&root),
        [
            "bin 777 -> usr/bin",
            "usr 755 dir",
            "usr/bin 755 dir",
            "usr/bin/a 644 file hi",
            "usr/bin/b 644 = usr/bin/a",
            "usr/bin/c 777 -> a"
        ]
    );
    let metadata = fs_err::metadata(directory.path().join("root/usr/bin/a")).expect("landed");
    assert_eq!(
        (metadata.mtime(), metadata.permissions().mode() & 0o7777),
        (7, 0o644)
    );
    assert!(!directory.path().join("parcel").exists());
}

#[test]
fn two_packages_cannot_write_outside_through_a_link() {
    let (directory, root) = fixture();
    let outside = directory.path().join("outside");
    fs_err::create_dir(&outside).expect("writable");
    let link = format!("-> {}", outside.display());
    land(&root, directory.path(), &[("link", &link)]).expect("lands");
    assert!(land(&root, directory.path(), &[("link/file", "evil")]).is_err());
    assert!(
        root.write(&RootPath::from("link/file"), b"evil", 0o644)
            .is_err()
    );
    symlink("/../../outside", directory.path().join("root/up")).expect("writable");
    assert!(land(&root, directory.path(), &[("up/file", "evil")]).is_err());
    assert_eq!(fs_err::read_dir(&outside).expect("readable").count(), 0);
}

#[test]
fn later_parcel_wins_a_shared_path() {
    let (directory, root) = fixture();
    land(&root, directory.path(), &[("a", "one")]).expect("lands");
    land(&root, directory.path(), &[("a", "two")]).expect("lands");
    assert_eq!(
        root.read(&RootPath::from("a")).expect("readable"),
        Some(b"two".to_vec())
    );
    assert_eq!(root.read(&RootPath::from("b")).expect("readable"), None);
}

#[test]
fn a_link_does_not_replace_a_directory_and_a_file_must_not() {
    let (directory, root) = fixture();
    land(&root, directory.path(), &[("a/", ""), ("a/x", "1")]).expect("lands");
    land(&root, directory.path(), &[("a", "-> b"), ("c", "2")]).expect("lands");
    assert_eq!(dump(&root), ["a 755 dir", "a/x 644 file 1", "c 644 file 2"]);
    let error = land(&root, directory.path(), &[("a", "3")]).expect_err("a is a directory");
    assert_eq!(error.to_string(), "cannot install `a`");
}

#[test]
fn a_pipe_is_not_waited_for() {
    let (directory, root) = fixture();
    let (kind, mode) = (FileType::Fifo, Mode::from_raw_mode(0o644));
    let pipe = directory.path().join("root/pipe");
    fs::mknodat(fs::CWD, &pipe, kind, mode, 0).expect("writable");
    let path = RootPath::from("pipe");
    assert!(root.read(&path).is_err());
    assert!(root.open_file(&path).is_err());
}

#[test]
fn renames_elsewhere_do_not_disturb_links_through_parents() {
    let (directory, root) = fixture();
    root.write(&RootPath::from("usr/lib/x"), b"1", 0o644)
        .expect("writable");
    root.symlink(&RootPath::from("etc/x"), b"../usr/../usr/lib/x")
        .expect("empty");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let rename = || {
            let (a, b) = (directory.path().join("a"), directory.path().join("b"));
            fs_err::write(&a, "").expect("writable");
            while !stop.load(Ordering::Relaxed) {
                fs_err::rename(&a, &b).expect("there");
                fs_err::rename(&b, &a).expect("there");
            }
        };
        scope.spawn(rename);
        let path = RootPath::from("etc/x");
        let is_read = |_| matches!(root.read(&path), Ok(Some(content)) if content == b"1");
        let all_read = (0..20_000).all(is_read);
        stop.store(true, Ordering::Relaxed);
        assert!(all_read);
    });
}

#[test]
fn a_dropped_hard_link_target_asks_for_another_pass() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let drop_a = |path: &RootPath, _: &Kind| path.bytes() != b"a";
    let mut packing = Packing::new(&directory.path().join("parcel"), &drop_a).expect("writable");
    send_tar(&mut &packed(&[("a", "hi"), ("b", "= a")])[..], &mut packing).expect("well-formed");
    assert!(packing.finish().expect("removable").is_err());
    assert!(!directory.path().join("parcel").exists());
}

#[test]
fn files_are_written_whole_and_removed() {
    let (_directory, root) = fixture();
    let path = RootPath::from("etc/x/y");
    root.write(&path, b"1", 0o600).expect("writable");
    root.write(&path, b"2", 0o640).expect("writable");
    root.rename(&path, &RootPath::from("etc/z")).expect("there");
    assert_eq!(
        dump(&root),
        ["etc 755 dir", "etc/x 755 dir", "etc/z 640 file 2"]
    );
    for path in ["etc/z", "etc/x", "etc", "etc", "none/at/all"] {
        root.remove(&RootPath::parse(path).expect("well-formed"))
            .expect("removable");
    }
    assert_eq!(dump(&root), Vec::<String>::new());
}
