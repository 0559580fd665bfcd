//! Archives written byte by byte.

use super::*;
use crate::archive::Further;

/// A header with a right checksum and the magic of POSIX.
pub(super) fn block(name: &str, type_flag: u8, size: &[u8]) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0004755");
    block[108..115].copy_from_slice(b"0000001");
    block[116..123].copy_from_slice(b"0000002");
    block[124..124 + size.len()].copy_from_slice(size);
    block[136..147].copy_from_slice(b"00000000003");
    block[156] = type_flag;
    block[257..265].copy_from_slice(b"ustar\x0000");
    sealed(block)
}

/// The same header with the checksum that fits.
pub(super) fn sealed(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

/// Changes a header and its checksum.
fn with(mut block: [u8; 512], at: usize, bytes: &[u8]) -> [u8; 512] {
    block[at..at + bytes.len()].copy_from_slice(bytes);
    sealed(block)
}

/// Fills up to whole blocks.
pub(super) fn padded(content: &[u8]) -> Vec<u8> {
    let mut padded = content.to_vec();
    padded.resize(content.len().next_multiple_of(512), 0);
    padded
}

/// An extended header of some type with these records.
pub(super) fn extended(type_flag: u8, records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let length = (rest..rest + 9).find(|length| rest + length.to_string().len() == *length);
        bytes.extend(format!("{} {key}=", length.expect("there is one")).bytes());
        bytes.extend(*value);
        bytes.push(b'\n');
    }
    let size = format!("{:011o}", bytes.len());
    [
        &block("PaxHeaders/x", type_flag, size.as_bytes())[..],
        &padded(&bytes),
    ]
    .concat()
}

pub(super) fn file(name: &str, content: &[u8]) -> Vec<u8> {
    let size = format!("{:011o}", content.len());
    [&block(name, b'0', size.as_bytes())[..], &padded(content)].concat()
}

pub(super) fn archive(parts: &[&[u8]]) -> Vec<u8> {
    [&parts.concat()[..], &[0; 1024]].concat()
}

/// The only entry of an archive.
fn only(parts: &[&[u8]]) -> Entry {
    let seen = read(&archive(parts)).expect("well-formed");
    assert_eq!(seen.len(), 1);
    seen.into_iter().next().expect("one").0
}

fn plain(path: &str, size: u64) -> Entry {
    entry(path, Kind::File { size })
}

#[test]
fn attributes_have_any_bytes() {
    let value = b"one\n12 path=evil\n\0\xff=";
    let records = extended(
        b'x',
        &[
            ("SCHILY.xattr.user.any", value),
            ("SCHILY.xattr.user.empty", b""),
            ("SCHILY.xattr.user.a%3Db%25c%41", b"1"),
            ("LIBARCHIVE.xattr.user.no", b"YQ"),
            ("RHT.security.selinux", b"label"),
            ("comment", b"nothing"),
        ],
    );
    let mut wanted = plain("a", 0);
    wanted.xattrs = [
        (&b"user.any"[..], &value[..]),
        (b"user.empty", b""),
        (b"user.a=b%c%41", b"1"),
    ]
    .map(|(name, value)| (name.to_vec(), value.to_vec()))
    .into();
    assert_eq!(only(&[&records, &file("a", b"")]), wanted);
}

#[test]
fn records_say_more_than_a_header_can() {
    let long = "d/".repeat(200) + "name";
    let records = extended(
        b'x',
        &[
            ("path", long.as_bytes()),
            ("size", b"2"),
            ("uid", b"4294967294"),
            ("gid", b"3000000"),
            ("mtime", b"-1.25"),
            ("atime", b"junk"),
        ],
    );
    let wanted = Entry {
        uid: 4_294_967_294,
        gid: 3_000_000,
        mtime: -2,
        ..plain(&long, 2)
    };
    // The header says that there is no content.
    let parts = [
        &records[..],
        &block("short", b'0', b"00000000000"),
        &padded(b"hi"),
    ]
    .concat();
    assert_eq!(
        read(&archive(&[&parts])).expect("well-formed"),
        [(wanted, b"hi".to_vec())]
    );
}

