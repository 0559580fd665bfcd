use super::*;
use crate::testkit::{EcKey, Key, Signer, key_files};

fn key(name: &str, text: &str) -> boot_kit::recipe::Key {
    boot_kit::recipe::Key {
        name: name.into(),
        bytes: text.into(),
        path_in_image: None,
    }
}

#[test]
fn a_key_has_the_name_of_its_file_and_the_id_v3_gives_it() {
    let ec = EcKey::new(1);
    let parsed = PublicKey::parse(&ec.public("acme/b.pem")).expect("a key");
    assert_eq!((parsed.name(), parsed.id()), ("b.pem", ec.id()));
    let rsa = Key::new("c.rsa.pub");
    let parsed = PublicKey::parse(&rsa.public()).expect("a key");
    assert_eq!(parsed.name(), "c.rsa.pub");
    if crate::testkit::data("openwrt-v3").is_some() {
        // As the signatures of that party name it.
        let files = key_files("openwrt-v3/mossdef", ".pem");
        let parsed = PublicKey::parse(&files[0]).expect("a key");
        assert_eq!(parsed.id()[..4], [0xbf, 0x8e, 0x0c, 0x84]);
    }
}

#[test]
fn what_is_no_key_is_named() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
    for text in ["", "ssh-rsa AAAA", pem] {
        let error = Keys::of(&[key("acme/x.pub", text)]).expect_err("is refused");
        assert_eq!(
            (error.kind(), error.one_line().as_str()),
            (
                ErrorKind::Usage,
                "cannot use the key `acme/x.pub`: it is no RSA or P-256 public key in PEM"
            )
        );
    }
}

#[test]
fn a_key_is_found_by_its_name_and_its_signature_must_be_good() {
    let (ours, other) = (Key::new("ours.rsa.pub"), Key::new("other.rsa.pub"));
    let keys = Keys::of(&[ours.public()]).expect("a key");
    let hashes = Hashers::all();
    let sign = |key: &Key, name: &str| Signature {
        algorithm: "RSA".into(),
        key: name.into(),
        bytes: key.sign(&key::SHA1, &hashes.finish_sha1().expect("is wanted")),
    };
    let good = sign(&ours, "ours.rsa.pub");
    let unknown = sign(&other, "other.rsa.pub");
    let pretended = sign(&other, "ours.rsa.pub");
    keys.verify_v2(std::slice::from_ref(&good), &hashes)
        .expect("is good");
    keys.verify_v2(&[unknown.clone(), good.clone()], &hashes)
        .expect("one of two is known");
    for (signatures, message) in [
        (vec![], "it is not signed"),
        (
            vec![unknown],
            "it is signed by `other.rsa.pub`, not by the known key `ours.rsa.pub`",
        ),
        (
            vec![pretended, good.clone()],
            "the signature by `ours.rsa.pub` is bad: it was altered after signing",
        ),
        (
            vec![Signature {
                algorithm: "RSA256".into(),
                ..good
            }],
            "the signature by `ours.rsa.pub` is bad: it was altered after signing",
        ),
    ] {
        let error = keys
            .verify_v2(&signatures, &hashes)
            .expect_err("is refused");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Trust, message)
        );
    }
}

#[test]
fn those_who_are_known_are_listed() {
    let keys = |names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| Key::new(name).public()).collect();
        Keys::of(&files).expect("keys").unknown("z").to_string()
    };
    assert_eq!(keys(&[]), "it is signed by `z`, and no key is known");
    assert_eq!(
        keys(&["a"]),
        "it is signed by `z`, not by the known key `a`"
    );
    assert_eq!(
        keys(&["b", "a"]),
        "it is signed by `z`, not by one of the known keys `a`, `b`"
    );
}
