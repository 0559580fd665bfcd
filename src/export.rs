//! From a root to an image: the tree is streamed into a tar, compressed or not, or into a directory; layers that are
//! tars already become an OCI image.
//!
//! | module | holds |
//! | --- | --- |
//! | [`output`] | where an image goes and in what form: what `-o` says |
//! | [`tar`] | boot tar format 1, the bytes of an image |
//! | [`compress`] | compression whose bytes do not depend on the number of cores |
//! | [`oci`] | OCI images, made of finished layers |
//! | [`closing`] | the command that imports the result |
//!
//! An output appears whole or not at all, and never replaces anything unless told to.

pub mod closing;
pub mod compress;
pub mod directory;
pub(crate) mod header;
pub mod oci;
pub mod output;
mod pending;
pub mod tar;
#[cfg(test)]
mod tests;
mod watch;
mod xattr;

pub use output::Output;

use boot_kit::{
    Context, Digest, Entry, Error, ErrorKind, Kind, Report, Result, Sink, digest::Hashing,
};
use compress::{Compression, Encoder};
use directory::{DirectoryWriter, PendingDirectory};
use pending::PendingFile;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    os::fd::AsFd,
    path::Path,
    sync::atomic::AtomicBool,
};
use tar::TarWriter;
use watch::Watch;

/// How an image is written.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The image's date, seconds since the Unix epoch: no time in it is later, and an output file has this one.
    pub epoch: i64,
    /// Hears how many bytes were written, and warnings.
    pub report: &'a dyn Report,
    /// Ends the export soon after it becomes true.
    pub interrupt: &'a AtomicBool,
    /// How many threads may compress, at least one; the bytes do not depend on it.
    pub jobs: usize,
    /// Whether what is at the output may be replaced.
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many entries, the root itself among them.
    pub entries: u64,
    /// Length of the output in bytes; of a directory, that of its files.
    pub bytes: u64,
    /// Digest of the output; none for a directory.
    pub sha256: Option<Digest>,
    /// Digest of the tar before compression, as OCI names a layer; none for a directory.
    pub diff_id: Option<Digest>,
}

/// Sends every entry of a tree to a sink, sorted, without the root itself.
pub type Walk<'a> = &'a dyn Fn(&mut dyn Sink) -> Result<()>;

/// Writes a tree to `output`, which is no OCI image: [`oci::write_oci`] makes those, from layers.
///
/// The tree's root is a directory of root's, mode 0755.
///
/// Nothing is at the output's place until all of it is. Errors with [`ErrorKind::Usage`] if something is in the way
/// (see [`Output::check`]), with [`ErrorKind::Interrupted`] when told to stop.
pub fn export(walk: Walk<'_>, output: &Output, options: &Options<'_>) -> Result<Written> {
    write(&Entry::root(options.epoch), walk, output, options)
}

/// Writes a tree that nobody has proven yet to the file `path`, if its tar has the digest `expected`.
///
/// Else as [`export`]. Errors with [`ErrorKind::Trust`], having written nothing, if the digest is another.
pub fn export_proving(
    walk: Walk<'_>,
    expected: &Digest,
    path: &Path,
    compression: Compression,
    options: &Options<'_>,
) -> Result<Written> {
    let top = Entry::root(options.epoch);
    let send = below(&top, walk, options);
    write_file(path, compression, Some(expected), &send, options)
        .context(|| format!("cannot write `{}`", path.display()))
}

/// Sends a tree to `sink` as an image of that date has it, without the root itself; returns the number of entries.
///
/// Errors with [`ErrorKind::Interrupted`] when told to stop.
pub fn send(walk: Walk<'_>, sink: &mut dyn Sink, options: &Options<'_>) -> Result<u64> {
    let mut sink = AsWritten {
        sink,
        epoch: options.epoch,
        entries: 0,
    };
    let mut watch = Watch::new(&mut sink, options);
    walk(&mut watch)?;
    watch.finish()?;
    Ok(sink.entries)
}

/// Passes entries on as an image of that date has them.
struct AsWritten<'a> {
    sink: &'a mut dyn Sink,
    epoch: i64,
    entries: u64,
}

impl Sink for AsWritten<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        self.entries += 1;
        self.sink.entry(&as_written(entry, self.epoch), content)
    }
}

