//! Outputs that cannot be written.

use crate::{archive, bench::Bench};
use std::fs;

#[test]
fn what_is_there_is_kept() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    fs::write(bench.path("out/image.tar"), "precious").expect("writable");
    fs::create_dir_all(bench.path("out/full/of")).expect("writable");
    fs::create_dir_all(bench.path("out/directory.tar")).expect("writable");
    bench.debian(&["-o", "image.tar"]).is(
        2,
        "\
error: `image.tar` exists already
hint: use --force to replace it, or choose another place with -o
",
    );
    bench.debian(&["-o", "full/"]).is(
        2,
        "\
error: `full` is not empty
hint: use --force to replace it, or choose another place with -o
",
    );
    bench.debian(&["-o", "image.tar/"]).is(
        2,
        "\
error: `image.tar` is not a directory
hint: remove it, or choose another place with -o
",
    );
    bench.debian(&["-o", "directory.tar"]).is(
        2,
        "\
error: `directory.tar` is a directory
hint: name a file, or end the name in `/` to fill the directory
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    bench.debian(&["-o", "missing/image.tar"]).is(
        2,
        "\
error: directory `missing` does not exist
hint: make it with `mkdir -p missing`, or choose another place with -o
",
    );
    bench.debian(&["-o", "missing/deep/"]).is(
        2,
        "\
error: directory `missing` does not exist
hint: make it with `mkdir -p missing`, or choose another place with -o
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn an_unknown_ending_is_refused() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    bench.debian(&["-o", "image.zip"]).is(2, "\
error: `image.zip` has no ending that names a form
hint: end it in `.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst`, `.tgz`, `.txz`, `.tzst`, in `.oci.tar` or `.oci/` for an OCI image, in `/` for a directory, or use `-` for standard output
");
    bench.debian(&["-o", "image"]).is(2, "\
error: `image` has no ending that names a form
hint: end it in `.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst`, `.tgz`, `.txz`, `.tzst`, in `.oci.tar` or `.oci/` for an OCI image, in `/` for a directory, or use `-` for standard output
");
    assert_eq!(server.take_requests(), [""; 0]);
}
