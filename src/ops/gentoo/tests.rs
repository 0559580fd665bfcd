use super::*;
use boot_kit::{
    archive::TarReader,
    event::Silence,
    testkit::{Fault, Server},
};
use std::{collections::BTreeMap, io::Read, path::Path};

const MIRROR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/data/stage/gentoo/synthetic-mirror/mirror"
);
const BUILD: &str = "20260811T083102Z";
/// After the key of the mirror was made.
const NOW: i64 = 1_795_400_000;

/// The synthetic mirror on a server, and options that use it.
struct Bench {
    server: Server,
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        if !Path::new(MIRROR).is_dir() {
            skipped("Gentoo's synthetic mirror is not beside the checkout");
            return None;
        }
        let server = Server::start();
        let autobuilds = Path::new(MIRROR).join("releases/amd64/autobuilds");
        let tarball = format!("{BUILD}/stage3-amd64-openrc-{BUILD}.tar.xz");
        let names = [
            "latest-stage3-amd64-openrc.txt".to_owned(),
            "latest-stage3.txt".into(),
        ];
        let beside = ["", ".asc", ".DIGESTS", ".sha256"].map(|ending| format!("{tarball}{ending}"));
        for path in names.iter().chain(&beside) {
            let bytes = fs_err::read(autobuilds.join(path)).expect("is there");
            server.put(&format!("/releases/amd64/autobuilds/{path}"), bytes);
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        Some(Self { server, directory })
    }

    fn options(&self) -> Options {
        Options {
            arch: Some("amd64".into()),
            mirrors: vec![self.server.url() + "/"],
            root: roots::Options {
                keyring: vec![Path::new(MIRROR).join("test-release.asc")],
                output: Some(self.directory.path().join("out.tar")),
                force: true,
                cache_dir: Some(self.directory.path().join("cache")),
                now: NOW,
                ..roots::Options::default()
            },
            ..Options::default()
        }
    }

    fn made(&self) -> BTreeMap<String, (boot_kit::Entry, Vec<u8>)> {
        let bytes = fs_err::read(self.directory.path().join("out.tar")).expect("was made");
        let mut archive = TarReader::new(&bytes[..]);
        let mut made = BTreeMap::new();
        while let Some(entry) = archive.next().expect("ours") {
            let mut content = Vec::new();
            archive.content().read_to_end(&mut content).expect("ours");
            made.insert(entry.path.to_string(), (entry, content));
        }
        made
    }
}

#[expect(clippy::print_stderr, reason = "tests may")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn a_stage_is_measured_as_it_would_be_written() {
    use crate::ops::inspect::{Options as Look, Subject, inspect};
    use std::sync::Arc;

    let Some(bench) = Bench::new() else { return };
    gentoo(&bench.options(), &Silence).expect("is right");
    let files = bench.made();
    let content: usize = files.values().map(|(_, content)| content.len()).sum();
    let subject = Subject::Gentoo {
        options: Box::new(bench.options()),
        left_out: Vec::new(),
    };
    let silence: Arc<dyn Report> = Arc::new(Silence);
    let footprint = inspect(&subject, None, &Look::default(), &silence).expect("is right");
    assert_eq!(footprint.sizes.content, content as u64);
    assert_eq!(footprint.packages.len(), 1);
    assert_eq!(
        (footprint.image.name.as_str(), footprint.sizes.stored),
        ("gentoo", None)
    );
}

#[test]
fn a_stage_comes_from_the_mirror_and_is_touched_as_gentoo_does() {
    let Some(bench) = Bench::new() else { return };
    let made = gentoo(&bench.options(), &Silence).expect("is right");
    assert_eq!(made.packages, 1);
    assert_eq!(made.summary.name.as_str(), "gentoo:2.18");
    let files = bench.made();
    assert_eq!(files["etc/timezone"].1, b"UTC\n");
    // The build dates it: what was written here, too.
    assert_eq!(files["etc/timezone"].0.mtime, 1_786_437_062);
    assert!(
        files["bin/ping"]
            .0
            .xattrs
            .contains_key(&b"security.capability"[..])
    );
    // A second time, without a pointer's tarball being fetched again.
    bench.server.take_requests();
    let again = gentoo(&bench.options(), &Silence).expect("is right");
    assert_eq!(again.summary.written, made.summary.written);
    let requests = bench.server.take_requests();
    assert!(
        !requests.iter().any(|path| path.ends_with(".tar.xz")),
        "{requests:?}"
    );
    // Without a network, what is at hand is enough.
    let offline = Options {
        root: roots::Options {
            offline: true,
            ..bench.options().root
        },
        ..bench.options()
    };
    let offline = gentoo(&offline, &Silence).expect("is at hand");
    assert_eq!(offline.summary.written, made.summary.written);
    assert_eq!(bench.server.take_requests(), Vec::<String>::new());
    // The same build by its name.
    let named = Options {
        build: Some(BUILD.parse().expect("a build")),
        ..bench.options()
    };
    let named = gentoo(&named, &Silence).expect("is right");
    assert_eq!(named.summary.written, made.summary.written);
}

