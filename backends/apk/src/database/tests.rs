use super::*;
use flate2::read::GzDecoder;

/// Two packages of v3 and one of v2, with checksums of 20 times `a`, `b` and `c`.
const INSTALLED_TEXT: &str = "C:Q1YWFhYWFhYWFhYWFhYWFhYWFhYWE=\nP:Zoo\nV:1-r0\nt:1700000000\nf:S\nF:usr\n\
    M:0:0:700\nR:zoo\na:0:0:755\nZ:Q1YWFhYWFhYWFhYWFhYWFhYWFhYWE=\n\n\
    C:Q1YmJiYmJiYmJiYmJiYmJiYmJiYmI=\nP:apple\nV:2-r0\nt:1600000000\nr:pear\nq:3\ns:edge\nf:S\n\n\
    C:Q1Y2NjY2NjY2NjY2NjY2NjY2NjY2M=\nP:bear\nV:3-r0\n\n";

fn root() -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = Root::open(directory.path()).expect("is there");
    (directory, root)
}

fn script(content: &str, mtime: i64) -> Script {
    Script {
        content: content.as_bytes().to_vec(),
        mtime,
    }
}

fn database() -> Database {
    let zoo = Scripts::from([
        (ScriptKind::Trigger, script("#!/bin/sh\n", 0)),
        (ScriptKind::PreInstall, script("", 0)),
    ]);
    let bear = Scripts::from([(ScriptKind::PostInstall, script("#!/bin/sh\ntrue\n", 5))]);
    Database {
        installed: installed::parse(INSTALLED_TEXT.as_bytes()).expect("well-formed"),
        scripts: vec![("Zoo".into(), zoo), ("bear".into(), bear)],
        triggers: vec![
            ("Zoo".into(), vec!["/usr/*".into(), "+/etc".into()]),
            ("bear".into(), vec!["/bin".into()]),
        ],
    }
}

fn read(root: &Root, path: &'static str) -> Option<Vec<u8>> {
    root.read(&path.into()).expect("readable")
}

#[test]
fn apk_3_sorts_without_regard_to_case_and_marks_packages_of_its_own() {
    let (_directory, root) = root();
    let database = database();
    database.write(&root).expect("writable");
    let text = String::from_utf8(read(&root, INSTALLED).expect("is there")).expect("UTF-8");
    let stanzas: Vec<_> = INSTALLED_TEXT.split_inclusive("\n\n").collect();
    assert_eq!(text, [stanzas[1], stanzas[2], stanzas[0]].concat());
    assert_eq!(
        read(&root, TRIGGERS).as_deref(),
        Some(
            &b"Q1Y2NjY2NjY2NjY2NjY2NjY2NjY2M= /bin\n\
               Q1YWFhYWFhYWFhYWFhYWFhYWFhYWE= /usr/* +/etc\n"[..]
        )
    );
    assert_eq!(read(&root, LOCK), None);
    assert_eq!(read(&root, SCRIPTS), None);
}

#[test]
fn apk_3_compresses_scripts_and_dates_them_like_their_package() {
    let (_directory, root) = root();
    let database = database();
    database.write(&root).expect("writable");
    let mut archive = Vec::new();
    let compressed = read(&root, COMPRESSED_SCRIPTS).expect("is there");
    // No date, and zlib's number for Unix.
    assert_eq!(compressed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    GzDecoder::new(&compressed[..])
        .read_to_end(&mut archive)
        .expect("gzip");
    let mut members = tar::Archive::new(&archive[..]);
    let mut found = Vec::new();
    for member in members.entries().expect("a tar") {
        let mut member = member.expect("a member");
        let mut content = String::new();
        member.read_to_string(&mut content).expect("text");
        let header = member.header();
        found.push((
            String::from_utf8_lossy(&member.path_bytes()).into_owned(),
            header.mode().expect("a mode"),
            header.mtime().expect("a date"),
            content,
        ));
    }
    let (c, a) = ("63".repeat(20), "61".repeat(20));
    assert_eq!(
        found,
        [
            (
                format!("bear-3-r0.X1{c}.post-install"),
                0o755,
                0,
                "#!/bin/sh\ntrue\n".to_owned()
            ),
            (
                format!("Zoo-1-r0.X1{a}.pre-install"),
                0o755,
                1_700_000_000,
                String::new()
            ),
            (
                format!("Zoo-1-r0.X1{a}.trigger"),
                0o755,
                1_700_000_000,
                "#!/bin/sh\n".to_owned()
            ),
        ]
    );
}

#[test]
fn what_apk_3_wrote_is_read_and_written_the_same() {
    let (_directory, root) = root();
    database().write(&root).expect("writable");
    let files = || [INSTALLED, COMPRESSED_SCRIPTS, TRIGGERS].map(|path| read(&root, path));
    let before = files();
    let database = Database::read(&root).expect("readable");
    let trigger = database.script("Zoo", ScriptKind::Trigger);
    assert_eq!(trigger, Some(&script("#!/bin/sh\n", 1_700_000_000)));
    database.write(&root).expect("writable");
    assert_eq!(files(), before);
}

#[test]
fn a_long_name_is_put_in_front() {
    let name = "n".repeat(120);
    let text = format!("C:Q1YWFhYWFhYWFhYWFhYWFhYWFhYWE=\nP:{name}\nV:1\nf:S\n\n");
    let scripts = Scripts::from([(ScriptKind::Trigger, script("x", 0))]);
    let database = Database {
        installed: installed::parse(text.as_bytes()).expect("well-formed"),
        scripts: vec![(name, scripts)],
        triggers: Vec::new(),
    };
    let (_directory, root) = root();
    database.write(&root).expect("writable");
    assert_eq!(Database::read(&root).expect("readable"), database);
}

#[test]
fn a_layer_of_v3_packages_turns_a_database_of_v2_into_one_of_v3() {
    let (_directory, root) = root();
    let mut database = database();
    for package in database.installed.values_mut() {
        package.is_v3 = false;
    }
    database.write(&root).expect("writable");
    assert_eq!(read(&root, LOCK), Some(Vec::new()));
    assert_eq!(read(&root, COMPRESSED_SCRIPTS), None);
    let mut database = Database::read(&root).expect("readable");
    for package in database.installed.values_mut() {
        package.is_v3 = true;
    }
    database.write(&root).expect("writable");
    assert_eq!([LOCK, SCRIPTS].map(|path| read(&root, path)), [None, None]);
    assert!(read(&root, COMPRESSED_SCRIPTS).is_some());
}
