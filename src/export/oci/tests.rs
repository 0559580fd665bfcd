//! Whole outputs: every file of an image, read back.

use super::*;
use crate::{
    export::Output,
    recipe::image::{ImageOptions, Reference},
    store::Store,
};
use boot_kit::{
    Entry, ErrorKind, Kind, RootPath, Sink,
    digest::Hashing,
    event::{Event, Silence},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

static NEVER: AtomicBool = AtomicBool::new(false);

const EPOCH: i64 = 1_700_000_000;

fn options(force: bool) -> Options<'static> {
    Options {
        epoch: EPOCH,
        report: &Silence,
        interrupt: &NEVER,
        jobs: 2,
        force,
    }
}

/// A tar with one file, as a layer has it.
fn tar(name: &str, content: &str) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new(), EPOCH);
    let entry = Entry {
        path: RootPath::parse(name).expect("well-formed"),
        kind: Kind::File {
            size: content.len() as u64,
        },
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 5,
        xattrs: BTreeMap::new(),
    };
    tar.entry(&entry, &mut content.as_bytes())
        .expect("memory does not fail");
    tar.finish().expect("memory does not fail").2
}

/// Writes an image of two layers: `base`, and `top`, which has the bytes given.
struct Case<'a> {
    options: ImageOptions,
    name: &'a str,
    platform: &'a str,
    top: Vec<u8>,
    compressed: &'a dyn Compressed,
}

/// Compresses into a file without a name and keeps nothing.
struct Nowhere;

impl Compressed for Nowhere {
    fn get(&self, _: &str, make: cache::Make<'_>) -> Result<(Digest, u64, File)> {
        let mut file = tempfile::tempfile()?;
        let mut hashing = Hashing::new(&mut file);
        make(&mut hashing)?;
        let (digest, size) = hashing.finish();
        io::Seek::rewind(&mut file)?;
        Ok((digest, size, file))
    }
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            options: ImageOptions::default(),
            name: "debian:trixie",
            platform: "linux/amd64",
            top: tar("etc/motd", "hello"),
            compressed: &Nowhere,
        }
    }
}

impl Case<'_> {
    fn write(&self, path: &Path, options: &Options<'_>) -> Result<Written> {
        let Ok(Output::Oci(output)) = Output::parse(path.as_os_str()) else {
            panic!("{} is no OCI output", path.display());
        };
        let reference: Reference = self.name.parse().expect("a name");
        let image = Image {
            options: &self.options,
            reference: &reference,
            platform: self.platform,
            title: Some("Debian trixie"),
            shell: Some("/bin/bash"),
        };
        let (base, top) = (base(), &self.top);
        let open_base =
            || -> Result<Box<dyn Read + Send>> { Ok(Box::new(io::Cursor::new(base.clone()))) };
        let open_top =
            || -> Result<Box<dyn Read + Send>> { Ok(Box::new(io::Cursor::new(top.clone()))) };
        let layer = |name: &str, open, tar: &[u8]| LayerSource {
            name: name.to_owned(),
            diff_id: Digest::of(tar),
            size: tar.len() as u64,
            created_by: format!("boot: {name}"),
            open,
            zstd: None,
        };
        let layers = [
            layer("base", &open_base as _, &base),
            layer("top", &open_top, &self.top),
        ];
        write_oci(&output, &image, &layers, self.compressed, options)
    }
}

fn base() -> Vec<u8> {
    tar("bin/sh", "#!")
}

/// The files of an archive by name, and the names in the order in which they stand.
fn read_archive(path: &Path) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let mut names = Vec::new();
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(File::open(path).expect("there"));
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("well-formed");
        let name = entry.path().expect("UTF-8").display().to_string();
        let header = entry.header();
        let is_directory = header.entry_type().is_dir();
        assert!(is_directory || header.entry_type().is_file(), "{name}");
        assert_eq!(header.mtime().expect("a number"), 1_700_000_000, "{name}");
        let mode = if is_directory { 0o755 } else { 0o644 };
        assert_eq!(header.mode().expect("a number"), mode, "{name}");
        names.push(name.clone());
        if !is_directory {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("whole");
            assert!(files.insert(name, content).is_none(), "twice");
        }
    }
    (files, names)
}

