//! Ctrl-C, and what a build may leave.

use crate::bench::Bench;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr},
    thread,
    time::{Duration, Instant},
};

/// Starts a build, and waits until its make hangs; what it says from there on can be read.
fn hanging(bench: &Bench) -> (Child, BufReader<ChildStderr>) {
    let mut command =
        bench.boot("--source BENCH/tree --defconfig slow --progress plain -v -o slow.tar");
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while line.trim() != "hanging" {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "nothing hangs");
    }
    (child, said)
}

#[test]
fn an_interrupt_ends_make_and_all_that_it_started() {
    let Some(bench) = Bench::new() else { return };
    bench.configure("slow", "BR2_STUB_HANGS=\"busybox\"\n");
    for signal in [Signal::INT, Signal::TERM] {
        let (mut child, mut said) = hanging(&bench);
        let running = bench.processes();
        assert!(
            running.iter().any(|it| it.contains("sleep 1002")),
            "{running:?}"
        );
        let begin = Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let code = child.wait().unwrap().code();
        assert!(begin.elapsed() < Duration::from_secs(20));
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert_eq!((code, rest.as_str()), (Some(130), "error: interrupted\n"));
        assert_eq!(bench.processes(), Vec::<String>::new());
        assert!(!bench.path("out/slow.tar").exists());
    }
}

#[test]
fn make_does_not_outlive_a_program_that_was_killed() {
    let Some(bench) = Bench::new() else { return };
    bench.configure("slow", "BR2_STUB_HANGS=\"busybox\"\n");
    let (mut child, _said) = hanging(&bench);
    child.kill().unwrap();
    child.wait().unwrap();
    let is_make = |it: &String| it.starts_with("make ");
    let begin = Instant::now();
    while bench.processes().iter().any(is_make) {
        assert!(begin.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
    // What make could not end is for the test to end.
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let cwd = std::fs::read_link(process.path().join("cwd"));
        let pid = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if cwd.is_ok_and(|cwd| cwd.starts_with(bench.path("tree")))
            && let Some(pid) = pid.and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
