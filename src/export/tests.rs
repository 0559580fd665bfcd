use super::output::{OciForm, OciOutput};
use super::*;
use boot_kit::{
    Root, RootPath,
    event::{Event, Silence},
};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::Read,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Mutex, atomic::Ordering},
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn options(force: bool) -> Options<'static> {
    Options {
        epoch: 1_000_000_000,
        report: &Silence,
        interrupt: &NEVER,
        jobs: 2,
        force,
    }
}

/// Entries of our own user, so that any user may run the tests.
fn entry(path: &str, kind: Kind, mode: u32) -> Entry {
    Entry {
        path: RootPath::parse(path).expect("well-formed"),
        kind,
        mode,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        mtime: 900_000_000,
        xattrs: BTreeMap::new(),
    }
}

fn top() -> Entry {
    entry("", Kind::Directory, 0o755)
}

/// A small tree with one of each kind that any user can make.
fn walk(sink: &mut dyn Sink) -> Result<()> {
    let late = |entry: Entry| Entry {
        mtime: 2_000_000_000,
        ..entry
    };
    let mut send = |entry: Entry, content: &str| sink.entry(&entry, &mut content.as_bytes());
    send(entry("bin", Kind::Symlink(b"usr/bin".to_vec()), 0o777), "")?;
    send(entry("pipe", Kind::Fifo, 0o620), "")?;
    send(entry("usr", Kind::Directory, 0o755), "")?;
    send(entry("usr/bin", Kind::Directory, 0o555), "")?;
    send(
        late(entry("usr/bin/a", Kind::File { size: 5 }, 0o4755)),
        "hello",
    )?;
    send(
        late(entry(
            "usr/bin/b",
            Kind::Hardlink("usr/bin/a".into()),
            0o4755,
        )),
        "",
    )?;
    send(entry("usr/bin/empty", Kind::File { size: 0 }, 0o600), "")
}

fn output(path: &Path) -> Output {
    Output::parse(path.as_os_str()).expect("well-formed")
}

fn directory_output(path: &Path) -> Output {
    Output::Directory {
        path: path.to_owned(),
    }
}

fn write_to(output: &Output, force: bool) -> Result<Written> {
    write(&top(), &walk, output, &options(force))
}

fn names(directory: &Path) -> Vec<OsString> {
    let entries = fs_err::read_dir(directory).expect("readable");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    names.sort();
    names
}

#[test]
fn every_form_holds_the_same_tar_and_tells_its_digests() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut tars = Vec::new();
    for ending in ["tar", "tar.gz", "tar.xz", "tar.zst"] {
        let path = directory.path().join(format!("x.{ending}"));
        let written = write_to(&output(&path), false).expect("writable");
        let bytes = fs_err::read(&path).expect("readable");
        let mut tar = Vec::new();
        match ending {
            "tar" => io::copy(&mut &bytes[..], &mut tar).map(drop),
            "tar.gz" => flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_end(&mut tar)
                .map(drop),
            "tar.xz" => xz2::read::XzDecoder::new(&bytes[..])
                .read_to_end(&mut tar)
                .map(drop),
            _ => zstd::stream::copy_decode(&bytes[..], &mut tar),
        }
        .expect("well-formed");
        let wanted = Written {
            entries: 8,
            bytes: bytes.len() as u64,
            sha256: Some(Digest::of(&bytes)),
            diff_id: Some(Digest::of(&tar)),
        };
        assert_eq!(written, wanted, "{ending}");
        assert_eq!(
            fs_err::metadata(&path).expect("there").mtime(),
            1_000_000_000
        );
        tars.push(tar);
    }
    assert!(tars.iter().all(|tar| *tar == tars[0]));
    assert_eq!(names(directory.path()).len(), 4);
}

#[test]
fn a_directory_holds_the_tree_the_tar_describes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (copy, tar) = (
        directory.path().join("copy"),
        directory.path().join("x.tar"),
    );
    let written = write_to(&directory_output(&copy), false).expect("writable");
    assert_eq!(
        written,
        Written {
            entries: 8,
            bytes: 5,
            sha256: None,
            diff_id: None
        }
    );
    assert_eq!(names(directory.path()), ["copy"]);
    let again = directory.path().join("again.tar");
    write_to(&output(&tar), false).expect("writable");
    let root = Root::open(&copy).expect("readable");
    export(&|sink| root.walk(sink), &output(&again), &options(false)).expect("readable");
    assert!(fs_err::read(&tar).expect("readable") == fs_err::read(&again).expect("readable"));
    let a = fs_err::metadata(copy.join("usr/bin/a")).expect("there");
    assert_eq!(
        (a.mtime(), a.mtime_nsec(), a.nlink()),
        (1_000_000_000, 0, 2)
    );
    assert_eq!(
        fs_err::metadata(copy).expect("there").mtime(),
        1_000_000_000
    );
}

