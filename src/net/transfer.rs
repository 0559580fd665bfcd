//! One file from several places.

use super::{
    Net,
    client::{self, Answer, Question},
    proof::Proof,
    validators::{self, Known, Validators},
    wait,
};
use crate::store::{Claim, Incoming};
use boot_kit::{Context, Error, ErrorKind, Event, Request, Result, fetch::Fetched};
use reqwest::Url;
use std::{
    fs::File,
    io::{Read, Write},
    sync::PoisonError,
    time::Duration,
};

/// How many bytes one [`Event::Received`] tells of, at least.
const REPORT_EVERY: u64 = 64 << 10;

/// The work of one request that the store could not answer.
pub struct Transfer<'a, 'n> {
    net: &'a Net<'n>,
    request: &'a Request,
    proof: Proof<'a>,
    /// What those who want the same file wait for.
    claim: Option<&'a Claim>,
    /// Whether its progress is reported.
    planned: bool,
    /// The highest count of bytes reported: a second try reports only what is beyond it.
    reported: u64,
    /// Whether the bytes at hand come from more than one answer.
    patched: bool,
}

/// One of the request's URLs, and how it failed last.
struct Place {
    url: Url,
    failure: Option<Error>,
}

/// What became of a download.
enum Download {
    /// The bytes are here, and this is what the server calls them.
    Came(Validators),
    /// They are those the store has.
    Unchanged(File),
}

impl Place {
    fn may_recover(&self) -> bool {
        self.failure.as_ref().is_none_or(Error::is_transient)
    }

