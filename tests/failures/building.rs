//! Builds that get as far as the scripts or the image.

use crate::{
    bench::{Bench, Ended, skip},
    living, package,
};
use boot_kit::testkit::Fault;
use std::{
    fs,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
};

#[test]
fn a_build_leaves_its_image_and_nothing_else() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    let ended = bench.debian(&["-q", "-o", "-"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let stage = bench.path("out/stage");
    let mut archive = tar::Archive::new(ended.stdout.as_slice());
    let shipped = |entry: &tar::Entry<_>| {
        entry
            .path()
            .is_ok_and(|path| path.ends_with("debian_version"))
    };
    let entries = archive
        .entries()
        .expect("a tar")
        .map(|entry| entry.expect("a tar"));
    assert_eq!(entries.filter(shipped).count(), 1);
    // On disk it is the same, and what was put together there goes too.
    fs::create_dir(&stage).expect("writable");
    let place = stage.to_str().expect("is text");
    assert_eq!(bench.debian(&["-q", "-o", "-", "--staging", place]), ended);
}

#[test]
fn a_failing_script_is_named_with_what_it_said() {
    let archive = living::archive().packages([
        package("sour").script(
            "postinst",
            "#!/bin/sh\necho squeezing\necho ouch >&2\nexit 3\n",
        ),
        package("bitter").script("preinst", "#!/bin/sh\necho no thanks\nexit 4\n"),
        package("silent").script("postinst", "#!/bin/sh\nexit 5\n"),
    ]);
    let Some((bench, _server)) = Bench::building(&archive) else {
        return;
    };
    bench.debian(&["--include", "sour"]).is(
        1,
        "\
error: the configuration of package `sour` failed with exit code 1
  caused by: it printed:
        Setting up sour (1) ...
        squeezing
        ouch
        dpkg: error processing package sour (--configure):
hint: run again with -v to see everything scripts print, or leave the package out with --exclude
",
    );
    bench.debian(&["--include", "bitter"]).is(
        1,
        "\
error: the preinst script of package `bitter` failed with exit code 4
  caused by: it printed:
        no thanks
hint: run again with -v to see everything scripts print, or leave the package out with --exclude
",
    );
    bench.debian(&["--include", "silent"]).is(
        1,
        "\
error: the configuration of package `silent` failed with exit code 1
  caused by: it printed:
        Setting up silent (1) ...
        dpkg: error processing package silent (--configure):
hint: run again with -v to see everything scripts print, or leave the package out with --exclude
",
    );
}

#[test]
fn the_next_mirror_has_the_package() {
    let archive = living::archive();
    let Some((_, first)) = Bench::building(&archive) else {
        return;
    };
    let second = archive.serve();
    let told = |fault| {
        let bench = Bench::new(&archive, &[&first, &second]);
        first.mend().fail("/debian/pool/main/a/apple/*", fault);
        let ended = bench.debian(&["-q", "--include", "apple", "-o", "-"]);
        assert!(!ended.stdout.is_empty());
        Ended {
            stdout: Vec::new(),
            ..ended
        }
    };
    told(Fault::Status(404)).is(0, "\
warning: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` answers 404 Not Found: trying another mirror for `apple`
");
    told(Fault::Alter(200)).is(0, "\
warning: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` has been altered: the SHA-256 is DIGEST, the signed one is DIGEST: trying another mirror for `apple`
");
    told(Fault::Close).is(0, "\
warning: `http://first/debian/pool/main/a/apple/apple_1_amd64.deb` does not answer: connection closed before message completed: trying another mirror for `apple`
");
}

#[test]
fn a_reader_that_goes_away_ends_the_build() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    let ended = bench.meddle(bench.boot(&["-o", "-"]), |child| {
        let mut stdout = child.stdout.take().expect("is piped");
        stdout.read_exact(&mut [0; 512]).expect("an image");
    });
    ended.is(
        1,
        "\
error: cannot write to standard output
  caused by: Broken pipe (os error 32)
hint: the program at the other end of the pipe ended: see what it says
",
    );
}

/// Mounts a small file system at `small`, runs its arguments, and lists what they left there.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=1m,mode=755 small small || exit 99
"$@"
code=$?
find small -mindepth 1 ! -path 'small/cache*' ! -path small/there
find small -path '*/runs/*'
exit $code
"#;

#[test]
fn a_full_disk_is_named() {
    let Some((mut bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    // Which of them is the last straw differs between machines.
    let others = ["melon", "debian_version"].map(PathBuf::from);
    for path in living::files().into_iter().chain(others) {
        bench.call(&format!("`{}`", path.display()), "`…`");
    }
    for package in ["apt", "base-files", "apple"] {
        bench.call(&format!("`{package}`"), "`dpkg`");
    }
    fs::create_dir(bench.path("out/small")).expect("writable");
    let become_root: &[&str] = if rustix::process::getuid().is_root() {
        &[]
    } else {
        &["--map-root-user", "--map-auto"]
    };
    let told = |arguments: &[&str]| {
        let inner = bench.boot(arguments);
        let mut command = Command::new("unshare");
        command
            .arg("--mount")
            .args(become_root)
            .args(["sh", "-c", ON_A_SMALL_DISK, "sh"]);
        command
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(bench.path("out"));
        command.env_clear();
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        bench.run(command)
    };
    let trial = told(&["--help"]);
    if trial.code != 0 {
        skip("nothing can be mounted here", &trial.stderr);
        return;
    }
    told(&["-o", "small/image.tar"]).is(
        1,
        "\
error: cannot write `small/image.tar`
  caused by: No space left on device (os error 28)
hint: free some space, perhaps with `boot cache clean`, or choose another place with TMPDIR, --cache-dir or -o
",
    );
    told(&["-o", "small/root/"]).is(
        1,
        "\
error: cannot write `small/root`
  caused by: cannot make `…`
  caused by: No space left on device (os error 28)
hint: free some space, perhaps with `boot cache clean`, or choose another place with TMPDIR, --cache-dir or -o
",
    );
    told(&["-o", "image.tar", "--cache-dir", "small/cache"]).is(1, "\
error: cannot get `dpkg`
  caused by: failed to write to file `/bench/out/small/cache/runs/…`: No space left on device (os error 28)
hint: free some space, perhaps with `boot cache clean`, or choose another place with TMPDIR, --cache-dir or -o
");
    told(&["-o", "image.tar", "--staging", "small"]).is(
        1,
        "\
error: cannot unpack `dpkg`
  caused by: cannot read `data.tar`
  caused by: cannot unpack `…`
  caused by: No space left on device (os error 28)
hint: free some space, perhaps with `boot cache clean`, or choose another place with TMPDIR, --cache-dir or -o
",
    );
}
