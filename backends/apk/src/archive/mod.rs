//! A package's file, v2 (three gzip members) or v3 (ADB), told apart by its first bytes.
//!
//! | module | holds |
//! | --- | --- |
//! | [`v2`] | signature, control and data members, and the chain of hashes between them |
//! | [`pkginfo`] | what a package says of itself |
//! | [`member`] | gzip members one by one, hashed as they are read |
//!
//! v3 is read in [`adb`](crate::adb).

pub mod member;
pub mod pkginfo;
#[cfg(test)]
pub(crate) mod tests;
pub mod v2;

pub use pkginfo::PkgInfo;

use crate::{
    adb,
    checksum::{Checksum, Identity},
    trust::Keys,
};
use boot_kit::{Error, ErrorKind, Result, RootPath, Sink};
use std::{
    fs::File as OsFile,
    io::{BufReader, Read, Seek},
};

/// What a package holds besides its files' contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// What it says of itself.
    pub info: PkgInfo,
    /// Its scripts, in archive order.
    pub scripts: Vec<Script>,
    /// Its files, in archive order, without those apk skips.
    pub files: Vec<File>,
    /// Whether it is of v3, with SHA-256 for hashes.
    pub is_v3: bool,
}

/// One script of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// When it runs.
    pub kind: ScriptKind,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Modification time, seconds since the Unix epoch; 0 in v3.
    pub mtime: i64,
}

/// When a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScriptKind {
    /// Before a package's files land, if it was not there.
    PreInstall,
    /// After they landed.
    PostInstall,
    /// Before it is removed.
    PreDeinstall,
    /// After it was removed.
    PostDeinstall,
    /// Before its files land over those of another version.
    PreUpgrade,
    /// After they landed.
    PostUpgrade,
    /// When a directory it watches has changed, at the end of the run.
    Trigger,
}

impl ScriptKind {
    /// All, with apk's names for them, in apk's order.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::PreInstall, "pre-install"),
        (Self::PostInstall, "post-install"),
        (Self::PreDeinstall, "pre-deinstall"),
        (Self::PostDeinstall, "post-deinstall"),
        (Self::PreUpgrade, "pre-upgrade"),
        (Self::PostUpgrade, "post-upgrade"),
        (Self::Trigger, "trigger"),
    ];

    /// apk's name, e.g. `pre-install`.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// Finds the one of that name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// One path of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it goes.
    pub path: RootPath,
    /// What it is.
    pub kind: boot_kit::Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner as a number: the header's in v2; in v3 0 for `root` and 65534 for every other name.
    pub uid: u32,
    /// Group, alike.
    pub gid: u32,
    /// Owner by name, which apk looks up in the root's `etc/passwd`, falling back on the number; may be empty.
    pub user: String,
    /// Group by name, alike in `etc/group`.
    pub group: String,
    /// Modification time, seconds since the Unix epoch.
    pub mtime: i64,
    /// The hash of a file's content, also for further names of one, and of a symbolic link's target.
    pub checksum: Option<Checksum>,
    /// Length of a file's content in bytes, 0 for all else.
    pub size: u64,
}

/// Reads a whole package, sending its files to `sink`.
///
/// The bytes of a v2 package are taken as proven by [`verify`]; contents are compared with the hashes in the package all
/// the same. Entries already sent when something is found wrong stay sent.
pub fn unpack(file: OsFile, sink: &mut dyn Sink) -> Result<Unpacked> {
    let mut file = BufReader::with_capacity(128 << 10, file);
    if is_v3(&mut file)? {
        adb::package::unpack(file, &adb::Proven::Already, sink)
    } else {
        v2::unpack(file, sink)
    }
}

/// Proves that `file` is the package of that identity, without trusting its own signature.
///
/// Errors with [`ErrorKind::Trust`] if it is another or was altered.
pub fn verify(identity: &Identity, file: &mut OsFile) -> Result<()> {
    file.rewind()?;
    let mut file = BufReader::with_capacity(128 << 10, file);
    if is_v3(&mut file)? {
        adb::package::verify(file, &adb::Proven::ByIdentity(*identity))
    } else {
        v2::verify(file, v2::Proof::Identity(*identity))
    }
    .map_err(as_distrust)
}

/// Proves that one of `keys` signed the package, where no index vouches for it.
///
/// Errors with [`ErrorKind::Trust`] if none did or something was altered since.
pub fn verify_signature(keys: &Keys, file: &mut OsFile) -> Result<()> {
    file.rewind()?;
    let mut file = BufReader::with_capacity(128 << 10, file);
    if is_v3(&mut file)? {
        adb::package::verify(file, &adb::Proven::BySignature(keys))
    } else {
        v2::verify(file, v2::Proof::Signature(keys))
    }
    .map_err(as_distrust)
}

fn is_v3(file: &mut BufReader<impl Read>) -> Result<bool> {
    use std::io::BufRead;
    Ok(file.fill_buf()?.starts_with(b"ADB"))
}

/// What cannot even be read is not what was signed.
fn as_distrust(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Parse => {
            Error::new(ErrorKind::Trust, "the package is not as it was signed").caused_by(error)
        }
        _ => error,
    }
}
