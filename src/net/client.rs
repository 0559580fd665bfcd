//! HTTP connections, opened when first needed, and what their answers mean.

use super::{Options, redirect, validators::Validators, wait};
use boot_kit::{Context, Error, ErrorKind, Result, fetch::without_credentials};
use reqwest::{Response, StatusCode, Url, header};
use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::Notify,
};

/// The HTTP side of [`Net`](super::Net).
pub struct Client {
    connections: usize,
    connect_timeout: Duration,
    idle_timeout: Duration,
    proxies: bool,
    opened: Mutex<Opened>,
}

/// What has been needed so far.
#[derive(Default)]
struct Opened {
    reactor: Option<Reactor>,
    plain: Option<reqwest::Client>,
    secure: Option<reqwest::Client>,
}

/// The thread that serves all sockets; the threads that fetch wait for it.
struct Reactor {
    handle: Handle,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// What is asked of a server.
#[derive(Clone, Copy, Default)]
pub struct Question<'a> {
    /// The first byte wanted.
    pub offset: u64,
    /// Whether caches on the way must ask the server again.
    pub fresh: bool,
    /// Ask for the file only if it is no longer in this state.
    pub unless: Option<&'a Validators>,
}

/// The start of an answer.
pub struct Answer {
    response: Response,
    handle: Handle,
    idle_timeout: Duration,
    /// Whether the file is in the state it was asked for, so that none of it comes.
    pub is_unchanged: bool,
    /// What the server calls the file's state.
    pub validators: Validators,
    /// The offset of its first byte in the file.
    pub start: u64,
    /// How many bytes it says will follow.
    pub length: Option<u64>,
    /// The size it says the whole file has, if it is a part.
    pub total: Option<u64>,
}

impl Client {
    /// Makes a client; nothing is opened yet.
    pub fn new(options: &Options) -> Self {
        Self {
            connections: options.connections,
            connect_timeout: options.connect_timeout,
            idle_timeout: options.idle_timeout,
            proxies: options.proxies,
            opened: Mutex::default(),
        }
    }

    /// Asks for the file at `url`, following redirects.
    pub fn open(
        &self,
        url: &Url,
        question: Question<'_>,
        interrupted: &AtomicBool,
    ) -> Result<Answer> {
        let mut url = url.clone();
        for hops in 0.. {
            let (client, handle) = self.client(url.scheme() == "https")?;
            let mut request = client.get(url.clone());
            if question.offset > 0 {
                let range = format!("bytes={}-", question.offset);
                request = request.header(header::RANGE, range);
            }
            if question.fresh {
                request = request.header(header::CACHE_CONTROL, "no-cache");
            }
            if let Some(validators) = question.unless {
                request = validators.condition(request);
            }
            let response = {
                let _context = handle.enter();
                wait::wait(request.send(), self.idle_timeout, interrupted)
                    .and_then(|answer| answer.map_err(|error| failure(&error)))
                    .context(|| format!("`{}` does not answer", shown(&url)))?
            };
            let Some(location) = location(&response) else {
                return self.answer(&url, response, handle, question);
            };
            url = redirect::follow(&url, &location?, hops)?;
        }
        unreachable!("`redirect::follow` ends every chain")
    }

    fn answer(
        &self,
        url: &Url,
        response: Response,
        handle: Handle,
        question: Question<'_>,
    ) -> Result<Answer> {
        let (status, offset) = (response.status(), question.offset);
        let (mut start, mut total) = (0, None);
        let kind = match status {
            StatusCode::OK => None,
            StatusCode::NOT_MODIFIED if question.unless.is_some() => None,
            StatusCode::PARTIAL_CONTENT if offset > 0 => match content_range(&response) {
                Some((first, size)) if first == offset => {
                    (start, total) = (first, size);
                    None
                }
                _ => Some(ErrorKind::Transient),
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => Some(ErrorKind::NotFound),
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::RANGE_NOT_SATISFIABLE => Some(ErrorKind::Transient),
            _ if status.is_server_error() => Some(ErrorKind::Transient),
            _ => Some(ErrorKind::Network),
        };
        if let Some(kind) = kind {
            return Err(Error::new(
                kind,
                format!("`{}` answers {status}", shown(url)),
            ));
        }
        Ok(Answer {
            start,
            length: response.content_length(),
            total,
            is_unchanged: status == StatusCode::NOT_MODIFIED,
            validators: Validators::of(&response),
            response,
            handle,
            idle_timeout: self.idle_timeout,
        })
    }

    /// Gives the client for plain or for protected connections; the certificates of the system are read for the
    /// latter only.
    fn client(&self, secure: bool) -> Result<(reqwest::Client, Handle)> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = &mut *opened;
        let handle = match &opened.reactor {
            Some(reactor) => reactor.handle.clone(),
            None => opened.reactor.insert(Reactor::start()?).handle.clone(),
        };
        let slot = if secure {
            &mut opened.secure
        } else {
            &mut opened.plain
        };
        let client = match slot {
            Some(client) => client.clone(),
            None => slot.insert(self.build(secure)?).clone(),
        };
        Ok((client, handle))
    }

    fn build(&self, secure: bool) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("boot/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.connections);
        if !secure {
            builder = builder.tls_certs_only([]);
        }
        if !self.proxies {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| {
            Error::new(ErrorKind::Network, "cannot set up the network").caused_by(error)
        })
    }
}

impl Answer {
    /// Waits for the next piece; `None` at the end.
    pub fn chunk(&mut self, interrupted: &AtomicBool) -> Result<Option<impl AsRef<[u8]> + use<>>> {
        let _context = self.handle.enter();
        wait::wait(self.response.chunk(), self.idle_timeout, interrupted)?
            .map_err(|error| failure(&error))
    }
}

impl Reactor {
    fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("net".into())
            .spawn(move || runtime.block_on(stopped.notified()))?;
        Ok(Self {
            handle,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // Nothing is left to tell if it panicked.
            let _ = thread.join();
        }
    }
}

/// Shows a URL without the password in it.
pub fn shown(url: &Url) -> String {
    without_credentials(url.as_str())
}

/// Tells where an answer redirects to, if it does.
fn location(response: &Response) -> Option<Result<String>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    Some(location.to_str().map(ToOwned::to_owned).map_err(|error| {
        Error::new(ErrorKind::Network, "the server redirects to nowhere").caused_by(error)
    }))
}

/// Reads `Content-Range: bytes FIRST-LAST/SIZE`.
fn content_range(response: &Response) -> Option<(u64, Option<u64>)> {
    let value = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.parse().ok()?, size.parse().ok()))
}

/// Says why a transfer broke, in one line from the innermost cause.
fn failure(error: &reqwest::Error) -> Error {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let why = innermost.to_string();
    if why.contains("certificate") {
        return Error::new(ErrorKind::Network, why)
            .with_hint("install the package ca-certificates, and check the clock");
    }
    let kind = if error.is_builder() {
        ErrorKind::Network
    } else {
        ErrorKind::Transient
    };
    Error::new(kind, why)
}
