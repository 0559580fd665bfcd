//! Ctrl-C.

use crate::{archive, bench::Bench, living, package};
use boot_kit::testkit::{Fault, Server};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    process::Child,
    thread,
    time::{Duration, Instant},
};

/// Presses Ctrl-C once the server was asked for `what`.
fn interrupt(child: &Child, server: &Server, what: &str) {
    let begin = Instant::now();
    while !server
        .take_requests()
        .iter()
        .any(|asked| asked.contains(what))
    {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "nobody asked for {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
    send(child, Signal::INT);
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it runs");
}

#[test]
fn an_interrupt_ends_a_hanging_download() {
    let archive = archive().package(package("plum").essential());
    let Some((bench, server)) = Bench::building(&archive) else {
        return;
    };
    for (path, what) in [
        ("/debian/dists/*", "InRelease"),
        ("/debian/pool/main/p/*", "plum"),
    ] {
        server.mend().fail(path, Fault::Silence);
        let begin = Instant::now();
        let ended = bench.meddle(bench.boot(&[]), |child| interrupt(child, &server, what));
        assert!(begin.elapsed() < Duration::from_secs(10));
        ended.is(130, "error: interrupted\n");
    }
}

#[test]
fn an_interrupt_ends_a_running_script() {
    let archive = living::archive().package(
        package("plum").script("postinst", "#!/bin/sh\necho begun\nwhile :; do :; done\n"),
    );
    let Some((bench, _server)) = Bench::building(&archive) else {
        return;
    };
    for signal in [Signal::INT, Signal::TERM] {
        let command = bench.boot(&["-v", "--progress", "plain", "--include", "plum"]);
        let mut rest = String::new();
        let ended = bench.meddle(command, |child| {
            let mut lines = BufReader::new(child.stderr.take().expect("is piped"));
            let mut line = String::new();
            while line.trim() != "begun" {
                line.clear();
                assert_ne!(
                    lines.read_line(&mut line).expect("is text"),
                    0,
                    "nothing has begun"
                );
            }
            send(child, signal);
            lines.read_to_string(&mut rest).expect("is text");
        });
        assert_eq!(rest, "error: interrupted\n");
        ended.is(130, "");
    }
}