#[test]
fn global_headers_hold_until_something_else_is_said() {
    let mtime = |entry: Entry| (entry.path.to_string(), entry.mtime, entry.uid);
    let parts = [
        extended(b'g', &[("mtime", b"10"), ("uid", b"7"), ("comment", b"c")]),
        file("a", b""),
        extended(b'x', &[("mtime", b"20")]),
        file("b", b""),
        extended(b'x', &[("mtime", b"")]),
        file("c", b""),
        extended(b'g', &[("mtime", b"30"), ("uid", b"")]),
        file("d", b""),
    ]
    .concat();
    let seen = read(&archive(&[&parts])).expect("well-formed");
    let seen: Vec<_> = seen.into_iter().map(|(entry, _)| mtime(entry)).collect();
    let wanted = [("a", 10, 7), ("b", 20, 7), ("c", 3, 7), ("d", 30, 1)];
    assert_eq!(
        seen,
        wanted.map(|(path, mtime, uid)| (path.to_owned(), mtime, uid))
    );
}

#[test]
fn old_archives_are_read() {
    // v7 had neither magic nor directories, and some of its writers summed bytes with a sign.
    let v7 = |name: &str| {
        with(
            with(block(name, 0, b"      0 \0"), 257, &[0; 8]),
            329,
            b"junk",
        )
    };
    let mut signed = v7("a");
    signed[0] = 0xe4;
    signed[148..156].fill(b' ');
    let sum: i32 = signed
        .iter()
        .map(|byte| i32::from(byte.cast_signed()))
        .sum();
    signed[148..156].copy_from_slice(format!("{sum:6o}\0 ").as_bytes());
    let parts = [
        v7("dir/"),
        signed,
        with(v7("link"), 156, b"1dir/file"),
        with(v7("soft"), 156, b"2/dir"),
    ]
    .concat();
    let mut latin = plain("a", 0);
    latin.path = RootPath::parse(b"\xe4").expect("well-formed");
    let wanted = [
        entry("dir", Kind::Directory),
        latin,
        entry("link", Kind::Hardlink(RootPath::from("dir/file"))),
        entry("soft", Kind::Symlink(b"/dir".to_vec())),
    ];
    assert_eq!(
        read(&archive(&[&parts])).expect("well-formed"),
        wanted.map(|entry| (entry, vec![]))
    );
}

#[test]
fn names_have_a_prefix_in_posix_and_in_star_but_not_in_gnu() {
    let posix = with(block("b", b'0', b"0"), 345, b"a");
    assert_eq!(only(&[&posix]), plain("a/b", 0));
    let whole = with(with(block("b", b'0', b"0"), 345, &[b'a'; 155]), 500, b"x");
    let wanted = format!("{}/b", "a".repeat(155));
    assert_eq!(only(&[&whole]), plain(&wanted, 0));
    let star = with(with(posix, 476, b"00000000007 00000000007 "), 508, b"tar\0");
    assert_eq!(only(&[&star]), plain("a/b", 0));
    let gnu = with(posix, 257, b"ustar  \0");
    assert_eq!(only(&[&gnu]), plain("b", 0));
}

#[test]
fn devices_pipes_and_negative_times_are_read() {
    let device = |type_flag| {
        let made = with(block("a", type_flag, b"0"), 329, b"0000010\x000000003\0");
        with(
            made,
            136,
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe",
        )
    };
    let at = |kind| Entry {
        mtime: -2,
        ..entry("a", kind)
    };
    let (major, minor) = (8, 3);
    assert_eq!(only(&[&device(b'3')]), at(Kind::Character { major, minor }));
    assert_eq!(only(&[&device(b'4')]), at(Kind::Block { major, minor }));
    assert_eq!(only(&[&device(b'6')]), at(Kind::Fifo));
    let numbers = extended(
        b'x',
        &[("SCHILY.devmajor", b"259"), ("SCHILY.devminor", b"70000")],
    );
    let (major, minor) = (259, 70_000);
    assert_eq!(
        only(&[&numbers, &device(b'4')]),
        at(Kind::Block { major, minor })
    );
}

