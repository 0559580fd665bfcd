//! tar as a source of entries: ustar, PAX and GNU long names, as package formats use them.

use crate::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use std::{collections::BTreeMap, io::Read};
use tar::EntryType;

/// Where PAX headers keep extended attributes.
const XATTR: &str = "SCHILY.xattr.";

/// Sends every entry of a tar stream to `sink`, in archive order, and reads the stream to its end.
///
/// The archive's own root entry (`./`) is sent too, with the empty path. Errors name the entry; sparse files and
/// unknown types are refused rather than misread.
pub fn send_tar(reader: &mut dyn Read, sink: &mut dyn Sink) -> Result<()> {
    let mut archive = tar::Archive::new(&mut *reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let described =
            describe(&mut entry).context(|| format!("cannot read entry {}", name(&entry)))?;
        if let Some(described) = described {
            sink.entry(&described, &mut entry)?;
        }
    }
    // What follows the end mark belongs to the stream: a broken tail is a broken archive.
    std::io::copy(reader, &mut std::io::sink())?;
    Ok(())
}

/// Reads one header; `None` for what holds no file.
fn describe<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Option<Entry>> {
    let path = RootPath::parse(entry.path_bytes())?;
    let mut xattrs = BTreeMap::new();
    if let Some(extensions) = entry.pax_extensions()? {
        for extension in extensions {
            let extension = extension?;
            if let Some(key) = extension.key_bytes().strip_prefix(XATTR.as_bytes()) {
                xattrs.insert(key.to_vec(), extension.value_bytes().to_vec());
            }
        }
    }
    let header = entry.header();
    let target = || {
        entry
            .link_name_bytes()
            .ok_or_else(|| Error::new(ErrorKind::Parse, "link has no target"))
    };
    let device = || -> Result<(u32, u32)> {
        Ok((
            header.device_major()?.unwrap_or(0),
            header.device_minor()?.unwrap_or(0),
        ))
    };
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File { size: entry.size() },
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink(target()?.into_owned()),
        EntryType::Link => Kind::Hardlink(RootPath::parse(target()?)?),
        EntryType::Char => device().map(|(major, minor)| Kind::Character { major, minor })?,
        EntryType::Block => device().map(|(major, minor)| Kind::Block { major, minor })?,
        EntryType::Fifo => Kind::Fifo,
        EntryType::XGlobalHeader => return Ok(None),
        other => {
            let message = format!(
                "entry has the unknown type `{}`",
                other.as_byte().escape_ascii()
            );
            return Err(Error::new(ErrorKind::Parse, message));
        }
    };
    let id = |id: u64| {
        u32::try_from(id)
            .map_err(|_| Error::new(ErrorKind::Parse, format!("owner {id} is too large")))
    };
    Ok(Some(Entry {
        path,
        kind,
        mode: header.mode()? & 0o7777,
        uid: id(header.uid()?)?,
        gid: id(header.gid()?)?,
        mtime: i64::try_from(header.mtime()?).unwrap_or(0),
        xattrs,
    }))
}

/// The entry's name for messages.
fn name<R: Read>(entry: &tar::Entry<'_, R>) -> String {
    format!("`{}`", String::from_utf8_lossy(&entry.path_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Collect(Vec<(Entry, Vec<u8>)>);

    impl Sink for Collect {
        fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            self.0.push((entry.clone(), bytes));
            Ok(())
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

        let mut seen = Collect(Vec::new());
        send_tar(&mut &packed[..], &mut seen).expect("well-formed");
        let entry = |path: &[u8], kind| Entry {
            path: RootPath::parse(path).expect("well-formed"),
            kind,
            mode: 0o4755,
            uid: 1,
            gid: 2,
            mtime: 3,
            xattrs: BTreeMap::new(),
        };
        let mut file = entry(b"a", Kind::File { size: 2 });
        file.xattrs
            .insert(b"security.capability".to_vec(), b"\x01\0\x02".to_vec());
        assert_eq!(
            seen.0,
            [
                (entry(long.as_bytes(), Kind::Directory), vec![]),
                (file, b"hi".to_vec()),
                (entry(b"b", Kind::Hardlink(RootPath::from("a"))), vec![]),
                (entry(b"c", Kind::Symlink(b"../x".to_vec())), vec![]),
            ]
        );
    }

    #[test]
    fn a_name_that_points_out_is_refused_by_name() {
        let mut packed = vec![0; 512];
        let mut bad = header(EntryType::Regular, 0);
        bad.as_old_mut().name[..7].copy_from_slice(b"../evil");
        bad.set_cksum();
        packed[..512].copy_from_slice(bad.as_bytes());
        packed.extend([0; 1024]);
        let error = send_tar(&mut &packed[..], &mut Collect(Vec::new())).expect_err("points out");
        assert_eq!(
            format!("{error:?}"),
            "Parse: cannot read entry `../evil`: `../evil` points out of its tree with `..`"
        );
    }
}