    fn server(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl<'a, 'n> Transfer<'a, 'n> {
    /// Prepares to get `request`.
    pub fn new(net: &'a Net<'n>, request: &'a Request, proof: Proof<'a>, planned: bool) -> Self {
        Self {
            net,
            request,
            proof,
            claim: None,
            planned,
            reported: 0,
            patched: false,
        }
    }

    /// Lets those who wait for `claim` know of every byte.
    pub fn claimed(mut self, claim: Option<&'a Claim>) -> Self {
        self.claim = claim;
        self
    }

    /// Tries every URL, and those again whose failure may pass.
    pub fn run(mut self) -> Result<Fetched> {
        let mut places = self.places()?;
        let mut incoming = self.net.store.incoming()?;
        for round in 0..self.net.options.tries {
            if round > 0 {
                if !places.iter().any(Place::may_recover) {
                    break;
                }
                wait::sleep(self.pause(round), self.net.interrupted)?;
            }
            self.healthy_first(&mut places);
            for i in 0..places.len() {
                if !places[i].may_recover() {
                    continue;
                }
                match self.get_from(&places[i].url, &mut incoming) {
                    Ok(file) => {
                        self.note(&places[i], None);
                        return Ok(Fetched {
                            file,
                            url: Some(places[i].url.to_string()),
                        });
                    }
                    Err(error)
                        if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Io) =>
                    {
                        return Err(error)
                            .context(|| format!("cannot get `{}`", self.request.name));
                    }
                    Err(error) => {
                        let server = places[i].server();
                        let last = places.iter().all(|place| place.server() == server);
                        self.note(&places[i], Some((&error, last)));
                        places[i].failure = Some(error);
                    }
                }
            }
        }
        Err(self.summary(places))
    }

    fn places(&self) -> Result<Vec<Place>> {
        let name = &self.request.name;
        if self.request.urls.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("`{name}` has no address to get it from"),
            ));
        }
        self.request
            .urls
            .iter()
            .map(|text| {
                let url = Url::parse(text).map_err(|error| {
                    Error::new(ErrorKind::Usage, format!("`{text}` is not a URL")).caused_by(error)
                })?;
                if !matches!(url.scheme(), "http" | "https" | "file") {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        format!("`{}` is neither http, https nor file", client::shown(&url)),
                    ));
                }
                Ok(Place { url, failure: None })
            })
            .collect()
    }

    /// Gets the file, or what is missing of it, from one place and proves it.
    fn get_from(&mut self, url: &Url, incoming: &mut Incoming) -> Result<File> {
        if !self.proof.is_exact() {
            incoming.restart()?;
        }
        let mut validators = Validators::default();
        if url.scheme() == "file" {
            self.copy(url, incoming)?;
        } else {
            match self.download(url, incoming)? {
                Download::Came(given) => validators = given,
                Download::Unchanged(file) => return Ok(file),
            }
        }
        self.report(incoming.bytes(), 1);
        let whole = std::mem::replace(incoming, self.net.store.incoming()?);
        if !self.proof.is_exact() && validators.are_given() {
            let digest = whole.digest();
            let file = self.net.store.keep(whole, &digest)?;
            validators::remember(self.net, url.as_str(), &digest, &validators)?;
            return Ok(file);
        }
        let patched = std::mem::take(&mut self.patched);
        self.proof.keep(self.net, whole, url, patched)
    }

    /// The file as it last came from `url`, for what may have changed since.
    ///
    /// Only once in a run: whoever asks again did not like the answer, and a server may be wrong about changes.
    fn known(&self, url: &Url) -> Result<Option<Known>> {
        let asked = self.net.asked.lock();
        let mut asked = asked.unwrap_or_else(PoisonError::into_inner);
        if self.proof.is_exact() || !asked.insert(url.to_string()) {
            return Ok(None);
        }
        drop(asked);
        validators::recall(self.net, &self.request.name, url.as_str())
    }

    fn download(&mut self, url: &Url, incoming: &mut Incoming) -> Result<Download> {
        let have = incoming.bytes();
        let known = self.known(url)?;
        let question = Question {
            offset: have,
            fresh: !self.proof.is_exact(),
            unless: known.as_ref().map(|known| &known.validators),
        };
        let interrupted = self.net.interrupted;
        let mut answer = match self.net.client.open(url, question, interrupted) {
            Err(error) if have > 0 && error.is_transient() => {
                // Perhaps it was the range that it did not like.
                incoming.restart()?;
                return Err(error);
            }
            answer => answer?,
        };
        if let (true, Some(known)) = (answer.is_unchanged, known) {
            return Ok(Download::Unchanged(known.file));
        }
        if have > 0 && answer.start == have {
            self.patched = true;
        } else if have > 0 {
            incoming.restart()?;
            self.patched = false;
        }
        self.check_announced(url, &answer)?;
        loop {
            let chunk = answer
                .chunk(interrupted)
                .context(|| format!("`{}` broke off", client::shown(url)))?;
            let Some(chunk) = chunk else { break };
            self.take(url, chunk.as_ref(), incoming)?;
        }
        self.check_complete(url, incoming)?;
        Ok(Download::Came(answer.validators))
    }

    fn copy(&mut self, url: &Url, incoming: &mut Incoming) -> Result<()> {
        incoming.restart()?;
        self.patched = false;
        let path = url
            .to_file_path()
            .map_err(|()| Error::new(ErrorKind::Usage, format!("`{url}` is not a local path")))?;
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("`{}` does not exist", path.display()),
                ));
            }
            file => file.context(|| format!("cannot open `{}`", path.display()))?,
        };
        let mut buffer = vec![0; 128 << 10];
        loop {
            wait::check(self.net.interrupted)?;
            match file
                .read(&mut buffer)
                .context(|| format!("cannot read `{}`", path.display()))?
            {
                0 => break,
                count => self.take(url, &buffer[..count], incoming)?,
            }
        }
        if self.proof.is_exact() && incoming.bytes() < self.request.size {
            return Err(self.wrong_size(url, &incoming.bytes().to_string()));
        }
        Ok(())
    }

    fn take(&mut self, url: &Url, bytes: &[u8], incoming: &mut Incoming) -> Result<()> {
        let count = incoming.bytes() + bytes.len() as u64;
        if count > self.request.size {
            let error = self.wrong_size(url, &format!("more than {}", self.request.size));
            incoming.restart()?;
            return Err(error);
        }
        incoming.write_all(bytes)?;
        self.claim.inspect(|claim| claim.progress());
        self.report(count, REPORT_EVERY);
        Ok(())
    }

    /// Refuses an answer that says it will not have the right size, before its bytes come.
    fn check_announced(&self, url: &Url, answer: &Answer) -> Result<()> {
        let announced = answer
            .total
            .or_else(|| answer.length.map(|length| answer.start + length));
        match announced {
            Some(bytes) if bytes > self.request.size => {
                Err(self.wrong_size(url, &bytes.to_string()))
            }
            Some(bytes) if bytes < self.request.size && self.proof.is_exact() => {
                Err(self.wrong_size(url, &bytes.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn check_complete(&self, url: &Url, incoming: &Incoming) -> Result<()> {
        let (bytes, size) = (incoming.bytes(), self.request.size);
        if self.proof.is_exact() && bytes < size {
            return Err(Error::new(
                ErrorKind::Transient,
                format!(
                    "`{}` ended after {bytes} of {size} bytes",
                    client::shown(url)
                ),
            ));
        }
        Ok(())
    }

    fn wrong_size(&self, url: &Url, bytes: &str) -> Error {
        let (url, size) = (client::shown(url), self.request.size);
        let message = if self.proof.is_exact() {
            format!("`{url}` has {bytes} bytes where the signed size is {size}")
        } else {
            format!("`{url}` has more than {size} bytes")
        };
        Error::new(ErrorKind::Trust, message)
    }

    fn report(&mut self, bytes: u64, step: u64) {
        let new = bytes.saturating_sub(self.reported);
        if self.planned && new >= step {
            self.net.report.event(Event::Received { bytes: new });
            self.reported = bytes;
        }
    }

    fn pause(&self, round: u32) -> Duration {
        self.net.options.pause * 2u32.saturating_pow(round - 1)
    }

    /// Puts places behind others whose servers failed a moment ago.
    fn healthy_first(&self, places: &mut [Place]) {
        if places.len() > 1 {
            let health = self.net.health.lock();
            let failing = &health.unwrap_or_else(PoisonError::into_inner).failing;
            places.sort_by_key(|place| failing.contains(&place.server()));
        }
    }

    /// Remembers how a server did; warns once per server that another one has to help out.
    fn note(&self, place: &Place, failure: Option<(&Error, bool)>) {
        let server = place.server();
        let mut health = self
            .net
            .health
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some((error, last)) = failure else {
            health.failing.remove(&server);
            return;
        };
        if error.is_transient() {
            health.failing.insert(server.clone());
        }
        if !last && health.named.insert(server) {
            self.net.warn(format!(
                "{}: trying another mirror for `{}`",
                error.one_line(),
                self.request.name
            ));
        }
    }

    /// Says why no place had the file: the most telling failure stands for all.
    fn summary(&self, places: Vec<Place>) -> Error {
        let telling = |error: &Error| match error.kind() {
            ErrorKind::Trust => 0,
            ErrorKind::Network => 1,
            ErrorKind::Transient => 2,
            _ => 3,
        };
        let failures = places.into_iter().filter_map(|place| place.failure);
        let worst = failures.min_by_key(telling);
        let message = format!("cannot get `{}`", self.request.name);
        let Some(worst) = worst else {
            return Error::new(ErrorKind::Network, message);
        };
        let made = Error::new(worst.kind(), message);
        let made = match worst.kind() {
            ErrorKind::Transient | ErrorKind::Network if worst.hint().is_none() => {
                made.with_hint("check the network, or name another mirror with --mirror")
            }
            ErrorKind::Trust => made.with_hint(
                "the mirror, or a proxy on the way, sends something else: name another mirror with --mirror",
            ),
            ErrorKind::NotFound => made.with_hint(
                "the mirror is being updated: try again in some minutes, or name another with --mirror",
            ),
            _ => made,
        };
        made.caused_by(worst)
    }
}
