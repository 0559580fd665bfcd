//! The program's side of a sandbox: its init as a child process, and one run in it.

use super::{
    mounts::{MountPoints, allows_programs, open_root},
    output::Output,
    protocol::{self, Reply, Request},
    raw, refusal,
};
use crate::interrupt;
use boot_kit::{Context, Error, ErrorKind, Outcome, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
    thread::UnshareFlags,
};
use std::{
    io::{self, PipeReader},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
};

/// How often a run looks whether it was interrupted.
const PULSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// A running sandbox. When this is dropped all its processes are dead and its mounts gone.
pub struct Process {
    init: Pid,
    socket: Mutex<UnixStream>,
    mount_points: MountPoints,
    root: OwnedFd,
}

impl Process {
    /// Starts a sandbox around `root`. Gives it with what is missing in it.
    pub fn start(root: &Path, hostname: &str, stop: &AtomicBool) -> Result<(Self, Vec<String>)> {
        let name = root.display();
        if !allows_programs(root)
            .map_err(io::Error::from)
            .context(|| format!("cannot use `{name}`"))?
        {
            let message = format!("`{name}` is on a file system mounted `noexec`");
            let hint = "choose another place for the staging tree with --staging or TMPDIR";
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
        let failed = || format!("cannot make a sandbox in `{name}`");
        let (ours, theirs) = UnixStream::pair().context(failed)?;
        let directory = open_root(root).map_err(io::Error::from).context(failed)?;
        let mount_points = MountPoints::make(&directory)
            .map_err(io::Error::from)
            .context(failed)?;
        let init = start_init(&theirs)
            .map_err(refusal::sandbox)
            .context(failed);
        drop(theirs);
        let init = init.inspect_err(|_| {
            let _ = mount_points.remove(&directory);
        })?;
        // From here on, dropping it cleans up.
        let process = Self {
            init,
            socket: Mutex::new(ours),
            mount_points,
            root: directory,
        };
        let prepare = Request::Prepare {
            root: root.as_os_str().to_owned(),
            hostname: hostname.to_string(),
        };
        let (mut answer, answer_end) = io::pipe().context(failed)?;
        process.send(&prepare, &[answer_end.as_fd()])?;
        drop(answer_end);
        wait_for(&answer, None, stop)?;
        match read_reply(&mut answer)? {
            Reply::Ready { warnings } => Ok((process, warnings)),
            Reply::Failed { message, errno } => {
                let cause = errno
                    .map(io::Error::from_raw_os_error)
                    .map(refusal::sandbox);
                Err(failure(ErrorKind::Io, message, cause)).context(failed)
            }
            Reply::Exited { .. } => Err(died()),
        }
    }

    /// Runs one program to its end. Gives how it ended, with the names of programs it left behind.
    pub fn run(
        &self,
        request: &Request,
        on_line: &mut dyn FnMut(&str),
        stop: &AtomicBool,
    ) -> Result<(Outcome, Vec<String>)> {
        let (mut answer, answer_end) = io::pipe()?;
        let (output, output_end) = io::pipe()?;
        rustix::io::ioctl_fionbio(&output, true).map_err(io::Error::from)?;
        self.send(request, &[answer_end.as_fd(), output_end.as_fd()])?;
        drop((answer_end, output_end));
        let mut lines = Output::new(on_line);
        let mut open = true;
        loop {
            let ended = wait_for(&answer, open.then_some(&output), stop)?;
            // Whatever the program itself wrote was in the pipe before it ended.
            if open {
                open = lines.read_from(&output)?;
            }
            if ended {
                break;
            }
        }
        match read_reply(&mut answer)? {
            Reply::Exited { status, leftovers } => {
                let output = lines.finish();
                Ok((Outcome { status, output }, leftovers))
            }
            Reply::Failed { message, errno } => {
                let cause = errno.map(io::Error::from_raw_os_error).map(Error::from);
                Err(failure(ErrorKind::Script, message, cause))
            }
            Reply::Ready { .. } => Err(died()),
        }
    }

    fn send(&self, request: &Request, fds: &[std::os::fd::BorrowedFd<'_>]) -> Result<()> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        protocol::send(&socket, request, fds).map_err(|error| died().caused_by(error))
    }

    /// Ends every process in the sandbox.
    pub fn kill(&self) {
        // Fails only if init is dead already: it is our child, so its number is not another's yet.
        let _ = kill_process(self.init, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // The kernel ends an init only after all processes of its namespace.
        while matches!(
            waitpid(Some(self.init), WaitOptions::empty()),
            Err(Errno::INTR)
        ) {}
        // Nothing to be done: at worst an empty directory stays in a tree that is thrown away.
        let _ = self.mount_points.remove(&self.root);
    }
}

fn start_init(socket: &UnixStream) -> io::Result<Pid> {
    let namespaces = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWNET;
    let arguments = [c"boot", super::INIT_ARGUMENT];
    raw::respawn(
        namespaces | UnshareFlags::NEWCGROUP,
        &arguments,
        socket.as_fd(),
    )
    .or_else(|_| raw::respawn(namespaces, &arguments, socket.as_fd()))
}

/// Waits for output or the reply; tells whether it was the reply.
fn wait_for(answer: &PipeReader, output: Option<&PipeReader>, stop: &AtomicBool) -> Result<bool> {
    loop {
        interrupt::check(stop)?;
        let mut fds = vec![PollFd::new(answer, PollFlags::IN)];
        fds.extend(output.map(|output| PollFd::new(output, PollFlags::IN)));
        match poll(&mut fds, Some(&PULSE)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(!fds[0].revents().is_empty()),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
}

fn read_reply(answer: &mut PipeReader) -> Result<Reply> {
    protocol::read_reply(answer).map_err(|error| died().caused_by(error))
}

fn failure(kind: ErrorKind, message: String, cause: Option<Error>) -> Error {
    let error = Error::new(kind, message);
    match cause {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}

fn died() -> Error {
    Error::new(ErrorKind::Io, "the sandbox ended unexpectedly")
        .with_hint("look into the kernel's log: it may have run out of memory")
}