/// The files of a layout by path.
fn read_layout(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (folder, prefix) in [("", ""), ("blobs/sha256", "blobs/sha256/")] {
        for entry in fs_err::read_dir(path.join(folder)).expect("there") {
            let entry = entry.expect("readable");
            if entry.path().is_file() {
                let name = format!("{prefix}{}", entry.file_name().display());
                files.insert(name, fs_err::read(entry.path()).expect("readable"));
            }
        }
    }
    files
}

fn blob(digest: &Digest) -> String {
    format!("blobs/sha256/{digest}")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is UTF-8")
}

#[test]
fn an_archive_is_a_layout_and_what_docker_load_reads() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.oci.tar");
    let written = Case::default()
        .write(&path, &options(false))
        .expect("writable");
    let (files, names) = read_archive(&path);

    let top = tar("etc/motd", "hello");
    let (a, b) = (Digest::of(base()), Digest::of(&top));
    let config = format!(
        r#"{{"created":"2023-11-14T22:13:20Z","architecture":"amd64","os":"linux","config":{{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/bin/bash"]}},"rootfs":{{"type":"layers","diff_ids":["sha256:{a}","sha256:{b}"]}},"history":[{{"created":"2023-11-14T22:13:20Z","created_by":"boot: base","comment":"base"}},{{"created":"2023-11-14T22:13:20Z","created_by":"boot: top","comment":"top"}}]}}"#
    );
    let config_digest = Digest::of(&config);
    let layer = |digest: &Digest, name: &str| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{digest}","size":2048,"annotations":{{"boot.layer":"{name}"}}}}"#
        )
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{config_digest}","size":{}}},"layers":[{},{}],"annotations":{{"org.opencontainers.image.created":"2023-11-14T22:13:20Z","org.opencontainers.image.title":"Debian trixie"}}}}"#,
        config.len(),
        layer(&a, "base"),
        layer(&b, "top")
    );
    let manifest_digest = Digest::of(&manifest);
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{manifest_digest}","size":{},"platform":{{"architecture":"amd64","os":"linux"}},"annotations":{{"io.containerd.image.name":"docker.io/library/debian:trixie","org.opencontainers.image.ref.name":"debian:trixie"}}}}]}}"#,
        manifest.len()
    );
    let docker = format!(
        r#"[{{"Config":"blobs/sha256/{config_digest}","RepoTags":["debian:trixie"],"Layers":["blobs/sha256/{a}","blobs/sha256/{b}"]}}]"#
    );
    assert_eq!(text(&files[&blob(&config_digest)]), config);
    assert_eq!(text(&files[&blob(&manifest_digest)]), manifest);
    let wanted = BTreeMap::from([
        (blob(&a), base()),
        (blob(&b), top),
        (blob(&config_digest), config.into_bytes()),
        (blob(&manifest_digest), manifest.into_bytes()),
        ("index.json".to_owned(), index.into_bytes()),
        ("manifest.json".to_owned(), docker.into_bytes()),
        (
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ),
    ]);
    assert!(files == wanted, "{:?}", files.keys());
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| name.trim_end_matches('/').to_owned());
    assert_eq!(names, sorted);

    let bytes = fs_err::read(&path).expect("there");
    assert_eq!(
        written,
        Written {
            bytes: bytes.len() as u64,
            sha256: Some(Digest::of(&bytes)),
            manifest: manifest_digest,
            config: config_digest,
            layers: vec![a, b],
        }
    );
    let mtime = fs_err::metadata(&path).expect("there").mtime();
    assert_eq!(mtime, EPOCH);
}

