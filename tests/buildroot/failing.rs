//! What is said when a tree cannot be built.

use crate::bench::Bench;
use rustix::fs::{FlockOperation, flock};
use std::fs;

const BUILD: &str = "--source BENCH/tree --progress none";

#[test]
fn a_package_that_fails_is_named_with_what_it_printed_and_the_log() {
    let Some(bench) = Bench::new() else { return };
    bench.configure("bad", "BR2_PACKAGE_HELLO=y\nBR2_STUB_FAILS=\"hello\"\n");
    let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig bad -o bad.tar")));
    let expected = "\
error: cannot build `hello`
  caused by: `hello 2.12: Building` failed with exit code 2
  caused by: it printed:
        >>> host-tools 1.0 Extracting
        >>> host-tools 1.0 Building
        >>> skeleton  Extracting
        >>> skeleton  Building
        >>> busybox 1.36.1 Extracting
        >>> busybox 1.36.1 Building
        >>> hello 2.12 Extracting
        >>> hello 2.12 Building
        hello.c:1: error: no
";
    let (head, rest) = ended
        .stderr
        .split_at(expected.len().min(ended.stderr.len()));
    assert_eq!((ended.code, head), (1, expected), "{}", ended.stderr);
    let mut rest = rest.lines();
    let last = rest.next().unwrap();
    assert!(
        last.contains("make: *** [Makefile:") && last.ends_with("OUT/build/hello.stamp] Error 1"),
        "{last}"
    );
    assert_eq!(
        rest.collect::<Vec<_>>(),
        ["hint: all that make printed is in `OUT/boot.log`"]
    );
    assert!(bench.log().contains("\nhello.c:1: error: no\n"));
    assert!(!bench.path("out/bad.tar").exists());
    // What was built stays built.
    bench.configure("bad", "BR2_PACKAGE_HELLO=y\n");
    bench.builds(&format!("{BUILD} --defconfig bad -o good.tar"));
}

#[test]
fn missing_programs_are_named_with_the_packages_to_install() {
    let Some(bench) = Bench::new() else { return };
    bench.configure("bad", "BR2_PACKAGE_HELLO=y\nBR2_STUB_WANTS=\"cmp\"\n");
    let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig bad -o bad.tar")));
    let (first, last) = (ended.stderr.lines().next(), ended.stderr.lines().last());
    assert_eq!(
        (ended.code, first, last),
        (
            1,
            Some("error: cannot fetch the sources of the root: `cmp` is not installed"),
            Some(
                "hint: on Debian: apt install diffutils; all that make printed is in `OUT/boot.log`"
            )
        ),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_archive_that_was_not_made_now_is_not_taken() {
    let Some(bench) = Bench::new() else { return };
    bench.builds(&format!("{BUILD} --defconfig tiny -o one.tar"));
    bench.configure("tiny", "BR2_STUB_NO_TAR=y\n");
    for _ in 0..2 {
        let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig tiny -o two.tar")));
        let expected = "error: Buildroot made no `OUT/images/rootfs.tar`\nhint: see what it did in `OUT/boot.log`\n";
        assert_eq!((ended.code, ended.stderr.as_str()), (1, expected));
    }
    // Not even one that is there.
    let images = bench.place().unwrap().join("images");
    fs::copy(bench.path("out/one.tar"), images.join("rootfs.tar")).unwrap();
    let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig tiny -o two.tar")));
    assert!(
        ended.stderr.starts_with("error: Buildroot made no `"),
        "{}",
        ended.stderr
    );
    bench.configure("odd", "BR2_STUB_REFUSES_TAR=y\n");
    fs::remove_dir_all(bench.path("cache")).unwrap();
    let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig odd -o two.tar")));
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            2,
            "error: this configuration cannot have a tar: BR2_TARGET_ROOTFS_TAR=y was dropped\n\
             hint: see what it depends on, in `OUT/.config`\n"
        )
    );
}

