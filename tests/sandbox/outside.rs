//! Tests that look from outside: at a run that is killed, and at one of a normal user.

use crate::{fixture::Fixture, harness::OutsideCase};
use boot::{sandbox, work::Place};
use rustix::{fs::FlockOperation, process::Signal};
use std::{
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Name and test.
pub const ALL: [(&str, OutsideCase); 3] = [
    ("a_killed_run_leaves_no_process_and_no_mount", killed),
    ("a_signal_ends_the_run_in_order", signalled),
    ("a_normal_user_gets_the_same_sandbox", normal_user),
];

/// Is a run that does not end: stages in `directory`, or in memory, and has a program sleep.
pub fn hold(directory: &str) -> ExitCode {
    let entered = match sandbox::enter() {
        Ok(entered) => entered,
        Err(error) => {
            println!("refused {error:?}");
            return ExitCode::FAILURE;
        }
    };
    let place = match directory {
        "" => Place::Memory,
        directory => Place::Directory(directory.into()),
    };
    let mut fixture = Fixture::at(&entered, place);
    fixture.settings.interrupt = boot::interrupt::listen().expect("signals");
    fixture.sandbox = sandbox::Sandbox::new(&fixture.staging.root_path(), fixture.settings.clone());
    let result = fixture.run(&["lock-and-sleep"], &mut |line| println!("{line}"));
    println!("{:?}", result.expect_err("only a signal ends it").kind());
    ExitCode::FAILURE
}

/// A run of [`hold`] that has begun, and a directory for it.
struct Run {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Run {
    fn start(directory: &str) -> Result<Self, String> {
        let mut command = Command::new("/proc/self/exe");
        let mut child = command
            .args(["hold", directory])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        match line(&mut output).as_str() {
            "locked" => Ok(Self { child, output }),
            other => {
                child.wait().expect("it ended");
                Err(other.to_string())
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it lives");
    }
}

fn line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("text");
    line.trim_end().to_string()
}

fn killed() -> Result<(), String> {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().to_str().expect("text");
    for place in [directory, ""] {
        let mut run = Run::start(place)?;
        assert_eq!(mounts_of(directory), [""; 0]);
        run.signal(Signal::KILL);
        run.child.wait().expect("it died");
        assert_eq!(mounts_of(directory), [""; 0]);
        if place.is_empty() {
            assert_eq!(names(parent.path()), [""; 0]);
            continue;
        }
        let [left] = &names(parent.path())[..] else {
            panic!("one staging area is left")
        };
        wait_until_unlocked(&parent.path().join(left).join("root/lock"));
        // The next run tidies up.
        let mut next = Run::start(place)?;
        let now = names(parent.path());
        assert_eq!(now.len(), 1);
        assert_ne!(&now[0], left);
        next.signal(Signal::TERM);
        next.child.wait().expect("it ended");
        assert_eq!(names(parent.path()), [""; 0]);
    }
    Ok(())
}

fn signalled() -> Result<(), String> {
    let parent = tempfile::tempdir().expect("a directory");
    // What was ignored when these tests were started, as HUP is by `nohup`, stays ignored in the run.
    let signals = [Signal::INT, Signal::HUP, Signal::TERM];
    for signal in signals.into_iter().filter(|signal| !is_ignored(*signal)) {
        let mut run = Run::start(parent.path().to_str().expect("text"))?;
        run.signal(signal);
        assert_eq!(line(&mut run.output), "Interrupted");
        assert_eq!(run.child.wait().expect("it ended").code(), Some(1));
        assert_eq!(names(parent.path()), [""; 0]);
    }
    Ok(())
}

/// Tells whether this process ignores a signal, by the mask in `/proc/self/status`.
fn is_ignored(signal: Signal) -> bool {
    let status = fs_err::read_to_string("/proc/self/status").expect("proc is mounted");
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:\t"));
    let mask = u64::from_str_radix(mask.expect("every process has one"), 16).expect("a mask");
    mask & (1 << (signal.as_raw() - 1)) != 0
}

fn normal_user() -> Result<(), String> {
    if !rustix::process::getuid().is_root() {
        // Then every other test is this one.
        return Err("only root can become another user".into());
    }
    let (uid, gid) = user_with_subordinate_ids().ok_or("no user has subordinate ids here")?;
    let directory = tempfile::tempdir().expect("a directory");
    let mode = std::fs::Permissions::from_mode(0o755);
    fs_err::set_permissions(directory.path(), mode).expect("changed");
    // The program itself may be where that user cannot go.
    let program = directory.path().join("sandbox");
    fs_err::copy("/proc/self/exe", &program).expect("copied");
    for (name, _) in crate::cases::ALL {
        let mut command = Command::new(&program);
        command
            .args(["case", name])
            .env_clear()
            .uid(uid)
            .gid(gid)
            .current_dir("/");
        let output = command.output().expect("started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(77) {
            return Err(said);
        }
        assert!(output.status.success(), "{name}: {said}");
    }
    Ok(())
}

fn user_with_subordinate_ids() -> Option<(u32, u32)> {
    let read = |path| fs_err::read_to_string(path).unwrap_or_default();
    let (users, groups) = (read("/etc/subuid"), read("/etc/subgid"));
    let has_line = |text: &str, name: &str| {
        text.lines().any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    read("/etc/passwd").lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, ..] = fields[..] else {
            return None;
        };
        let ids = (uid.parse().ok()?, gid.parse().ok()?);
        (ids.0 != 0 && has_line(&users, name) && has_line(&groups, name)).then_some(ids)
    })
}

/// Mount points on the host that can only be ours.
fn mounts_of(directory: &str) -> Vec<String> {
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").expect("mounts");
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let is_ours = |point: &&str| point.starts_with(directory) || point.starts_with("/proc/driver");
    points.filter(is_ours).map(ToString::to_string).collect()
}

/// The kernel ends the processes of a dead init one by one.
fn wait_until_unlocked(path: &PathBuf) {
    let lock = fs_err::File::open(path).expect("it was there");
    let start = Instant::now();
    while rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "a program survived"
        );
        sleep(Duration::from_millis(2));
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).expect("readable");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}
