use super::*;
use boot_kit::{
    Entry, Kind, RootPath, Sink,
    archive::{TarReader, send_tar},
    event::Silence,
    testkit::{SigningKey, tar_of_lines},
};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

mod offline;
mod squash;

const NOW: i64 = 1_780_000_000;

fn header(kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_700_000_000);
    header
}

/// An archive of lines.
fn archive(lines: &[&str]) -> Vec<u8> {
    tar_of_lines(0, lines)
}

struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs_err::write(self.path(name), bytes).expect("writable");
        self.path(name)
    }

    fn options(&self, source: PathBuf) -> Options {
        Options {
            source: Source::Path(source),
            output: Some(self.path("out.tar")),
            force: true,
            cache_dir: Some(self.path("cache")),
            now: NOW,
            ..Options::default()
        }
    }

    /// What is in the output, by path.
    fn made(&self) -> BTreeMap<String, (Entry, Vec<u8>)> {
        let bytes = fs_err::read(self.path("out.tar")).expect("was made");
        let mut archive = TarReader::new(&bytes[..]);
        let mut made = BTreeMap::new();
        while let Some(entry) = archive.next().expect("ours") {
            let mut content = Vec::new();
            archive.content().read_to_end(&mut content).expect("ours");
            made.insert(entry.path.to_string(), (entry, content));
        }
        made
    }

    fn refused(&self, options: &Options) -> String {
        let error = stage(options, &Silence).expect_err("is refused");
        assert!(
            !self.path("out.tar").exists(),
            "nothing is at the output's place"
        );
        format!("{error:?}").replace(&*self.directory.path().to_string_lossy(), "DIR")
    }
}

#[test]
fn any_compression_gives_the_same_image_and_the_archive_dates_it() {
    let bench = Bench::new();
    let plain = archive(&[
        "b: 1",
        "./a/x: 2",
        "a/",
        "link = b",
        "etc/os-release: ID=x\nVERSION_ID=7\n",
    ]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut xz = xz2::write::XzEncoder::new(Vec::new(), 1);
    gzip.write_all(&plain).expect("memory does not fail");
    xz.write_all(&plain).expect("memory does not fail");
    let mut summaries = Vec::new();
    // Names say nothing: the first bytes do.
    for (name, bytes) in [
        ("plain.tar.gz", plain.clone()),
        ("gzip.tar", gzip.finish().expect("memory does not fail")),
        ("xz", xz.finish().expect("memory does not fail")),
        (
            "zstd.tbz2",
            zstd::encode_all(&plain[..], 1).expect("memory does not fail"),
        ),
        (
            "pixz",
            [plain, b"\xa6\x4c\x32\x2e\xd6\x14\xae\xdba\0\0\0\0".to_vec()].concat(),
        ),
    ] {
        let options = bench.options(bench.write(name, &bytes));
        let summary = stage(&options, &Silence).expect("a root");
        assert_eq!(summary.name.as_str(), "x:7");
        summaries.push(summary.written);
    }
    summaries.dedup();
    assert_eq!(summaries.len(), 1);
    let made = bench.made();
    let names: Vec<_> = made.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["", "a", "a/x", "b", "etc", "etc/os-release", "link"]
    );
    assert_eq!(made["link"].0.kind, Kind::Hardlink(RootPath::from("b")));
    assert_eq!(
        (made["a"].0.mtime, made["b"].0.mtime),
        (1_700_000_000, 1_700_000_000)
    );
}

#[test]
fn an_archive_is_taken_only_with_its_digest() {
    let bench = Bench::new();
    let bytes = archive(&["a: x"]);
    let source = bench.write("r.tar", &bytes);
    let options = |digest| Options {
        sha256: Some(digest),
        ..bench.options(source.clone())
    };
    let wrong = bench.refused(&options(Digest::of("x")));
    let (found, wanted) = (Digest::of(&bytes), Digest::of("x"));
    assert_eq!(
        wrong,
        format!(
            "Trust: `DIR/r.tar` has another SHA-256 than {wanted}: its {} bytes have {found}",
            bytes.len()
        )
    );
    // A wrong digest is said, not what it led to.
    let cut = bench.write("r.tar", &bytes[..700]);
    assert!(
        bench
            .refused(&options(found))
            .starts_with("Trust: `DIR/r.tar` has another SHA-256")
    );
    bench.write("r.tar", &bytes);
    // What follows the end mark is hashed, too.
    stage(&options(found), &Silence).expect("is the archive");
    drop(cut);
    fs_err::remove_file(bench.path("out.tar")).expect("was made");
    bench.write("r.tar", &[&bytes[..], &vec![0; 1 << 20]].concat());
    assert!(bench.refused(&options(found)).starts_with("Trust: "));
}