#[test]
fn what_cannot_be_built_is_said_before_anything_is_done() {
    let bench = Bench::without_make();
    fs::create_dir(bench.path("empty")).unwrap();
    fs::write(bench.path("out/there.json"), "").unwrap();
    std::os::unix::fs::symlink(bench.path("tree"), bench.path("link")).unwrap();
    fs::create_dir(bench.path("a@b")).unwrap();
    let no_source = "hint: name the directory of Buildroot's own source, unpacked or cloned\n";
    for (arguments, expected) in [
        (
            "--source BENCH/tree --defconfig helo -o x.tar",
            "error: `helo` is no configuration of this tree, and no file\nhint: did you mean `hello`?\n".to_owned(),
        ),
        (
            "--source BENCH/link --defconfig nothing_like_it -o x.tar",
            "error: `nothing_like_it` is no configuration of this tree, and no file\n\
             hint: `make -C BENCH/tree list-defconfigs` lists them\n"
                .to_owned(),
        ),
        (
            "--source BENCH/tree --external BENCH/external --defconfig extr -o x.tar",
            "error: `extr` is no configuration of this tree, and no file\nhint: did you mean `extra`?\n".to_owned(),
        ),
        (
            "--source BENCH/tree -o x.tar",
            "error: no configuration is named\nhint: name a configuration with --defconfig: a file, or one of those that \
             `make list-defconfigs` lists\n"
                .to_owned(),
        ),
        (
            "--source BENCH/empty --defconfig tiny -o x.tar",
            format!("error: `BENCH/empty` is no Buildroot tree: it has no `Makefile`\n{no_source}"),
        ),
        (
            "--source BENCH/none --defconfig tiny -o x.tar",
            "error: `BENCH/none` is no directory\n  caused by: failed to canonicalize path `BENCH/none`: No such file or \
             directory (os error 2)\nhint: name the directory of Buildroot's source\n"
                .to_owned(),
        ),
        (
            "--source BENCH/tree --external BENCH/empty --defconfig tiny -o x.tar",
            "error: `BENCH/empty` is no external tree: it has no `Config.in`\n\
             hint: an external tree has external.desc, external.mk and Config.in\n"
                .to_owned(),
        ),
        (
            "--source BENCH/tree --output-dir BENCH/a@b --defconfig tiny -o x.tar",
            "error: Buildroot cannot work with the path `BENCH/a@b`: `@` is in it\n\
             hint: use a path of letters, digits, `.`, `_`, `-` and `/`\n"
                .to_owned(),
        ),
        (
            "--source BENCH/tree --defconfig tiny --packages-json there.json -o x.tar",
            "error: `there.json` exists\nhint: replace it with --force\n".to_owned(),
        ),
    ] {
        let ended = bench.run(bench.boot(&format!("{arguments} --progress none")));
        assert_eq!((ended.code, ended.stderr), (2, expected), "{arguments}");
    }
    assert!(!bench.path("cache/buildroot").exists());
}

#[test]
fn without_make_it_says_what_to_install() {
    let bench = Bench::without_make();
    let mut command = bench.boot(&format!("{BUILD} --defconfig tiny -o x.tar"));
    command.env("PATH", "/nonexistent");
    let ended = bench.run(command);
    let expected = "error: `make` is not installed, without which Buildroot builds nothing\n\
                    hint: install what Buildroot needs, on Debian: apt install make gcc g++ libc6-dev patch perl cpio unzip \
                    rsync bc file wget\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (2, expected));
}

#[test]
fn two_builds_do_not_share_a_directory() {
    let bench = Bench::without_make();
    fs::create_dir(bench.path("mine")).unwrap();
    let lock = fs::File::create(bench.path("mine/.boot-lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let ended = bench.run(bench.boot(&format!(
        "{BUILD} --defconfig tiny --output-dir BENCH/mine -o x.tar"
    )));
    let expected = "error: another build is under way in `BENCH/mine`\n\
                    hint: wait for it, or name another directory with --output-dir\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (2, expected));
}
