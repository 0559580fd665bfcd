//! The network, with the store in front of it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`client`] | HTTP connections, opened when first needed, and what their answers mean |
//! | [`proof`] | what must be true of a file's bytes: a digest, a format's own identity, nothing yet |
//! | [`redirect`] | which redirects are followed |
//! | [`transfer`] | one file from several places: tries, resuming, sizes, digests |
//! | [`validators`] | what a server called the state of a file, so that it need not send it again |
//! | [`wait`] | waiting that a signal can end |

mod client;
mod proof;
mod redirect;
#[cfg(test)]
mod tests;
mod transfer;
mod validators;
mod wait;

use crate::store::{Kind, Label, Lookup, Store};
use boot_kit::{
    Artifact, Context, Digest, Error, ErrorKind, Event, Fetch, Report, Request, Result,
    fetch::Fetched,
};
use client::Client;
use proof::Proof;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Write},
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};
use transfer::Transfer;

/// How the network is used; the default is right for mirrors.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Idle connections kept open per server: as many as threads that fetch.
    pub connections: usize,
    /// Use nothing but the store.
    pub offline: bool,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait for an answer, and between two pieces of it.
    pub idle_timeout: Duration,
    /// How often each URL is tried when its failure may pass.
    pub tries: u32,
    /// The pause after the first round of tries; it doubles with each round.
    pub pause: Duration,
    /// Whether `http_proxy`, `https_proxy` and `no_proxy` are obeyed.
    pub proxies: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            offline: false,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            tries: 4,
            pause: Duration::from_millis(250),
            proxies: true,
        }
    }
}

/// Proves that a file is the artifact.
pub type Verify<'a> = &'a dyn Fn(&Artifact, &mut File) -> Result<()>;

/// Gets files from the store or else from the network; used by many threads at once.
pub struct Net<'a> {
    store: &'a Store,
    report: &'a dyn Report,
    interrupted: &'a AtomicBool,
    options: Options,
    client: Client,
    health: Mutex<Health>,
    /// URLs that were asked for what may have changed.
    asked: Mutex<BTreeSet<String>>,
}

/// What this run has learnt about servers.
#[derive(Default)]
struct Health {
    /// Servers that failed last time: asked only when the others have failed too.
    failing: BTreeSet<String>,
    /// Servers a warning has named already.
    named: BTreeSet<String>,
}

impl<'a> Net<'a> {
    /// Makes the network of one run; nothing is opened yet.
    ///
    /// Once `interrupted` is set, every request ends soon with [`ErrorKind::Interrupted`].
    pub fn new(
        store: &'a Store,
        options: Options,
        report: &'a dyn Report,
        interrupted: &'a AtomicBool,
    ) -> Self {
        Self {
            store,
            report,
            interrupted,
            client: Client::new(&options),
            options,
            health: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// Gets a planned artifact, reporting [`Event::Received`] while it arrives and [`Event::Fetched`] at the end.
    ///
    /// `verify` proves what has no digest of its own (see [`Backend::verify`](boot_kit::Backend::verify)).
    pub fn artifact(&self, artifact: &Artifact, verify: Verify<'_>) -> Result<Fetched> {
        let request = Request {
            name: artifact.name.clone(),
            urls: artifact.urls.clone(),
            size: artifact.size,
            digest: artifact.proof.sha256(),
        };
        let check = |file: &mut File| verify(artifact, file);
        let proof = match &artifact.proof {
            boot_kit::Proof::Sha256(digest) => Proof::Digest(*digest),
            boot_kit::Proof::Identity(identity) => Proof::Identity {
                identity,
                check: &check,
            },
        };
        let fetched = self.find(&request, proof, true)?;
        let Artifact {
            name,
            version,
            arch,
            ..
        } = artifact;
        let what = format!("{name} {version} {arch}");
        self.label(&request.name, proof, Kind::Artifact, what)?;
        self.report.event(Event::Fetched {
            name: request.name,
            bytes: artifact.size,
            cached: fetched.url.is_none(),
        });
        Ok(fetched)
    }

    fn find(&self, request: &Request, proof: Proof<'_>, planned: bool) -> Result<Fetched> {
        if let Some(file) = proof.stored(self, request)? {
            if request.digest.is_some() {
                check_size(request, &file)?;
            }
            return Ok(Fetched { file, url: None });
        }
        if self.options.offline {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("`{}` is not in the store", request.name),
            )
            .with_hint("run the same command once without --offline"));
        }
        let claim = match proof.key() {
            Some(key) => Some(self.store.claim(&key, self.interrupted)?),
            None => None,
        };
        // Another run, or another thread, may have brought it meanwhile.
        if let Some(file) = proof.stored(self, request)? {
            return Ok(Fetched { file, url: None });
        }
        Transfer::new(self, request, proof, planned)
            .claimed(claim.as_ref())
            .run()
    }

    /// Takes a blob out of the store, if it is there and whole.
    fn stored(&self, name: &str, digest: &Digest) -> Result<Option<File>> {
        Ok(match self.store.get(digest)? {
            Lookup::Found(file) => Some(file),
            Lookup::Missing => None,
            Lookup::Corrupt => {
                self.warn(format!(
                    "the stored copy of `{name}` was damaged and has been removed"
                ));
                None
            }
        })
    }

    /// Says what a blob is, for people who look into the store.
    fn label(&self, wanted: &str, proof: Proof<'_>, kind: Kind, name: String) -> Result<()> {
        let label = || match proof.blob(self)? {
            Some(digest) => self.store.label(&digest, &Label { kind, name }),
            None => Ok(()),
        };
        label().context(|| format!("cannot get `{wanted}`"))
    }

    /// Gets an index.
    fn index(&self, request: &Request, proof: Proof<'_>) -> Result<Fetched> {
        let fetched = self.find(request, proof, false)?;
        let name = &request.name;
        self.label(name, proof, Kind::Index, name.clone())?;
        let bytes = fetched.file.metadata()?.len();
        self.report.event(Event::Index {
            name: name.clone(),
            bytes,
        });
        Ok(fetched)
    }

    fn warn(&self, message: String) {
        self.report.event(Event::Warning { message });
    }
}

/// Refuses a stored file that has the right digest but not the length that goes with it: one of the two is made up.
fn check_size(request: &Request, file: &File) -> Result<()> {
    let (bytes, size) = (file.metadata()?.len(), request.size);
    if bytes == size {
        return Ok(());
    }
    let why = format!("the stored file of that digest has {bytes} bytes where {size} are named");
    let message = format!("cannot get `{}`", request.name);
    Err(Error::new(ErrorKind::Trust, message).caused_by(Error::new(ErrorKind::Trust, why)))
}

impl Fetch for Net<'_> {
    fn get(&self, request: &Request) -> Result<Fetched> {
        self.index(request, request.digest.map_or(Proof::Later, Proof::Digest))
    }

    fn get_known(
        &self,
        request: &Request,
        identity: &str,
        check: &dyn Fn(&mut File) -> Result<()>,
    ) -> Result<Fetched> {
        self.index(request, Proof::Identity { identity, check })
    }

    fn is_offline(&self) -> bool {
        self.options.offline
    }

    fn remember(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.store.remember(name, bytes)
    }

    fn recall(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.store.recall(name)
    }

    fn remember_written(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        self.store.remember_written(name, write)
    }

    fn reopen(&self, name: &str) -> Result<Option<File>> {
        self.store.reopen(name)
    }
}