#[test]
fn what_is_in_the_way_is_refused_and_replaced_by_force() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (tar, tree) = (
        directory.path().join("x.tar"),
        directory.path().join("tree"),
    );
    fs_err::write(&tar, "old").expect("writable");
    fs_err::create_dir_all(tree.join("old/below")).expect("writable");
    fs_err::write(tree.join("old/below/file"), "old").expect("writable");
    for (output, why) in [
        (output(&tar), format!("`{}` exists already", tar.display())),
        (
            directory_output(&tree),
            format!("`{}` is not empty", tree.display()),
        ),
    ] {
        let error = write_to(&output, false).expect_err("something is in the way");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Usage, why));
        assert!(error.hint().expect("has one").contains("--force"));
    }
    assert_eq!(fs_err::read(&tar).expect("readable"), b"old");
    assert_eq!(names(&tree), ["old"]);
    write_to(&output(&tar), true).expect("forced");
    write_to(&directory_output(&tree), true).expect("forced");
    assert_eq!(names(&tree), ["bin", "pipe", "usr"]);
    assert_eq!(names(directory.path()), ["tree", "x.tar"]);
}

#[test]
fn an_empty_directory_and_a_fresh_file_system_are_filled() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (empty, fresh) = (
        directory.path().join("empty"),
        directory.path().join("fresh"),
    );
    fs_err::create_dir(&empty).expect("writable");
    fs_err::create_dir_all(fresh.join("lost+found")).expect("writable");
    let inode = fs_err::metadata(&fresh).expect("there").ino();
    write_to(&directory_output(&empty), false).expect("nothing is in the way");
    write_to(&directory_output(&fresh), false).expect("nothing of anybody is in the way");
    assert_eq!(names(&empty), ["bin", "pipe", "usr"]);
    assert_eq!(names(&fresh), ["bin", "lost+found", "pipe", "usr"]);
    let fresh = fs_err::metadata(&fresh).expect("there");
    assert_eq!(
        (fresh.ino(), fresh.mtime(), fresh.mode() & 0o7777),
        (inode, 1_000_000_000, 0o755)
    );
}

#[test]
fn impossible_places_are_refused_before_any_work() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let base = directory.path();
    fs_err::write(base.join("file"), "").expect("writable");
    fs_err::create_dir(base.join("d.tar")).expect("writable");
    let missing = format!("directory `{}` does not exist", base.join("no").display());
    for (output, why) in [
        (output(&base.join("no/x.tar")), missing.clone()),
        (directory_output(&base.join("no/x")), missing),
        (
            output(&base.join("d.tar")),
            format!("`{}` is a directory", base.join("d.tar").display()),
        ),
        (
            directory_output(&base.join("file")),
            format!("`{}` is not a directory", base.join("file").display()),
        ),
    ] {
        let error = output.check(true).expect_err("impossible");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Usage, why));
        assert!(error.hint().is_some());
    }
}

