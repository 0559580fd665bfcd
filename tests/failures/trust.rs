//! Archives that are not to be trusted.

use crate::{archive, bench::Bench};
use boot_kit::testkit::{Archive, Fault, SigningKey};

const RELEASE: &str = "/debian/dists/trixie/InRelease";

#[test]
fn a_wrong_key_is_refused() {
    let key = SigningKey::new();
    let server = archive().signed_by(&key).serve();
    let bench = Bench::new(&archive(), &[&server]);
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: it is signed by an unknown key: FINGERPRINT
hint: name the keyring of this archive with --keyring, if you trust it
",
    );
}

#[test]
fn the_keys_of_the_distribution_do_not_sign_another_archive() {
    let key = SigningKey::new();
    let archive = archive().signed_by(&key);
    let (bench, server) = Bench::serving(&archive);
    let mirror = format!("{}/debian", server.url());
    let command = bench.bare(&[
        "debian",
        "--arch",
        "amd64",
        "--ignore-host",
        "--progress",
        "none",
        "--dry-run",
        "--mirror",
        &mirror,
    ]);
    bench.run(command).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: it is signed by an unknown key: FINGERPRINT
hint: name the keyring of this archive with --keyring, if you trust it
",
    );
}

#[test]
fn an_unsigned_archive_is_refused() {
    let archive = archive();
    let (bench, server) = Bench::serving(&archive);
    server.fail_times(RELEASE, 2, Fault::Replace(archive.release().into_bytes()));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: there is no signed message in it
hint: the archive is not signed, or a proxy answers in its place: try another mirror
",
    );
    server
        .remove(RELEASE)
        .put("/debian/dists/trixie/Release", archive.release());
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: there is no signed message in it
hint: the archive is not signed, or a proxy answers in its place: try another mirror
",
    );
}

#[test]
fn an_altered_release_file_is_refused() {
    let archive = archive();
    let (bench, server) = Bench::serving(&archive);
    server.fail(RELEASE, Fault::Alter(100));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: the signature is bad: FINGERPRINT (Message has been manipulated)
hint: the file was altered at the mirror or on the way: try another mirror
",
    );
    server.mend().fail(RELEASE, Fault::Shorten(300));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: the signed message ends without a signature
hint: the mirror or something on the way altered it: try another mirror
",
    );
}

#[test]
fn an_expired_archive_is_refused_unless_told_otherwise() {
    let (bench, _server) = Bench::serving(&archive().valid_until(Archive::DATE + 86400));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` has expired: it was valid until 2025-06-02 00:00:00 UTC
hint: try another mirror, or accept old data with --allow-expired
",
    );
    let accepted = bench.debian(&["--allow-expired", "--dry-run", "--json"]);
    assert_eq!((accepted.code, accepted.stderr.as_str()), (0, ""));
}

#[test]
fn an_archive_of_the_future_is_refused() {
    let (bench, _server) = Bench::serving(&archive().dated(4_000_000_000));
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` cannot be trusted
  caused by: the signature is from the future: FINGERPRINT (Not live until 2096-10-02T07:06:40Z)
hint: check the clock of this machine
",
    );
}

#[test]
fn another_suite_than_asked_for_is_refused() {
    let archive = Archive::new("bookworm");
    let (bench, server) = Bench::serving(&archive);
    for path in server.paths("/debian/dists/bookworm/") {
        let tree = archive.build();
        let bytes = tree[path.trim_start_matches("/debian/")].clone();
        server.put(&path.replace("bookworm", "trixie"), bytes);
    }
    bench.debian(&[]).is(
        1,
        "\
error: cannot use `trixie`
  caused by: `trixie` was asked for, but this is `bookworm` (`bookworm`)
hint: ask for the release by one of its own names, or try another mirror
",
    );
}

#[test]
fn an_altered_or_shortened_list_is_refused() {
    let (bench, server) = Bench::serving(&archive());
    let told = |fault| {
        server.mend().fail("/debian/dists/trixie/main/*", fault);
        bench.debian(&[])
    };
    told(Fault::Alter(20)).is(1, "\
error: cannot use `trixie`
  caused by: cannot get `trixie main amd64 Packages`
  caused by: `http://first/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/DIGEST` has been altered
  caused by: the SHA-256 is DIGEST, the signed one is DIGEST
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
");
    told(Fault::Shorten(20)).is(1, "\
error: cannot use `trixie`
  caused by: cannot get `trixie main amd64 Packages`
  caused by: `http://first/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/DIGEST` has 20 bytes where the signed size is 597
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
");
    told(Fault::Replace(vec![b'x'; 100_000])).is(1, "\
error: cannot use `trixie`
  caused by: cannot get `trixie main amd64 Packages`
  caused by: `http://first/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/DIGEST` has 100000 bytes where the signed size is 597
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
");
    told(Fault::Endless).is(1, "\
error: cannot use `trixie`
  caused by: cannot get `trixie main amd64 Packages`
  caused by: `http://first/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/DIGEST` has more than 597 bytes where the signed size is 597
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
");
}

#[test]
fn an_altered_or_shortened_package_is_refused() {
    let Some((bench, server)) = Bench::building(&archive()) else {
        return;
    };
    let told = |fault| {
        server.mend().fail("/debian/pool/main/a/apt/*", fault);
        bench.debian(&[])
    };
    told(Fault::Alter(20)).is(
        1,
        "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` has been altered
  caused by: the SHA-256 is DIGEST, the signed one is DIGEST
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
",
    );
    told(Fault::Shorten(20)).is(
        1,
        "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` has 20 bytes where the signed size is 4288
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
",
    );
    told(Fault::Replace(vec![b'x'; 100_000])).is(1, "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` has 100000 bytes where the signed size is 4288
hint: the mirror, or a proxy on the way, sends something else: name another mirror with --mirror
");
    told(Fault::BreakOff(0)).is(
        1,
        "\
error: cannot get `apt`
  caused by: `http://first/debian/pool/main/a/apt/apt_1_amd64.deb` broke off
  caused by: end of file before message length reached
hint: check the network, or name another mirror with --mirror
",
    );
}