#[test]
fn a_signature_beside_the_archive_is_by_a_key_of_the_keyring() {
    let bench = Bench::new();
    let (key, other) = (SigningKey::new(), SigningKey::new());
    let bytes = archive(&["a: x"]);
    let source = bench.write("r.tar", &bytes);
    let options = Options {
        keyring: vec![bench.write("ring.asc", &key.armored())],
        ..bench.options(source)
    };
    assert_eq!(
        bench.refused(&options),
        "Trust: `DIR/r.tar` has no signature beside it (hint: put it beside under the same name with `.asc` or `.sig`, or \
         give --sha256)"
    );
    let signed_at = NOW - 86_400;
    bench.write("r.tar.sig", &other.sign(&bytes, signed_at));
    let unknown = bench.refused(&options);
    assert!(
        unknown.starts_with("Trust: cannot verify `DIR/r.tar`: it is signed by an unknown key"),
        "{unknown}"
    );
    bench.write("r.tar.asc", &key.sign(&bytes[1..], signed_at));
    let bad = bench.refused(&options);
    assert!(
        bad.starts_with("Trust: cannot verify `DIR/r.tar`: the signature is bad"),
        "{bad}"
    );
    bench.write("r.tar.asc", &key.sign(&bytes, signed_at));
    stage(&options, &Silence).expect("is signed");
    // The same from a server, here a file's URL.
    let url = Options {
        source: Source::Url(format!("file://{}", bench.path("r.tar").display())),
        ..options
    };
    stage(&url, &Silence).expect("is signed");
    fs_err::remove_file(bench.path("out.tar")).expect("was made");
    let unproven = Options {
        keyring: Vec::new(),
        ..url
    };
    assert!(
        bench
            .refused(&unproven)
            .starts_with("Usage: nothing says what `file://DIR/r.tar` must be")
    );
}

#[test]
fn hostile_entries_are_refused_by_name_and_write_nothing() {
    let bench = Bench::new();
    for (lines, message) in [
        (
            &["../evil: x"][..],
            "cannot read entry `../evil`: `../evil` points out of its tree with `..`",
        ),
        (
            &["a/../../evil: x"],
            "cannot read entry `a/../../evil`: `a/../../evil` points out of its tree with `..`",
        ),
        (
            &["out -> /tmp", "out/evil: x"],
            "cannot take entry `out/evil`: `out` is a symbolic link, so nothing can be below it",
        ),
        (
            &["out -> ..", "out/evil: x"],
            "cannot take entry `out/evil`: `out` is a symbolic link, so nothing can be below it",
        ),
        (
            &["a = ../../etc/passwd"],
            "cannot read entry `a`: `../../etc/passwd` points out of its tree with `..`",
        ),
        (
            &["a = /etc/passwd"],
            "cannot take entry `a`: its target `etc/passwd` is not in the archive",
        ),
        (
            &["a: x", "a/b: y"],
            "cannot take entry `a/b`: `a` is not a directory, so nothing can be below it",
        ),
    ] {
        let bytes = archive(lines);
        let error = bench.refused(&bench.options(bench.write("r.tar", &bytes)));
        // Whether it is known while reading or only at the end is of no interest here.
        let error = error.replace("cannot read `DIR/r.tar`: ", "");
        assert!(error.starts_with(&format!("Parse: {message}")), "{error}");
    }
    // An absolute name is one in the root, as GNU tar has it.
    let absolute = bench.write("r.tar", &archive(&["/etc/x: y"]));
    stage(&bench.options(absolute), &Silence).expect("harmless");
    assert_eq!(bench.made()["etc/x"].1, b"y");
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let bytes = archive(&["a: x", "b/", "b/c -> ../a", "d = a", "e: y", "f: z"]);
    let spool = std::env::temp_dir();
    for end in (0..=bytes.len() - 1024).step_by(512) {
        let mut tree = Tree::new(&spool).expect("a temporary directory");
        send_tar(&mut &bytes[..end], &mut tree).expect_err("is cut");
    }
    let mut tree = Tree::new(&spool).expect("a temporary directory");
    send_tar(&mut &bytes[..], &mut tree).expect("is whole");
}

