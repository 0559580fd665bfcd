//! Which C libraries are there.

use super::{
    elf::{Facts, Sort},
    model::{FileKind, Libc},
    table::{Record, Table},
};
use boot_kit::RootPath;
use std::collections::BTreeMap;

/// What comes before the version in glibc's own banner.
const GLIBC_BANNER: &[u8] = b"GNU C Library";
const GLIBC_VERSION: &[u8] = b"release version ";

/// Reads the version out of a library's content: glibc has it in a banner.
pub(super) fn version(content: &[u8], facts: &Facts) -> Option<String> {
    if facts.soname.as_deref() != Some("libc.so.6") {
        return None;
    }
    let banner = memchr::memmem::find(content, GLIBC_BANNER)?;
    let rest = &content[banner..content.len().min(banner + 256)];
    let rest = &rest[memchr::memmem::find(rest, GLIBC_VERSION)? + GLIBC_VERSION.len()..];
    let end = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let version = String::from_utf8_lossy(&rest[..end]);
    Some(version.trim_end_matches('.').to_owned())
}

/// Finds all C libraries.
pub(super) fn find(table: &Table, versions: &BTreeMap<RootPath, String>) -> Vec<Libc> {
    let files = table.records.iter();
    let files = files.filter(|record| record.kind == FileKind::File);
    files
        .filter_map(|record| {
            let name = name(record, is_loaded_as_musl(table, record))?;
            let version = versions.get(&record.path).cloned();
            Some(Libc {
                name: name.to_owned(),
                path: record.path.to_string(),
                version: version.or_else(|| version_of_name(record)),
            })
        })
        .collect()
}

fn name(record: &Record, is_musl: bool) -> Option<&'static str> {
    let facts = record.elf.as_ref()?;
    if facts.sort == Sort::Object || record.path.bytes().starts_with(b"usr/lib/debug/") {
        return None;
    }
    let file = file_name(record);
    match facts.soname.as_deref() {
        Some("libc.so.6") => Some("glibc"),
        Some(soname) if soname.starts_with("libc.musl-") => Some("musl"),
        Some("libc.so.0" | "libc.so.1") => Some("uclibc"),
        _ if is_musl || file.starts_with("ld-musl-") => Some("musl"),
        Some("libc.so") if record.path.bytes().starts_with(b"system/") => Some("bionic"),
        _ => None,
    }
}

/// Where musl keeps its own name, programs are loaded by a link to it.
fn is_loaded_as_musl(table: &Table, record: &Record) -> bool {
    if file_name(record) != "libc.so" {
        return false;
    }
    let links = table.records.iter();
    let mut links = links.filter(|link| file_name(link).starts_with("ld-musl-"));
    links.any(|link| table.resolve(&link.path).as_ref() == Some(&record.path))
}

/// uClibc has its version in its file's name.
fn version_of_name(record: &Record) -> Option<String> {
    let name = file_name(record);
    let version = name.strip_prefix("libuClibc-")?.strip_suffix(".so")?;
    Some(version.to_owned())
}

fn file_name(record: &Record) -> String {
    let name = record.path.split().map(|(_, name)| name.to_vec());
    String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_tells_its_version() {
        let facts = |soname: &str| Facts {
            sort: Sort::Library,
            platform: None,
            soname: Some(soname.into()),
            needed: vec![],
            search: vec![],
            passes_on: false,
            interpreter: None,
            symbol_bytes: 0,
            has_symbols: false,
        };
        let banner = b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nx";
        let found = version(banner, &facts("libc.so.6"));
        assert_eq!(found.as_deref(), Some("2.36"));
        assert_eq!(version(banner, &facts("libm.so.6")), None);
        assert_eq!(version(b"GNU C Library", &facts("libc.so.6")), None);
    }
}
