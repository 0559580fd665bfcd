//! Archives made here, by the `tar` crate and by GNU tar, read back.

mod damage;
mod made;
mod peers;
mod sparse;

use super::{TarReader, send_tar};
use crate::{Entry, Kind, Result, RootPath, Sink};
use std::{collections::BTreeMap, io::Read};
use tar::EntryType;

type Seen = Vec<(Entry, Vec<u8>)>;

struct Collect(Seen);

impl Sink for Collect {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        self.0.push((entry.clone(), bytes));
        Ok(())
    }
}

fn read(mut packed: &[u8]) -> Result<Seen> {
    let mut seen = Collect(Vec::new());
    send_tar(&mut packed, &mut seen)?;
    assert_eq!(packed.len(), 0, "the stream is read to its end");
    Ok(seen.0)
}

/// What reading `packed` fails with.
fn refusal(packed: &[u8]) -> String {
    format!("{:?}", read(packed).expect_err("malformed"))
}

fn entry(path: &str, kind: Kind) -> Entry {
    Entry {
        path: RootPath::parse(path).expect("well-formed"),
        kind,
        mode: 0o4755,
        uid: 1,
        gid: 2,
        mtime: 3,
        xattrs: BTreeMap::new(),
    }
}

fn header(kind: EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o4755);
    header.set_uid(1);
    header.set_gid(2);
    header.set_mtime(3);
    header
}

/// Says why a test shows nothing here.
#[expect(clippy::print_stderr, reason = "tests may")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn entries_come_as_packed() {
    let long = format!("./{}", "long/".repeat(40));
    let mut builder = tar::Builder::new(Vec::new());
    let write = "memory does not fail";
    builder
        .append_data(&mut header(EntryType::Directory, 0), &long, &[][..])
        .expect(write);
    let capability = [("SCHILY.xattr.security.capability", &b"\x01\0\x02"[..])];
    builder.append_pax_extensions(capability).expect(write);
    builder
        .append_data(&mut header(EntryType::Regular, 2), "a", &b"hi"[..])
        .expect(write);
    builder
        .append_link(&mut header(EntryType::Link, 0), "b", "./a")
        .expect(write);
    builder
        .append_link(&mut header(EntryType::Symlink, 0), "c", "../x")
        .expect(write);
    let packed = builder.into_inner().expect(write);

    let mut file = entry("a", Kind::File { size: 2 });
    file.xattrs
        .insert(b"security.capability".to_vec(), b"\x01\0\x02".to_vec());
    assert_eq!(
        read(&packed).expect("well-formed"),
        [
            (entry(&long, Kind::Directory), vec![]),
            (file, b"hi".to_vec()),
            (entry("b", Kind::Hardlink(RootPath::from("a"))), vec![]),
            (entry("c", Kind::Symlink(b"../x".to_vec())), vec![]),
        ]
    );
}

#[test]
fn a_reader_passes_over_what_is_not_read() {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, size) in [("a", 0), ("b", 1), ("c", 512), ("d", 300_000), ("e", 5)] {
        let content = name.repeat(size);
        builder
            .append_data(
                &mut header(EntryType::Regular, size as u64),
                name,
                content.as_bytes(),
            )
            .expect("memory does not fail");
    }
    let packed = builder.into_inner().expect("memory does not fail");
    for taken in [0, 1, 511, 512, 513, 299_999] {
        let mut archive = TarReader::new(&packed[..]);
        let mut seen = Vec::new();
        while let Some(entry) = archive.next().expect("well-formed") {
            let mut some = Vec::new();
            let content = archive.content();
            content.take(taken).read_to_end(&mut some).expect("whole");
            seen.push((entry.path.to_string(), some.len() as u64));
        }
        let wanted = [("a", 0), ("b", 1), ("c", 512), ("d", 300_000), ("e", 5)]
            .map(|(name, size): (&str, u64)| (name.to_owned(), size.min(taken)));
        assert_eq!(seen, wanted);
        assert_eq!(archive.next().expect("still ended"), None);
        archive.finish().expect("nothing left");
    }
}