#[test]
fn a_download_that_is_cut_is_resumed() {
    let Some(bench) = Bench::new() else { return };
    let path = format!("/releases/amd64/autobuilds/{BUILD}/stage3-amd64-openrc-{BUILD}.tar.xz");
    bench.server.fail_times(&path, 1, Fault::BreakOff(100_000));
    gentoo(&bench.options(), &Silence).expect("is resumed");
}

#[test]
fn what_the_mirror_gets_wrong_makes_no_image() {
    let tarball = format!("/releases/amd64/autobuilds/{BUILD}/stage3-amd64-openrc-{BUILD}.tar.xz");
    let Some(bench) = Bench::new() else { return };
    let mut bytes = fs_err::read(format!("{MIRROR}{tarball}")).expect("is there");
    bytes[400_000] ^= 1;
    for (bytes, why) in [
        (bytes.clone(), "SHA-256"),
        (bytes[1..].to_vec(), "bytes"),
        (b"x".to_vec(), "bytes"),
    ] {
        bench.server.put(&tarball, bytes);
        let error = gentoo(&bench.options(), &Silence).expect_err(why);
        assert!(error.one_line().contains(why), "{error:?}");
        assert!(!bench.directory.path().join("out.tar").exists());
    }
    let missing = Options {
        flavour: Some("systemd".into()),
        ..bench.options()
    };
    let error = gentoo(&missing, &Silence).expect_err("is not there");
    assert_eq!(error.hint(), Some("there are openrc, systemd"), "{error:?}");
}

#[test]
fn what_cannot_be_a_stage_is_refused_before_anything_is_fetched() {
    let settings = Settings::builtin().expect("well-formed");
    let hint = |options: Options| {
        let error = settings.wanted(&options).expect_err("is refused");
        assert_eq!(error.kind(), ErrorKind::Usage);
        error.hint().expect("has one").to_owned()
    };
    let arch = |arch: &str| Options {
        arch: Some(arch.into()),
        ..Options::default()
    };
    assert_eq!(hint(arch("amd46")), "did you mean `amd64`?");
    let flavour = |flavour: &str| Options {
        flavour: Some(flavour.into()),
        ..arch("amd64")
    };
    for bad in ["", "../x", "a/b", "a b"] {
        assert_eq!(
            hint(flavour(bad)),
            "flavours are written like musl-hardened"
        );
    }
    let wanted = settings.wanted(&flavour("musl")).expect("is fine");
    assert_eq!(
        (
            wanted.directory.as_str(),
            wanted.flavour.as_str(),
            &wanted.mirrors[..]
        ),
        (
            "amd64",
            "musl",
            &["https://distfiles.gentoo.org".to_owned()][..]
        )
    );
    assert_eq!(
        settings.wanted(&arch("i686")).expect("is fine").directory,
        "x86"
    );
    assert_eq!(
        settings.wanted(&arch("i686")).expect("is fine").flavour,
        "openrc"
    );
    assert!(!settings.keyring(&[]).expect("is built in").is_empty());
}

#[test]
fn changes_are_made_where_the_text_is() {
    let settings = Settings::builtin().expect("well-formed");
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    tree.write(&"etc/rc.conf".into(), b"# a comment\n#rc_sys=\"\"\n", 0o600)
        .expect("writable");
    settings.touch(&mut tree).expect("can be changed");
    let read = |path: &'static str| tree.read(&path.into(), 1000).expect("readable");
    assert_eq!(
        read("etc/rc.conf").as_deref(),
        Some(&b"# a comment\nrc_sys=\"docker\"\n"[..])
    );
    assert_eq!(
        tree.find(&"etc/rc.conf".into()).expect("is there").mode,
        0o600
    );
    assert_eq!(read("etc/timezone").as_deref(), Some(&b"UTC\n"[..]));
    let mut empty = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    settings.touch(&mut empty).expect("nothing to change");
    assert!(empty.find(&"etc".into()).is_none());
}
