//! Where a root comes from: bytes that are proven, decompressed and taken apart.

use super::{
    Options,
    downloads::{Downloads, missing},
    stem_of,
};
use crate::{
    interrupt::{self, ReadUntil},
    ops::connect,
    registry,
};
use boot_kit::{
    Context, Digest, Error, ErrorKind, Fetch, Report, Result,
    archive::{parallel_decoder, send_tar},
    digest::Hashing,
    fetch::without_credentials,
    openpgp::{Keyring, Terms},
};
use boot_stage::Tree;
use std::{
    ffi::OsStr,
    fmt,
    fs::File,
    io::{self, BufReader, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// The longest archive that is fetched, in bytes.
const MAX_ARCHIVE: u64 = 64 << 30;
/// The longest signature, in bytes.
const MAX_SIGNATURE: u64 = 1 << 20;
/// What a signature's name ends in, beside that of what it signs.
const SIGNATURES: [&str; 3] = [".asc", ".sig", ".gpg"];
/// How much is read at once.
const BUFFER: usize = 256 << 10;

/// Where a root is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// An archive on standard input.
    #[default]
    Stdin,
    /// An archive on a server.
    Url(String),
    /// An archive or a directory.
    Path(PathBuf),
}

impl Source {
    /// Reads what a user wrote: `-`, a URL, or a path.
    pub fn parse(text: &OsStr) -> Self {
        match text.to_str() {
            Some("-") => Self::Stdin,
            Some(url)
                if ["http://", "https://", "file://"]
                    .iter()
                    .any(|s| url.starts_with(s)) =>
            {
                Self::Url(url.to_owned())
            }
            _ => Self::Path(text.into()),
        }
    }

    /// A word for a root that does not say what it is.
    pub(super) fn stem(&self) -> String {
        match self {
            Self::Stdin => "root".into(),
            Self::Url(url) => stem_of(Path::new(url.split(['?', '#']).next().unwrap_or(url))),
            Self::Path(path) => stem_of(path),
        }
    }
}

/// As people are shown it: without the password that a URL may have.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("-"),
            Self::Url(url) => f.write_str(&without_credentials(url)),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Reads an archive into `tree` and proves it.
pub(super) fn read(
    options: &Options,
    tree: &mut Tree,
    report: &dyn Report,
    interrupt: &AtomicBool,
) -> Result<()> {
    let source = &options.source;
    let keyring = keyring(&options.keyring)?;
    let mut archive: Box<dyn Read> = match source {
        Source::Stdin if keyring.is_some() => {
            let message = "standard input has no signature beside it";
            let hint = "name a file with --keyring, or give --sha256";
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
        Source::Stdin => Box::new(io::stdin().lock()),
        Source::Path(path) => Box::new(signed_file(options, keyring.as_ref(), path, interrupt)?),
        Source::Url(url) => {
            if options.sha256.is_none() && keyring.is_none() {
                let message = format!("nothing says what `{source}` must be");
                let hint = "give --sha256 or --keyring, or fetch it yourself and name the file";
                return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
            }
            Box::new(fetched(options, keyring.as_ref(), url, report, interrupt)?)
        }
    };
    let mut archive = Watched {
        inner: &mut *archive,
        hashing: options.sha256.map(|_| Hashing::new(io::sink())),
    };
    let unpacked = unpack(&mut archive, connect::jobs(options.jobs), tree, interrupt);
    // A wrong digest explains whatever else is wrong.
    if let Some(wanted) = &options.sha256 {
        if !unpacked
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Interrupted)
        {
            let mut rest = ReadUntil {
                reader: &mut archive,
                stop: interrupt,
            };
            io::copy(&mut rest, &mut io::sink())?;
        }
        if let Some(hashing) = archive.hashing {
            let (found, bytes) = hashing.finish();
            if found != *wanted {
                let message = format!("`{source}` has another SHA-256 than {wanted}");
                let cause = format!("its {bytes} bytes have {found}");
                return Err(Error::new(ErrorKind::Trust, message)
                    .caused_by(Error::new(ErrorKind::Trust, cause)));
            }
        }
    }
    unpacked.context(|| format!("cannot read `{source}`"))
}

/// Takes a tar apart, compressed or not.
pub(in crate::ops) fn unpack(
    archive: &mut dyn Read,
    jobs: usize,
    tree: &mut Tree,
    interrupt: &AtomicBool,
) -> Result<()> {
    let archive = ReadUntil {
        reader: archive,
        stop: interrupt,
    };
    let archive = BufReader::with_capacity(BUFFER, archive);
    let mut plain = parallel_decoder(archive, jobs)?;
    let sent = send_tar(&mut plain, tree);
    sent.map_err(|error| match error.hint() {
        None if error.kind() == ErrorKind::Parse => {
            error.with_hint("a root is a tar, plain or compressed by gzip, xz, zstd or bzip2")
        }
        _ => error,
    })
}

fn keyring(files: &[PathBuf]) -> Result<Option<Keyring>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut keyring = Keyring::default();
    for file in files {
        keyring.add(&file.display().to_string(), &registry::read_key(file)?)?;
    }
    Ok(Some(keyring))
}

