//! Packages that are signed and all the same no good.

use crate::{archive, bench::Bench, package};
use boot_kit::testkit::{Deb, Packing};
use std::path::Path;

/// Builds an image of the archive with `debs` in it, which must fail.
#[track_caller]
fn refused(code: i32, debs: &[Deb], stderr: &str) {
    let debs = debs.iter().map(|deb| deb.clone().essential());
    let Some((bench, _server)) = Bench::building(&archive().packages(debs)) else {
        return;
    };
    bench.debian(&[]).is(code, stderr);
}

fn plum() -> Deb {
    package("plum").file("stone", 0o644, vec![7; 100_000])
}

#[test]
fn a_package_that_is_no_archive_is_named() {
    refused(
        1,
        &[plum().holding("<html>Sign in to the network</html>")],
        "\
error: cannot unpack `plum`
  caused by: cannot read the ar archive
  caused by: Not an archive file (invalid global header)
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
    refused(1, &[plum().holding("")], "\
error: cannot unpack `plum`
  caused by: cannot read the ar archive
  caused by: failed to read global header
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
");
}

#[test]
fn a_package_that_ends_early_is_named() {
    let whole = plum().build();
    refused(1, &[plum().holding(&whole[..whole.len() - 20_000])], "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar`
  caused by: cannot unpack `stone`
  caused by: archive is cut off in `./stone`
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
");
    refused(
        1,
        &[plum().holding(&whole[..100])],
        "\
error: cannot unpack `plum`
  caused by: cannot read the ar archive
  caused by: unexpected EOF in the middle of archive entry header
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
}

#[test]
fn a_package_of_noise_is_named() {
    let noise = |packing| {
        let mut bytes = plum().packed(packing).build();
        let middle = bytes.len() - 100;
        bytes[middle..middle + 50].fill(b'x');
        plum().holding(bytes)
    };
    refused(
        1,
        &[noise(Packing::Xz)],
        "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar.xz`
  caused by: lzma data error
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
    refused(1, &[noise(Packing::Gzip)], "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar.gz`
  caused by: corrupt deflate stream
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
");
    refused(
        1,
        &[noise(Packing::Zstd)],
        "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar.zst`
  caused by: Data corruption detected
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
    let mut bytes = plum().build();
    let header = bytes.len() - 102_400 + 512;
    bytes[header..header + 300].fill(b'x');
    refused(
        1,
        &[plum().holding(bytes)],
        "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar`
  caused by: cannot read the header after `./`
  caused by: checksum `xxxxxxxx` is no number
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
}

#[test]
fn a_package_in_the_place_of_another_is_named() {
    refused(1, &[plum().holding(Deb::new("pear", "2").build())], "\
error: cannot unpack `plum`
  caused by: the file holds package `pear` 2 for amd64
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
");
}

#[test]
fn packages_that_share_a_file_are_named() {
    refused(
        2,
        &[plum(), package("peach").file("stone", 0o644, "other")],
        "\
error: cannot install package `plum`
  caused by: package `plum` ships `/stone`, which package `peach` owns
hint: this is a bug in one of the packages: leave one of them out, with --exclude or by not including it
",
    );
}

#[test]
fn paths_that_point_out_of_the_tree_are_refused() {
    refused(
        1,
        &[plum().file("../../../../../../../tmp/boot-escaped", 0o644, "out")],
        "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar`
  caused by: cannot read entry `./../../../../../../../tmp/boot-escaped`
  caused by: `./../../../../../../../tmp/boot-escaped` points out of its tree with `..`
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
",
    );
    refused(1, &[plum().hardlink("way", "../../etc/passwd")], "\
error: cannot unpack `plum`
  caused by: cannot read `data.tar`
  caused by: cannot read entry `way`
  caused by: `./../../etc/passwd` points out of its tree with `..`
hint: the archive itself is broken here: leave the package out, or name another archive with --mirror
");
    assert!(!Path::new("/tmp/boot-escaped").exists());
}

#[test]
fn no_link_leads_out_of_the_tree() {
    // A file of this machine that must stay as it is, in a directory that no root has.
    let victim = tempfile::tempdir().expect("a directory");
    let path = victim.path().to_str().expect("is text");
    let up = format!("../../../../../../../../..{path}");
    let escape = |target: &str| {
        let debs = [
            plum()
                .symlink("way", target)
                .file("way/escaped", 0o644, "out"),
            package("thorn").file("way/escaped-too", 0o644, "out"),
        ];
        refused(
            1,
            &debs,
            "\
error: cannot install package `plum`
  caused by: cannot install `way/escaped`
  caused by: cannot make directory `way` in the root
  caused by: No such file or directory (os error 2)
",
        );
    };
    escape(path);
    escape(&up);
    assert_eq!(victim.path().read_dir().expect("readable").count(), 0);
}
