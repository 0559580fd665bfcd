//! A binary package: an ar archive of `debian-binary`, `control.tar*` and `data.tar*` (deb(5)).

use crate::control::Control;
use boot_kit::{
    Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink,
    archive::{decoder, send_tar},
};
use std::{
    fs::File,
    io::{BufReader, Read},
};

/// What a package holds besides its files' contents.
pub struct Unpacked {
    /// The fields of `control`.
    pub control: Control,
    /// The other files of `control.tar`: scripts, `conffiles`, `md5sums`, `triggers`, …
    pub files: Vec<ControlFile>,
    /// Every path of `data.tar`, in archive order, the root itself among them if it is shipped.
    pub paths: Vec<Path>,
}

/// One file of `control.tar`.
pub struct ControlFile {
    /// Its name, e.g. `postinst`.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Modification time, seconds since the epoch.
    pub mtime: i64,
}

/// One path of `data.tar`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// Where the package says the file goes.
    pub path: RootPath,
    /// Directories may be shared between packages, everything else needs leave.
    pub is_directory: bool,
}

/// One line of `conffiles`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conffile<'a> {
    /// The absolute path, as written.
    pub path: &'a [u8],
    /// Whether the package no longer ships it, and it goes when an older version is upgraded.
    pub remove_on_upgrade: bool,
}

impl Unpacked {
    /// Finds a file of `control.tar`.
    pub fn file(&self, name: &str) -> Option<&ControlFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Lists the configuration files (deb-conffiles(5)).
    ///
    /// A line is a path, blanks and all, or the flag `remove-on-upgrade` before one. Others hold no path.
    pub fn conffiles(&self) -> impl Iterator<Item = Conffile<'_>> {
        let content = self.file("conffiles").map(|file| file.content.as_slice());
        let lines = content.unwrap_or_default().split(|byte| *byte == b'\n');
        lines.map(<[u8]>::trim_ascii).filter_map(|line| {
            let flagged = line.strip_prefix(b"remove-on-upgrade");
            let path = flagged.map_or(line, <[u8]>::trim_ascii_start);
            path.starts_with(b"/").then_some(Conffile {
                path,
                remove_on_upgrade: flagged.is_some(),
            })
        })
    }
}

/// The most bytes the files of `control.tar` may have together: they are kept in memory, and dpkg's tools, too, stop
/// at 64 MiB. `data.tar` goes to the sink as it comes, however long it gets.
const CONTROL_LIMIT: u64 = 64 << 20;

/// Reads a whole package, sending the files of `data.tar` to `sink`.
///
/// The bytes are taken as proven: checksums inside the compressed members are not computed again, and what they grow to
/// is what the archive's signers meant.
pub fn unpack(file: File, sink: &mut dyn Sink) -> Result<Unpacked> {
    let mut archive = ar::Archive::new(BufReader::with_capacity(128 << 10, file));
    let mut control = None;
    let mut magic_seen = false;
    while let Some(member) = archive.next_entry() {
        let member = member.context(|| "cannot read the ar archive")?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        let name = name.trim_end_matches('/');
        let mut member = BufReader::with_capacity(64 << 10, member);
        if name == "debian-binary" {
            let mut version = String::new();
            member.read_to_string(&mut version)?;
            if !version.starts_with("2.") {
                return Err(malformed(format!(
                    "`debian-binary` has the unknown version `{}`",
                    version.trim()
                )));
            }
            magic_seen = true;
        } else if !magic_seen {
            return Err(malformed(format!(
                "the first member is `{name}`, not `debian-binary`"
            )));
        } else if name.starts_with("control.tar") && control.is_none() {
            let mut collected = ControlSink {
                control: None,
                files: Vec::new(),
                left: CONTROL_LIMIT,
            };
            send_tar(&mut *decoder(member, true)?, &mut collected)
                .context(|| format!("cannot read `{name}`"))?;
            control = Some(collected.finish()?);
        } else if name.starts_with("data.tar") {
            let (control, files) = control
                .take()
                .ok_or_else(|| malformed("`data.tar` comes before `control.tar`"))?;
            let mut listing = Listing {
                sink,
                paths: Vec::new(),
            };
            send_tar(&mut *decoder(member, true)?, &mut listing)
                .context(|| format!("cannot read `{name}`"))?;
            return Ok(Unpacked {
                control,
                files,
                paths: listing.paths,
            });
        } else if !name.starts_with('_') {
            return Err(malformed(format!(
                "the archive has the unexpected member `{name}`"
            )));
        }
    }
    Err(malformed("the archive has no `data.tar`"))
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Parse, message)
}