/// Opens a file, and with a keyring verifies the signature beside it.
fn signed_file(
    options: &Options,
    keyring: Option<&Keyring>,
    path: &Path,
    interrupt: &AtomicBool,
) -> Result<File> {
    let mut file = File::open(path).map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            format!("cannot open `{}`", path.display()),
        )
        .caused_by(error)
    })?;
    let Some(keyring) = keyring else {
        return Ok(file);
    };
    let beside = SIGNATURES.iter().map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    let Some(signature) = beside.into_iter().find(|path| path.is_file()) else {
        let message = format!("`{}` has no signature beside it", path.display());
        let hint = "put it beside under the same name with `.asc` or `.sig`, or give --sha256";
        return Err(Error::new(ErrorKind::Trust, message).with_hint(hint));
    };
    let mut bytes = Vec::new();
    fs_err::File::open(signature)?
        .take(MAX_SIGNATURE)
        .read_to_end(&mut bytes)?;
    verify(options, keyring, &bytes, &mut file, interrupt)
        .context(|| format!("cannot verify `{}`", path.display()))?;
    Ok(file)
}

/// Fetches an archive, and with a keyring the signature beside it; keeps what is proven.
fn fetched(
    options: &Options,
    keyring: Option<&Keyring>,
    url: &str,
    report: &dyn Report,
    interrupt: &AtomicBool,
) -> Result<File> {
    let store = connect::store(options.cache_dir.as_deref())?;
    let net = connect::net(&store, options.offline, report, interrupt);
    let downloads = Downloads {
        store: &store,
        net: &net,
    };
    let kept = options.sha256.as_ref().map(|digest| downloads.kept(digest));
    let kept = kept.transpose()?.flatten();
    let Some(keyring) = keyring else {
        return match kept {
            Some(file) => Ok(file),
            None => downloads.keep(
                url,
                &mut downloads.get(url, MAX_ARCHIVE)?,
                options.sha256.as_ref(),
            ),
        };
    };
    let (place, mut signature) = signature_of(url, &downloads)?;
    let mut file = match kept {
        Some(file) => file,
        None => downloads.get(url, MAX_ARCHIVE)?,
    };
    let mut bytes = Vec::new();
    signature.read_to_end(&mut bytes)?;
    verify(options, keyring, &bytes, &mut file, interrupt)
        .context(|| format!("cannot verify `{}`", without_credentials(url)))?;
    signature.rewind()?;
    downloads.keep(&place, &mut signature, None)?;
    downloads.keep(url, &mut file, options.sha256.as_ref())
}

/// Gets the signature beside an archive; returns its URL, too.
fn signature_of(url: &str, downloads: &Downloads<'_>) -> Result<(String, File)> {
    for ending in SIGNATURES {
        let place = format!("{url}{ending}");
        match downloads.get(&place, MAX_SIGNATURE) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return Ok((place, found?)),
        }
    }
    if downloads.net.is_offline() {
        return Err(missing(url));
    }
    let message = format!("`{}` has no signature beside it", without_credentials(url));
    let error = Error::new(ErrorKind::Trust, message);
    Err(error.with_hint("give --sha256 instead of --keyring"))
}

/// Verifies a signature over all of `file` and goes back to its start.
fn verify(
    options: &Options,
    keyring: &Keyring,
    signature: &[u8],
    file: &mut File,
    interrupt: &AtomicBool,
) -> Result<()> {
    let terms = Terms {
        now: options.now,
        allow_expired: options.allow_expired,
    };
    let mut signed = ReadUntil {
        reader: &mut *file,
        stop: interrupt,
    };
    let verified = keyring.verify_detached(signature, &mut signed, terms);
    // What was not read to its end has no good signature: the reason comes first.
    interrupt::check(interrupt)?;
    verified?;
    file.rewind()?;
    Ok(())
}

/// Bytes that are hashed on their way in.
struct Watched<'a> {
    inner: &'a mut dyn Read,
    hashing: Option<Hashing<io::Sink>>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(hashing) = &mut self.hashing {
            hashing.write_all(&buffer[..count])?;
        }
        Ok(count)
    }
}

/// Reads a digest as people write it.
pub fn digest(text: &str) -> Result<Digest> {
    text.trim().to_ascii_lowercase().parse()
}
