use super::*;
use std::io;

const EPOCH: i64 = 1000;

fn entry(path: &str, kind: Kind, mode: u32) -> Entry {
    Entry {
        path: RootPath::parse(path).expect("well-formed"),
        kind,
        mode,
        uid: 0,
        gid: 0,
        mtime: 8,
        xattrs: BTreeMap::new(),
    }
}

fn file(path: &str, size: u64) -> Entry {
    entry(path, Kind::File { size }, 0o644)
}

fn with_xattrs(mut entry: Entry, xattrs: &[(&str, &[u8])]) -> Entry {
    let owned = xattrs
        .iter()
        .map(|(name, value)| ((*name).into(), value.to_vec()));
    entry.xattrs = owned.collect();
    entry
}

fn written(entries: &[(Entry, &[u8])]) -> Result<Vec<u8>> {
    let mut tar = TarWriter::new(Vec::new(), EPOCH);
    for (entry, content) in entries {
        tar.entry(entry, &mut &content[..])?;
    }
    assert_eq!(tar.entries(), entries.len() as u64);
    let (digest, length, tar) = tar.finish()?;
    assert_eq!((digest, length), (Digest::of(&tar), tar.len() as u64));
    Ok(tar)
}

/// The tar of one entry without its end.
fn one(entry: Entry, content: &[u8]) -> Vec<u8> {
    let bytes = written(&[(entry, content)]).expect("memory does not fail");
    let (tar, end) = bytes.split_at(bytes.len() - 1024);
    assert_eq!(end, [0; 1024]);
    tar.to_vec()
}

/// Shows bytes with every run of NULs as its length in braces, so that goldens fit a screen.
fn show(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|a, b| (*a == 0) == (*b == 0));
    let shown = runs.map(|run| match run {
        [0, ..] => format!("{{{}}}", run.len()),
        _ => run.escape_ascii().to_string(),
    });
    shown.collect()
}

#[test]
fn each_kind_has_its_golden_header() {
    let major_minor = |major, minor| Kind::Character { major, minor };
    let cases = [
        (
            entry("usr/bin/su", Kind::File { size: 3 }, 0o104_755),
            "usr/bin/su{90}0004755{1}0000000{1}0000000{1}00000000003{1}00000000010{1}011141{1} 0{100}ustar{1}00{64}0000000{1}0000000{168}abc{509}",
        ),
        (
            entry("b", Kind::Hardlink(RootPath::from("a")), 0o600),
            "b{99}0000600{1}0000000{1}0000000{1}00000000000{1}00000000010{1}007472{1} 1a{99}ustar{1}00{64}0000000{1}0000000{168}",
        ),
        (
            entry("sbin", Kind::Symlink(b"usr/sbin".to_vec()), 0o777),
            "sbin{96}0000777{1}0000000{1}0000000{1}00000000000{1}00000000010{1}011550{1} 2usr/sbin{92}ustar{1}00{64}0000000{1}0000000{168}",
        ),
        (
            entry("dev/null", major_minor(1, 3), 0o666),
            "dev/null{92}0000666{1}0000000{1}0000000{1}00000000000{1}00000000010{1}010662{1} 3{100}ustar{1}00{64}0000001{1}0000003{168}",
        ),
        (
            entry(
                "sda",
                Kind::Block {
                    major: 8,
                    minor: 4095,
                },
                0o660,
            ),
            "sda{97}0000660{1}0000000{1}0000000{1}00000000000{1}00000000010{1}007725{1} 4{100}ustar{1}00{64}0000010{1}0007777{168}",
        ),
        (
            entry("tmp", Kind::Directory, 0o1777),
            "tmp/{96}0001777{1}0000000{1}0000000{1}00000000000{1}00000001750{1}010027{1} 5{100}ustar{1}00{64}0000000{1}0000000{168}",
        ),
        (
            entry("", Kind::Directory, 0o755),
            "./{98}0000755{1}0000000{1}0000000{1}00000000000{1}00000001750{1}007357{1} 5{100}ustar{1}00{64}0000000{1}0000000{168}",
        ),
        (
            entry("p", Kind::Fifo, 0o600),
            "p{99}0000600{1}0000000{1}0000000{1}00000000000{1}00000000010{1}007354{1} 6{100}ustar{1}00{64}0000000{1}0000000{168}",
        ),
    ];
    for (entry, golden) in cases {
        let content = if matches!(entry.kind, Kind::File { .. }) {
            "abc"
        } else {
            ""
        };
        assert_eq!(show(&one(entry, content.as_bytes())), golden);
    }
}

