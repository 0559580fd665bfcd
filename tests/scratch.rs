//! `boot scratch`: an image of a program and nothing else, from outside.
//!
//! Programs and libraries are made here, byte by byte; no compiler and no library of this machine is needed.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests may")]

use boot_kit::testkit::{Archive, Deb, Elf};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

/// A working directory.
struct Bench {
    directory: TempDir,
}

/// How a run ended: its code, what it wrote to stdout, and to stderr.
type Ended = (i32, String, String);

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file with the directories it is in.
    fn file(&self, name: &str, mode: u32, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, name: &str, target: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        command
            .args(["scratch", "--progress", "none"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("BOOT_CACHE_DIR", self.path("cache"))
            .env("TMPDIR", self.directory.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn scratch(&self, arguments: &[&str]) -> Ended {
        let out = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            out.status.code().unwrap_or(-1),
            text(out.stdout),
            text(out.stderr).replace(&self.directory.path().display().to_string(), "DIR"),
        )
    }

    /// Makes an image, which must not be refused; gives what is said of it.
    fn made(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.scratch(arguments);
        assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
        stderr
    }

    /// A root such as Debian's with a C library, a library, certificates and time zones.
    fn debian(&self) {
        self.link("root/lib", "usr/lib");
        self.link("root/lib64", "usr/lib64");
        let directory = "root/usr/lib/x86_64-linux-gnu";
        self.file(
            "root/usr/lib64/ld-linux-x86-64.so.2",
            0o755,
            Elf::library("ld-linux-x86-64.so.2").build(),
        );
        let libc = Elf::library("libc.so.6").interpreter(LOADER);
        let libc = libc.needs("ld-linux-x86-64.so.2").build();
        self.file(&format!("{directory}/libc.so.6"), 0o755, libc);
        self.link(&format!("{directory}/libx.so.1"), "libx.so.1.2");
        let x = Elf::library("libx.so.1").needs("libc.so.6").build();
        self.file(&format!("{directory}/libx.so.1.2"), 0o644, x);
        self.file("root/etc/ssl/certs/ca-certificates.crt", 0o644, CERTIFICATE);
        self.file("root/usr/share/zoneinfo/Europe/Berlin", 0o644, "TZif");
        self.link("root/usr/share/zoneinfo/localtime", "/etc/localtime");
        self.link("root/usr/share/zoneinfo/GB", "Europe/Berlin");
    }
}

fn dynamic() -> Vec<u8> {
    let program = Elf::program().interpreter(LOADER);
    program.needs("libx.so.1").needs("libc.so.6").build()
}

/// What is in a tar by name: kind, mode, owner, size or target; all of it has one date, which is checked.
fn listing(tar: &[u8], epoch: u64) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), epoch);
        let what = match header.entry_type() {
            tar::EntryType::Directory => "d".to_owned(),
            tar::EntryType::Symlink => {
                format!("l {}", entry.link_name().unwrap().unwrap().display())
            }
            _ => format!("f {}", header.size().unwrap()),
        };
        let (mode, uid) = (header.mode().unwrap(), header.uid().unwrap());
        let path = entry.path().unwrap().display().to_string();
        (
            path.trim_end_matches('/').to_owned(),
            format!("{mode:o} {uid} {what}"),
        )
    });
    entries.collect()
}

/// The files of an OCI archive by name.
fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries.collect()
}