#[test]
fn everything_asked_for_is_in_the_configuration() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.oci");
    let options_of = |text: &str| toml::from_str::<ImageOptions>(text).expect("valid");
    let case = Case {
        options: options_of(
            r#"
            entrypoint = ["/init"]
            env = ["LANG=C.UTF-8", "PATH=/bin"]
            user = "www-data"
            workdir = "/srv"
            expose = ["443", "80/udp"]
            volume = ["/b", "/a"]
            stop-signal = "quit"
            label = { b = "2", a = "1" }
            annotation = ["org.opencontainers.image.title=Ours", "a.b=c"]
            layer-compression = "none"
            "#,
        ),
        platform: "linux/arm/v7",
        name: "registry.example/team/x:1",
        ..Case::default()
    };
    let written = case.write(&path, &options(false)).expect("writable");
    let files = read_layout(&path);
    let config = text(&files[&blob(&written.config)]);
    let run = r#"{"created":"2023-11-14T22:13:20Z","architecture":"arm","variant":"v7","os":"linux","config":{"User":"www-data","ExposedPorts":{"443/tcp":{},"80/udp":{}},"Env":["PATH=/bin","LANG=C.UTF-8"],"Entrypoint":["/init"],"Volumes":{"/a":{},"/b":{}},"WorkingDir":"/srv","Labels":{"a":"1","b":"2"},"StopSignal":"SIGQUIT"},"rootfs""#;
    assert_eq!(&config[..run.len()], run);
    let manifest = text(&files[&blob(&written.manifest)]);
    let annotations = r#","annotations":{"a.b":"c","org.opencontainers.image.created":"2023-11-14T22:13:20Z","org.opencontainers.image.title":"Ours"}}"#;
    assert_eq!(&manifest[manifest.len() - annotations.len()..], annotations);
    let index = text(&files["index.json"]);
    let place = r#","platform":{"architecture":"arm","os":"linux","variant":"v7"},"annotations":{"io.containerd.image.name":"registry.example/team/x:1","org.opencontainers.image.ref.name":"registry.example/team/x:1"}}]}"#;
    assert_eq!(&index[index.len() - place.len()..], place);
}

#[test]
fn layers_are_compressed_as_asked_and_unpack_to_their_diff_ids() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let cases = [
        ("a.oci.tar", None, "tar"),
        ("a.oci", None, "tar+gzip"),
        ("b.oci.tar", Some(LayerCompression::Gzip), "tar+gzip"),
        ("b.oci", Some(LayerCompression::Zstd), "tar+zstd"),
        ("c.oci", Some(LayerCompression::None), "tar"),
    ];
    for (name, layer_compression, media_type) in cases {
        let path = directory.path().join(name);
        let case = Case {
            options: ImageOptions {
                layer_compression,
                ..ImageOptions::default()
            },
            ..Case::default()
        };
        let written = case.write(&path, &options(false)).expect("writable");
        let files = if path.is_dir() {
            read_layout(&path)
        } else {
            read_archive(&path).0
        };
        let unpacked: Vec<Vec<u8>> = written
            .layers
            .iter()
            .map(|digest| {
                let bytes = &files[&blob(digest)];
                assert_eq!(Digest::of(bytes), *digest);
                let mut tar = Vec::new();
                match media_type {
                    "tar" => tar.clone_from(bytes),
                    "tar+gzip" => {
                        let mut reader = flate2::read::MultiGzDecoder::new(&bytes[..]);
                        reader.read_to_end(&mut tar).expect("gzip");
                    }
                    _ => zstd::stream::copy_decode(&bytes[..], &mut tar).expect("zstd"),
                }
                tar
            })
            .collect();
        assert!(unpacked == [base(), tar("etc/motd", "hello")], "{name}");
        let manifest = text(&files[&blob(&written.manifest)]);
        let wanted = format!("\"mediaType\":\"application/vnd.oci.image.layer.v1.{media_type}\"");
        assert_eq!(manifest.matches(&wanted).count(), 2, "{name}: {manifest}");
        // Two layers, configuration and manifest, and `manifest.json` in an archive only.
        let number = if path.is_dir() { 6 } else { 7 };
        assert_eq!(files.len(), number, "{name}");
    }
}

#[test]
fn two_equal_layers_are_one_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.oci.tar");
    let case = Case {
        top: base(),
        ..Case::default()
    };
    let written = case.write(&path, &options(false)).expect("writable");
    assert_eq!(written.layers, [Digest::of(base()); 2]);
    assert_eq!(read_archive(&path).0.len(), 6);
}

