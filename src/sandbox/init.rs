//! The first process of a sandbox: builds it, then starts programs and buries them.

use super::{
    mounts::{self, Failure, INSIDE, Step},
    privileges, protocol,
    protocol::{Reply, Request},
    raw, seccomp,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::Mode,
    io::Errno,
    process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, setsid, umask, wait},
    thread::set_thread_groups,
};
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixDatagram, UnixStream},
    },
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// How long programs left behind may take to end by themselves, e.g. the `tee` behind a script.
const PATIENCE: Duration = Duration::from_millis(500);

/// Does the work of a sandbox's init; the socket to the program is descriptor 0.
pub fn main() -> ExitCode {
    raw::close_from(3);
    raw::default_signals();
    let _ = rustix::thread::set_name(c"boot");
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    // The caller's terminal must be out of reach of whoever looks into `/proc/1/fd`.
    let null = fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    drop(null);
    let Some((Request::Prepare { root, hostname }, mut fds)) = protocol::receive(&socket)? else {
        return Ok(());
    };
    let answer = fds.pop().ok_or(io::ErrorKind::InvalidData)?;
    match prepare(&root, &hostname) {
        Ok(warnings) => protocol::reply(answer, &Reply::Ready { warnings })?,
        Err(failure) => return protocol::reply(answer, &failure.into()),
    }
    Init {
        signals: raw::child_signals()?,
        socket,
        running: HashMap::new(),
        ended: Vec::new(),
        deadline: None,
    }
    .run()
}

fn prepare(root: &OsStr, hostname: &str) -> Result<Vec<String>, Failure> {
    setsid().step(|| "cannot start a session".into())?;
    umask(Mode::from(0o022));
    set_thread_groups(&[]).step(|| "cannot leave the caller's groups".into())?;
    raw::new_keyring();
    let mut warnings = mounts::enter(root)?;
    // Some containers' filters of system calls know no namespaces.
    if rustix::system::sethostname(hostname.as_bytes()).is_err() {
        warnings.push("this container allows no other hostname: scripts can see its own".into());
    }
    // Without loopback, programs that talk to themselves do not work; nothing else is lost.
    let _ = UnixDatagram::unbound().and_then(|socket| raw::loopback_up(&socket));
    privileges::limit_resources().step(|| "cannot limit resources".into())?;
    seccomp::suppress_syncs().step(|| "cannot install the filter of system calls".into())?;
    privileges::drop_capabilities().step(|| "cannot drop privileges".into())?;
    Ok(warnings)
}

/// What init knows while it runs.
struct Init {
    socket: UnixStream,
    signals: OwnedFd,
    /// Programs started, and where to report their end.
    running: HashMap<Pid, OwnedFd>,
    /// Programs that ended, not reported yet.
    ended: Vec<(OwnedFd, i32)>,
    /// When to kill what those left behind.
    deadline: Option<Instant>,
}

impl Init {
    /// Serves until the program at the other end is gone.
    fn run(mut self) -> io::Result<()> {
        loop {
            let mut fds = [
                PollFd::new(&self.socket, PollFlags::IN),
                PollFd::new(&self.signals, PollFlags::IN),
            ];
            match poll(&mut fds, self.timeout().as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let (asked, signalled) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
            if signalled {
                // Signals merge: what counts is which children are dead.
                let _ = rustix::io::read(&self.signals, &mut [0_u8; 1024]);
            }
            let left = self.bury()?;
            self.report(left)?;
            if asked {
                let Some((request, fds)) = protocol::receive(&self.socket)? else {
                    return Ok(());
                };
                self.start(request, fds)?;
            }
        }
    }

    fn timeout(&self) -> Option<Timespec> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: 0,
            tv_nsec: left.subsec_nanos().into(),
        })
    }

    /// Starts a program with the pipe for its reply and the one for its output.
    fn start(&mut self, request: Request, mut fds: Vec<OwnedFd>) -> io::Result<()> {
        let (Some(output), Some(answer), Request::Run { program, args, env }) =
            (fds.pop(), fds.pop(), request)
        else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        match spawn(&program, &args, env, output) {
            Ok(pid) => {
                self.running.insert(pid, answer);
                Ok(())
            }
            Err(error) => {
                let failure = Failure(format!("cannot start `{program}`"), error.raw_os_error());
                deliver(answer, &failure.into())
            }
        }
    }

    /// Waits for whoever is dead; tells whether anybody is left.
    fn bury(&mut self) -> io::Result<bool> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let Some(answer) = self.running.remove(&pid) {
                        self.ended.push((answer, code(status)));
                    }
                }
                Ok(None) => return Ok(true),
                Err(Errno::CHILD) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reports programs that ended; if none is running, not before those they left behind are gone.
    ///
    /// Children of the dead are children of init. While other programs run there is no telling whose
    /// they are, so they are left to the last one.
    fn report(&mut self, left: bool) -> io::Result<()> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let mut leftovers = Vec::new();
        if left && self.running.is_empty() {
            let now = Instant::now();
            if *self.deadline.get_or_insert(now + PATIENCE) > now {
                return Ok(());
            }
            leftovers = others();
            // "Process group 1" is not one: -1 means every process but init.
            let _ = kill_process_group(Pid::INIT, Signal::KILL);
            while !matches!(wait(WaitOptions::empty()), Err(Errno::CHILD)) {}
        }
        self.deadline = None;
        for (answer, status) in std::mem::take(&mut self.ended) {
            let leftovers = std::mem::take(&mut leftovers);
            deliver(answer, &Reply::Exited { status, leftovers })?;
        }
        Ok(())
    }
}

/// Replies; nobody waiting any more is no error.
fn deliver(answer: OwnedFd, reply: &Reply) -> io::Result<()> {
    match protocol::reply(answer, reply) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn spawn(
    program: &str,
    args: &[String],
    env: Vec<(String, String)>,
    output: OwnedFd,
) -> io::Result<Pid> {
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(env);
    command.stdin(Stdio::from(File::open(format!("{INSIDE}/dev/null"))?));
    command
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(Stdio::from(output));
    raw::confine(&mut command, INSIDE);
    let child = command.spawn()?;
    // Not waited for through `child`, which does not mind: init waits for everybody.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok(pid.expect("the kernel's ids are positive"))
}

fn code(status: WaitStatus) -> i32 {
    status
        .exit_status()
        .or_else(|| status.terminating_signal().map(|signal| 128 + signal))
        .unwrap_or(255)
}

/// Names of all processes but init.
fn others() -> Vec<String> {
    let proc = format!("{INSIDE}/proc");
    if !fs_err::read_link(format!("{proc}/self")).is_ok_and(|init| init.as_os_str() == "1") {
        // It is that of a container around us.
        return vec!["unknown".into()];
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(proc).into_iter().flatten().flatten() {
        let pid = entry.file_name();
        let is_other = pid
            .to_str()
            .is_some_and(|pid| pid.parse::<u32>().is_ok_and(|pid| pid > 1));
        if is_other && let Ok(name) = fs_err::read_to_string(entry.path().join("comm")) {
            names.push(name.trim_end().to_string());
        }
    }
    names.sort();
    names
}