#[test]
fn a_hundred_bytes_fit_the_header_and_one_more_does_not() {
    let hundred = "n".repeat(100);
    let tar = one(file(&hundred, 0), b"");
    assert_eq!(
        show(&tar),
        format!(
            "{hundred}0000644{{1}}0000000{{1}}0000000{{1}}00000000000{{1}}00000000010{{1}}034566{{1}} 0{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}"
        )
    );
    let tar = one(entry(&hundred, Kind::Directory, 0o755), b"");
    assert_eq!(
        show(&tar),
        format!(
            "PaxHeaders{{90}}0000644{{1}}0000000{{1}}0000000{{1}}00000000157{{1}}00000000000{{1}}011267{{1}} x{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}111 path={hundred}/\\n{{401}}{hundred}0000755{{1}}0000000{{1}}0000000{{1}}00000000000{{1}}00000001750{{1}}034612{{1}} 5{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}"
        )
    );
    let tar = one(
        entry("l", Kind::Symlink(hundred.clone().into()), 0o777),
        b"",
    );
    assert_eq!(
        show(&tar),
        format!(
            "l{{99}}0000777{{1}}0000000{{1}}0000000{{1}}00000000000{{1}}00000000010{{1}}034753{{1}} 2{hundred}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}"
        )
    );
    let tar = one(
        entry("l", Kind::Symlink("n".repeat(101).into()), 0o777),
        b"",
    );
    assert_eq!(
        show(&tar),
        format!(
            "PaxHeaders{{90}}0000644{{1}}0000000{{1}}0000000{{1}}00000000163{{1}}00000000000{{1}}011264{{1}} x{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}115 linkpath={hundred}n\\n{{397}}l{{99}}0000777{{1}}0000000{{1}}0000000{{1}}00000000000{{1}}00000000010{{1}}034753{{1}} 2{hundred}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}"
        )
    );
}

#[test]
fn names_that_are_not_ascii_are_raw_bytes_in_a_pax_header() {
    let path = RootPath::parse(b"caf\xe9").expect("no NUL");
    assert_eq!(
        show(&one(
            Entry {
                path,
                ..file("x", 0)
            },
            b""
        )),
        "PaxHeaders{90}0000644{1}0000000{1}0000000{1}00000000015{1}00000000000{1}011260{1} x{100}ustar{1}00{64}0000000{1}0000000{168}13 path=caf\\xe9\\n{499}caf\\xe9{96}0000644{1}0000000{1}0000000{1}00000000000{1}00000000010{1}010221{1} 0{100}ustar{1}00{64}0000000{1}0000000{168}"
    );
}

