//! A local HTTP server that misbehaves on request.

use crate::Digest;
use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// What a server does instead of answering well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status and no file.
    Status(u16),
    /// Announces the whole file and breaks off after this many bytes of what was asked for.
    BreakOff(usize),
    /// Serves only this many bytes, as if that were all.
    Shorten(usize),
    /// Flips one bit of the byte at this offset.
    Alter(usize),
    /// Serves these bytes in place of the file.
    Replace(Vec<u8>),
    /// Sends bytes that never end.
    Endless,
    /// Sends the reader elsewhere.
    Redirect(String),
    /// Answers late.
    Delay(Duration),
    /// Ignores ranges: sends the whole file with status 200.
    NoRange,
    /// Takes the request and says nothing for a minute.
    Silence,
    /// Closes the connection without a word.
    Close,
}

/// What a server tells of its files, so that it need not send them again (RFC 9110, section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validator {
    /// An `ETag`, made of the file's digest.
    ETag,
    /// A `Last-Modified`: one second later each time a file is put.
    LastModified,
}

/// A server on a free port of 127.0.0.1, stopped when dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    /// How often a file was put, by its path.
    changes: BTreeMap<String, u32>,
    validator: Option<Validator>,
    directory: Option<PathBuf>,
    faults: Vec<Rule>,
    delay: Duration,
    requests: Vec<String>,
    connections: Vec<TcpStream>,
    is_stopping: bool,
}

/// A fault for a path, or for all that begin like it if it ends in `*`, so many times.
struct Rule {
    path: String,
    fault: Fault,
    left: usize,
}

impl Server {
    /// Starts a server that has no files yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a local port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || accept(&listener, &shared));
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    /// The server's URL, without trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves `bytes` at `path`, which begins with a slash.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) -> &Self {
        let mut state = self.state();
        *state.changes.entry(path.to_owned()).or_default() += 1;
        let bytes = Arc::new(bytes.into());
        state.files.insert(path.to_owned(), bytes);
        drop(state);
        self
    }

    /// Serves a whole tree, its paths without leading slash, below `prefix`.
    pub fn put_tree(&self, prefix: &str, tree: BTreeMap<String, Vec<u8>>) -> &Self {
        for (path, bytes) in tree {
            self.put(&format!("{prefix}/{path}"), bytes);
        }
        self
    }

    /// Tells of every file put here what it is called, and answers 304 to whoever names that.
    pub fn validate(&self, validator: Validator) -> &Self {
        self.state().validator = Some(validator);
        self
    }

    /// Serves the files of `directory` where nothing was put.
    pub fn mount(&self, directory: impl Into<PathBuf>) -> &Self {
        self.state().directory = Some(directory.into());
        self
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) -> &Self {
        self.state().files.remove(path);
        self
    }

    /// Lists the paths of all files put here that begin with `prefix`.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        let state = self.state();
        let paths = state.files.keys();
        paths
            .filter(|path| path.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// Makes every request for `path` go wrong; a `*` at its end stands for anything.
    pub fn fail(&self, path: &str, fault: Fault) -> &Self {
        self.fail_times(path, usize::MAX, fault)
    }

    /// Makes the next `times` requests for `path` go wrong.
    pub fn fail_times(&self, path: &str, times: usize, fault: Fault) -> &Self {
        self.state().faults.push(Rule {
            path: path.to_owned(),
            fault,
            left: times,
        });
        self
    }

    /// Takes all faults back.
    pub fn mend(&self) -> &Self {
        self.state().faults.clear();
        self
    }

    /// Makes every answer come late: a far-away server.
    pub fn delay(&self, delay: Duration) -> &Self {
        self.state().delay = delay;
        self
    }

    /// Lists the requests so far, e.g. `GET /pool/a.deb`, `GET /pool/a.deb from 100` or `GET /a if changed`, and
    /// forgets them.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state().is_stopping = true;
        for connection in self.state().connections.drain(..) {
            // Already closed by the other side, most likely.
            let _ = connection.shutdown(Shutdown::Both);
        }
        // Wakes the accepting thread.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, state: &Arc<Mutex<State>>) {
    for connection in listener.incoming() {
        if lock(state).is_stopping {
            return;
        }
        let Ok(connection) = connection else { continue };
        if let Ok(handle) = connection.try_clone() {
            lock(state).connections.push(handle);
        }
        let state = Arc::clone(state);
        thread::spawn(move || {
            // The client may go away at any time: that is its right.
            let _ = serve(&connection, &state);
            let _ = connection.shutdown(Shutdown::Both);
        });
    }
}

/// One request: method, path, where its range begins, and the state of the file that need not be sent.
struct Asked {
    method: String,
    path: String,
    from: Option<usize>,
    unless: Option<String>,
}

/// What a server has for a request.
struct Found {
    file: Option<Arc<Vec<u8>>>,
    /// A header line that names the file's state, or nothing.
    validator: String,
    fault: Option<Fault>,
    delay: Duration,
}