#[test]
fn force_does_not_remove_what_is_precious() {
    let here = std::env::current_dir().expect("there is one");
    let above = here.parent().expect("the root is no workspace");
    for (path, why) in [
        (Path::new("/"), "is a mount point"),
        (Path::new("."), "holds the current directory"),
        (above, "holds the current directory"),
    ] {
        let error = directory_output(path).check(true).expect_err("precious");
        let message = format!("`{}` {why}, so it is not replaced", path.display());
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_text_of_an_output_chooses_its_form() {
    let file = |path: &str, compression| Output::File {
        path: path.into(),
        compression,
    };
    let directory = |path: &str| Output::Directory {
        path: PathBuf::from(path),
    };
    let oci = |path: &str, form| {
        let path = PathBuf::from(path);
        Output::Oci(OciOutput { path, form })
    };
    for (text, wanted) in [
        ("-", Output::Stdout),
        ("a/b.oci.tar", oci("a/b.oci.tar", OciForm::Archive)),
        ("x.OCI.TAR", oci("x.OCI.TAR", OciForm::Archive)),
        ("x.oci", oci("x.oci", OciForm::Layout)),
        ("x.oci/", oci("x.oci", OciForm::Layout)),
        (".oci/", directory(".oci")),
        ("x.oci.tar/", directory("x.oci.tar")),
        ("x.oci.tar.gz", file("x.oci.tar.gz", Compression::Gzip)),
        ("a/b.tar", file("a/b.tar", Compression::None)),
        ("x.y.tar.gz", file("x.y.tar.gz", Compression::Gzip)),
        ("x.tgz", file("x.tgz", Compression::Gzip)),
        ("x.TAR.XZ", file("x.TAR.XZ", Compression::Xz)),
        ("x.tar.zst", file("x.tar.zst", Compression::Zstd)),
        ("out/", directory("out")),
        ("out.tar//", directory("out.tar")),
        ("/", directory("/")),
        ("./", directory(".")),
    ] {
        assert_eq!(Output::parse(OsStr::new(text)).expect(text), wanted);
    }
    for text in [
        "",
        "x",
        "x.zip",
        "x.tar.bz2",
        ".oci.tar/..",
        ".oci",
        ".tar",
        "a/.tar.gz",
        "x.tar/..",
    ] {
        let error = Output::parse(OsStr::new(text)).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
        assert_eq!(
            error.hint(),
            Some(
                "end it in `.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst`, `.tgz`, `.txz`, `.tzst`, \
                 in `.oci.tar` or `.oci/` for an OCI image, in `/` for a directory, or use `-` for standard output"
            )
        );
    }
}

#[test]
fn what_a_killed_run_left_of_a_directory_is_removed_by_the_next() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (beside, inside) = (directory.path().join("x"), directory.path().join("mounted"));
    let left = [
        directory.path().join(".x.boot-unfinished-abcdef"),
        inside.join(".boot-unfinished-abcdef"),
    ];
    let others = [".y.boot-unfinished-abcdef", ".x.boot-mine"];
    // As a file system that was just made, the second keeps its place.
    for path in left
        .iter()
        .map(|path| path.join("usr/bin"))
        .chain([inside.join("lost+found")])
    {
        fs_err::create_dir_all(path).expect("writable");
    }
    for name in others {
        fs_err::create_dir(directory.path().join(name)).expect("writable");
    }
    for path in [&beside, &inside] {
        let output = directory_output(path);
        output
            .check(false)
            .expect("nothing of anybody is in the way");
        write_to(&output, false).expect("nothing of anybody is in the way");
    }
    assert_eq!(
        names(directory.path()),
        [others[1], others[0], "mounted", "x"]
    );
    assert_eq!(names(&inside), ["bin", "lost+found", "pipe", "usr"]);
}

#[test]
fn an_interrupted_or_failing_export_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let stop = AtomicBool::new(false);
    let options = Options {
        interrupt: &stop,
        ..options(false)
    };
    let interrupted = |sink: &mut dyn Sink| {
        walk(sink)?;
        stop.store(true, Ordering::Relaxed);
        sink.entry(&entry("z", Kind::File { size: 1 }, 0o644), &mut &b"z"[..])
    };
    let failing = |sink: &mut dyn Sink| {
        walk(sink)?;
        Err(Error::new(ErrorKind::Io, "the disk is gone"))
    };
    let cases: [(Walk<'_>, ErrorKind); 2] = [
        (&interrupted, ErrorKind::Interrupted),
        (&failing, ErrorKind::Io),
    ];
    for (walk, kind) in cases {
        for output in [
            output(&directory.path().join("x.tar")),
            output(&directory.path().join("x.tar.gz")),
            output(&directory.path().join("x.tar.xz")),
            output(&directory.path().join("x.tar.zst")),
            directory_output(&directory.path().join("x")),
        ] {
            stop.store(false, Ordering::Relaxed);
            let error = write(&top(), walk, &output, &options).expect_err("stopped");
            assert_eq!(error.kind(), kind, "{output:?}");
        }
        assert_eq!(names(directory.path()), Vec::<OsString>::new());
    }
}

#[test]
fn progress_adds_up_to_the_bytes_of_all_files() {
    #[derive(Default)]
    struct Sum(Mutex<u64>);
    impl Report for Sum {
        fn event(&self, event: Event) {
            if let Event::Written { bytes } = event {
                *self.0.lock().expect("not poisoned") += bytes;
            }
        }
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sum = Sum::default();
    let options = Options {
        report: &sum,
        ..options(false)
    };
    let output = output(&directory.path().join("x.tar"));
    write(&top(), &walk, &output, &options).expect("writable");
    assert_eq!(*sum.0.lock().expect("not poisoned"), 5);
}
