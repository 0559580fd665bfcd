//! Archives that are cut off, altered or made to harm.

use super::{
    made::{archive, extended, file, sealed},
    *,
};
use std::io;

/// An archive with some of everything.
fn sample() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let write = "memory does not fail";
    builder
        .append_data(&mut header(EntryType::Directory, 0), "dir/", &[][..])
        .expect(write);
    builder
        .append_data(
            &mut header(EntryType::Regular, 700),
            "dir/a",
            &[b'a'; 700][..],
        )
        .expect(write);
    let long = format!("dir/{}", "l".repeat(150));
    let mut gnu = tar::Header::new_gnu();
    gnu.set_size(600);
    gnu.set_mode(0o644);
    gnu.set_uid(0);
    gnu.set_gid(0);
    gnu.set_mtime(0);
    builder
        .append_data(&mut gnu, &long, &[b'b'; 600][..])
        .expect(write);
    builder
        .append_link(&mut header(EntryType::Link, 0), "dir/link", "dir/a")
        .expect(write);
    let mut parts = builder.into_inner().expect(write);
    parts.truncate(parts.len() - 1024);
    let records: &[(&str, &[u8])] = &[
        ("SCHILY.xattr.user.a", b"\n\n"),
        ("GNU.sparse.size", b"2000"),
        ("GNU.sparse.map", b"1000,600"),
        ("mtime", b"1.5"),
    ];
    let sparse = [extended(b'x', records), file("sparse", &[b'c'; 600])].concat();
    archive(&[&parts, &sparse])
}

#[test]
fn an_archive_cut_anywhere_is_an_error_that_names_the_place() {
    let whole = sample();
    let full = read(&whole).expect("well-formed");
    let names: Vec<_> = full
        .iter()
        .map(|(entry, _)| format!("`{}`", entry.path))
        .collect();
    let aside = ["`././@LongLink`", "`PaxHeaders/x`", "its start", "`dir/`"];
    for end in 0..=whole.len() - 1024 {
        let error = refusal(&whole[..end]);
        assert!(error.contains("archive is cut off"), "{end}: {error}");
        let place = |name: &str| error.ends_with(name);
        assert!(
            names.iter().any(|name| place(name)) || aside.iter().any(|name| place(name)),
            "{end}: {error}"
        );
    }
    // The end mark itself: part of a block is none, one block is.
    assert!(refusal(&whole[..whole.len() - 600]).contains("archive is cut off after `sparse`"));
    assert_eq!(read(&whole[..whole.len() - 512]).expect("ended"), full);
}

#[test]
fn an_archive_may_lack_its_end_mark_where_that_is_said() {
    let whole = sample();
    let mut archive = TarReader::new(&whole[..whole.len() - 1024]).without_end_mark();
    let mut count = 0;
    while archive.next().expect("well-formed").is_some() {
        count += 1;
    }
    assert_eq!(count, 5);
    let mut archive = TarReader::new(&whole[..512 + 100]).without_end_mark();
    archive.next().expect("well-formed");
    archive.next().expect_err("half a header");
}

/// Counts what comes and reads no more of one file than any here has.
struct Few(usize);

impl Sink for Few {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let read = io::copy(&mut content.take(10_000), &mut io::sink())?;
        if !matches!(entry.kind, Kind::File { .. }) {
            assert_eq!(read, 0);
        }
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn a_flipped_byte_anywhere_never_panics() {
    let whole = sample();
    let mut refused = 0;
    for place in 0..whole.len() {
        for flip in [0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[place] ^= flip;
            let mut few = Few(0);
            refused += u32::from(send_tar(&mut &damaged[..], &mut few).is_err());
            // And once more behind the checksum, if this is a header.
            let start = place / 512 * 512;
            if &damaged[start + 257..start + 262] == b"ustar" {
                let block = damaged[start..start + 512].try_into().expect("a block");
                damaged[start..start + 512].copy_from_slice(&sealed(block));
                let _either = send_tar(&mut &damaged[..], &mut few);
            }
            assert!(few.0 < 20);
        }
    }
    assert!(refused > 5_000, "{refused}");
}

#[test]
fn errors_of_the_source_are_passed_on_as_they_are() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad checksum"))
        }
    }
    let whole = sample();
    for end in [0, 512, 600, 1100] {
        let mut source = whole[..end].chain(Fails);
        let error = send_tar(&mut source, &mut Few(0)).expect_err("fails");
        assert_eq!(format!("{error:?}"), "Parse: bad checksum", "{end}");
    }
    // A broken tail is a broken stream.
    let error = send_tar(&mut whole.chain(Fails), &mut Few(0)).expect_err("fails");
    assert_eq!(format!("{error:?}"), "Parse: bad checksum");
}