fn serve(connection: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    while let Some(asked) = read_request(&mut reader)? {
        if !answer(connection, &asked, state)? {
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    // A client that takes this for a proxy sends the whole URL.
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    let mut asked = Asked {
        method,
        path: path.to_owned(),
        from: None,
        unless: None,
    };
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            return Ok(Some(asked));
        }
        let Some((name, value)) = header.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let range = value.strip_prefix("bytes=");
                asked.from = range.and_then(|range| range.strip_suffix('-')?.parse().ok());
            }
            "if-none-match" | "if-modified-since" => asked.unless = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Answers one request; tells whether the connection goes on.
fn answer(mut to: &TcpStream, asked: &Asked, state: &Mutex<State>) -> io::Result<bool> {
    let Found {
        file: mut body,
        validator,
        fault,
        delay,
    } = look_up(asked, state);
    thread::sleep(delay);
    let mut from = asked.from.unwrap_or(0);
    match fault {
        Some(Fault::Close) => return Ok(false),
        Some(Fault::Silence) => {
            // Ends early when the server is dropped: the socket is shut down.
            to.set_read_timeout(Some(Duration::from_secs(60)))?;
            let _ = to.peek(&mut [0]);
            return Ok(false);
        }
        Some(Fault::Status(status)) => return head(to, status, Some(0), "").map(|()| true),
        Some(Fault::Redirect(location)) => {
            let location = format!("Location: {location}\r\n");
            return head(to, 302, Some(0), &location).map(|()| true);
        }
        Some(Fault::Endless) => {
            head(to, 200, None, "")?;
            loop {
                to.write_all(&[b'x'; 4096])?;
            }
        }
        Some(Fault::Delay(delay)) => thread::sleep(delay),
        Some(Fault::NoRange) => from = 0,
        Some(Fault::Replace(bytes)) => body = Some(Arc::new(bytes)),
        Some(Fault::Shorten(length)) => {
            body = body.map(|file| Arc::new(file[..length.min(file.len())].to_vec()));
        }
        Some(Fault::Alter(at)) => {
            body = body.map(|file| {
                let mut bytes = file.to_vec();
                bytes[at] ^= 1;
                Arc::new(bytes)
            });
        }
        Some(Fault::BreakOff(length)) => {
            let Some(file) = body else { return Ok(false) };
            start(to, &file, from, &validator)?;
            let end = (from + length).min(file.len());
            to.write_all(&file[from..end])?;
            return Ok(false);
        }
        None => {}
    }
    let Some(file) = body else {
        return head(to, 404, Some(0), "").map(|()| true);
    };
    if let (Some(known), Some((_, state))) = (&asked.unless, validator.split_once(": "))
        && known == state.trim_end()
    {
        return head(to, 304, None, &validator).map(|()| true);
    }
    if from > file.len() {
        return head(to, 416, Some(0), "").map(|()| true);
    }
    start(to, &file, from, &validator)?;
    if asked.method != "HEAD" {
        to.write_all(&file[from..])?;
    }
    Ok(true)
}

fn look_up(asked: &Asked, state: &Mutex<State>) -> Found {
    let mut state = lock(state);
    let from = asked
        .from
        .map(|from| format!(" from {from}"))
        .unwrap_or_default();
    let unless = asked.unless.as_ref().map_or("", |_| " if changed");
    let request = format!("{} {}{from}{unless}", asked.method, asked.path);
    state.requests.push(request);
    let rule = state.faults.iter_mut().find(|rule| {
        let matches = match rule.path.strip_suffix('*') {
            Some(prefix) => asked.path.starts_with(prefix),
            None => asked.path == rule.path,
        };
        matches && rule.left > 0
    });
    let fault = rule.map(|rule| {
        rule.left -= 1;
        rule.fault.clone()
    });
    let file = state.files.get(&asked.path).cloned().or_else(|| {
        let path = asked.path.trim_start_matches('/');
        let directory = state.directory.as_ref()?;
        (!path.contains(".."))
            .then(|| fs_err::read(directory.join(path)).ok())
            .flatten()
            .map(Arc::new)
    });
    let validator = match (state.validator, &file) {
        (Some(Validator::ETag), Some(file)) => format!("ETag: \"{}\"\r\n", Digest::of(&**file)),
        (Some(Validator::LastModified), Some(_)) => {
            let changes = state.changes.get(&asked.path).copied().unwrap_or(0);
            let date =
                jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(changes.into());
            let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
            format!("Last-Modified: {date}\r\n")
        }
        _ => String::new(),
    };
    Found {
        file,
        validator,
        fault,
        delay: state.delay,
    }
}

/// Sends the head for a file from offset `from` on.
fn start(to: &TcpStream, file: &[u8], from: usize, validator: &str) -> io::Result<()> {
    if from == 0 {
        return head(to, 200, Some(file.len()), validator);
    }
    let range = format!(
        "Content-Range: bytes {from}-{}/{}\r\n{validator}",
        file.len().saturating_sub(1),
        file.len()
    );
    head(to, 206, Some(file.len() - from), &range)
}

fn head(mut to: &TcpStream, status: u16, length: Option<usize>, more: &str) -> io::Result<()> {
    let length = match length {
        Some(length) => format!("Content-Length: {length}\r\n"),
        None if status == 304 => String::new(),
        None => "Connection: close\r\n".into(),
    };
    to.write_all(format!("HTTP/1.1 {status} As Told\r\n{length}{more}\r\n").as_bytes())
}