#[test]
fn what_holds_no_content_is_followed_by_the_next_header() {
    for type_flag in *b"123456" {
        let link = with(block("a", type_flag, b"00000001000"), 157, b"b");
        let seen = read(&archive(&[&link, &file("b", b"hi")])).expect("well-formed");
        assert_eq!(seen.len(), 2, "{}", char::from(type_flag));
    }
    // A directory with a listing, one that a file's name says, and a label have some.
    for (name, type_flag) in [("a", b'D'), ("a/", b'0'), ("a", b'V')] {
        let with_content = [&block(name, type_flag, b"00000000003")[..], &padded(b"abc")].concat();
        let mut seen = read(&archive(&[&with_content, &file("b", b"hi")])).expect("well-formed");
        assert_eq!(seen.pop(), Some((plain("b", 2), b"hi".to_vec())));
        let kind = seen.pop().map(|(entry, content)| (entry.kind, content));
        let directory = (Kind::Directory, vec![]);
        assert_eq!(kind, (type_flag != b'V').then_some(directory));
    }
}

#[test]
fn whatever_follows_the_end_mark_is_of_no_consequence() {
    let wanted = vec![(plain("a", 2), b"hi".to_vec())];
    let a = file("a", b"hi");
    let index = b"\xa6\x4c\x32\x2e\xd6\x14\xae\xdba\0\0\0\0\0\0\0\0\0";
    for tail in [&[][..], &[0; 20 * 512], index, &file("b", b""), &[0; 100]] {
        assert_eq!(
            read(&archive(&[&a, &[0; 1024], tail])).expect("ended"),
            wanted
        );
        assert_eq!(
            read(&[&archive(&[&a])[..], tail].concat()).expect("ended"),
            wanted
        );
    }
    // One block of the mark is enough, unless it hides something.
    assert_eq!(read(&[&a[..], &[0; 512]].concat()).expect("ended"), wanted);
    assert_eq!(
        refusal(&archive(&[&a, &[0; 512], &file("b", b"")])),
        "Parse: archive has a gap after `a`"
    );
}

#[test]
fn what_cannot_be_an_entry_is_refused_by_name() {
    let long = [
        &block("././@LongLink", b'L', b"00000000005")[..],
        &padded(b"../e\0"),
    ]
    .concat();
    let header = |name, type_flag| block(name, type_flag, b"0").to_vec();
    let target = |type_flag, target| with(block("a", type_flag, b"0"), 157, target).to_vec();
    let said = |key, value: &[u8]| [extended(b'x', &[(key, value)]), file("a", b"")].concat();
    for (parts, message) in [
        (
            header("../evil", b'0'),
            "`../evil`: `../evil` points out of its tree with `..`",
        ),
        (
            [long, file("a", b"")].concat(),
            "`../e`: `../e` points out of its tree with `..`",
        ),
        (
            target(b'1', b"../x"),
            "`a`: `../x` points out of its tree with `..`",
        ),
        (target(b'1', b""), "`a`: link has no target"),
        (target(b'2', b""), "`a`: link has no target"),
        (header("a", b'M'), "`a`: entry has the unknown type `M`"),
        (header("a", b'N'), "`a`: entry has the unknown type `N`"),
        (header("", b'0'), "``: entry has no name"),
        (header(".", b'0'), "`.`: the root is not a directory"),
        (target(b'S', b""), "`a`: sparse file has no map"),
        (
            with(block("a", b'0', b"0"), 108, b"x").to_vec(),
            "`a`: owner `x000001\\x00` is no number",
        ),
        (
            with(block("a", b'0', b"0"), 124, &[0xff; 12]).to_vec(),
            "`a`: size -1 is negative",
        ),
        (
            with(block("a", b'0', b"0"), 108, &[0xff; 8]).to_vec(),
            "`a`: owner -1 is out of range",
        ),
        (
            said("uid", b"4294967296"),
            "`a`: owner 4294967296 is out of range",
        ),
        (
            said("path", b"/a/../b"),
            "`/a/../b`: `/a/../b` points out of its tree with `..`",
        ),
        (
            said("path", b"a\0b"),
            "`a\0b`: `a\\x00b` has a NUL byte in its name",
        ),
        (
            said("size", b"-1"),
            "`PaxHeaders/x`: size `-1` is no number",
        ),
    ] {
        let wanted = format!("Parse: cannot read entry {message}");
        assert_eq!(refusal(&archive(&[&parts])), wanted);
    }
}