#[test]
fn what_is_no_root_is_said() {
    let bench = Bench::new();
    let image = archive(&["oci-layout: {}", "index.json: {}", "blobs/sha256/x: y"]);
    let error = bench.refused(&bench.options(bench.write("r.tar", &image)));
    assert!(
        error.starts_with("Parse: cannot read the image in `DIR/r.tar`: archive names no image"),
        "{error}"
    );
    let error = bench.refused(&bench.options(bench.write("r.sqfs", &[b'h'; 2000])));
    assert!(
        error
            .starts_with("Parse: cannot read `DIR/r.sqfs`: cannot read the header after its start"),
        "{error}"
    );
    assert!(
        error.ends_with("compressed by gzip, xz, zstd or bzip2)"),
        "{error}"
    );
    let error = bench.refused(&bench.options(bench.path("none.tar")));
    assert!(
        error.starts_with("Usage: cannot open `DIR/none.tar`"),
        "{error}"
    );
    let proven = Options {
        sha256: Some(Digest::of("")),
        ..bench.options(bench.directory.path().to_owned())
    };
    assert!(
        bench
            .refused(&proven)
            .starts_with("Usage: `DIR` is a directory, which nothing can prove")
    );
}

#[test]
fn profiles_leave_out_what_they_name_and_none_leaves_out_nothing() {
    let bench = Bench::new();
    let source = bench.write(
        "r.tar",
        &archive(&[
            "etc/machine-id: 1",
            "etc/ssh/ssh_host_rsa_key: secret",
            "usr/share/doc/x/readme: x",
            "usr/share/doc/x/copyright: x",
            "usr/share/locale/de/x: x",
            "usr/share/locale/fr/x: x",
            "usr/share/man/man1/x: x",
            "usr/bin/x -> ../share/man/man1/x",
            "var/db/pkg/x: x",
        ]),
    );
    let left = |prune, keep_locales: &[&str]| {
        let options = Options {
            prune,
            keep_locales: keep_locales.iter().map(|&word| word.to_owned()).collect(),
            ..bench.options(source.clone())
        };
        stage(&options, &Silence).expect("a root");
        let made = bench.made();
        let files = made
            .iter()
            .filter(|(_, (entry, _))| entry.kind != Kind::Directory);
        files.map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(left(None, &[]).len(), 9);
    assert_eq!(left(Some(Profile::None), &[]).len(), 9);
    assert_eq!(left(Some(Profile::Safe), &[]).len(), 7);
    let slim = [
        "usr/share/doc/x/copyright",
        "usr/share/locale/de/x",
        "var/db/pkg/x",
    ];
    assert_eq!(left(Some(Profile::Slim), &["de"]), slim);
}

#[test]
fn a_directory_is_a_source_too() {
    let bench = Bench::new();
    let root = bench.path("root");
    fs_err::create_dir_all(root.join("b/c")).expect("writable");
    fs_err::write(root.join("b/c/d"), "content").expect("writable");
    fs_err::hard_link(root.join("b/c/d"), root.join("a")).expect("writable");
    stage(&bench.options(root), &Silence).expect("a root");
    let made = bench.made();
    assert_eq!(made["a"].1, b"content");
    assert_eq!(made["b/c/d"].0.kind, Kind::Hardlink(RootPath::from("a")));
}

#[test]
fn an_interrupted_run_stops_reading_and_writing() {
    let bench = Bench::new();
    let root = bench.path("root");
    fs_err::create_dir(&root).expect("writable");
    fs_err::write(root.join("a"), "content").expect("writable");
    let stop = AtomicBool::new(true);
    let archive = bench.write("r.tar", &archive(&["a: x"]));
    for source in [root, archive] {
        let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
        let ended = read(&bench.options(source), &mut tree, &Silence, &stop);
        let error = ended.expect_err("is to stop");
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}

#[test]
fn passwords_in_urls_are_not_shown() {
    let bench = Bench::new();
    let options = Options {
        source: Source::Url("https://me:secret@files.example/r.tar".into()),
        ..Options::default()
    };
    assert_eq!(
        bench.refused(&options),
        "Usage: nothing says what `https://files.example/r.tar` must be (hint: give --sha256 or --keyring, or fetch it \
         yourself and name the file)"
    );
}

struct Names(Vec<String>);
impl Sink for Names {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut text = String::new();
        content.read_to_string(&mut text).expect("text");
        self.0.push(format!("{}:{text}", entry.path));
        Ok(())
    }
}

#[test]
fn an_oci_image_has_one_layer_and_the_platform_of_its_programs() {
    let bench = Bench::new();
    let mut elf = [0; 64];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    elf[18] = 183;
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_data(&mut header(tar::EntryType::Regular, 64), "bin/sh", &elf[..])
        .expect("memory does not fail");
    let bytes = builder.into_inner().expect("memory does not fail");
    let options = Options {
        output: Some(bench.path("x.oci.tar")),
        ..bench.options(bench.write("r.tar", &bytes))
    };
    let summary = stage(&options, &Silence).expect("a root");
    assert_eq!(
        (summary.about.platform, summary.written.files),
        (Some("linux/arm64"), 2)
    );
    let packed = fs_err::read(bench.path("x.oci.tar")).expect("was made");
    let mut archive = TarReader::new(&packed[..]);
    let mut layers = Vec::new();
    let mut configs = Vec::new();
    while let Some(entry) = archive.next().expect("ours") {
        let mut content = Vec::new();
        archive.content().read_to_end(&mut content).expect("ours");
        let json: Option<serde_json::Value> = serde_json::from_slice(&content).ok();
        match json {
            Some(json) if json["rootfs"].is_object() => configs.push(json),
            None if entry.path.to_string().starts_with("blobs/sha256/") => layers.push(content),
            _ => {}
        }
    }
    assert_eq!((layers.len(), configs.len()), (1, 1));
    assert_eq!(configs[0]["architecture"], "arm64");
    let mut layer = TarReader::new(&layers[0][..]);
    let names = [layer.next(), layer.next(), layer.next()]
        .map(|entry| entry.expect("ours").map(|entry| entry.path.to_string()));
    assert_eq!(
        names,
        [Some("bin".to_owned()), Some("bin/sh".to_owned()), None]
    );
}

#[test]
fn a_tree_of_two_archives_is_what_extracting_both_gives() {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    send_tar(&mut &archive(&["a: old", "d/", "d/x: x"])[..], &mut tree).expect("well-formed");
    send_tar(&mut &archive(&["a: new", "d/", "d/y: y"])[..], &mut tree).expect("well-formed");
    tree.settle().expect("nothing is missing");
    let mut names = Names(Vec::new());
    tree.walk(&mut names).expect("readable");
    assert_eq!(names.0, ["a:new", "d:", "d/x:x", "d/y:y"]);
}

#[test]
fn files_get_names_from_the_root_else_from_the_source() {
    let known = About {
        id: Some("buildroot".into()),
        version: Some("2025.02".into()),
        title: None,
        platform: Some("linux/arm/v7"),
    };
    assert_eq!(file_name(&known, "x"), "buildroot-2025.02-arm.tar");
    assert_eq!(image_name(&known, "x").as_str(), "buildroot:2025.02");
    let unknown = About::default();
    for (source, file, image) in [
        ("-", "root.tar", "root:latest"),
        ("a/My Root.tar.xz", "myroot.tar", "myroot:latest"),
        (
            "https://x.example/dl/r-1.0.tgz?a=b",
            "r-1.0.tar",
            "r-1-0:latest",
        ),
        ("…", "root.tar", "root:latest"),
    ] {
        let stem = Source::parse(source.as_ref()).stem();
        let names = (
            file_name(&unknown, &stem),
            image_name(&unknown, &stem).to_string(),
        );
        assert_eq!(names, (file.to_owned(), image.to_owned()), "{source}");
    }
}
