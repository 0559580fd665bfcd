//! Gentoo's stages: which tarball a flavour's pointer names, and what proves it.
//!
//! ```text
//! BASE = <mirror>/releases/<directory>/autobuilds
//! BASE/latest-stage3-<arch>-<flavour>.txt      the pointer, signed: date, path, size
//! BASE/latest-stage3.txt                       the same for all flavours of a directory, signed
//! BASE/<build>/<tarball>                       build is YYYYMMDDTHHMMSSZ
//! BASE/<build>/<tarball>.sha256                signed: SHA-256
//! BASE/<build>/<tarball>.DIGESTS               signed: SHA-512 and BLAKE2b of the tarball and of its listing
//! BASE/<build>/<tarball>.asc                   the tarball's own signature
//! ```
//!
//! Every one of them must be signed by a key of the keyring and agree with the others. The tarball is fetched whole and
//! proven before any of it is unpacked: 500 MB of room cost less than taking back what an unproven archive did.
//!
//! Document: <https://wiki.gentoo.org/wiki/Handbook:AMD64/Installation/Stage>.

mod digests;
mod inventory;
mod pointer;
#[cfg(test)]
mod tests;

pub use inventory::inventory;
pub(crate) use inventory::split;
pub use pointer::Build;

use boot_kit::{
    Artifact, Context, Digest, Error, ErrorKind, Event, Fetch, Proof, Report, Request, Result,
    digest, hex,
    openpgp::{Keyring, Terms},
};
use digests::Algorithm;
use pointer::{Pointer, Target};
use std::{
    fs::File,
    io::{Read, Seek},
};

/// The longest signed text, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// How far a pointer may be in the future, in seconds: clocks differ.
const SKEW: i64 = 86_400;
/// From when on a pointer is worth a warning, in seconds: Gentoo builds every week.
const STALE: i64 = 60 * 86_400;

/// Which stage is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Base URLs that have Gentoo's tree, without trailing slash, best first.
    pub mirrors: Vec<String>,
    /// The directory below `releases`, e.g. `amd64`, `x86`.
    pub directory: String,
    /// The architecture in names of files, e.g. `amd64`, `i686`.
    pub arch: String,
    /// The flavour, e.g. `openrc`, `musl-hardened`.
    pub flavour: String,
    /// The build; `None`: the one the pointer names.
    pub build: Option<Build>,
    /// The time, seconds since the Unix epoch.
    pub now: i64,
    /// Accept keys that have expired, and an older pointer than the last one seen.
    pub allow_expired: bool,
}

/// A stage, chosen and vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The tarball. Its size is that of the pointer; 0 where a build was named, whose size nothing signed says.
    pub artifact: Artifact,
    /// Its SHA-512.
    sha512: String,
    /// Its own signature.
    signature: Vec<u8>,
    /// When it was built, seconds since the Unix epoch.
    pub date: i64,
}

impl Wanted {
    /// Chooses the tarball. Everything that proves it is signed by a key of `keyring`, and is checked here.
    pub fn choose(
        &self,
        keyring: &Keyring,
        fetch: &dyn Fetch,
        report: &dyn Report,
    ) -> Result<Chosen> {
        let asking = Asking {
            wanted: self,
            keyring,
            fetch,
        };
        let (target, pointed) = match &self.build {
            Some(build) => (Target::of(self, build), false),
            None => (asking.newest(report)?, true),
        };
        let path = &target.path;
        let sha256 = asking.digest(path, "sha256", Algorithm::Sha256)?;
        let sha512 = asking.digest(path, "DIGESTS", Algorithm::Sha512)?;
        let signature = asking.bytes(&format!("{path}.asc"))?;
        let digest: Digest = sha256.parse()?;
        Ok(Chosen {
            artifact: Artifact {
                name: format!("stage3-{}-{}", self.arch, self.flavour),
                version: target.build.to_string(),
                arch: self.arch.clone(),
                size: if pointed { target.size } else { 0 },
                proof: Proof::Sha256(digest),
                urls: asking.urls(path),
                requested: true,
            },
            sha512,
            signature,
            date: target.build.seconds(),
        })
    }

    /// Proves what the pointer's chain says besides the SHA-256, and goes back to the start of `file`.
    pub fn prove(&self, chosen: &Chosen, keyring: &Keyring, file: &mut File) -> Result<()> {
        let name = &chosen.artifact.name;
        let cannot = || format!("cannot verify the tarball of `{name}`");
        let found = hex::encode(digest::sha512(file)?);
        if found != chosen.sha512 {
            let message = format!("its SHA-512 is {found}, and {} is signed", chosen.sha512);
            return Err(Error::new(ErrorKind::Trust, message)).context(cannot);
        }
        file.rewind()?;
        keyring
            .verify_detached(&chosen.signature, file, self.terms())
            .context(cannot)?;
        file.rewind()?;
        Ok(())
    }