#[test]
fn extended_headers_that_are_too_long_are_refused_unread() {
    for (type_flag, size) in [
        (b'x', "77777777777"),
        (b'g', "00040000001"),
        (b'L', "00000200001"),
    ] {
        let error = refusal(&block("name", type_flag, size.as_bytes()));
        let size = u64::from_str_radix(size, 8).expect("octal");
        assert_eq!(
            error,
            format!("Parse: cannot read entry `name`: extended header of {size} bytes is too long")
        );
    }
    let value = vec![b'x'; 6 << 20];
    let one = extended(b'g', &[("SCHILY.xattr.user.a", &value)]);
    let two = extended(b'g', &[("SCHILY.xattr.user.b", &value)]);
    assert_eq!(
        refusal(&archive(&[&one, &two])),
        "Parse: cannot read entry `PaxHeaders/x`: extended headers have more attributes than any file can"
    );
    let name = vec![b'n'; (64 << 10) + 1];
    assert_eq!(
        refusal(&archive(&[&extended(b'x', &[("path", &name)])])),
        "Parse: cannot read entry `PaxHeaders/x`: name of 65537 bytes is too long"
    );
}

#[test]
fn malformed_records_are_refused() {
    for records in [
        &b"6 a=b\n"[..5],
        b"7 a=b\n",
        b"5 a=b\n",
        b"6 abcd",
        b"6 ab \n",
        b" a=b\n",
        b"-6 a=b\n",
        b"99999999999999999999999 a=b\n",
        b"2 a=b\n",
        b"0 a=b\n",
        b"6 a=b\n\0",
    ] {
        let size = format!("{:011o}", records.len());
        let parts = [&block("h", b'x', size.as_bytes())[..], &padded(records)].concat();
        assert_eq!(
            refusal(&archive(&[&parts, &file("a", b"")])),
            "Parse: cannot read entry `h`: extended header is malformed",
            "{}",
            records.escape_ascii()
        );
    }
}

#[test]
fn what_an_entry_cannot_hold_is_told_besides() {
    let mut named = block("./a", b'0', b"00000000000");
    named[265..269].copy_from_slice(b"root");
    named[297..303].copy_from_slice(b"shadow");
    let records: [(&str, &[u8]); 3] = [
        ("APK-TOOLS.checksum.SHA1", b"00ff"),
        ("atime", b"5"),
        ("VENDOR.gone", b""),
    ];
    let mut archive = extended(b'x', &records);
    archive.extend(sealed(named));
    archive.extend(block("b", b'0', b"00000000000"));
    archive.extend([0; 1024]);
    let mut archive = TarReader::new(&archive[..]);
    let mut seen = Vec::new();
    while archive.next().expect("well-formed").is_some() {
        seen.push(archive.further().clone());
    }
    let further = |name: &[u8]| Further {
        name: name.to_vec(),
        ..Further::default()
    };
    let first = Further {
        user: b"root".to_vec(),
        group: b"shadow".to_vec(),
        records: [(b"APK-TOOLS.checksum.SHA1".to_vec(), b"00ff".to_vec())].into(),
        ..further(b"./a")
    };
    assert_eq!(seen, [first, further(b"b")]);
}
