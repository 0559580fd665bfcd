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

impl Unpacked {
    /// Finds a file of `control.tar`.
    pub fn file(&self, name: &str) -> Option<&ControlFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// Reads a whole package, sending the files of `data.tar` to `sink`.
///
/// The bytes are taken as proven: checksums inside the compressed members are not computed again.
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
            let mut collected = ControlSink::default();
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

#[derive(Default)]
struct ControlSink {
    control: Option<Vec<u8>>,
    files: Vec<ControlFile>,
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
        if !matches!(entry.kind, Kind::File { .. }) {
            return Ok(());
        }
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
        self.paths.push(Path {
            path: entry.path.clone(),
            is_directory: entry.kind == Kind::Directory,
        });
        self.sink.entry(entry, content)
    }
}