/// Describes an entry as an image of that date shows it, its content apart.
pub fn as_written(entry: &Entry, epoch: i64) -> Entry {
    let is_link = matches!(entry.kind, Kind::Hardlink(_));
    Entry {
        mtime: i64::try_from(header::time(entry, epoch)).unwrap_or(0),
        // Those of a link are its file's.
        xattrs: if is_link {
            BTreeMap::new()
        } else {
            xattr::allowed(&entry.xattrs)
        },
        ..entry.clone()
    }
}

fn write(top: &Entry, walk: Walk<'_>, output: &Output, options: &Options<'_>) -> Result<Written> {
    output.check(options.force)?;
    let send = below(top, walk, options);
    match output {
        Output::File { path, compression } => write_file(path, *compression, None, &send, options)
            .context(|| format!("cannot write `{}`", path.display())),
        Output::Directory { path } => write_directory(path, &send, options)
            .context(|| format!("cannot write `{}`", path.display())),
        Output::Oci(oci) => {
            let message = format!("`{}` is made of layers, not of a tree", oci.path.display());
            Err(Error::new(ErrorKind::Usage, message))
        }
        Output::Stdout => write_tar(stdout()?, Compression::None, &send, options)
            .map(|(written, _)| written)
            .context(|| "cannot write to standard output"),
    }
}

/// Sends the root's entry and what is below it, watched.
fn below<'a>(
    top: &'a Entry,
    walk: Walk<'a>,
    options: &'a Options<'a>,
) -> impl Fn(&mut dyn Sink) -> Result<()> + 'a {
    move |sink| {
        let mut watch = Watch::new(sink, options);
        watch.entry(top, &mut io::empty())?;
        walk(&mut watch)?;
        watch.finish()
    }
}

fn write_file(
    path: &Path,
    compression: Compression,
    expected: Option<&Digest>,
    send: Walk<'_>,
    options: &Options<'_>,
) -> Result<Written> {
    let file = PendingFile::create(path)?;
    let (written, file) = write_tar(file, compression, send, options)?;
    if expected.is_some_and(|expected| written.diff_id.as_ref() != Some(expected)) {
        let message = "it does not come to the bytes it came to before";
        return Err(Error::new(ErrorKind::Trust, message));
    }
    file.commit(options.epoch.max(0), options.force)?;
    Ok(written)
}

/// Writes the tar and hashes it on both sides of the compression; without one the sides are the same.
fn write_tar<W: Write>(
    mut out: W,
    compression: Compression,
    send: Walk<'_>,
    options: &Options<'_>,
) -> Result<(Written, W)> {
    let (entries, (diff_id, _), (sha256, bytes)) = if compression == Compression::None {
        let (entries, tar) = fill(&mut out, send, options.epoch)?;
        (entries, tar, tar)
    } else {
        let mut outside = Hashing::new(&mut out);
        let mut encoder = Encoder::new(&mut outside, compression, options.jobs)?;
        let (entries, tar) = fill(&mut encoder, send, options.epoch)?;
        encoder.finish()?;
        (entries, tar, outside.finish())
    };
    out.flush()?;
    Ok((
        Written {
            entries,
            bytes,
            sha256: Some(sha256),
            diff_id: Some(diff_id),
        },
        out,
    ))
}

/// Returns the number of entries, and the tar's digest and length.
fn fill<W: Write>(out: &mut W, send: Walk<'_>, epoch: i64) -> Result<(u64, (Digest, u64))> {
    let mut tar = TarWriter::new(out, epoch);
    send(&mut tar)?;
    let entries = tar.entries();
    let (digest, bytes, _) = tar.finish()?;
    Ok((entries, (digest, bytes)))
}

fn write_directory(path: &Path, send: Walk<'_>, options: &Options<'_>) -> Result<Written> {
    let pending = PendingDirectory::create(path)?;
    let mut writer = DirectoryWriter::new(pending.building(), options.epoch, options.report)?;
    send(&mut writer)?;
    let (entries, bytes) = writer.written();
    writer.finish()?;
    let output = Output::Directory {
        path: path.to_owned(),
    };
    pending.commit(options.force, &|| output.check(true))?;
    Ok(Written {
        entries,
        bytes,
        sha256: None,
        diff_id: None,
    })
}

/// Standard output without the line buffer of [`std::io::Stdout`].
fn stdout() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}
