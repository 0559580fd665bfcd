//! What Buildroot has made already.

use crate::bench::{Bench, Ended};
use std::{
    fs::{self, File},
    process::Command,
};

/// A tar of files with contents, links as `-> TARGET`.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        header.set_uid(0);
        header.set_gid(0);
        if let Some(target) = content.strip_prefix("-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, target).unwrap();
        } else {
            header.set_size(content.len() as u64);
            builder
                .append_data(&mut header, path, content.as_bytes())
                .unwrap();
        }
    }
    builder.into_inner().unwrap()
}

const OS_RELEASE: (&str, &str) = (
    "usr/lib/os-release",
    "ID=buildroot\nVERSION=-g1-dirty\nVERSION_ID=2025.02.13\n",
);
const LINK: (&str, &str) = ("etc/os-release", "-> ../usr/lib/os-release");

fn taken(bench: &Bench, name: &str, files: &[(&str, &str)], more: &str) -> Ended {
    fs::write(bench.path(name), archive(files)).unwrap();
    bench.run(bench.boot(&format!("BENCH/{name} --progress none --force {more}")))
}

#[test]
fn a_root_is_named_by_its_version_and_what_is_unknown_is_said() {
    let bench = Bench::without_make();
    let files = [OS_RELEASE, LINK, ("bin/a", "12345")];
    let ended = taken(&bench, "rootfs.tar", &files, "--packages-json p.json");
    let mut lines = ended.stderr.lines();
    assert_eq!(
        lines.next(),
        Some("warning: `p.json` is not written: no report beside the root names its packages")
    );
    let facts = lines.next().unwrap();
    assert!(
        facts.starts_with(
            "wrote buildroot-2025.02.13.tar: buildroot:2025.02.13, no programs, 8 files, "
        ),
        "{facts}"
    );
    assert_eq!(
        lines.next(),
        Some("packages unknown: no report of the build is beside the root")
    );
    assert!(bench.path("out/buildroot-2025.02.13.tar").exists());
    assert!(!bench.path("out/p.json").exists());
}

