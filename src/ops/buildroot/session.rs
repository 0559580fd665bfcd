//! A program in a session of its own, of which nothing is left when it is over.
//!
//! A build starts compilers, shells and daemons. A signal from the terminal does not reach them here, and none of them
//! can ask the terminal for a password: they are told to end by us, and what does not is killed. What left the session
//! is still found: orphans become children of ours as long as a session lives.

use crate::sandbox::raw;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper,
    waitpid,
};
use std::{
    collections::HashSet,
    io,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to end when it is told to: make removes what it has half made.
const GRACE: Duration = Duration::from_secs(5);
/// How long what is left over is only told to end: the daemon of fakeroot takes its queues away then.
const GENTLE: Duration = Duration::from_millis(300);
/// How long it may take in all until it has disappeared.
const DEATH: Duration = Duration::from_secs(5);
/// How often orphans that have ended are buried.
const FUNERALS: Duration = Duration::from_secs(5);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(10);

/// A running program with all that it has started; ends with this.
///
/// There may be one at a time, and no other part of this program may start programs meanwhile: theirs would be taken for
/// orphans of this one.
pub(super) struct Session {
    child: Child,
    pid: Pid,
    /// Our children that were there before.
    others: HashSet<Pid>,
    status: Option<ExitStatus>,
    buried: Instant,
}

impl Session {
    /// Starts the program.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let others = processes()
            .into_iter()
            .filter(|it| it.parent == Some(getpid()));
        let others = others.map(|it| it.pid).collect();
        set_child_subreaper(Some(getpid()))?;
        raw::detach(command);
        let child = command.spawn()?;
        Ok(Self {
            pid: Pid::from_child(&child),
            child,
            others,
            status: None,
            buried: Instant::now(),
        })
    }

    /// Tells how the program ended, if it has; does not wait. To be called now and then.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        if self.buried.elapsed() > FUNERALS {
            // Hours of a build may orphan thousands.
            let dead = self.left().into_iter().filter(|it| it.is_dead);
            dead.for_each(|it| bury(it.pid));
            self.buried = Instant::now();
        }
        Ok(self.status)
    }

    /// Tells the program to end, and waits until it has, or must be killed.
    fn finish(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            let _ = kill_process_group(self.pid, Signal::TERM);
            let begin = Instant::now();
            while matches!(self.ended(), Ok(None)) && begin.elapsed() < GRACE {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Ends whatever is left.
    fn sweep(&mut self) {
        let begin = Instant::now();
        loop {
            let left = self.left();
            if left.is_empty() || begin.elapsed() > DEATH {
                return;
            }
            for process in left {
                if process.is_dead {
                    bury(process.pid);
                } else {
                    let is_gentle = begin.elapsed() < GENTLE;
                    let signal = if is_gentle {
                        Signal::TERM
                    } else {
                        Signal::KILL
                    };
                    let _ = kill_process(process.pid, signal);
                }
            }
            drop(self.ended());
            thread::sleep(PAUSE);
        }
    }

    /// Processes of the session, orphans that came to us, and all that descend from either.
    fn left(&self) -> Vec<Process> {
        let all = processes();
        let me = getpid();
        let is_ours = |it: &Process| {
            it.session == self.pid || (it.parent == Some(me) && !self.others.contains(&it.pid))
        };
        let mut ours: HashSet<Pid> = all
            .iter()
            .filter(|it| is_ours(it))
            .map(|it| it.pid)
            .collect();
        loop {
            let born = all
                .iter()
                .filter(|it| it.parent.is_some_and(|parent| ours.contains(&parent)));
            let born: Vec<Pid> = born.map(|it| it.pid).collect();
            let before = ours.len();
            ours.extend(born);
            if ours.len() == before {
                break;
            }
        }
        let ours = all.into_iter().filter(|it| ours.contains(&it.pid));
        // Another's child that is dead is for that one to bury.
        ours.filter(|it| !it.is_dead || (it.parent == Some(me) && it.pid != self.pid))
            .collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.finish();
        self.sweep();
        let _ = set_child_subreaper(None);
    }
}

/// Takes a child that has ended off the list of processes.
fn bury(child: Pid) {
    let _ = waitpid(Some(child), WaitOptions::NOHANG);
}

/// What `/proc` says of a process, see `proc_pid_stat(5)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: Pid,
    /// `None` for one outside this namespace.
    parent: Option<Pid>,
    session: Pid,
    is_dead: bool,
}

fn processes() -> Vec<Process> {
    let Ok(entries) = fs_err::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter_map(|pid: i32| {
        let text = fs_err::read(format!("/proc/{pid}/stat")).ok()?;
        parse(pid, &String::from_utf8_lossy(&text))
    })
    .collect()
}

/// Reads a `stat` file: the name in parentheses may hold anything.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // 0 stands for what is outside this namespace, -1 for what has ended just now.
    let positive = |raw: i32| Pid::from_raw(raw.max(0));
    let number = |field: usize| -> Option<Pid> { positive(fields.get(field)?.parse().ok()?) };
    Some(Process {
        pid: positive(pid)?,
        parent: number(1),
        session: number(3).or(positive(pid))?,
        is_dead: matches!(fields.first(), Some(&"Z" | &"X")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_may_hold_anything() {
        let pid = |raw| Pid::from_raw(raw).expect("positive");
        let stat = "7 (a) R 1 (b) Z 5 6 8 0 -1 4194304 0";
        let expected = Process {
            pid: pid(7),
            parent: Some(pid(5)),
            session: pid(8),
            is_dead: true,
        };
        assert_eq!(parse(7, stat), Some(expected));
        let outside = parse(7, "7 (a) S 0 1 0 0").map(|it| (it.parent, it.session));
        assert_eq!(outside, Some((None, pid(7))));
        let ended = parse(7, "7 (a) Z 1 -1 -1 0").map(|it| it.session);
        assert_eq!(ended, Some(pid(7)));
        assert_eq!(parse(7, "7 a S 1 1 1 0"), None);
    }

    #[test]
    fn this_process_is_among_those_there_are() {
        assert!(processes().iter().any(|it| it.pid == getpid()));
    }
}
