//! Runs make in the tree and listens to it.

use super::{place::Place, session::Session, tree::SourceTree};
use crate::interrupt;
use boot_kit::{Context, Error, ErrorKind, Event, Outcome, Report, Result};
use boot_stage::buildroot::{Progress, Step};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, PipeReader, Read, Write, pipe},
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant},
};

/// How often is looked whether the user wants no more, in nanoseconds.
const GLANCE: i64 = 100_000_000;
/// How long what is still in the pipe may take once make has ended; a daemon may hold its other end.
const REST: Duration = Duration::from_secs(1);
/// How much of the end of what was printed is kept, in bytes.
const TAIL: usize = 64 << 10;
/// The longest line; what is longer is taken as several.
const MAX_LINE: usize = 64 << 10;
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Make, for one tree and one output directory.
pub(super) struct Make<'a> {
    tree: &'a SourceTree,
    place: &'a Place,
    environment: Vec<(OsString, OsString)>,
    report: &'a dyn Report,
    interrupt: &'a AtomicBool,
    log: File,
    /// Assignments on its command line, which count more than the configuration.
    pub settings: Vec<OsString>,
    /// How far the build is.
    pub progress: Progress,
    /// How many packages there are to build; 0 if nobody knows.
    pub packages: u64,
}

impl<'a> Make<'a> {
    /// Prepares to run it; begins a new log.
    pub fn new(
        tree: &'a SourceTree,
        place: &'a Place,
        environment: Vec<(OsString, OsString)>,
        report: &'a dyn Report,
        interrupt: &'a AtomicBool,
    ) -> Result<Self> {
        let log = File::create(&place.log)
            .context(|| format!("cannot write `{}`", place.log.display()))?;
        Ok(Self {
            tree,
            place,
            environment,
            report,
            interrupt,
            log,
            settings: Vec::new(),
            progress: Progress::default(),
            packages: 0,
        })
    }

    /// Sets a variable of its environment from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Says what is done next, and forgets how far the last thing was.
    pub fn begin(&mut self, label: &str) {
        self.progress = Progress::default();
        self.step(label.to_owned());
    }

    /// Makes the targets; all that is printed goes to the log and to whoever listens.
    pub fn make(&mut self, arguments: &[&OsStr]) -> Result<Outcome> {
        let (reader, writer) = pipe()?;
        let mut command = self.command(arguments)?;
        // One pipe for both, so that the log has them in order.
        command.stdout(writer.try_clone()?).stderr(writer);
        let session = start(&mut command)?;
        // It has the pipe's other end, which is never closed as long as somebody has it.
        drop(command);
        let mut said = Vec::new();
        let mut line = Vec::new();
        let status = listen(session, reader, self.interrupt, &mut |bytes| {
            self.log
                .write_all(bytes)
                .context(|| format!("cannot write `{}`", self.place.log.display()))?;
            keep_end(&mut said, bytes);
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if part.ends_with(b"\n") || line.len() > MAX_LINE {
                    self.line(&String::from_utf8_lossy(&line));
                    line.clear();
                }
            }
            Ok(())
        })?;
        Ok(outcome(status, &said))
    }

    /// Asks for something: what is printed to stdout is the answer, all else goes to the log.
    pub fn ask(&mut self, arguments: &[&OsStr]) -> Result<(Outcome, String)> {
        let (reader, writer) = pipe()?;
        let before = self.log.metadata()?.len();
        let mut command = self.command(&[&[OsStr::new("-s")], arguments].concat())?;
        command.stdout(writer).stderr(self.log.try_clone()?);
        let session = start(&mut command)?;
        drop(command);
        let mut answer = Vec::new();
        let status = listen(session, reader, self.interrupt, &mut |bytes| {
            if answer.len() + bytes.len() > MAX_ANSWER {
                let message = "make answers with more than anybody asked for";
                return Err(Error::new(ErrorKind::Parse, message));
            }
            answer.extend_from_slice(bytes);
            Ok(())
        })?;
        let mut said = fs_err::read(&self.place.log)?;
        said.drain(..usize::try_from(before).unwrap_or(0).min(said.len()));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Ok((outcome(status, &said), answer))
    }

    fn command(&mut self, arguments: &[&OsStr]) -> Result<Command> {
        let mut command = Command::new("make");
        command
            .arg(assignment("O", self.place.path.as_os_str()))
            .current_dir(&self.tree.path)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        if let Some(external) = self.tree.external() {
            command.arg(assignment("BR2_EXTERNAL", &external));
        }
        command.args(&self.settings).args(arguments);
        let settings = self.settings.iter().map(OsString::as_os_str);
        let words: Vec<_> = settings
            .chain(arguments.iter().copied())
            .map(OsStr::to_string_lossy)
            .collect();
        writeln!(self.log, "$ make {}", words.join(" "))?;
        Ok(command)
    }

    fn line(&mut self, line: &str) {
        let step = self.progress.line(line).map(Step::label);
        match step {
            Some(label) => self.step(label),
            None => self.report.event(Event::Output {
                line: line.trim_end().to_owned(),
            }),
        }
    }

    fn step(&self, label: String) {
        self.report.event(Event::Step {
            label,
            begun: self.progress.begun(),
            packages: self.packages,
        });
    }
}