    fn terms(&self) -> Terms {
        Terms {
            now: self.now,
            allow_expired: self.allow_expired,
        }
    }

    /// What the last pointer seen is remembered as.
    fn memory(&self) -> String {
        format!(
            "gentoo {} stage3-{}-{}",
            self.directory, self.arch, self.flavour
        )
    }
}

struct Asking<'a> {
    wanted: &'a Wanted,
    keyring: &'a Keyring,
    fetch: &'a dyn Fetch,
}

impl Asking<'_> {
    /// Where a file of the autobuilds may be had.
    fn urls(&self, path: &str) -> Vec<String> {
        let below = &self.wanted.directory;
        let mirrors = self.wanted.mirrors.iter();
        mirrors
            .map(|mirror| format!("{mirror}/releases/{below}/autobuilds/{path}"))
            .collect()
    }

    /// The bytes of a small file; without a network those of the last time. Either way the caller verifies them.
    fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let memory = format!("gentoo {} {path}", self.wanted.directory);
        if self.fetch.is_offline()
            && let Some(bytes) = self.fetch.recall(&memory)?
        {
            return Ok(bytes);
        }
        let request = Request {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            urls: self.urls(path),
            size: MAX_TEXT,
            digest: None,
        };
        let mut bytes = Vec::new();
        let file = self.fetch.get(&request)?.file;
        file.take(MAX_TEXT).read_to_end(&mut bytes)?;
        self.fetch.remember(&memory, &bytes)?;
        Ok(bytes)
    }

    /// The signed text of a file.
    fn signed(&self, path: &str) -> Result<String> {
        let bytes = self.bytes(path)?;
        let text = self.keyring.verify_clearsigned(&bytes, self.wanted.terms());
        let text = text.context(|| format!("cannot verify `{path}`"))?;
        String::from_utf8(text)
            .map_err(|_| Error::new(ErrorKind::Parse, format!("`{path}` is not text")))
    }

    /// The tarball that the flavour's pointer names, if the pointer is current.
    fn newest(&self, report: &dyn Report) -> Result<Target> {
        let Wanted {
            arch, flavour, now, ..
        } = self.wanted;
        let path = format!("latest-stage3-{arch}-{flavour}.txt");
        let text = self.signed(&path).map_err(|error| self.unknown(error))?;
        let pointer = Pointer::parse(&text).context(|| format!("cannot read `{path}`"))?;
        let target = pointer
            .find(arch, flavour)
            .context(|| format!("cannot use `{path}`"))?;
        let refuse = |why: String, hint: &str| {
            let message = format!("`{path}` {why}");
            Err(Error::new(ErrorKind::Trust, message).with_hint(hint))
        };
        if pointer.date > now + SKEW {
            return refuse(
                "is from the future".into(),
                "check the clock of this machine",
            );
        }
        let memory = self.wanted.memory();
        let seen = self.fetch.recall(&memory)?;
        let seen = seen.and_then(|seen| String::from_utf8(seen).ok()?.parse::<i64>().ok());
        match seen {
            Some(seen) if pointer.date < seen && !self.wanted.allow_expired => {
                let days = (seen - pointer.date) / 86_400;
                let why = format!("is older than the last one seen, by {days} days");
                let hint = "the mirror lags behind or hides something: try another with --mirror";
                return refuse(why, hint);
            }
            _ => self
                .fetch
                .remember(&memory, pointer.date.to_string().as_bytes())?,
        }
        if now - pointer.date > STALE {
            let days = (now - pointer.date) / 86_400;
            let message = format!("the newest `{flavour}` stage is {days} days old");
            report.event(Event::Warning { message });
        }
        Ok(target)
    }

    /// Says which flavours there are, if that is why there is no pointer.
    fn unknown(&self, error: Error) -> Error {
        if error.kind() != ErrorKind::NotFound || self.fetch.is_offline() {
            return error;
        }
        let Wanted { arch, flavour, .. } = self.wanted;
        let all = self
            .signed("latest-stage3.txt")
            .and_then(|text| Pointer::parse(&text));
        let Ok(all) = all else {
            return error;
        };
        let known = all.flavours(arch);
        let message = format!("Gentoo has no stage `{flavour}` for `{arch}`");
        let hint = if known.is_empty() {
            "name another architecture with --arch".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        Error::new(ErrorKind::Usage, message).with_hint(hint)
    }

    /// The digest of the tarball in the file beside it.
    fn digest(&self, tarball: &str, ending: &str, algorithm: Algorithm) -> Result<String> {
        let path = format!("{tarball}.{ending}");
        let text = self.signed(&path)?;
        let name = tarball.rsplit('/').next().unwrap_or(tarball);
        digests::find(&text, algorithm, name).context(|| format!("cannot use `{path}`"))
    }
}
