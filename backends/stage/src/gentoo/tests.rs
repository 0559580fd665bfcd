//! A mirror of our own, its ways to break, and the mirror and samples of the data set.

use super::*;
use boot_kit::{event::Silence, fetch::Fetched, testkit::SigningKey};
use sha2::{Digest as _, Sha512};
use std::{collections::BTreeMap, io::Write, path::Path, sync::Mutex};

const DATA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/stage/gentoo"
);
const BUILD: &str = "20260811T083102Z";
const TARBALL: &str = "20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz";
/// When the pointer is from.
const DATED: i64 = 1_786_785_301;
const NOW: i64 = DATED + 86_400;

/// Files by path below the autobuilds, and what was remembered.
#[derive(Default)]
struct Mirror {
    files: BTreeMap<String, Vec<u8>>,
    memory: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Fetch for Mirror {
    fn get(&self, request: &Request) -> Result<Fetched> {
        let url = request.urls[0].clone();
        let path = url.strip_prefix("https://m.example/releases/amd64/autobuilds/");
        let bytes = self
            .files
            .get(path.expect("below the autobuilds"))
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("`{url}` is not there")))?;
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(Fetched {
            file,
            url: Some(url),
        })
    }

    fn is_offline(&self) -> bool {
        false
    }

    fn remember(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut memory = self.memory.lock().expect("one thread");
        memory.insert(name.to_owned(), bytes.to_owned());
        Ok(())
    }

    fn recall(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.memory.lock().expect("one thread").get(name).cloned())
    }
}

fn tarball() -> Vec<u8> {
    b"not looked into here".repeat(100)
}

/// The text of a pointer to the tarball.
fn pointer(date: i64, lines: &str) -> String {
    format!("# Latest as of some day\n# ts={date}\n{lines}")
}

fn digests(name: &str, bytes: &[u8]) -> String {
    let (sha512, blake) = (hex::encode(Sha512::digest(bytes)), "0".repeat(128));
    format!(
        "# BLAKE2B HASH\n{blake}  {name}\n# SHA512 HASH\n{sha512}  {name}\n# SHA512 HASH\n{blake}  {name}.CONTENTS.gz\n"
    )
}

fn sha256(name: &str, bytes: &[u8]) -> String {
    format!("# SHA256 HASH\n{}  {name}\n", Digest::of(bytes))
}

/// A mirror that is right.
fn mirror(key: &SigningKey) -> Mirror {
    let bytes = tarball();
    let name = &TARBALL[17..];
    let line = format!("{TARBALL} {}\n", bytes.len());
    let all = format!("{line}{BUILD}/stage3-amd64-musl-{BUILD}.tar.xz 5\n");
    let mut mirror = Mirror::default();
    let mut put = |path: String, bytes| mirror.files.insert(path, bytes);
    put(
        "latest-stage3-amd64-openrc.txt".into(),
        key.clearsign(&pointer(DATED, &line), DATED),
    );
    put(
        "latest-stage3.txt".into(),
        key.clearsign(&pointer(DATED, &all), DATED),
    );
    put(
        format!("{TARBALL}.DIGESTS"),
        key.clearsign(&digests(name, &bytes), DATED),
    );
    put(
        format!("{TARBALL}.sha256"),
        key.clearsign(&sha256(name, &bytes), DATED),
    );
    put(format!("{TARBALL}.asc"), key.sign(&bytes, DATED));
    put(TARBALL.into(), bytes);
    mirror
}

fn wanted() -> Wanted {
    Wanted {
        mirrors: vec!["https://m.example".into()],
        directory: "amd64".into(),
        arch: "amd64".into(),
        flavour: "openrc".into(),
        now: NOW,
        ..Wanted::default()
    }
}

fn ring(key: &[u8]) -> Keyring {
    let mut ring = Keyring::default();
    ring.add("test.asc", key).expect("has a key");
    ring
}

/// Chooses and proves, as a build does: the digest and the size are the network's to check.
fn take(wanted: &Wanted, keyring: &Keyring, mirror: &Mirror) -> Result<Chosen> {
    let chosen = wanted.choose(keyring, mirror, &Silence)?;
    let bytes = &mirror.files[TARBALL];
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    wanted.prove(&chosen, keyring, &mut file)?;
    assert_eq!(file.stream_position()?, 0);
    Ok(chosen)
}

