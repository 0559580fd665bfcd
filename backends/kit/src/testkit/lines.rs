//! Trees as tests write them: a line for each entry.
//!
//! `path` or `path: content` is a file, `path/` a directory, `path -> target` and `path = first` are links.

use crate::{Entry, Kind, Result, Sink};
use std::io::Read;

/// Makes a tar of lines, in their order; all is `uid`'s.
pub fn tar_of_lines(uid: u64, lines: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for line in lines {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let name = name.trim_end_matches(':');
        let (kind, target, content) = match rest.split_at_checked(2) {
            Some(("= ", target)) => (tar::EntryType::Link, target, ""),
            Some(("->", target)) => (tar::EntryType::Symlink, target.trim(), ""),
            _ if name.ends_with('/') => (tar::EntryType::Directory, "", ""),
            _ => (tar::EntryType::Regular, "", rest),
        };
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(uid);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        // As it is written, so that paths may be wrong.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        builder
            .append(&header, content.as_bytes())
            .expect("memory does not fail");
    }
    builder.into_inner().expect("memory does not fail")
}

/// Lists what is sent as such lines, each with its owner at the end.
pub fn lines_of(send: impl FnOnce(&mut dyn Sink) -> Result<()>) -> Vec<String> {
    let mut lines = Lines(Vec::new());
    send(&mut lines).expect("all is there");
    lines.0
}

struct Lines(Vec<String>);

impl Sink for Lines {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut text = String::new();
        content.read_to_string(&mut text).expect("text");
        let (path, uid) = (&entry.path, entry.uid);
        self.0.push(match &entry.kind {
            Kind::Symlink(target) => format!("{path} -> {} {uid}", target.escape_ascii()),
            Kind::Hardlink(first) => format!("{path} = {first} {uid}"),
            Kind::Directory => format!("{path}/ {uid}"),
            _ => format!("{path}: {text} {uid}"),
        });
        Ok(())
    }
}