#[test]
fn records_are_sorted_and_numbers_that_do_not_fit_are_zero_in_the_header() {
    let header = |entry: &Entry| {
        let mut header = Vec::new();
        let xattrs = xattr::allowed(&entry.xattrs);
        header::append(&mut header, entry, &xattrs, EPOCH).expect("well-formed");
        show(&header)
    };
    let mut big = file(&"ä".repeat(60), 1 << 33);
    (big.uid, big.gid, big.mtime) = (2_097_152, u32::MAX, -5);
    let big = with_xattrs(
        big,
        &[("user.b", b"1"), ("user.a", b"\0\n="), ("trusted.c", b"3")],
    );
    let (path, cut) = (r"\xc3\xa4".repeat(60), r"\xc3\xa4".repeat(50));
    assert_eq!(
        header(&big),
        format!(
            "PaxHeaders{{90}}0000644{{1}}0000000{{1}}0000000{{1}}00000000352{{1}}00000000000{{1}}011264{{1}} x{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}27 SCHILY.xattr.user.a={{1}}\\n=\\n25 SCHILY.xattr.user.b=1\\n18 gid=4294967295\\n130 path={path}\\n19 size=8589934592\\n15 uid=2097152\\n{{278}}{cut}0000644{{1}}0000000{{1}}0000000{{1}}00000000000{{1}}00000000000{{1}}052233{{1}} 0{{100}}ustar{{1}}00{{64}}0000000{{1}}0000000{{168}}"
        )
    );

    let mut small = file("f", (1 << 33) - 1);
    (small.uid, small.gid) = (2_097_151, 2_097_151);
    assert_eq!(
        header(&small),
        "f{99}0000644{1}7777777{1}7777777{1}77777777777{1}00000000010{1}007623{1} 0{100}ustar{1}00{64}0000000{1}0000000{168}"
    );
}

#[test]
fn times_are_clamped_to_the_epoch() {
    for (mtime, epoch, wanted) in [
        (999, 1000, 999),
        (1001, 1000, 1000),
        (-1, 1000, 0),
        (5, -1, 0),
        (i64::MAX, i64::MAX, 0o777_7777_7777),
    ] {
        let given = Entry {
            mtime,
            ..file("f", 0)
        };
        assert_eq!(header::time(&given, epoch), wanted, "{mtime} {epoch}");
    }
    let directory = Entry {
        mtime: 3,
        ..entry("d", Kind::Directory, 0o755)
    };
    assert_eq!(header::time(&directory, 1000), 1000);
}

#[test]
fn a_hard_link_carries_the_attributes_of_its_file() {
    let capable = with_xattrs(file("a", 1), &[("security.capability", b"\x01\0\0\x02cap")]);
    let link = entry("b", Kind::Hardlink(RootPath::from("a")), 0o644);
    let tar = written(&[(capable, b"x"), (link, b"")]).expect("memory does not fail");
    let record = b"44 SCHILY.xattr.security.capability=\x01\0\0\x02cap\n";
    for start in [512, 5 * 512] {
        assert_eq!(show(&tar[start..start + record.len()]), show(record));
    }
}

#[test]
fn entries_out_of_order_or_twice_are_refused() {
    for (first, second) in [("b", "a"), ("a", "a"), ("a/b", "a"), ("a/b", "a.c")] {
        let error = written(&[(file(first, 0), b""), (file(second, 0), b"")]).expect_err("wrong");
        assert_eq!(
            error.to_string(),
            format!("`{second}` has its place before `{first}`, not after it")
        );
    }
}

#[test]
fn a_file_that_shrinks_is_an_error_and_one_that_grows_is_cut() {
    let error = written(&[(file("a", 3), b"ab")]).expect_err("one byte is missing");
    assert_eq!(
        error.to_string(),
        "`a` has become shorter while it was read"
    );
    assert_eq!(one(file("a", 2), b"abc")[512..515], *b"ab\0");
}

/// What another reader of tars makes of an entry.
#[derive(Debug, PartialEq)]
struct Seen {
    path: Vec<u8>,
    entry_type: tar::EntryType,
    link: Option<Vec<u8>>,
    numbers: [u64; 4],
    xattrs: Vec<(String, Vec<u8>)>,
    content: Vec<u8>,
}