#[test]
fn the_pointer_leads_to_a_tarball_that_four_files_vouch_for() {
    let key = SigningKey::new();
    let mirror = mirror(&key);
    let chosen = take(&wanted(), &ring(&key.armored()), &mirror).expect("is right");
    let wanted_artifact = Artifact {
        name: "stage3-amd64-openrc".into(),
        version: BUILD.into(),
        arch: "amd64".into(),
        size: tarball().len() as u64,
        proof: Proof::Sha256(Digest::of(tarball())),
        urls: vec![format!(
            "https://m.example/releases/amd64/autobuilds/{TARBALL}"
        )],
        requested: true,
    };
    assert_eq!(
        (chosen.artifact, chosen.date),
        (wanted_artifact, 1_786_437_062)
    );
    // A build that is named needs no pointer, and has no size.
    let named = Wanted {
        build: Some(BUILD.parse().expect("a build")),
        ..wanted()
    };
    let mut without = mirror;
    without.files.remove("latest-stage3-amd64-openrc.txt");
    let chosen = take(&named, &ring(&key.armored()), &without).expect("is right");
    assert_eq!(chosen.artifact.size, 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn whatever_is_wrong_is_refused_in_its_own_words() {
    let (key, other) = (SigningKey::new(), SigningKey::new());
    let name = &TARBALL[17..];
    let pointer_path = "latest-stage3-amd64-openrc.txt";
    let line = format!("{TARBALL} 5\n");
    let signed = |text: String| key.clearsign(&text, DATED);
    let musl = format!("{BUILD}/stage3-amd64-musl-{BUILD}.tar.xz 5\n");
    let outside = format!("../../evil/stage3-amd64-openrc-{BUILD}.tar.xz 5\n");
    let mut altered = tarball();
    altered[7] ^= 1;
    let cut = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("text");
        let end = text.find("-----BEGIN PGP SIGNATURE").expect("is signed");
        text.as_bytes()[..end].to_vec()
    };
    let dated = |date| signed(pointer(date, &line));
    let sums = |ending: &str| format!("{TARBALL}.{ending}");
    for (path, bytes, message) in [
        (
            pointer_path.to_owned(),
            other.clearsign(&pointer(DATED, &line), DATED),
            "cannot verify `latest-stage3-amd64-openrc.txt`: it is signed by an unknown key:",
        ),
        (
            pointer_path.to_owned(),
            pointer(DATED, &line).into_bytes(),
            "cannot verify `latest-stage3-amd64-openrc.txt`: there is no signed message in it",
        ),
        (
            pointer_path.to_owned(),
            cut(dated(DATED)),
            "cannot verify `latest-stage3-amd64-openrc.txt`: the signed message ends without a signature",
        ),
        (
            pointer_path.to_owned(),
            String::from_utf8(dated(DATED))
                .expect("text")
                .replace("xz 5", "xz 6")
                .into_bytes(),
            "cannot verify `latest-stage3-amd64-openrc.txt`: the signature is bad:",
        ),
        (
            pointer_path.to_owned(),
            dated(DATED - 86_400),
            "`latest-stage3-amd64-openrc.txt` is older than the last one seen, by 1 days",
        ),
        (
            pointer_path.to_owned(),
            dated(NOW + 10 * 86_400),
            "`latest-stage3-amd64-openrc.txt` is from the future",
        ),
        (
            pointer_path.to_owned(),
            signed(pointer(DATED, &musl)),
            "cannot use `latest-stage3-amd64-openrc.txt`: it names no tarball of `openrc` for `amd64`",
        ),
        (
            pointer_path.to_owned(),
            signed(pointer(DATED, &outside)),
            "cannot read `latest-stage3-amd64-openrc.txt`: `..` is not a build",
        ),
        (
            pointer_path.to_owned(),
            signed(line.clone()),
            "cannot read `latest-stage3-amd64-openrc.txt`: it has no date",
        ),
        (
            sums("DIGESTS"),
            signed(digests("another.tar.xz", &tarball())),
            "cannot use `20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz.DIGESTS`: it says no SHA512 of",
        ),
        (
            sums("DIGESTS"),
            signed(sha256(name, &tarball())),
            "cannot use `20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz.DIGESTS`: it says no SHA512 of",
        ),
        (
            sums("DIGESTS"),
            signed(digests(name, &altered)),
            "cannot verify the tarball of `stage3-amd64-openrc`: its SHA-512 is",
        ),
        (
            sums("DIGESTS"),
            digests(name, &tarball()).into_bytes(),
            "cannot verify `20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz.DIGESTS`: there is no signed message in it",
        ),
        (
            sums("sha256"),
            signed(sha256("another.tar.xz", &tarball())),
            "cannot use `20260811T083102Z/stage3-amd64-openrc-20260811T083102Z.tar.xz.sha256`: it says no SHA256 of",
        ),
        (
            sums("asc"),
            other.sign(&tarball(), DATED),
            "cannot verify the tarball of `stage3-amd64-openrc`: it is signed by an unknown key:",
        ),
        (
            sums("asc"),
            key.sign(&altered, DATED),
            "cannot verify the tarball of `stage3-amd64-openrc`: the signature is bad:",
        ),
        (
            TARBALL.to_owned(),
            altered.clone(),
            "cannot verify the tarball of `stage3-amd64-openrc`: its SHA-512 is",
        ),
        (
            TARBALL.to_owned(),
            tarball()[1..].to_vec(),
            "cannot verify the tarball of `stage3-amd64-openrc`: its SHA-512 is",
        ),
    ] {
        let mut broken = mirror(&key);
        let keyring = ring(&key.armored());
        take(&wanted(), &keyring, &broken).expect("is right at first");
        broken.files.insert(path.clone(), bytes);
        let error = take(&wanted(), &keyring, &broken).expect_err(message);
        let said = error.one_line();
        assert!(said.starts_with(message), "{path}: {said}");
        let parse = message.starts_with("cannot read");
        assert!(error.kind() == ErrorKind::Trust || parse, "{error:?}");
    }
}

#[test]
fn a_key_that_has_expired_is_said_to_have_and_each_file_must_be_there() {
    let key = SigningKey::new();
    let brief = SigningKey::expiring(DATED - 86_400, 3 * 86_400);
    let sums = |ending: &str| format!("{TARBALL}.{ending}");
    // A key that has expired is said to have.
    let expired = take(&wanted(), &ring(&brief.armored()), &mirror(&brief));
    expired.expect("was good then");
    let late = Wanted {
        now: NOW + 9 * 86_400,
        ..wanted()
    };
    let error = take(&late, &ring(&brief.armored()), &mirror(&brief)).expect_err("has expired");
    assert!(
        error
            .one_line()
            .contains("the key that signed has expired or was revoked:"),
        "{error:?}"
    );
    assert!(error.hint().expect("has one").contains("--keyring"));
    // Each file must be there.
    for ending in ["DIGESTS", "sha256", "asc"] {
        let mut broken = mirror(&key);
        broken.files.remove(&sums(ending));
        let error = take(&wanted(), &ring(&key.armored()), &broken).expect_err(ending);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{ending}");
    }
}

#[test]
fn an_unknown_flavour_names_those_there_are() {
    let key = SigningKey::new();
    let unknown = Wanted {
        flavour: "mosl".into(),
        ..wanted()
    };
    let error = take(&unknown, &ring(&key.armored()), &mirror(&key)).expect_err("is unknown");
    assert_eq!(
        format!("{error:?}"),
        "Usage: Gentoo has no stage `mosl` for `amd64` (hint: there are musl, openrc)"
    );
}

#[test]
fn an_older_pointer_is_accepted_by_name_and_a_stale_one_is_told() {
    struct Heard(Mutex<Vec<String>>);
    impl Report for Heard {
        fn event(&self, event: Event) {
            if let Event::Warning { message } = event {
                self.0.lock().expect("one thread").push(message);
            }
        }
    }
    let key = SigningKey::new();
    let keyring = ring(&key.armored());
    let mirror = mirror(&key);
    let memory = wanted().memory();
    mirror
        .remember(&memory, (DATED + 1).to_string().as_bytes())
        .expect("remembers");
    take(&wanted(), &keyring, &mirror).expect_err("is older");
    let anyway = Wanted {
        allow_expired: true,
        ..wanted()
    };
    take(&anyway, &keyring, &mirror).expect("by name");
    let heard = Heard(Mutex::default());
    let late = Wanted {
        now: DATED + 100 * 86_400,
        ..wanted()
    };
    late.choose(&keyring, &mirror, &heard).expect("is right");
    let heard = heard.0.into_inner().expect("one thread");
    assert_eq!(heard, ["the newest `openrc` stage is 100 days old"]);
}

#[test]
fn the_mirror_of_the_data_set_is_right_and_its_samples_are_read() {
    let autobuilds = Path::new(DATA).join("synthetic-mirror/mirror/releases/amd64/autobuilds");
    if !autobuilds.is_dir() {
        skipped("Gentoo's samples are not beside the checkout");
        return;
    }
    let read = |path: &Path| fs_err::read(path).expect("is there");
    let mut mirror = Mirror::default();
    for path in [
        "latest-stage3-amd64-openrc.txt".to_owned(),
        "latest-stage3.txt".into(),
        TARBALL.into(),
        format!("{TARBALL}.DIGESTS"),
        format!("{TARBALL}.sha256"),
        format!("{TARBALL}.asc"),
    ] {
        mirror
            .files
            .insert(path.clone(), read(&autobuilds.join(&path)));
    }
    let keyring = ring(&read(&autobuilds.join("../../../test-release.asc")));
    // Its key was made after what it names.
    let now = 1_795_400_000;
    let chosen = take(&Wanted { now, ..wanted() }, &keyring, &mirror).expect("is right");
    assert_eq!(chosen.artifact.size, mirror.files[TARBALL].len() as u64);
    assert_eq!(
        chosen.artifact.proof,
        Proof::Sha256(Digest::of(&mirror.files[TARBALL]))
    );

    // Real bodies, whose signatures were cut short: they never verify, but they are read.
    let body = |name: &str| {
        let text =
            String::from_utf8(read(&Path::new(DATA).join("samples").join(name))).expect("text");
        let signed = text
            .split_once("\n\n")
            .filter(|_| text.starts_with("-----"));
        let body = signed.map_or(text.as_str(), |(_, body)| body);
        body.split("-----BEGIN PGP SIGNATURE")
            .next()
            .expect("has a body")
            .to_owned()
    };
    for (flavour, build, size) in [
        ("openrc", BUILD, 496_363_884),
        ("systemd", "20260802T163058Z", 511_865_372),
    ] {
        let text = body(&format!(
            "latest-stage3-amd64-{flavour}.txt.real-body-truncated-sig"
        ));
        let target = Pointer::parse(&text)
            .expect("well-formed")
            .find("amd64", flavour);
        let target = target.expect("is there");
        assert_eq!(
            (target.build.to_string().as_str(), target.size),
            (build, size)
        );
    }
    for (name, ending, tarball, start) in [
        (
            "stage3-amd64-openrc-20260811T083102Z.tar.xz.DIGESTS",
            ".real-body-truncated-sig",
            &TARBALL[17..],
            "9db785763adc",
        ),
        (
            "stage3-amd64-openrc-20220116T170534Z.tar.xz.DIGESTS",
            ".old-unsigned",
            "stage3-amd64-openrc-20220116T170534Z.tar.xz",
            "e801e19d5e29",
        ),
    ] {
        let found = digests::find(
            &body(&format!("{name}{ending}")),
            Algorithm::Sha512,
            tarball,
        );
        assert!(found.expect("is there").starts_with(start), "{name}");
    }
    let iso = "install-amd64-minimal-20260705T170105Z.iso";
    let text = body(&format!("{iso}.sha256.real-body-truncated-sig"));
    let found = digests::find(&text, Algorithm::Sha256, iso).expect("is there");
    assert!(found.starts_with("54ad48e83d84"));
}

/// Says why a test shows nothing here.
#[expect(clippy::print_stderr, reason = "tests may")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