#[test]
fn the_same_image_is_the_same_bytes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let compressions = [
        LayerCompression::None,
        LayerCompression::Gzip,
        LayerCompression::Zstd,
    ];
    for layer_compression in compressions {
        let case = Case {
            options: ImageOptions {
                layer_compression: Some(layer_compression),
                ..ImageOptions::default()
            },
            top: tar("big", &"some words ".repeat(300_000)),
            ..Case::default()
        };
        let mut outputs = Vec::new();
        for jobs in [1, 4] {
            let path = directory
                .path()
                .join(format!("{layer_compression:?}-{jobs}.oci.tar"));
            let options = Options {
                jobs,
                ..options(false)
            };
            case.write(&path, &options).expect("writable");
            outputs.push(fs_err::read(&path).expect("there"));
        }
        assert!(outputs[0] == outputs[1], "{layer_compression:?}");
    }
}

#[test]
fn a_layer_at_hand_in_zstd_is_taken_as_it_is() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tar = base();
    let stored = zstd::encode_all(&tar[..], 1).expect("memory does not fail");
    let file = directory.path().join("stored");
    fs_err::write(&file, &stored).expect("writable");
    let open = || -> Result<Box<dyn Read + Send>> { panic!("the tar itself is not needed") };
    let open_stored = || -> Result<Box<dyn Read + Send>> { Ok(Box::new(File::open(&file)?)) };
    let layer = LayerSource {
        name: "base".to_owned(),
        diff_id: Digest::of(&tar),
        size: tar.len() as u64,
        created_by: String::new(),
        open: &open,
        zstd: Some(Stored {
            digest: Digest::of(&stored),
            size: stored.len() as u64,
            open: &open_stored,
        }),
    };
    let image_options = ImageOptions {
        layer_compression: Some(LayerCompression::Zstd),
        ..ImageOptions::default()
    };
    let image = Image {
        options: &image_options,
        reference: &"x:1".parse().expect("a name"),
        platform: "linux/amd64",
        title: None,
        shell: None,
    };
    let output = OciOutput {
        path: directory.path().join("x.oci"),
        form: OciForm::Layout,
    };
    let written = write_oci(&output, &image, &[layer], &Nowhere, &options(false));
    assert_eq!(written.expect("writable").layers, [Digest::of(&stored)]);
    let files = read_layout(&output.path);
    assert!(files[&blob(&Digest::of(&stored))] == stored);
}

#[test]
fn a_store_compresses_a_layer_once() {
    struct Counting<'a>(&'a Store, Cell<u32>);
    impl Compressed for Counting<'_> {
        fn get(&self, key: &str, make: cache::Make<'_>) -> Result<(Digest, u64, File)> {
            let mut counted = |out: &mut dyn Write| {
                self.1.set(self.1.get() + 1);
                make(out)
            };
            Compressed::get(self.0, key, &mut counted)
        }
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let cache = directory.path().join("cache");
    let store = Store::open(&cache).expect("writable");
    let counting = Counting(&store, Cell::new(0));
    let case = Case {
        compressed: &counting,
        ..Case::default()
    };
    let first = directory.path().join("a.oci");
    let written = case.write(&first, &options(false)).expect("writable");
    assert_eq!(counting.1.get(), 2);
    let second = directory.path().join("b.oci");
    assert_eq!(
        case.write(&second, &options(false)).expect("writable"),
        written
    );
    assert_eq!(counting.1.get(), 2);
    assert!(read_layout(&first) == read_layout(&second));
    // What has vanished or is damaged is made again.
    let blobs = cache.join("blobs/sha256");
    fs_err::remove_file(blobs.join(written.layers[0].to_string())).expect("there");
    fs_err::write(blobs.join(written.layers[1].to_string()), "damaged").expect("there");
    let third = directory.path().join("c.oci");
    assert_eq!(
        case.write(&third, &options(false)).expect("writable"),
        written
    );
    assert_eq!(counting.1.get(), 4);
}

