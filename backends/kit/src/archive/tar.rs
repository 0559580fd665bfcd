//! tar as a source of entries, in every dialect that root archives and packages come in.
//!
//! | dialect | what is read of it |
//! | --- | --- |
//! | v7, USTAR (POSIX.1-1988) | everything; a regular file whose name ends in `/` is a directory; sums of unsigned or signed bytes |
//! | PAX (POSIX.1-2001) | `path`, `linkpath`, `size`, `uid`, `gid`, `mtime` (rounded down), `SCHILY.xattr.*` with any bytes, `SCHILY.dev{major,minor}`; global headers hold for what follows until another or the entry's own says otherwise, an empty value takes a record back; all else (`atime`, `LIBARCHIVE.xattr`, comments, …) is passed over; vendors' own records are told ([`Further`]) |
//! | GNU | long names and targets (`L`, `K`), base-256 numbers, sparse files (`S`), directories with a listing (`D`) |
//! | GNU in PAX | sparse files of version 0.0, 0.1 and 1.0, under their real names |
//!
//! Sparse files come as what they stand for: holes are zeros. Volume labels (`V`) hold no file and are passed over;
//! continued volumes (`M`) and unknown types are errors. Whatever an archive claims, memory stays bounded.
//!
//! Documents: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html> and
//! <https://www.gnu.org/software/tar/manual/html_section/Formats.html>.

mod describe;
mod header;
mod number;
mod pax;
mod reader;
mod sparse;
#[cfg(test)]
mod tests;

pub use reader::{Further, TarReader};

use crate::{Result, Sink};
use std::io::Read;

/// Sends every entry of a tar stream to `sink`, in archive order, and reads the stream to its end.
///
/// The archive's own root entry (`./`) is sent too, with the empty path. Errors name the entry; an archive without an
/// end mark is one. What follows the end mark is read, for the sake of who hashes the stream, and is of no
/// consequence: pixz keeps its index there.
pub fn send_tar(reader: &mut dyn Read, sink: &mut dyn Sink) -> Result<()> {
    let mut archive = TarReader::new(reader);
    while let Some(entry) = archive.next()? {
        sink.entry(&entry, &mut archive.content())?;
    }
    archive.finish()
}
