//! Every kind of file and directory as a stream of entries.
//!
//! What a file is, is told by its content. A tar of a tree is streamed. An archive that begins like an image of layers,
//! and a directory that is an image layout, are read whole first: which file a layer hides is known only at the end.

use super::model::{Form, Image, StoredLayer};
use crate::{
    interrupt, layers::prefetch::Prefetch, recipe::complete::host_platform,
    work::temporary_directory,
};
use boot_kit::{
    Context, Entry, Error, ErrorKind, Kind, Result, Root, RootPath, Sink,
    archive::{Compression, TarReader, parallel_decoder},
};
use boot_stage::{
    Tree,
    image::{Choice, Platform},
};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

/// How much is read at once.
const BUFFER: usize = 256 << 10;
/// How long a SHA-256 is in hexadecimal digits.
const HEX: usize = 64;

/// How to read.
#[derive(Clone)]
pub struct Reading<'a> {
    /// Threads that decompress, where a format has independent parts.
    pub jobs: usize,
    /// Of several images, the one of this name or digest; `None`: the only one.
    pub which: Option<&'a str>,
    /// Of an image for several machines, the one for this; `None`: the only one, or this machine's.
    pub platform: Option<&'a Platform>,
    /// Ends it soon once it is set.
    pub interrupt: &'a Arc<AtomicBool>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// What is known of the image besides its tree.
    pub image: Image,
    /// Length of the file that holds it.
    pub stored: Option<u64>,
}

/// Sends the tree that is in the file or directory at `path` to `sink`, in any order.
///
/// Errors with [`ErrorKind::Usage`] if there is nothing, or nothing that holds a tree.
pub fn send(path: &Path, reading: &Reading<'_>, sink: &mut dyn Sink) -> Result<Opened> {
    let sent = if path.is_dir() {
        directory(path, reading, sink)
    } else {
        archive(path, reading, sink)
    };
    sent.context(|| format!("cannot read `{}`", path.display()))
}

fn directory(path: &Path, reading: &Reading<'_>, sink: &mut dyn Sink) -> Result<Opened> {
    let root = Root::open(path)?;
    let image = Image {
        name: stem(path),
        source: path.display().to_string(),
        form: Form::Directory,
        ..Image::default()
    };
    if !path.join("oci-layout").is_file() {
        root.walk(&mut Watched { sink, reading })?;
        return Ok(Opened {
            image,
            stored: None,
        });
    }
    let mut files = Tree::new(&temporary_directory())?;
    root.walk(&mut Watched {
        sink: &mut files,
        reading,
    })?;
    let image = Image {
        form: Form::OciDirectory,
        ..image
    };
    flatten(files, image, None, reading, sink)
}

fn archive(path: &Path, reading: &Reading<'_>, sink: &mut dyn Sink) -> Result<Opened> {
    let file = File::open(path).map_err(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            return Error::from(error);
        }
        let error = Error::new(ErrorKind::Usage, "there is nothing to read").caused_by(error);
        error.with_hint(
            "name a distribution, a recipe, an archive of a root or image, or a directory",
        )
    })?;
    let stored = Some(file.metadata()?.len());
    let image = Image {
        name: stem(path),
        source: path.display().to_string(),
        ..Image::default()
    };
    let mut archive = TarReader::new(plain(file, reading)?);
    let (top, first) = first(&mut archive).map_err(|error| match error.kind() {
        ErrorKind::Parse => {
            error.with_hint("an image is a tar, plain or compressed by gzip, xz, zstd or bzip2")
        }
        _ => error,
    })?;
    if !first.as_ref().is_some_and(begins_an_image) {
        let mut sink = Watched { sink, reading };
        if let Some(top) = top {
            sink.entry(&top, &mut io::empty())?;
        }
        stream(first, archive, &mut sink)?;
        return Ok(Opened { image, stored });
    }
    let mut files = Tree::new(&temporary_directory())?;
    let mut filling = Watched {
        sink: &mut files,
        reading,
    };
    stream(first, archive, &mut filling)?;
    flatten(files, image, stored, reading, sink)
}

/// Reads the first entry that is not the root itself, and that of the root before it.
fn first<R: Read>(archive: &mut TarReader<R>) -> Result<(Option<Entry>, Option<Entry>)> {
    let mut top = None;
    loop {
        match archive.next()? {
            Some(entry) if entry.path.is_root() => top = Some(entry),
            other => return Ok((top, other)),
        }
    }
}

/// Sends the first entry and all that follow it.
fn stream<R: Read>(
    first: Option<Entry>,
    mut archive: TarReader<R>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut next = first;
    while let Some(entry) = next {
        sink.entry(&entry, &mut archive.content())?;
        next = archive.next()?;
    }
    archive.finish()
}

/// Opens a file decompressed, on another thread if that is work.
fn plain(mut file: File, reading: &Reading<'_>) -> Result<Box<dyn Read>> {
    let mut head = [0; 6];
    let count = file.read(&mut head)?;
    io::Seek::rewind(&mut file)?;
    if Compression::of(&head[..count]) == Compression::Plain {
        // The reader of tars has a buffer of its own.
        return Ok(Box::new(file));
    }
    let jobs = reading.jobs;
    let open = move || {
        let packed = BufReader::with_capacity(BUFFER, file);
        parallel_decoder(packed, jobs).map_err(io::Error::other)
    };
    Ok(Box::new(Prefetch::open(open)))
}

