//! `APKINDEX.tar.gz`: a gzip member with signatures of all bytes that follow it, then a tar of the index.

use super::Index;
use crate::{
    archive::{
        member::{Hashers, Hashing},
        v2::signatures_of,
    },
    package::Package,
    trust::{self, Keys},
};
use boot_kit::{Context, Error, ErrorKind, Result, archive::TarReader};
use flate2::bufread::MultiGzDecoder;
use std::io::Read;

/// The most bytes of the signatures' member.
const SIGNATURE_LIMIT: u64 = 1 << 20;

/// The most bytes of the index itself: Alpine's largest has 8 MiB.
const LIMIT: u64 = 512 << 20;

/// The most stanza bytes to be shown in a message.
const SHOWN: usize = 200;

pub fn read(bytes: &[u8], keys: &Keys, repository: usize) -> Result<Index> {
    let mut reader = Hashing::new(bytes);
    let mut tar = Vec::new();
    let mut member = reader.member().take(SIGNATURE_LIMIT + 1);
    member.read_to_end(&mut tar)?;
    if tar.len() as u64 > SIGNATURE_LIMIT {
        // Larger than any signatures, so it is the index itself.
        return Err(trust::unsigned());
    }
    let signatures = signatures_of(&tar)?;
    if signatures.is_empty() {
        return Err(trust::unsigned());
    }
    let rest = &bytes[usize::try_from(reader.consumed()).unwrap_or(bytes.len())..];
    reader.exchange(Hashers::all());
    reader.skip_all()?;
    keys.verify_v2(&signatures, &reader.exchange(Hashers::default()))?;

    let mut index = Index::default();
    let mut text = None;
    let mut archive = TarReader::new(MultiGzDecoder::new(rest).take(LIMIT));
    while let Some(entry) = archive.next().context(|| "cannot read its tar")? {
        match archive.further().name.as_slice() {
            b"DESCRIPTION" => {
                archive.content().read_to_string(&mut index.description)?;
            }
            b"APKINDEX" => {
                let mut bytes = Vec::new();
                archive.content().read_to_end(&mut bytes)?;
                index.date = entry.mtime;
                text = Some(bytes);
            }
            _ => {}
        }
    }
    archive.finish()?;
    let text = text.ok_or_else(|| Error::new(ErrorKind::Parse, "it has no `APKINDEX`"))?;
    let text = String::from_utf8(text)
        .map_err(|error| Error::new(ErrorKind::Parse, "it is not UTF-8").caused_by(error))?;
    for stanza in text
        .split("\n\n")
        .filter(|stanza| !stanza.trim().is_empty())
    {
        let stanza = stanza.trim_start_matches('\n');
        let package = Package::parse(stanza, repository).context(|| {
            let shown: String = stanza.chars().take(SHOWN).collect();
            let name = stanza.lines().find_map(|line| line.strip_prefix("P:"));
            let name = name.map_or(shown, str::to_owned);
            format!("cannot read package `{}`", name.escape_debug())
        })?;
        index.packages.extend(package);
    }
    Ok(index)
}
