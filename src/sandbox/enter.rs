//! Becoming root in namespaces of our own, whoever we are outside.

use super::{HIDDEN, raw, refusal, subordinate};
use boot_kit::{Context, Error, ErrorKind, Result};
use rustix::{
    io::Errno,
    mount::{MountPropagationFlags, mount_bind_recursive, mount_change},
    process::{Pid, WaitOptions, getgid, getpid, getuid, waitpid},
    thread::{Gid, Uid, UnshareFlags, set_thread_res_gid, set_thread_res_uid},
};
use std::io::{self, PipeReader, PipeWriter, Read, Write};

/// Proof that the program is root in a mount namespace of its own.
#[derive(Debug)]
pub struct Entered(());

/// Moves the program into its own user and mount namespaces, where it is root.
///
/// To be called first thing in `main`, while the process has one thread. Nothing else changes: same
/// process, descriptors, directory and signals. Real root stays who it is; for others root is the
/// user outside, and the other ids are the user's subordinate ids. Mounts made from here on are
/// seen by nobody else and end with the program. Where root is refused a user namespace, as in some
/// containers, it gets the mount namespace alone.
///
/// Errors if the system refuses, with a hint what to change.
pub fn enter() -> Result<Entered> {
    let failed = || "cannot become root in a namespace";
    let is_root = getuid().is_root();
    let maps = if is_root {
        current_maps()
    } else {
        subordinate::maps(getuid(), getgid())
    };
    let maps = maps.context(failed)?;
    let helper = Mapper::start(&maps, is_root).context(failed)?;
    match raw::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) {
        Ok(()) => {
            helper.map().context(failed)?;
            become_root().map_err(io::Error::from).context(failed)?;
        }
        Err(error) => {
            helper.dismiss();
            if !is_root {
                return Err(refusal::user_namespace(error)).context(failed);
            }
            raw::unshare(UnshareFlags::NEWNS)
                .map_err(refusal::mount_namespace)
                .context(failed)?;
        }
    }
    keep_mounts_private()
        .map_err(io::Error::from)
        .map_err(refusal::mount_namespace)
        .context(|| "cannot keep mounts private")?;
    Ok(Entered(()))
}

/// Sees to it that what we mount stays here; what the host unmounts is let go here too.
fn keep_mounts_private() -> Result<(), Errno> {
    let downstream = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    match mount_change("/", downstream) {
        // In a chroot to a plain directory no mount is at `/`. The sandbox needs one: make it.
        Err(Errno::INVAL) => {}
        result => return result,
    }
    let here = rustix::process::getcwd(Vec::new())?;
    mount_change("/proc", downstream)?;
    mount_bind_recursive("/", HIDDEN)?;
    mount_change(HIDDEN, downstream)?;
    rustix::process::chdir(HIDDEN)?;
    rustix::process::chroot(".")?;
    rustix::process::chdir(here.as_c_str())
}

/// One line of a map of ids: first inside, first outside, how many.
pub type Range = (u32, u32, u32);

/// The ids of users and groups of a new namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maps {
    /// Users.
    pub users: Vec<Range>,
    /// Groups.
    pub groups: Vec<Range>,
}

/// The map for real root: every id there is here stands for itself.
fn current_maps() -> Result<Maps> {
    let read = |path: &str| {
        let text = fs_err::read_to_string(path)?;
        let mut ranges = Vec::new();
        for line in text.lines() {
            let mut fields = line.split_ascii_whitespace().map(str::parse::<u32>);
            let (Some(Ok(first)), Some(_), Some(Ok(count))) =
                (fields.next(), fields.next(), fields.next())
            else {
                return Err(Error::new(
                    ErrorKind::Parse,
                    format!("`{path}` has an odd line"),
                ));
            };
            ranges.push((first, first, count));
        }
        Ok(ranges)
    };
    Ok(Maps {
        users: read("/proc/self/uid_map")?,
        groups: read("/proc/self/gid_map")?,
    })
}

/// A child that stays outside to set up the maps: who is inside a new namespace may not.
struct Mapper {
    child: Pid,
    go: PipeWriter,
    report: PipeReader,
}

impl Mapper {
    fn start(maps: &Maps, is_root: bool) -> io::Result<Self> {
        let (mut gate, go) = io::pipe()?;
        let (report, mut answer) = io::pipe()?;
        let parent = getpid();
        let mut go = Some(go);
        let child = raw::fork(|| {
            // With the parent's the only writing end, reading tells when the parent is gone.
            drop(go.take());
            if gate.read_exact(&mut [0]).is_err() {
                return 0;
            }
            let done = if is_root {
                write_maps(parent, maps)
            } else {
                subordinate::apply(parent, maps)
            };
            let Err(error) = done else { return 0 };
            let text = [
                error.to_string(),
                causes(&error),
                error.hint().unwrap_or("").to_string(),
            ];
            let _ = answer.write_all(text.join("\0").as_bytes());
            1
        })?;
        drop(answer);
        let go = go.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, go, report })
    }

    /// Has the maps of this process's namespace set.
    fn map(mut self) -> Result<()> {
        self.go
            .write_all(&[1])
            .context(|| "cannot reach the helper process")?;
        let child = self.child;
        let mut text = String::new();
        let read = self.report.read_to_string(&mut text);
        drop(self.go);
        let status = wait(child);
        read.context(|| "cannot hear the helper process")?;
        if text.is_empty() && status == Some(0) {
            return Ok(());
        }
        let mut parts = text.split('\0');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let mut error = Error::new(ErrorKind::Io, part().unwrap_or("cannot set the map of ids"));
        if let Some(cause) = part() {
            error = error.caused_by(cause);
        }
        Err(match part() {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }

    /// Ends the child with nothing done.
    fn dismiss(self) {
        drop(self.go);
        wait(self.child);
    }
}

fn causes(error: &Error) -> String {
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}

fn wait(child: Pid) -> Option<i32> {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(status) => return status.and_then(|(_, status)| status.exit_status()),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

fn write_maps(pid: Pid, maps: &Maps) -> Result<()> {
    for (name, ranges) in [("uid_map", &maps.users), ("gid_map", &maps.groups)] {
        let lines: Vec<String> = ranges
            .iter()
            .map(|(inside, outside, count)| format!("{inside} {outside} {count}\n"))
            .collect();
        fs_err::write(
            format!("/proc/{}/{name}", pid.as_raw_nonzero()),
            lines.concat(),
        )
        .map_err(refusal::user_namespace)
        .context(|| "cannot set the map of ids")?;
    }
    Ok(())
}

fn become_root() -> Result<(), Errno> {
    set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
    set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)
}