#[test]
fn a_layer_that_is_not_what_its_digest_says_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tar = base();
    for (content, told) in [
        (tar[..1024].to_vec(), "Io"),
        ([&tar[..1024], &[1; 1024]].concat(), "Trust"),
    ] {
        let open =
            || -> Result<Box<dyn Read + Send>> { Ok(Box::new(io::Cursor::new(content.clone()))) };
        for (name, form) in [("x.oci.tar", OciForm::Archive), ("x.oci", OciForm::Layout)] {
            let layer = LayerSource {
                name: "base".to_owned(),
                diff_id: Digest::of(&tar),
                size: tar.len() as u64,
                created_by: String::new(),
                open: &open,
                zstd: None,
            };
            let image_options = ImageOptions {
                layer_compression: Some(LayerCompression::None),
                ..ImageOptions::default()
            };
            let image = Image {
                options: &image_options,
                reference: &"x:1".parse().expect("a name"),
                platform: "linux/amd64",
                title: None,
                shell: None,
            };
            let output = OciOutput {
                path: directory.path().join(name),
                form,
            };
            let error = write_oci(&output, &image, &[layer], &Nowhere, &options(false))
                .expect_err("another tar");
            assert_eq!(format!("{:?}", error.kind()), told, "{error:?}");
        }
    }
    assert_eq!(
        fs_err::read_dir(directory.path()).expect("there").count(),
        0
    );
}

#[test]
fn force_replaces_an_image_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.oci");
    fs_err::create_dir(&path).expect("writable");
    fs_err::write(path.join("precious"), "").expect("writable");
    let case = Case::default();
    for force in [false, true] {
        let error = case.write(&path, &options(force)).expect_err("in the way");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
    assert!(path.join("precious").is_file());
    fs_err::remove_file(path.join("precious")).expect("there");
    case.write(&path, &options(false)).expect("empty");
    let error = case.write(&path, &options(false)).expect_err("in the way");
    assert_eq!(
        error.hint(),
        Some("use --force to replace it, or choose another place with -o")
    );
    let other = Case {
        name: "other:1",
        ..Case::default()
    };
    other.write(&path, &options(true)).expect("an image");
    assert!(text(&read_layout(&path)["index.json"]).contains("other:1"));
    assert_eq!(
        fs_err::read_dir(directory.path()).expect("there").count(),
        1
    );
}

#[test]
fn a_layout_is_dated_and_has_usual_permissions() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.oci");
    let usual = directory.path().join("usual");
    fs_err::create_dir(&usual).expect("writable");
    fs_err::write(usual.join("file"), "").expect("writable");
    Case::default()
        .write(&path, &options(false))
        .expect("writable");
    let about = |path: &Path| fs_err::metadata(path).expect("there");
    for (made, like) in [("", ""), ("blobs", ""), ("index.json", "file")] {
        let (made, like) = (about(&path.join(made)), about(&usual.join(like)));
        assert_eq!(made.permissions().mode(), like.permissions().mode());
        assert_eq!((made.uid(), made.mtime()), (like.uid(), EPOCH));
    }
}

#[test]
fn an_interrupted_export_leaves_nothing() {
    /// Interrupts at the first progress.
    struct Impatient<'a>(&'a AtomicBool);
    impl boot_kit::Report for Impatient<'_> {
        fn event(&self, _: Event) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let stop = AtomicBool::new(false);
    let impatient = Impatient(&stop);
    let case = Case {
        top: tar("big", &"some words ".repeat(300_000)),
        ..Case::default()
    };
    for (name, stopped) in [("x.oci.tar", false), ("x.oci", false), ("y.oci", true)] {
        stop.store(stopped, Ordering::Relaxed);
        let options = Options {
            interrupt: &stop,
            report: &impatient,
            ..options(false)
        };
        let error = case
            .write(&directory.path().join(name), &options)
            .expect_err("stopped");
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
    assert_eq!(
        fs_err::read_dir(directory.path()).expect("there").count(),
        0
    );
}

#[test]
fn progress_is_that_of_all_files() {
    #[derive(Default)]
    struct Sum(Mutex<u64>);
    impl boot_kit::Report for Sum {
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
    let path = directory.path().join("x.oci");
    let written = Case::default().write(&path, &options).expect("writable");
    assert_eq!(*sum.0.lock().expect("not poisoned"), written.bytes);
    assert_eq!(path.extension(), Some(OsStr::new("oci")));
}
