//! What cannot be added or fails when it is run: the build says so and leaves nothing.

use crate::{bench::Bench, living};
use std::fs;

#[test]
fn a_command_that_fails_leaves_no_image() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    let failed = "\
error: `echo squeezing; echo ouch >&2; false; echo never` failed with exit code 1
  caused by: it printed:
        squeezing
        ouch
hint: correct the command, or run again with -v to see everything commands print
";
    let run = [
        "--run",
        "true",
        "--run",
        "echo squeezing; echo ouch >&2; false; echo never",
        "-o",
        "image.tar",
    ];
    bench.debian(&run).is(1, failed);
    // With the packages' layers finished, as they are now, it fails alike.
    bench.debian(&run).is(1, failed);
}

#[test]
fn what_cannot_be_added_is_told_before_anything_is_downloaded() {
    let (bench, server) = Bench::serving(&living::archive());
    fs::write(bench.path("out/motd"), "hello\n").expect("writable");
    let gone = "\
error: cannot add `gone`
  caused by: there is no such file
hint: name a file, link or directory of this machine
";
    let gone_is_told = |arguments: &[&str]| {
        let add = ["--add", "motd:/etc/motd", "--add", "gone:/etc/gone"];
        bench.debian(&[&add, arguments].concat()).is(2, gone);
    };
    gone_is_told(&["--dry-run"]);
    let clash = ["--add", "motd:/etc/x", "--add", "motd:/etc/x/", "--dry-run"];
    bench.debian(&clash).is(
        2,
        "error: `/etc/x` is a file in the image, where a directory is to be added\n",
    );
    for (add, why) in [
        (
            "motd:etc/motd",
            "`etc/motd` is not a path from the root of the image: begin it with `/`",
        ),
        (
            "motd:/../motd",
            "`/../motd` points out of its tree with `..`",
        ),
    ] {
        let ended = bench.debian(&["--add", add]);
        assert_eq!(ended.code, 2);
        let first = ended.stderr.lines().next().expect("it is told");
        assert_eq!(
            first,
            format!("error: invalid value '{add}' for '--add <FILE:PATH>': {why}")
        );
    }
    assert_eq!(server.take_requests(), [""; 0]);
    if let Some((bench, server)) = Bench::building(&living::archive()) {
        server.take_requests();
        bench
            .debian(&["--add", "gone:/etc/gone", "-o", "image.tar"])
            .is(2, gone);
        assert_eq!(server.take_requests(), [""; 0]);
    }
}

#[test]
fn a_clash_with_a_packages_directory_leaves_no_image() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    fs::write(bench.path("out/motd"), "hello\n").expect("writable");
    bench.debian(&["--add", "motd:/etc", "-o", "image.tar"]).is(
        2,
        "\
error: `/etc` is a directory in the image, where a file is to be added
hint: end the path with `/` to put it into that directory
",
    );
}