/// Tells whether an archive that begins with this entry is an image: with a part of a layout or of what `docker save`
/// and its kin write. No root begins so.
fn begins_an_image(first: &Entry) -> bool {
    const NAMES: [&[u8]; 5] = [
        b"oci-layout",
        b"index.json",
        b"manifest.json",
        b"repositories",
        b"blobs",
    ];
    let name = first.path.bytes().split(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    let is_digest = |name: &[u8]| {
        let digits = name.iter().take_while(|byte| byte.is_ascii_hexdigit());
        digits.count() == HEX
    };
    NAMES.contains(&name) || name.starts_with(b"sha256:") || is_digest(name)
}

/// Sends the tree of the image that `files` are; if they are none, they are the tree.
fn flatten(
    mut files: Tree,
    mut image: Image,
    stored: Option<u64>,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
) -> Result<Opened> {
    files.settle()?;
    let choice = Choice {
        name: reading.which,
        platform: reading.platform,
        host: host_platform(),
    };
    let Some(found) = boot_stage::image::Image::find(&files, &choice)? else {
        files.walk(&mut Watched { sink, reading })?;
        return Ok(Opened { image, stored });
    };
    let is_layout = files.find(&RootPath::from("oci-layout")).is_some();
    image.form = match (image.form, is_layout) {
        (Form::OciDirectory, _) => Form::OciDirectory,
        (_, true) => Form::OciArchive,
        (_, false) => Form::DockerArchive,
    };
    image.reference = found.names.first().cloned();
    if let Some(reference) = &image.reference {
        image.name.clone_from(reference);
    }
    image.platform = Some(found.config.platform().to_string());
    image.layers = found
        .blobs()
        .flatten()
        .map(|(bytes, digest)| StoredLayer {
            digest: format!("sha256:{digest}"),
            bytes,
        })
        .collect();
    let mut root = Tree::new(&temporary_directory())?;
    let stop = || interrupt::check(reading.interrupt);
    found.flatten(&files, &mut root, &stop)?;
    drop(files);
    root.walk(&mut Watched { sink, reading })?;
    Ok(Opened { image, stored })
}

/// What a file is called, without what says how it is packed.
pub fn stem(path: &Path) -> String {
    const PACKED: [&str; 4] = [".gz", ".xz", ".zst", ".bz2"];
    const KINDS: [&str; 5] = [".oci.tar", ".tar", ".tgz", ".txz", ".oci"];
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy();
    let cut = |name: &str, endings: &[&str]| {
        let bare = endings.iter().find_map(|ending| name.strip_suffix(ending));
        bare.filter(|bare| !bare.is_empty()).map(str::to_owned)
    };
    let bare = cut(&name, &PACKED).unwrap_or_else(|| name.clone().into_owned());
    cut(&bare, &KINDS).unwrap_or_else(|| name.into_owned())
}

/// Ends soon when it is told to.
struct Watched<'a> {
    sink: &'a mut dyn Sink,
    reading: &'a Reading<'a>,
}

impl Sink for Watched<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        interrupt::check(self.reading.interrupt)?;
        let mut content = Stoppable {
            inner: content,
            interrupt: self.reading.interrupt,
        };
        match entry.kind {
            Kind::File { .. } => self.sink.entry(entry, &mut content),
            _ => self.sink.entry(entry, &mut io::empty()),
        }
    }
}

struct Stoppable<'a> {
    inner: &'a mut dyn Read,
    interrupt: &'a AtomicBool,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        interrupt::check(self.interrupt)?;
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_what_is_before_their_ending() {
        for (path, name) in [
            ("/x/root.tar.zst", "root"),
            ("my.tar.files/x.oci.tar", "x"),
            ("app.tarball-1.2.tar", "app.tarball-1.2"),
            ("x.oci/", "x"),
            ("debian.tgz", "debian"),
            ("disk.img.gz", "disk.img.gz"),
            (".tar", ".tar"),
            ("root", "root"),
        ] {
            assert_eq!(stem(Path::new(path)), name, "{path}");
        }
    }

    #[test]
    fn only_what_is_not_there_is_said_to_be_nothing() {
        let interrupt = Arc::new(AtomicBool::new(false));
        let reading = Reading {
            jobs: 1,
            which: None,
            platform: None,
            interrupt: &interrupt,
        };
        let place = tempfile::tempdir().expect("may be made");
        let file = place.path().join("x");
        fs_err::write(&file, "x").expect("may be written");
        let mut files = Tree::new(place.path()).expect("may be made");
        let mut refused = |path: &Path| {
            let error = archive(path, &reading, &mut files).err();
            error.expect("there is no image").kind()
        };
        assert_eq!(refused(&place.path().join("y")), ErrorKind::Usage);
        assert_ne!(refused(&file.join("y")), ErrorKind::Usage);
    }
}