/// A variable on make's command line.
pub(super) fn assignment(name: &str, value: &OsStr) -> OsString {
    let mut text = OsString::from(name);
    text.push("=");
    text.push(value);
    text
}

fn start(command: &mut Command) -> Result<Session> {
    Session::start(command).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            let message = "`make` is not installed, without which Buildroot builds nothing";
            let hint = "install what Buildroot needs, on Debian: apt install make gcc g++ libc6-dev patch perl cpio unzip rsync \
                        bc file wget";
            return Error::new(ErrorKind::Usage, message).with_hint(hint);
        }
        Error::new(ErrorKind::Io, "cannot start make").caused_by(error)
    })
}

/// Takes what comes through the pipe until the program has ended; ends it if the user wants no more.
fn listen(
    mut session: Session,
    mut pipe: PipeReader,
    interrupt: &AtomicBool,
    on_bytes: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<ExitStatus> {
    let mut buffer = vec![0; 64 << 10];
    let mut ended: Option<(ExitStatus, Instant)> = None;
    let mut is_open = true;
    loop {
        interrupt::check(interrupt)?;
        let is_ready = if is_open {
            wait(&pipe)?
        } else {
            thread::sleep(Duration::from_millis(5));
            false
        };
        if is_ready {
            match pipe.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context(|| "cannot listen to make"),
                Ok(0) => is_open = false,
                Ok(count) => on_bytes(&buffer[..count])?,
            }
        }
        if ended.is_none() {
            let status = session.ended().context(|| "cannot wait for make")?;
            ended = status.map(|status| (status, Instant::now()));
        }
        if let Some((status, at)) = ended
            && (!is_ready || at.elapsed() > REST)
        {
            return Ok(status);
        }
    }
}

/// Waits a moment for something to read.
fn wait(pipe: &PipeReader) -> Result<bool> {
    let mut waiting = [PollFd::new(pipe, PollFlags::IN)];
    let glance = Timespec {
        tv_sec: 0,
        tv_nsec: GLANCE,
    };
    match poll(&mut waiting, Some(&glance)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(io::Error::from(error)).context(|| "cannot listen to make"),
    }
}

fn keep_end(said: &mut Vec<u8>, bytes: &[u8]) {
    said.extend_from_slice(bytes);
    if said.len() > 2 * TAIL {
        said.drain(..said.len() - TAIL);
    }
}

fn outcome(status: ExitStatus, said: &[u8]) -> Outcome {
    let end = &said[said.len().saturating_sub(TAIL)..];
    let code = status.code();
    Outcome {
        status: code.unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        output: String::from_utf8_lossy(end).into_owned(),
    }
}