struct ControlSink {
    control: Option<Vec<u8>>,
    files: Vec<ControlFile>,
    /// How many bytes may still come.
    left: u64,
}

impl ControlSink {
    fn finish(self) -> Result<(Control, Vec<ControlFile>)> {
        let text = self
            .control
            .ok_or_else(|| malformed("`control.tar` has no `control`"))?;
        Ok((
            Control::parse(&text).context(|| "cannot read `control`")?,
            self.files,
        ))
    }
}

impl Sink for ControlSink {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let Kind::File { size } = entry.kind else {
            return Ok(());
        };
        self.left = self
            .left
            .checked_sub(size)
            .ok_or_else(|| malformed("`control.tar` has more than 64 MiB"))?;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let name = entry.path.to_string();
        if name.contains('/') {
            return Err(malformed(format!(
                "`control.tar` has the directory of `{name}`"
            )));
        }
        if name == "control" {
            self.control = Some(bytes);
        } else {
            self.files.push(ControlFile {
                name,
                content: bytes,
                mode: entry.mode,
                mtime: entry.mtime,
            });
        }
        Ok(())
    }
}

/// Notes the paths on their way.
struct Listing<'a> {
    sink: &'a mut dyn Sink,
    paths: Vec<Path>,
}

impl Sink for Listing<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        // dpkg's lists of files could not tell it from two paths.
        if entry.path.bytes().contains(&b'\n') {
            let name = entry.path.bytes().escape_ascii();
            return Err(malformed(format!("`{name}` has a line feed in its name")));
        }
        self.paths.push(Path {
            path: entry.path.clone(),
            is_directory: entry.kind == Kind::Directory,
        });
        self.sink.entry(entry, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::testkit::Deb;
    use std::io::{Seek, Write};

    struct Swallow;

    impl Sink for Swallow {
        fn entry(&mut self, _entry: &Entry, _content: &mut dyn Read) -> Result<()> {
            Ok(())
        }
    }

    fn unpacked(deb: &Deb) -> Result<Unpacked> {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&deb.build()).expect("writable");
        file.rewind().expect("seekable");
        unpack(file, &mut Swallow)
    }

    #[test]
    fn configuration_files_may_have_blanks_in_their_names() {
        let lines = "/etc/a\n/etc/b c\nremove-on-upgrade  /etc/d e\n\nnonsense /etc/f\n";
        let package = unpacked(&Deb::new("a", "1").control_file("conffiles", lines));
        let conffile = |path: &'static str, remove_on_upgrade| Conffile {
            path: path.as_bytes(),
            remove_on_upgrade,
        };
        assert_eq!(
            package
                .expect("well-formed")
                .conffiles()
                .collect::<Vec<_>>(),
            [
                conffile("/etc/a", false),
                conffile("/etc/b c", false),
                conffile("/etc/d e", true)
            ]
        );
    }

    #[test]
    fn what_dpkg_could_not_note_or_hold_is_refused() {
        let large = "x".repeat(usize::try_from(CONTROL_LIMIT).expect("fits"));
        for (deb, expected) in [
            (
                Deb::new("a", "1").file("usr/a\nb", 0o644, ""),
                "`usr/a\\nb` has a line feed in its name",
            ),
            (
                Deb::new("a", "1").control_file("md5sums", &large),
                "`control.tar` has more than 64 MiB",
            ),
        ] {
            let error = unpacked(&deb).err().expect("is refused");
            let cause = std::error::Error::source(&error).expect("names the member");
            assert_eq!(cause.to_string(), expected);
        }
    }
}