/// The configuration and the only layer of an OCI archive.
fn image(path: &Path) -> (Value, Vec<u8>) {
    let files = contents(path);
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let layers = manifest[0]["Layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    let config = serde_json::from_slice(&files[manifest[0]["Config"].as_str().unwrap()]).unwrap();
    (config, files[layers[0].as_str().unwrap()].clone())
}

#[test]
fn a_static_program_is_all_there_is_and_runs() {
    let bench = Bench::new();
    let hello = Elf::hello().build();
    bench.file("hello", 0o4775, &hello);
    let said = bench.made(&["--add", "./hello:/usr/bin/hello"]);
    let begin = "wrote hello.oci.tar: hello:latest, linux/amd64, runs /usr/bin/hello, 4 files, ";
    assert!(said.starts_with(begin), "{said}");
    assert!(
        said.contains("\n  docker load -i hello.oci.tar\n"),
        "{said}"
    );
    let (config, layer) = image(&bench.path("hello.oci.tar"));
    assert_eq!(
        config["config"],
        json!({
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": ["/usr/bin/hello"],
        })
    );
    assert_eq!(
        (&config["architecture"], &config["created"]),
        (&json!("amd64"), &json!("1970-01-01T00:00:00Z"))
    );
    let wanted = [
        ("tmp", "1777 0 d".to_owned()),
        ("usr", "755 0 d".to_owned()),
        ("usr/bin", "755 0 d".to_owned()),
        ("usr/bin/hello", format!("755 0 f {}", hello.len())),
    ];
    let wanted: BTreeMap<_, _> = wanted.map(|(path, what)| (path.to_owned(), what)).into();
    assert_eq!(listing(&layer, 0), wanted);
    if std::env::consts::ARCH != "x86_64" {
        eprintln!("skipped: the program is for amd64");
        return;
    }
    tar::Archive::new(&layer[..])
        .unpack(bench.path("root"))
        .unwrap();
    let ran = Command::new(bench.path("root/usr/bin/hello"))
        .output()
        .unwrap();
    assert_eq!(
        (ran.status.code(), &ran.stdout[..]),
        (Some(0), &b"hello\n"[..])
    );
}

#[test]
fn a_dynamic_program_is_refused_before_it_fails() {
    let bench = Bench::new();
    bench.file("hello", 0o755, dynamic());
    bench.file("other", 0o755, Elf::program().needs("liby.so").build());
    assert_eq!(
        bench.scratch(&["--add", "hello:/bin/"]),
        (
            2,
            String::new(),
            "error: `/bin/hello` is dynamic, and the image lacks what it needs: its interpreter \
             `/lib64/ld-linux-x86-64.so.2`, `libx.so.1`, `libc.so.6`\n\
             hint: take it from this machine with `--libs auto`, or link the program statically\n"
                .to_owned()
        )
    );
    bench.debian();
    let refused = bench.scratch(&["--add", "other:/bin/", "--libs", "auto", "--from", "root"]);
    assert_eq!(
        refused.2,
        "error: `root` lacks what `/bin/other` needs: `liby.so`\n\
         hint: add it with --add, or name a root that has it with --from\n"
    );
    let both = bench.scratch(&["--add", "other:/bin/", "--add", "hello:/bin/"]);
    let begin = "error: 2 programs cannot run:\n  `/bin/other` is dynamic, and the image lacks";
    assert!(both.2.starts_with(begin), "{}", both.2);
    assert!(!bench.path("hello.oci.tar").exists());
    // With all it needs beside it, it is as good as a static one.
    bench.made(&[
        "--add",
        "hello:/bin/",
        "--add",
        "root/usr/lib64:/lib64",
        "--add",
        "root/usr/lib/x86_64-linux-gnu:/lib",
    ]);
}

#[test]
fn libraries_come_from_a_directory_or_an_archive_with_their_links() {
    let bench = Bench::new();
    bench.debian();
    bench.file("hello", 0o755, dynamic());
    let auto = ["--add", "hello:/usr/bin/hello", "--libs", "auto", "--force"];
    let said = bench.made(&[&auto[..], &["--from", "root", "-o", "out.tar"]].concat());
    assert!(said.contains(", 3 libraries, "), "{said}");
    assert!(
        said.contains(r#" --change 'ENTRYPOINT ["/usr/bin/hello"]' out.tar hello:latest"#),
        "{said}"
    );
    let tar = fs::read(bench.path("out.tar")).unwrap();
    let listed = listing(&tar, 0);
    let listed: Vec<_> = listed
        .iter()
        .filter(|(_, what)| !what.ends_with('d'))
        .map(|(path, what)| format!("{path} {}", what.split(" 0 ").last().unwrap()))
        .map(|line| match line.split_once(" f ") {
            Some((path, _)) => path.to_owned(),
            None => line,
        })
        .collect();
    assert_eq!(
        listed,
        [
            "lib l usr/lib",
            "lib64 l usr/lib64",
            "usr/bin/hello",
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            "usr/lib/x86_64-linux-gnu/libx.so.1 l libx.so.1.2",
            "usr/lib/x86_64-linux-gnu/libx.so.1.2",
            "usr/lib64/ld-linux-x86-64.so.2",
        ]
    );
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(false);
    archive.append_dir_all(".", bench.path("root")).unwrap();
    bench.file("root.tar", 0o644, archive.into_inner().unwrap());
    bench.made(&[&auto[..], &["--from", "root.tar", "-o", "out2.tar"]].concat());
    assert_eq!(fs::read(bench.path("out2.tar")).unwrap(), tar);
}

/// A distribution of files only, so that nothing must run: as `extract` is.
const MINE: &str = r#"
name = "mine"
title = "Mine"
format = "deb"
default-release = "trixie"
default-variant = "files"
components = ["main"]

[architectures]
amd64 = "linux/amd64"

[releases.trixie]
keys = ["key.asc"]
archives = [{ suite = "trixie", mirrors = ["MIRROR"] }]

[variants.files]
summary = "a C library"
backend = { variant = { unpack-only = true, packages = ["libc6"] } }
"#;

#[test]
fn libraries_come_from_a_distribution() {
    let bench = Bench::new();
    let binary = |elf: Elf| elf.build();
    let archive = Archive::new("trixie").packages([
        Deb::new("libc6", "1")
            .file(
                "lib64/ld-linux-x86-64.so.2",
                0o755,
                binary(Elf::library("ld-linux-x86-64.so.2")),
            )
            .file(
                "lib/x86_64-linux-gnu/libc.so.6",
                0o755,
                binary(Elf::library("libc.so.6")),
            ),
        Deb::new("libx1", "1").depends("libc6").file(
            "usr/lib/x86_64-linux-gnu/libx.so.1",
            0o644,
            binary(Elf::library("libx.so.1")),
        ),
        Deb::new("tzdata", "1").file("usr/share/zoneinfo/UTC", 0o644, "TZif"),
    ]);
    let server = archive.serve();
    let mine = MINE.replace("MIRROR", &format!("{}/debian", server.url()));
    bench.file("mine.toml", 0o644, mine);
    bench.file("key.asc", 0o644, archive.signing_key().armored());
    bench.file("hello", 0o755, dynamic());
    bench.file(
        "arm",
        0o755,
        Elf::program().machine(true, true, 183).needs("x").build(),
    );
    let auto = [
        "--libs",
        "auto",
        "--from",
        "mine.toml",
        "-o",
        "x.tar",
        "--force",
        "--add",
    ];
    let (code, _, said) = bench.scratch(&[&auto[..], &["hello:/bin/"]].concat());
    if said.contains("namespaces are refused here") {
        eprintln!("skipped: {said}");
        return;
    }
    assert_eq!(
        (code, said.as_str()),
        (
            2,
            "error: `mine.toml` lacks what `/bin/hello` needs: `libx.so.1`\n\
             hint: add it with --add, or name a root that has it with --from\n"
        )
    );
    let said = bench.made(
        &[
            &auto[..],
            &["hello:/bin/", "--include", "libx1", "--tzdata"],
        ]
        .concat(),
    );
    assert!(said.contains(", 3 libraries, "), "{said}");
    let tar = fs::read(bench.path("x.tar")).unwrap();
    let files = listing(&tar, 0).into_iter();
    let files = files.filter(|(_, what)| !what.ends_with('d'));
    assert_eq!(
        files.map(|(path, _)| path).collect::<Vec<_>>(),
        [
            "bin/hello",
            "lib/x86_64-linux-gnu/libc.so.6",
            "lib64/ld-linux-x86-64.so.2",
            "usr/lib/x86_64-linux-gnu/libx.so.1",
            "usr/share/zoneinfo/UTC",
        ]
    );
    // Nothing is left of what was built for it.
    assert_eq!(fs::read_dir(bench.path("cache/runs")).unwrap().count(), 0);
    let (code, _, said) = bench.scratch(&[&auto[..], &["arm:/bin/"]].concat());
    assert_eq!(
        (code, said.as_str()),
        (
            2,
            "error: cannot take libraries from `mine.toml`\n  \
             caused by: `mine.toml` is not made for linux/arm64, which the programs are for\n\
             hint: name a root for that platform with --from\n"
        )
    );
    let (_, _, said) = bench.scratch(&["--add", "hello:/a", "--from", ".", "--include", "x"]);
    assert_eq!(
        said,
        "error: no packages can be taken from `.`\n\
         hint: name a distribution with --from, or leave out --include\n"
    );
}

/// All that can be put in besides, from the root that [`Bench::debian`] makes.
const EXTRAS: [&str; 6] = [
    "--from",
    "root",
    "--ca-certificates",
    "--tzdata",
    "--user",
    "65532",
];

#[test]
fn the_same_files_are_the_same_bytes_whatever_their_dates() {
    let bench = Bench::new();
    bench.debian();
    bench.file("hello", 0o755, dynamic());
    let arguments = ["--add", "hello:/bin/", "--libs", "auto"];
    let arguments = [&arguments[..], &EXTRAS].concat();
    let mut made = Vec::new();
    for (mode, output) in [(0o755, "a.oci.tar"), (0o700, "b.oci.tar")] {
        bench.file("hello", mode, dynamic());
        let file = fs::File::options()
            .write(true)
            .open(bench.path("hello"))
            .unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(mode.into());
        file.set_modified(time).unwrap();
        bench.made(&[&arguments[..], &["-o", output]].concat());
        made.push(fs::read(bench.path(output)).unwrap());
    }
    assert!(made[0] == made[1]);
    bench.made(&[&arguments[..], &["-o", "c.tar", "--epoch", "1700000000"]].concat());
    listing(&fs::read(bench.path("c.tar")).unwrap(), 1_700_000_000);
}

#[test]
fn certificates_zones_and_an_account_are_put_in_when_asked_for() {
    let bench = Bench::new();
    bench.debian();
    bench.file("hello", 0o755, Elf::hello().build());
    let arguments = ["--add", "hello:/hello", "--env", "A=b"];
    bench.made(&[&arguments[..], &EXTRAS].concat());
    let (config, layer) = image(&bench.path("hello.oci.tar"));
    let config = &config["config"];
    assert_eq!(config["User"], "65532");
    assert_eq!(
        config["Env"].as_array().unwrap()[1..],
        [
            json!("A=b"),
            json!("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
        ]
    );
    let listed = listing(&layer, 0);
    let get = |path: &str| listed.get(path).map(String::as_str);
    assert_eq!(get("usr/share/zoneinfo/Europe/Berlin"), Some("644 0 f 4"));
    assert_eq!(get("usr/share/zoneinfo/GB"), Some("777 0 l Europe/Berlin"));
    assert_eq!(get("usr/share/zoneinfo/localtime"), None);
    assert_eq!(get("home/nonroot"), Some("700 65532 d"));
    let mut texts = BTreeMap::new();
    for entry in tar::Archive::new(&layer[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        if path.starts_with("etc/") && entry.header().entry_type().is_file() {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            texts.insert(path, text);
        }
    }
    let wanted = [
        ("etc/group", "root:x:0:\nnonroot:x:65532:\n"),
        (
            "etc/passwd",
            "root:x:0:0:root:/root:/sbin/nologin\n\
             nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
        ),
        ("etc/ssl/certs/ca-certificates.crt", CERTIFICATE),
    ];
    let wanted = wanted.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(texts, BTreeMap::from(wanted));
}

#[test]
fn what_cannot_be_is_said() {
    let bench = Bench::new();
    bench.file("hello", 0o755, Elf::hello().build());
    bench.file(
        "arm",
        0o755,
        Elf::program().machine(true, true, 183).build(),
    );
    bench.file("script", 0o755, "#! /bin/sh -e\necho\n");
    bench.file("damaged", 0o755, &Elf::program().needs("x").build()[..100]);
    bench.file("passwd", 0o644, "app:x:1000:1000::/:\n");
    let refused = |arguments: &[&str]| {
        let (code, stdout, stderr) = bench.scratch(arguments);
        assert_eq!((code > 0, stdout.as_str()), (true, ""));
        stderr
    };
    for (arguments, said) in [
        (
            &["--add", "script:/bin/"][..],
            "error: `/bin/script` is a script for `/bin/sh`, which the image lacks\n\
             hint: add the interpreter with --add, or a program instead of the script\n",
        ),
        (
            &["--add", "hello:/a", "--add", "arm:/b"],
            "error: `/a` is for linux/amd64, `/b` for linux/arm64\n\
             hint: make an image of each: an image is for one platform\n",
        ),
        (
            &["--add", "damaged:/a"],
            "error: `/a` is a damaged program\n  \
             caused by: cannot read `/a`\n  \
             caused by: its program headers are not in the file\n",
        ),
        (
            &["--add", "hello:/a", "--entrypoint", "/a --fast"],
            "error: the image is to run `/bin/sh`, which is not in it\n\
             hint: write the command as a JSON list, as in `[\"/usr/bin/hello\", \"--fast\"]`: there is no shell\n",
        ),
        (
            &["--add", "hello:/a", "--entrypoint", "[\"hello\"]"],
            "error: the image is to run `hello`, which is not in it\n\
             hint: name a program that you add, by its path in the image\n",
        ),
        (
            &["--add", "hello:/a", "--user", "app"],
            "error: nothing in the image says which number `app` has\n\
             hint: give a number, as in `--user 65532`, or add a file `/etc/passwd`\n",
        ),
        (
            &["--add", "hello:/a", "--from", "nowhere"],
            "error: `nowhere` is neither a distribution nor a root\n\
             hint: name one of `boot list`, a directory, or a tar of a root\n",
        ),
        (
            &["--add", "hello:/a", "--from", "debian"],
            "error: nothing is to be taken from `debian`\n\
             hint: add `--libs auto`, or leave out --from\n",
        ),
    ] {
        assert_eq!(refused(arguments), said, "{arguments:?}");
    }
    let mut left: Vec<_> = fs::read_dir(bench.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["arm", "damaged", "hello", "passwd", "script"]);
    bench.made(&[
        "--add",
        "hello:/a",
        "--user",
        "app",
        "--add",
        "passwd:/etc/",
    ]);
    bench.made(&[
        "--add",
        "hello:/usr/bin/x",
        "--entrypoint",
        "[\"x\"]",
        "-o",
        "path.tar",
    ]);
}

#[test]
fn time_zones_that_were_added_stay() {
    let bench = Bench::new();
    bench.debian();
    bench.file("hello", 0o755, Elf::hello().build());
    bench.file("zones/UTC", 0o644, "mine");
    bench.file("zones/Europe", 0o644, "no directory");
    bench.file("zones/Asia/Mine", 0o644, "mine");
    bench.file("root/usr/share/zoneinfo/UTC", 0o644, "other");
    bench.file("root/usr/share/zoneinfo/Asia/Tokyo", 0o644, "other");
    bench.made(&[
        "--add",
        "hello:/hello",
        "--add",
        "zones:/usr/share/zoneinfo",
        "--from",
        "root",
        "--tzdata",
        "-o",
        "out.tar",
    ]);
    let names = listing(&fs::read(bench.path("out.tar")).unwrap(), 0);
    let zones = names.iter().filter_map(|(path, what)| {
        let name = path.strip_prefix("usr/share/zoneinfo/")?;
        Some((name, what.split_once(' ')?.1))
    });
    assert_eq!(
        zones.collect::<Vec<_>>(),
        [
            ("Asia", "0 d"),
            ("Asia/Mine", "0 f 4"),
            ("Asia/Tokyo", "0 f 5"),
            ("Europe", "0 f 12"),
            ("GB", "0 l Europe/Berlin"),
            ("UTC", "0 f 4"),
        ]
    );
}

#[test]
fn too_many_certificates_are_refused_not_cut() {
    let bench = Bench::new();
    bench.file("hello", 0o755, Elf::hello().build());
    let bundle = CERTIFICATE.repeat((16 << 20) / CERTIFICATE.len() + 1);
    bench.file("root/etc/ssl/cert.pem", 0o644, bundle);
    let ended = bench.scratch(&["--add", "hello:/a", "--ca-certificates", "--from", "root"]);
    let said = "error: `/etc/ssl/cert.pem` has more certificates than anybody trusts\n\
                hint: add a file of those that are needed with --add\n";
    assert_eq!(ended, (2, String::new(), said.to_owned()));
}

#[test]
fn what_a_root_lacks_is_said() {
    let bench = Bench::new();
    bench.file("hello", 0o755, Elf::hello().build());
    bench.file("empty/x", 0o644, "");
    bench.file("empty/etc/ssl/cert.pem", 0o644, "no certificate");
    for (flag, said) in [
        (
            "--ca-certificates",
            "error: `empty` has no file of certificates such as `/etc/ssl/certs/ca-certificates.crt`\n\
             hint: name a root that has one with --from, or add one with --add\n",
        ),
        (
            "--tzdata",
            "error: `empty` has no time zones in `/usr/share/zoneinfo`\n\
             hint: name a root that has them with --from\n",
        ),
    ] {
        let ended = bench.scratch(&["--add", "hello:/a", flag, "--from", "empty"]);
        assert_eq!(ended, (1, String::new(), said.to_owned()));
    }
}

#[test]
fn the_only_program_is_the_entrypoint_and_of_several_none() {
    let bench = Bench::new();
    bench.file("tree/bin/hello", 0o755, Elf::hello().build());
    bench.file("tree/share/plain", 0o644, Elf::hello().build());
    bench.file(
        "tree/lib/libx.so",
        0o755,
        Elf::library("libx.so").needs("libz.so").build(),
    );
    bench.file(
        "tree/lib/arm.so",
        0o755,
        Elf::library("libz.so").machine(true, true, 183).build(),
    );
    let entrypoint = |arguments: &[&str]| {
        let said = bench.made(&[arguments, &["-o", "x.oci.tar", "--force", "-q"]].concat());
        let (config, _) = image(&bench.path("x.oci.tar"));
        let run = &config["config"];
        (run["Entrypoint"].clone(), run["Cmd"].clone(), said)
    };
    // Nobody may ever load these two: that is a warning.
    let said = "warning: `/app/lib/arm.so` is for linux/arm64: its libraries are not looked for\n\
                warning: `/app/lib/libx.so` cannot be loaded: the image lacks `libz.so`\n";
    assert_eq!(
        entrypoint(&["--add", "tree:/app", "--cmd", "[\"-v\"]"]),
        (json!(["/app/bin/hello"]), json!(["-v"]), said.to_owned())
    );
    bench.link("latest", "tree/bin/hello");
    let (run, _, said) = entrypoint(&["--add", "latest:/bin/hello", "--add", "tree/share:/share"]);
    assert_eq!((run, said.as_str()), (json!(["/bin/hello"]), ""));
    let (run, cmd, said) = entrypoint(&["--add", "latest:/a", "--add", "latest:/b"]);
    assert_eq!((run, cmd), (Value::Null, Value::Null));
    assert_eq!(
        said,
        "warning: the image runs nothing by itself: name one of `/a`, `/b` with --entrypoint\n"
    );
}

#[test]
fn a_directory_as_output_has_the_same_tree() {
    let bench = Bench::new();
    bench.file("hello", 0o755, Elf::hello().build());
    let (code, _, said) = bench.scratch(&["--add", "hello:/bin/hello", "-o", "out/"]);
    if said.contains("namespaces are refused here") {
        eprintln!("skipped: {said}");
        return;
    }
    assert_eq!(code, 0, "{said}");
    let metadata = fs::metadata(bench.path("out/bin/hello")).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o755, 0));
    let tmp = fs::metadata(bench.path("out/tmp")).unwrap();
    assert_eq!(tmp.mode() & 0o7777, 0o1777);
}