#[test]
fn reports_beside_the_images_are_used() {
    let bench = Bench::without_make();
    for name in ["images", "build"] {
        fs::create_dir(bench.path(name)).unwrap();
    }
    fs::write(
        bench.path("build/packages-file-list.txt"),
        "a,./bin/a\nb,./gone\n",
    )
    .unwrap();
    let files = [OS_RELEASE, LINK, ("bin/a", "12345")];
    let ended = taken(
        &bench,
        "images/rootfs.tar",
        &files,
        "-o x.tar --packages-json p.json",
    );
    assert!(ended.stderr.contains(", 1 package, "), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("\n0 licences; unknown of 1 package\n"),
        "{}",
        ended.stderr
    );
    let written = fs::read_to_string(bench.path("out/p.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    let package = serde_json::json!({"name": "a", "version": null, "licences": [], "files": 1, "size_bytes": 5,
        "built_s": null});
    assert_eq!(written["packages"], serde_json::json!([package]));
    // What `make show-info` printed into a file is a report, too.
    let info =
        r#"{ "a": { "type": "target", "virtual": false, "version": "3", "licenses": "MIT" } }"#;
    fs::write(bench.path("images/show-info.json"), info).unwrap();
    let ended = taken(&bench, "images/rootfs.tar", &files, "-o x.tar");
    assert!(
        ended.stderr.contains("\n1 licence: MIT\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_is_beside_a_root_by_chance_does_not_keep_it_from_being_taken() {
    let bench = Bench::without_make();
    fs::create_dir(bench.path("images")).unwrap();
    // What is no directory has no reports in it.
    fs::write(bench.path("build"), "").unwrap();
    let files = [OS_RELEASE, LINK, ("bin/a", "12345")];
    let take = || taken(&bench, "images/rootfs.tar", &files, "-q -o x.tar");
    let said = take();
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    fs::write(bench.path("images/show-info.json"), "[not json").unwrap();
    let said = take();
    let warning =
        "warning: the reports beside the root are left out: cannot read what `show-info` prints: ";
    assert_eq!(said.code, 0);
    assert!(said.stderr.starts_with(warning), "{}", said.stderr);
    fs::remove_file(bench.path("images/show-info.json")).unwrap();
    let long = File::create(bench.path("images/packages-file-list.txt")).unwrap();
    long.set_len((64 << 20) + 1).unwrap();
    let said = take();
    let expected = "warning: the reports beside the root are left out: `BENCH/images/packages-file-list.txt` is longer \
                    than any report\n";
    assert_eq!((said.code, said.stderr.as_str()), (0, expected));
}

#[test]
fn what_buildroot_did_not_make_is_refused() {
    let bench = Bench::without_make();
    for (files, code, expected) in [
        (
            &[("etc/os-release", "ID=debian\nVERSION_ID=13\n")][..],
            2,
            "error: `BENCH/x.tar` is a root of `debian`, not of Buildroot\nhint: use `boot stage`, which takes any root\n",
        ),
        (
            &[OS_RELEASE, LINK, ("THIS_IS_NOT_YOUR_ROOT_FILESYSTEM", "")],
            2,
            "error: `BENCH/x.tar` is Buildroot's `target` directory, which has no owners and no devices\n\
             hint: name `images/rootfs.tar`, which Buildroot makes with BR2_TARGET_ROOTFS_TAR=y\n",
        ),
        (
            &[("bin/sh", "")],
            0,
            "warning: `BENCH/x.tar` does not say that Buildroot made it: it has no os-release\n",
        ),
    ] {
        let ended = taken(&bench, "x.tar", files, "-q -o x.tar");
        assert_eq!((ended.code, ended.stderr.as_str()), (code, expected));
        drop(fs::remove_file(bench.path("out/x.tar")));
    }
    // Old versions wrote another file.
    let ended = taken(
        &bench,
        "x.tar",
        &[("etc/br-version", "2012.05\n")],
        "-o y.tar",
    );
    assert!(
        ended
            .stderr
            .starts_with("wrote y.tar: buildroot:2012.05, no programs, 3 files, "),
        "{}",
        ended.stderr
    );
}

#[test]
fn sources_and_roots_are_not_mixed_up() {
    let bench = Bench::without_make();
    for (arguments, told) in [
        (
            "",
            "the following required arguments were not provided:\n  <FILE|URL|->\n",
        ),
        (
            "x.tar --defconfig tiny",
            "the argument '[FILE|URL|-]' cannot be used with '--defconfig <NAME|FILE>'\n",
        ),
        (
            "--defconfig tiny",
            "the following required arguments were not provided:\n  --source <TREE>\n",
        ),
        (
            "x.tar --source y",
            "the argument '[FILE|URL|-]' cannot be used with '--source <TREE>'\n",
        ),
        (
            "--source y --keyring k",
            "the argument '--source <TREE>' cannot be used with '--keyring <FILE>'\n",
        ),
    ] {
        let mut command: Command = bench.boot(arguments);
        if arguments.is_empty() {
            command = bench.boot("--quiet");
        }
        let ended = bench.run(command);
        assert_eq!(ended.code, 2);
        assert!(
            ended.stderr.starts_with(&format!("error: {told}")),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn real_roots_are_taken_from_a_pipe_without_programs_of_the_host() {
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/stage/buildroot"
    );
    for (name, said) in [
        (
            "buildroot-2013.08.1-x86_64-devnodes",
            "buildroot:2013.08.1, linux/amd64, ",
        ),
        (
            "buildroot-2015.02-x86_64",
            "buildroot:2015.02, linux/amd64, ",
        ),
        (
            "buildroot-2017.08.1-nevstokes",
            "buildroot:2017.08.1, linux/386, ",
        ),
        (
            "buildroot-2025.02.13-arm-glibc",
            "buildroot:2025.02.13, linux/arm/v5, ",
        ),
        (
            "buildroot-2025.11.2-x86_64-musl",
            "buildroot:2025.11.2, linux/amd64, ",
        ),
    ] {
        let Ok(root) = File::open(format!("{data}/{name}.tar.xz")) else {
            eprintln!("skipped: `{name}` is not beside the checkout");
            continue;
        };
        let bench = Bench::without_make();
        let mut command = bench.boot("- -o x.tar --progress none");
        command.stdin(root).env("PATH", "/nonexistent");
        let ended = bench.run(command);
        assert!(
            ended.stderr.starts_with(&format!("wrote x.tar: {said}")),
            "{}",
            ended.stderr
        );
    }
}
