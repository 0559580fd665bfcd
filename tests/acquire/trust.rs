//! Archives that must not be believed.

use crate::bench::{self, Bench};
use boot_kit::{
    Digest, ErrorKind, Recipe,
    testkit::{Archive, Deb, Fault, Packing, SigningKey, Validator, clearsign},
};

const RELEASE: &str = "/debian/dists/trixie/InRelease";

fn archive() -> Archive {
    Archive::new("trixie").package(Deb::new("a", "1"))
}

/// Acquires from a server whose `InRelease` is `message`; tells the error.
fn refusal(archive: &Archive, message: impl Into<Vec<u8>>) -> String {
    let (bench, server) = (Bench::new(), archive.serve());
    server.put(RELEASE, message);
    let recipe = bench::recipe(archive, &[&server]);
    let error = bench.acquire(&recipe).expect_err("must be refused");
    assert_eq!(error.kind(), ErrorKind::Trust, "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    // Nothing was remembered of it.
    assert!(bench.acquire_offline(&recipe).is_err());
    format!("{error:?}")
}

fn signed(archive: &Archive) -> String {
    let message = archive
        .signing_key()
        .clearsign(&archive.release(), Archive::DATE);
    String::from_utf8(message).expect("is text")
}

#[test]
fn what_is_not_signed_well_is_refused() {
    let archive = archive();
    let message = signed(&archive);
    let (stripped, _) = message
        .split_once("-----BEGIN PGP SIGNATURE")
        .expect("is signed");
    let other = SigningKey::new().clearsign(&archive.release(), Archive::DATE);
    let sha1 = archive
        .signing_key()
        .clone()
        .with_sha1()
        .clearsign(&archive.release(), Archive::DATE);
    for (name, bytes, why) in [
        (
            "unsigned",
            archive.release().into_bytes(),
            "there is no signed message in it",
        ),
        ("stripped", stripped.into(), "ends without a signature"),
        ("another key", other, "it is signed by an unknown key"),
        ("SHA-1", sha1, "an algorithm that is no longer safe"),
        (
            "altered",
            message.replace("Suite: trixie", "Suite: trixje").into(),
            "the signature is bad",
        ),
        (
            "data before",
            format!("Suite: sid\n{message}").into(),
            "has data before it",
        ),
        (
            "data after",
            format!("{message}Suite: sid\n").into(),
            "has data after it",
        ),
        (
            "two messages",
            format!("{message}{message}").into(),
            "has data after it",
        ),
        (
            "a login page",
            b"<html>Please pay</html>".to_vec(),
            "there is no signed message in it",
        ),
        ("empty", Vec::new(), "there is no signed message in it"),
    ] {
        let refused = refusal(&archive, bytes);
        assert!(
            refused.starts_with("Trust: cannot use `trixie`: `trixie` cannot be trusted: "),
            "{name}: {refused}"
        );
        assert!(refused.contains(why), "{name}: {refused}");
    }
}

#[test]
fn a_key_that_expired_is_refused_unless_allowed() {
    let key = SigningKey::expiring(Archive::DATE - 86400, 86400 + 3600);
    let archive = archive().signed_by(&key);
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = bench::recipe(&archive, &[&server]);
    let error = format!("{:?}", bench.acquire(&recipe).expect_err("expired"));
    assert!(error.contains("has expired or was revoked"), "{error}");
    assert!(error.contains("--allow-expired"), "{error}");
    let willing = Recipe {
        allow_expired: true,
        ..recipe
    };
    assert!(bench.acquire(&willing).is_ok());
}

#[test]
fn a_signature_by_an_unknown_key_beside_a_good_one_is_fine() {
    let archive = archive();
    let other = SigningKey::new();
    let message = clearsign(
        &[&other, archive.signing_key()],
        &archive.release(),
        Archive::DATE,
    );
    let (bench, server) = (Bench::new(), archive.serve());
    server.put(RELEASE, message);
    assert!(bench.acquire(&bench::recipe(&archive, &[&server])).is_ok());
}

#[test]
fn a_wrong_keyring_never_falls_back() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    let mut recipe = bench::recipe(&archive, &[&server]);
    assert!(bench.acquire(&recipe).is_ok());
    recipe.keys = vec![SigningKey::new().key()];
    assert!(bench.acquire(&recipe).is_err());
    assert!(bench.acquire_offline(&recipe).is_err());
    recipe.keys[0].bytes = Vec::new();
    let error = bench.acquire(&recipe).expect_err("is empty");
    assert_eq!(error.kind(), ErrorKind::Trust);
    recipe.keys.clear();
    let error = bench.acquire(&recipe).expect_err("has no key");
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn dates_are_checked() {
    let expired = archive().valid_until(Archive::DATE + 3600);
    let (bench, server) = (Bench::new(), expired.serve());
    let recipe = bench::recipe(&expired, &[&server]);
    let error = format!("{:?}", bench.acquire(&recipe).expect_err("expired"));
    assert_eq!(
        error,
        "Trust: cannot use `trixie`: `trixie` has expired: it was valid until 2025-06-01 01:00:00 UTC \
         (hint: try another mirror, or accept old data with --allow-expired)"
    );
    let willing = Recipe {
        allow_expired: true,
        ..recipe.clone()
    };
    assert!(bench.acquire(&willing).is_ok());
    // What was accepted once is not accepted for good.
    assert!(bench.acquire_offline(&recipe).is_err());
    assert!(bench.acquire_offline(&willing).is_ok());

    let early = Recipe {
        now: Archive::DATE - 60,
        ..recipe
    };
    let error = format!("{:?}", bench.acquire(&early).expect_err("is early"));
    assert!(
        error.contains("from the future") && error.contains("check the clock"),
        "{error}"
    );
}

#[test]
fn another_suite_in_its_place_is_refused() {
    let archive = archive();
    let sid = Archive::new("sid").signed_by(archive.signing_key());
    let refused = refusal(&archive, signed(&sid));
    assert!(
        refused.contains("`trixie` was asked for, but this is `sid` (`sid`)"),
        "{refused}"
    );
}

#[test]
fn lists_must_be_those_that_were_signed() {
    let archive = archive().packed(&[Packing::Gzip]);
    refuses_other_lists(&archive);
    refuses_other_lists(&archive.of_sha512());
}

fn refuses_other_lists(archive: &Archive) {
    let list = Packing::Gzip.pack(archive.list("amd64").as_bytes());
    let longer = [list.clone(), vec![0]].concat();
    let other = Packing::Gzip.pack(b"Package: evil\n\n");
    for fault in [
        Fault::Alter(list.len() / 2),
        Fault::Shorten(list.len() - 1),
        Fault::Replace(longer),
        Fault::Replace(other),
        Fault::Endless,
    ] {
        let (bench, server) = (Bench::new(), archive.serve());
        // What was refused is not taken for known, whatever the server says of it.
        server.validate(Validator::LastModified);
        server.fail("/debian/dists/trixie/main/*", fault.clone());
        let recipe = bench::recipe(archive, &[&server]);
        let error = bench.acquire(&recipe).expect_err("must be refused");
        assert_eq!(error.kind(), ErrorKind::Trust, "{fault:?}: {error:?}");
        server.mend();
        assert!(bench.acquire(&recipe).is_ok());
    }
}

#[test]
fn a_list_that_grows_past_its_signed_size_is_refused() {
    let archive = archive().packed(&[Packing::Gzip]);
    let bomb = Packing::Gzip.pack(&vec![b'\n'; 10_000_000]);
    let list = archive.list("amd64");
    // A signed mistake: the packed list is a bomb, the plain one is said to be small.
    let packed = Packing::Gzip.pack(list.as_bytes());
    let release = archive.release().replace(
        &format!("{} {}", Digest::of(&packed), packed.len()),
        &format!("{} {}", Digest::of(&bomb), bomb.len()),
    );
    let server = archive.serve();
    let by_hash = format!(
        "/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/{}",
        Digest::of(&bomb)
    );
    server
        .put(
            RELEASE,
            archive.signing_key().clearsign(&release, Archive::DATE),
        )
        .put(&by_hash, bomb);
    let bench = Bench::new();
    let error = bench
        .acquire(&bench::recipe(&archive, &[&server]))
        .expect_err("must be refused");
    assert_eq!(error.kind(), ErrorKind::Trust);
    let size = list.len();
    assert!(
        format!("{error:?}").contains(&format!("it has more than {size} bytes when decompressed")),
        "{error:?}"
    );
}

#[test]
fn weak_or_missing_digests_are_refused() {
    let archive = archive();
    for name in ["MD5Sum", "SHA1"] {
        let release = archive.release().replace("SHA256:", &format!("{name}:"));
        let message = archive.signing_key().clearsign(&release, Archive::DATE);
        let refused = refusal(&archive, message);
        assert!(
            refused.contains("has no SHA-256 or SHA-512 digests"),
            "{refused}"
        );
    }
}

#[test]
fn a_list_is_proven_by_its_sha_512_where_there_is_no_other() {
    let archive = archive().of_sha512();
    let (bench, server) = (Bench::new(), archive.serve());
    let recipe = bench::recipe(&archive, &[&server]);
    let acquired = bench.acquire(&recipe).expect("is good");
    assert_eq!(
        bench::shown(&acquired),
        [("main", "amd64", archive.list("amd64"))]
    );
    let asked = server.take_requests().pop().expect("the list");
    assert!(asked.contains("/by-hash/SHA512/"), "{asked}");
    // Altered everywhere it is.
    for path in archive.build().into_keys() {
        if path.contains("/binary-amd64/") {
            server.fail(&format!("/debian/{path}"), Fault::Alter(20));
        }
    }
    let error = Bench::new().acquire(&recipe).expect_err("must be refused");
    assert_eq!(error.kind(), ErrorKind::Trust);
    let told = format!("{error:?}");
    assert!(told.contains("the SHA-512 is "), "{told}");
}

#[test]
fn an_endless_release_file_ends_at_the_limit() {
    let archive = archive();
    let (bench, server) = (Bench::new(), archive.serve());
    server.fail(RELEASE, Fault::Endless);
    let error = bench
        .acquire(&bench::recipe(&archive, &[&server]))
        .expect_err("has no end");
    assert_eq!(error.kind(), ErrorKind::Trust);
    assert!(
        format!("{error:?}").contains("has more than 10000000 bytes"),
        "{error:?}"
    );
}
