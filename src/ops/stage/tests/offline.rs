//! What a run without a network takes.

use super::*;

const NEVER: &str = "is not in the store (hint: run the same command once without --offline)";

/// A served archive, and options to take it by its URL.
fn served(bench: &Bench) -> (PathBuf, Options) {
    let served = bench.write("r.tar", &archive(&["a: x"]));
    let options = Options {
        source: Source::Url(format!("file://{}", served.display())),
        ..bench.options(PathBuf::new())
    };
    (served, options)
}

fn offline(options: &Options) -> Options {
    Options {
        offline: true,
        ..options.clone()
    }
}

#[test]
fn an_archive_with_its_digest_is_fetched_once() {
    let bench = Bench::new();
    let (served, options) = served(&bench);
    let options = Options {
        sha256: Some(Digest::of(fs_err::read(&served).expect("readable"))),
        ..options
    };
    let error = bench.refused(&offline(&options));
    assert_eq!(error, format!("NotFound: `file://DIR/r.tar` {NEVER}"));
    let wanted = stage(&options, &Silence).expect("a root").written;
    fs_err::remove_file(served).expect("was made");
    for options in [offline(&options), options.clone()] {
        assert_eq!(stage(&options, &Silence).expect("is kept").written, wanted);
    }
    // Another digest is another file.
    fs_err::remove_file(bench.path("out.tar")).expect("was made");
    let other = Options {
        sha256: Some(Digest::of("other")),
        ..offline(&options)
    };
    let error = bench.refused(&other);
    assert!(
        error.starts_with("Trust: `file://DIR/r.tar` has another SHA-256"),
        "{error}"
    );
}

#[test]
fn a_signed_archive_is_kept_with_its_signature_and_proven_again() {
    let bench = Bench::new();
    let (served, options) = served(&bench);
    let key = SigningKey::new();
    let signature = key.sign(&fs_err::read(&served).expect("readable"), NOW - 86_400);
    let signature = bench.write("r.tar.sig", &signature);
    let options = Options {
        keyring: vec![bench.write("ring.asc", &key.armored())],
        ..options
    };
    let error = bench.refused(&offline(&options));
    assert_eq!(error, format!("NotFound: `file://DIR/r.tar` {NEVER}"));
    let wanted = stage(&options, &Silence).expect("a root").written;
    fs_err::remove_file(served).expect("was made");
    fs_err::remove_file(signature).expect("was made");
    assert_eq!(
        stage(&offline(&options), &Silence)
            .expect("is kept")
            .written,
        wanted
    );
    fs_err::remove_file(bench.path("out.tar")).expect("was made");
    let other = Options {
        keyring: vec![bench.write("other.asc", &SigningKey::new().armored())],
        ..offline(&options)
    };
    let error = bench.refused(&other);
    assert!(
        error
            .starts_with("Trust: cannot verify `file://DIR/r.tar`: it is signed by an unknown key"),
        "{error}"
    );
}

#[test]
fn what_could_not_be_proven_is_not_kept() {
    let bench = Bench::new();
    let (_, options) = served(&bench);
    let wrong = Options {
        sha256: Some(Digest::of("other")),
        ..options
    };
    let error = bench.refused(&wrong);
    assert!(
        error.starts_with("Trust: `file://DIR/r.tar` has another SHA-256"),
        "{error}"
    );
    let error = bench.refused(&offline(&wrong));
    assert_eq!(error, format!("NotFound: `file://DIR/r.tar` {NEVER}"));
}