fn read_back(bytes: &[u8]) -> Vec<Seen> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().expect("readable");
    let seen = entries.map(|entry| {
        let mut entry = entry.expect("well-formed");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("complete");
        let mut xattrs = Vec::new();
        let extensions = entry.pax_extensions().expect("readable");
        for extension in extensions.into_iter().flatten() {
            let extension = extension.expect("well-formed");
            let key = extension.key().expect("ASCII");
            if let Some(name) = key.strip_prefix("SCHILY.xattr.") {
                xattrs.push((name.to_owned(), extension.value_bytes().to_vec()));
            }
        }
        let header = entry.header();
        let number = |result: io::Result<u64>| result.expect("octal");
        Seen {
            path: entry.path_bytes().into_owned(),
            entry_type: header.entry_type(),
            link: entry.link_name_bytes().map(std::borrow::Cow::into_owned),
            numbers: [
                u64::from(header.mode().expect("octal")),
                number(header.uid()),
                number(header.gid()),
                number(header.mtime()),
            ],
            xattrs,
            content,
        }
    });
    seen.collect()
}

#[test]
fn the_tar_crate_reads_the_same_tree_and_two_runs_write_the_same_bytes() {
    let long = format!("d/{}", "ü/".repeat(70));
    let content = vec![7; (2 << 20) + 5];
    let mut owned = file("d/owned", 0);
    (owned.uid, owned.gid) = (3_000_000, 12);
    let entries = [
        (entry("", Kind::Directory, 0o755), &b""[..]),
        (entry("d", Kind::Directory, 0o2750), b""),
        (
            with_xattrs(file("d/big", content.len() as u64), &[("user.x", b"y")]),
            &content,
        ),
        (
            entry("d/link", Kind::Hardlink(RootPath::from("d/big")), 0o644),
            b"",
        ),
        (owned, b""),
        (file(&format!("{long}end"), 512), &[1; 512]),
        (entry("e", Kind::Symlink(b"d/\xff".to_vec()), 0o777), b""),
    ];
    let bytes = written(&entries).expect("memory does not fail");
    assert!(bytes == written(&entries).expect("memory does not fail"));
    let seen = |path: &str, entry_type, link: Option<&[u8]>, numbers, content: &[u8]| Seen {
        path: path.into(),
        entry_type,
        link: link.map(<[u8]>::to_vec),
        numbers,
        xattrs: Vec::new(),
        content: content.to_vec(),
    };
    let xattrs = vec![("user.x".to_owned(), b"y".to_vec())];
    let file_type = tar::EntryType::Regular;
    assert!(
        read_back(&bytes)
            == [
                seen(
                    "./",
                    tar::EntryType::Directory,
                    None,
                    [0o755, 0, 0, 1000],
                    b""
                ),
                seen(
                    "d/",
                    tar::EntryType::Directory,
                    None,
                    [0o2750, 0, 0, 1000],
                    b""
                ),
                Seen {
                    xattrs: xattrs.clone(),
                    ..seen("d/big", file_type, None, [0o644, 0, 0, 8], &content)
                },
                Seen {
                    xattrs,
                    ..seen(
                        "d/link",
                        tar::EntryType::Link,
                        Some(b"d/big"),
                        [0o644, 0, 0, 8],
                        b""
                    )
                },
                seen("d/owned", file_type, None, [0o644, 3_000_000, 12, 8], b""),
                seen(
                    &format!("{long}end"),
                    file_type,
                    None,
                    [0o644, 0, 0, 8],
                    &[1; 512]
                ),
                seen(
                    "e",
                    tar::EntryType::Symlink,
                    Some(b"d/\xff"),
                    [0o777, 0, 0, 8],
                    b""
                ),
            ]
    );
}

#[test]
fn a_tar_of_many_buffers_has_the_digest_of_its_bytes() {
    let content: Vec<u8> = (0..=250_u8).cycle().take(5 * BUFFER).collect();
    let entry = entry(
        "large",
        Kind::File {
            size: content.len() as u64,
        },
        0o644,
    );
    // `written` compares the digest with that of what was written.
    let tar = written(&[(entry, &content)]).expect("memory does not fail");
    assert!(tar.len() > 5 * BUFFER);
}
