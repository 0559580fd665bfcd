//! Mirrors that are dead, or lack what they should have.

use crate::{
    archive,
    bench::{Bench, Ended},
};
use boot_kit::testkit::Fault;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Nothing answers there.
const DEAD: &str = "http://127.0.0.1:1/debian";

#[test]
fn a_mirror_without_the_archive_is_named() {
    let (bench, server) = Bench::serving(&archive());
    server.fail("/*", Fault::Status(404));
    bench.debian(&[]).is(
        2,
        "\
error: `debian` has no release `trixie`
  caused by: cannot get `trixie InRelease`
  caused by: `http://first/debian/dists/trixie/InRelease` answers 404 Not Found
hint: check the name of the release and the mirror's address
",
    );
}

#[test]
fn a_mirror_without_a_list_is_named() {
    let (bench, server) = Bench::serving(&archive());
    server.fail("/debian/dists/trixie/main/*", Fault::Status(404));
    bench.debian(&[]).is(1, "\
error: cannot use `trixie`
  caused by: `trixie` names a list that no mirror has
  caused by: cannot get `trixie main amd64 Packages`
  caused by: `http://first/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/DIGEST` answers 404 Not Found
hint: the mirror is being updated: try again in some minutes, or name another with --mirror
");
}

#[test]
fn a_mirror_without_a_package_is_named() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    server.fail("/debian/pool/main/a/apt/*", Fault::Status(404));
    bench.debian(&[]).is(
        1,
        "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` answers 404 Not Found
hint: the mirror is being updated: try again in some minutes, or name another with --mirror
",
    );
}

#[test]
fn a_mirror_that_refuses_is_named() {
    let (bench, server) = Bench::serving(&archive());
    server.fail("/*", Fault::Status(403));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: cannot get `trixie InRelease`
  caused by: `http://first/debian/dists/trixie/InRelease` answers 403 Forbidden
hint: check the network, or name another mirror with --mirror
",
    );
}

#[test]
fn a_dead_mirror_is_tried_again_and_named() {
    let mut bench = Bench::new(&archive(), &[]);
    bench.add_mirror(DEAD);
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: cannot get `trixie InRelease`
  caused by: `http://127.0.0.1:1/debian/dists/trixie/InRelease` does not answer
  caused by: Connection refused (os error 111)
hint: check the network, or name another mirror with --mirror
",
    );
}

#[test]
fn a_mirror_that_says_nothing_is_tried_again_and_named() {
    let (bench, server) = Bench::serving(&archive());
    server.fail("/*", Fault::Close);
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: cannot get `trixie InRelease`
  caused by: `http://first/debian/dists/trixie/InRelease` does not answer
  caused by: connection closed before message completed
hint: check the network, or name another mirror with --mirror
",
    );
    assert_eq!(
        server.take_requests(),
        ["GET /debian/dists/trixie/InRelease"; 4]
    );
}

#[test]
fn the_next_mirror_takes_over_with_a_warning() {
    let archive = archive();
    let server = archive.serve();
    let (archive, server) = (&archive, &server);
    let told = move |fault| {
        let bad = archive.serve();
        bad.fail("/*", fault);
        let ended = Bench::new(archive, &[&bad, server]).debian(&["--dry-run"]);
        Ended {
            stdout: Vec::new(),
            ..ended
        }
    };
    // Each takes its time to give the first one up.
    let [busy, empty, dead] = thread::scope(|scope| {
        [Fault::Status(503), Fault::Status(404), Fault::Close]
            .map(|fault| scope.spawn(move || told(fault)))
            .map(|told| told.join().expect("ends"))
    });
    busy.is(0, "\
warning: cannot get `trixie InRelease`: `http://first/debian/dists/trixie/InRelease` answers 503 Service Unavailable: trying another mirror
");
    empty.is(0, "\
warning: cannot get `trixie InRelease`: `http://first/debian/dists/trixie/InRelease` answers 404 Not Found: trying another mirror
");
    dead.is(0, "\
warning: cannot get `trixie InRelease`: `http://first/debian/dists/trixie/InRelease` does not answer: connection closed before message completed: trying another mirror
");
}

#[test]
fn all_mirrors_dead_is_one_error() {
    let (first, second) = (archive().serve(), archive().serve());
    first.fail("/*", Fault::Close);
    second.fail("/*", Fault::Status(503));
    let bench = Bench::new(&archive(), &[&first, &second]);
    bench.debian(&[]).is(1, "\
warning: cannot get `trixie InRelease`: `http://first/debian/dists/trixie/InRelease` does not answer: connection closed before message completed: trying another mirror
error: cannot use `trixie`
  caused by: cannot get `trixie InRelease`
  caused by: `http://first/debian/dists/trixie/InRelease` does not answer
  caused by: connection closed before message completed
hint: check the network, or name another mirror with --mirror
");
}

#[test]
fn a_failure_does_not_wait_for_other_downloads() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    server
        .fail("/debian/pool/main/b/*", Fault::Silence)
        .fail("/debian/pool/main/a/apt/*", Fault::Status(404));
    let begin = Instant::now();
    bench.debian(&[]).is(
        1,
        "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` answers 404 Not Found
hint: the mirror is being updated: try again in some minutes, or name another with --mirror
",
    );
    // The other would be waited for at least 20 s.
    assert!(begin.elapsed() < Duration::from_secs(15));
}
