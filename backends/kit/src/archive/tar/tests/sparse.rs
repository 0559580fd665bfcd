//! Sparse files of all four kinds.

use super::{
    made::{archive, block, extended, file, padded, sealed},
    *,
};
use std::path::Path;

/// Where real inputs are, beside the checkout.
const DATA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/stage/sparse"
);

#[test]
fn all_kinds_that_gnu_tar_writes_are_the_same_files() {
    if !Path::new(DATA).is_dir() {
        return skipped("the sparse archives are not beside the checkout");
    }
    let mut first: Option<Seen> = None;
    for kind in ["gnu", "pax00", "pax01", "pax1"] {
        let packed = fs_err::read(format!("{DATA}/sp-{kind}.tar")).expect("is there");
        let mut seen = read(&packed).expect("well-formed");
        // Formats differ in what they keep of times.
        seen.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let names: Vec<_> = seen
            .iter()
            .map(|(entry, _)| entry.path.to_string())
            .collect();
        assert_eq!(names, ["sp", "sp/s.bin", "sp/small"], "{kind}");
        assert_eq!(seen[1].0.kind, Kind::File { size: 4 << 20 }, "{kind}");
        let content = &seen[1].1;
        assert_eq!(content.len(), 4 << 20, "{kind}");
        assert!(content.iter().any(|byte| *byte != 0), "{kind}");
        let first = first.get_or_insert_with(|| seen.clone());
        assert!(*first == seen, "{kind} differs");
    }
}

#[test]
fn a_map_that_lies_is_refused() {
    let sparse = |records: &[(&str, &[u8])], content: &[u8]| {
        let records = [&[("GNU.sparse.name", &b"real"[..])][..], records].concat();
        archive(&[
            &extended(b'x', &records),
            &file("GNUSparseFile.1/real", content),
        ])
    };
    let seen = read(&sparse(
        &[
            ("GNU.sparse.size", b"8"),
            ("GNU.sparse.map", b"1,2,4,1,8,0"),
        ],
        b"abc",
    ));
    let wanted = (
        entry("real", Kind::File { size: 8 }),
        b"\0ab\0c\0\0\0".to_vec(),
    );
    assert_eq!(seen.expect("well-formed"), [wanted]);

    let v1 = |map: &str| {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.realsize", b"8"),
        ];
        sparse(records, &[&padded(map.as_bytes())[..], b"abc"].concat())
    };
    let seen = read(&v1("2\n1\n2\n4\n1\n")).expect("well-formed");
    assert_eq!(seen[0].1, b"\0ab\0c\0\0\0");

    let size = ("GNU.sparse.size", &b"8"[..]);
    let map = |map| sparse(&[size, ("GNU.sparse.map", map)], b"abc");
    let fit = "sparse map does not fit what the archive holds";
    for (packed, message) in [
        (map(b"1,2"), fit),
        (map(b"1,2,7,2"), fit),
        (map(b"1,2,8,1"), fit),
        (map(b"4,1,1,2"), "sparse map is out of order"),
        (map(b"1,2,2,1"), "sparse map is out of order"),
        (
            map(b"1,18446744073709551615"),
            "sparse map ends beyond any file",
        ),
        (map(b"1"), "sparse map has an offset without a length"),
        (map(b"1,x"), "sparse map `x` is no number"),
        (
            sparse(&[("GNU.sparse.map", b"0,3")], b"abc"),
            "sparse file has no size",
        ),
        (
            sparse(&[size, ("GNU.sparse.major", b"2")], b"abc"),
            "sparse file is of an unknown version",
        ),
        (
            sparse(&[size, ("GNU.sparse.numbytes", b"2")], b""),
            "sparse map has a length without an offset",
        ),
        (v1("2\n1\n2\n4\n"), "sparse map is malformed"),
        (v1("99999999999999999999999\n"), "sparse map is malformed"),
        (v1("\n"), "sparse map `` is no number"),
    ] {
        let error = refusal(&packed);
        assert!(error.ends_with(message), "{error} is not {message}");
    }
}

#[test]
fn old_gnu_maps_go_on_in_further_blocks() {
    // 30 bytes at every other place: four pieces in the header, 21 in a block, 5 in another.
    let piece = |i: u64| format!("{:011o}\0{:011o}\0", 2 * i, 1).into_bytes();
    let mut head = block("a", b'S', b"00000000036");
    head[257..265].copy_from_slice(b"ustar  \0");
    head[386..482].copy_from_slice(&(0..4).flat_map(piece).collect::<Vec<_>>());
    head[482] = 1;
    head[483..494].copy_from_slice(b"00000000100");
    let mut more = (4..25).flat_map(piece).collect::<Vec<_>>();
    more.push(1);
    let rest = (25..30).flat_map(piece).collect::<Vec<_>>();
    let content: Vec<u8> = (1..=30).collect();
    let parts = [
        &sealed(head)[..],
        &padded(&more),
        &padded(&rest),
        &padded(&content),
    ];

    let mut wanted = vec![0; 64];
    for (i, byte) in content.iter().enumerate() {
        wanted[2 * i] = *byte;
    }
    let after = (entry("b", Kind::File { size: 1 }), b"b".to_vec());
    let packed = archive(&[&parts.concat(), &file("b", b"b")]);
    assert_eq!(
        read(&packed).expect("well-formed"),
        [(entry("a", Kind::File { size: 64 }), wanted), after]
    );
    for end in [512, 1024, 1536] {
        let error = refusal(&packed[..end]);
        assert!(
            error.ends_with("archive is cut off in `a`"),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_sparse_file_need_not_be_read() {
    let records: &[(&str, &[u8])] = &[
        ("GNU.sparse.size", b"9223372036854775807"),
        ("GNU.sparse.map", b"9223372036854775804,3"),
    ];
    let packed = archive(&[
        &extended(b'x', records),
        &file("huge", b"abc"),
        &file("b", b"hi"),
    ]);
    let mut archive = TarReader::new(&packed[..]);
    let huge = archive.next().expect("well-formed").expect("is there");
    assert_eq!(
        huge.kind,
        Kind::File {
            size: i64::MAX as u64
        }
    );
    let mut start = [1; 1000];
    archive.content().read_exact(&mut start).expect("a hole");
    assert_eq!(start, [0; 1000]);
    let next = archive.next().expect("well-formed").expect("is there");
    assert_eq!(next, entry("b", Kind::File { size: 2 }));
}
