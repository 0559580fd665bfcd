//! `lib/apk/db/scripts.tar`, apk 3's `scripts.tar.gz`: the scripts of every installed package, for upgrades and removals
//! to come.
//!
//! Members are named `<name>-<version>.<C:>.<kind>`; apk finds the package by the checksum. Packages are in the order of
//! their installation, and every script has the date it has in its package. The headers are those that apk 2.14 writes
//! itself: GNU's magic, lengths and dates without a final NUL, no names longer than a header holds.
//!
//! apk 3 sorts packages by name, writes the checksum as `X1` and hexadecimal digits, gives scripts the date of their
//! package, and puts a name of more than 99 bytes in front of the member, as GNU tar does, with its length counted without
//! the final NUL (`apk_tar_write_longname_entry`: apk-tools 3, `src/tar.c`).

use super::{Form, installed::Installed};
use crate::{archive::ScriptKind, checksum::Identity};
use boot_kit::{Context, Error, ErrorKind, Result, hex};
use std::collections::BTreeMap;

/// The most bytes of a name that a header holds.
const LONGEST: usize = 99;
/// The name of what holds a longer one.
const LONG_NAME: &str = "././@LongLink";

/// The scripts of one package, in the order they have in `scripts.tar`.
pub type Scripts = BTreeMap<ScriptKind, Script>;

/// A script as a package has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its bytes.
    pub content: Vec<u8>,
    /// Modification time, seconds since the Unix epoch.
    pub mtime: i64,
}

/// The scripts of all packages that have any, by the package's name, in the order of their installation.
pub type AllScripts = Vec<(String, Scripts)>;

/// Writes the archive; scripts of packages that are not installed are left out.
pub fn write(installed: &Installed, all: &AllScripts, form: Form) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (name, scripts) in form.ordered(all) {
        let Some(package) = installed.get(name) else {
            continue;
        };
        let identity = match form {
            Form::V2 => package.identity().to_owned(),
            Form::V3 => hexadecimal(package.identity())?,
        };
        let date = package.field('t').and_then(|text| text.parse().ok());
        for (kind, script) in scripts {
            let member = format!("{name}-{}.{identity}.{}", package.version(), kind.name());
            let mtime = match form {
                Form::V2 => script.mtime,
                Form::V3 => date.unwrap_or(0),
            };
            append(&mut out, &member, &script.content, mtime, form)
                .context(|| format!("cannot note script `{member}`"))?;
        }
    }
    out.extend([0; 1024]);
    Ok(out)
}

/// `X1` and the digits of what is `Q1` and base64 in an index.
fn hexadecimal(identity: &str) -> Result<String> {
    let digits = match identity.parse()? {
        Identity::Short(bytes) => hex::encode(bytes),
        Identity::Long(bytes) => hex::encode(&bytes[..20]),
    };
    Ok(format!("X1{digits}"))
}

fn append(out: &mut Vec<u8>, name: &str, content: &[u8], mtime: i64, form: Form) -> Result<()> {
    if name.len() > LONGEST {
        if form == Form::V2 {
            let message = "its name has more than 99 bytes";
            return Err(Error::new(ErrorKind::Parse, message));
        }
        out.extend(header(LONG_NAME, b'L', name.len(), mtime));
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend(header(name, b'0', content.len(), mtime));
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
    Ok(())
}

fn header(name: &str, kind: u8, length: usize, mtime: i64) -> [u8; 512] {
    let mut header = [0; 512];
    let name = &name.as_bytes()[..name.len().min(LONGEST)];
    header[..name.len()].copy_from_slice(name);
    let mut put = |at: usize, text: String| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(100, format!("{:07o}\0", 0o755));
    put(108, format!("{:07o}\0{:07o}\0", 0, 0));
    put(124, format!("{length:012o}"));
    put(136, format!("{:012o}", mtime.max(0)));
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..264].copy_from_slice(b"ustar  ");
    header[265..269].copy_from_slice(b"root");
    header[297..301].copy_from_slice(b"root");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

/// Reads the archive; scripts of packages that are not installed are left out.
pub fn read(archive: &[u8], installed: &Installed) -> Result<AllScripts> {
    let mut all = AllScripts::new();
    let mut owners = BTreeMap::new();
    for (name, package) in installed {
        let identity = package.identity();
        owners.insert(identity.to_owned(), name);
        if let Ok(identity) = hexadecimal(identity) {
            owners.insert(identity, name);
        }
    }
    for (path, script) in members(archive)? {
        let path = String::from_utf8_lossy(path);
        // A checksum has no full stop in it, a version may.
        let mut parts = path.rsplitn(3, '.');
        let (Some(kind), Some(identity)) = (parts.next().and_then(ScriptKind::named), parts.next())
        else {
            continue;
        };
        let Some(name) = owners.get(identity) else {
            continue;
        };
        if all.last().is_none_or(|(last, _)| last != *name) {
            all.push(((*name).clone(), Scripts::new()));
        }
        if let Some((_, scripts)) = all.last_mut() {
            scripts.insert(kind, script);
        }
    }
    Ok(all)
}

/// Finds the names of an archive's files, and what they hold.
///
/// Names are taken as they stand: a checksum may have two slashes in a row, which no path has.
fn members(archive: &[u8]) -> Result<Vec<(&[u8], Script)>> {
    let broken = || Error::new(ErrorKind::Parse, "the archive has no well-formed header");
    let mut members = Vec::new();
    let mut long: Option<&[u8]> = None;
    let mut rest = archive;
    while let Some((header, after)) = rest.split_at_checked(512)
        && header[0] != 0
    {
        let number = |field: &[u8]| {
            let digits = field.split(|byte| *byte == 0).next()?;
            i64::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), 8).ok()
        };
        let length = number(&header[124..136]).and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(broken)?;
        let name = header[..100].split(|byte| *byte == 0).next();
        let content = after.get(..length).ok_or_else(broken)?;
        if header[156] == b'L' {
            long = Some(content);
            // Its final NUL may be the only byte of a block of its own.
            rest = after
                .get((length + 1).next_multiple_of(512)..)
                .unwrap_or_default();
            continue;
        }
        let script = Script {
            content: content.to_vec(),
            mtime: number(&header[136..148]).ok_or_else(broken)?,
        };
        members.push((long.take().or(name).ok_or_else(broken)?, script));
        rest = after
            .get(length.next_multiple_of(512)..)
            .unwrap_or_default();
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::installed;

    #[test]
    fn scripts_are_read_as_written() {
        let installed = installed::parse(b"C:Q1a+//b=\nP:a\nV:1.2-r0\n\nC:Q1b=\nP:b\nV:2\n\n")
            .expect("well-formed");
        let script = |content: &[u8]| Script {
            content: content.to_vec(),
            mtime: 1_700_000_000,
        };
        let a = Scripts::from([
            (ScriptKind::Trigger, script(b"#!/bin/sh\n")),
            (ScriptKind::PreInstall, script(&[b'x'; 600])),
        ]);
        let b = Scripts::from([(ScriptKind::PostUpgrade, script(b""))]);
        let scripts = vec![("b".to_owned(), b), ("a".to_owned(), a)];
        let archive = write(&installed, &scripts, Form::V2).expect("short names");
        assert_eq!(read(&archive, &installed).expect("well-formed"), scripts);
        let names: Vec<_> = members(&archive)
            .expect("well-formed")
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect();
        assert_eq!(
            names,
            [
                "b-2.Q1b=.post-upgrade",
                "a-1.2-r0.Q1a+//b=.pre-install",
                "a-1.2-r0.Q1a+//b=.trigger",
            ]
        );
    }
}
