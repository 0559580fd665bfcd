//! Tests of what happens inside, and of what is left when it is over.

use crate::{
    fixture::{Fixture, probe},
    harness::Case,
};
use boot::{
    sandbox::Entered,
    work::{Options, Place, Staging},
};
use boot_kit::{Command, ErrorKind, Event, Outcome, Runner};
use rustix::{
    fs::FlockOperation,
    io::{FdFlags, fcntl_setfd},
};
use std::{
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

/// Name and test.
pub const ALL: [(&str, Case); 15] = [
    (
        "the_environment_is_what_we_set_and_nothing_else",
        environment,
    ),
    ("nothing_of_the_host_is_visible", host),
    ("there_is_no_network_but_loopback", network),
    ("dev_is_minimal_and_works", dev),
    ("sync_calls_succeed_without_being_made", sync),
    ("root_inside_cannot_reach_the_host", harm),
    ("owners_and_file_capabilities_stick", owners),
    ("lines_arrive_as_they_are_printed", streaming),
    ("exit_codes_and_signals_are_told_apart", outcomes),
    (
        "a_program_that_cannot_start_ends_nothing_else",
        missing_program,
    ),
    ("two_programs_run_at_once", at_once),
    ("a_daemon_left_behind_neither_hangs_nor_survives", daemon),
    ("an_interrupt_ends_every_program", interrupt),
    ("the_tree_is_as_before", tree),
    ("staging_on_disk_leaves_nothing", disk),
];

fn environment(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let mut lines = Vec::new();
    let mut keep = |line: &str| lines.push(line.to_string());
    let command = Command {
        env: vec![
            ("LC_ALL".into(), "C".into()),
            ("DPKG_ROOT".into(), String::new()),
        ],
        ..probe(&["environment"])
    };
    fixture.sandbox.run(&command, &mut keep).expect("it runs");
    let expected = [
        "DPKG_ROOT=",
        "HOME=/root",
        "LC_ALL=C",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONHASHSEED=0",
        "SOURCE_DATE_EPOCH=1234567890",
    ];
    assert_eq!(lines, expected);
}

fn host(entered: &Entered) {
    // As a careless parent would: a descriptor that survives exec, a mask, a group.
    let open = fs_err::File::open("/etc/passwd").expect("opened");
    fcntl_setfd(&open, FdFlags::empty()).expect("set");
    rustix::process::umask(rustix::fs::Mode::from(0o077));
    rustix::thread::set_thread_groups(&[rustix::thread::Gid::from_raw(5)]).expect("set");
    let fixture = Fixture::new(entered);
    let expected = [
        "directory /",
        "umask 22",
        "ids (0, 0) groups 0",
        "hostname localhost",
        "own session true",
        "descriptor 0 /dev/null",
        "descriptor 1 pipe",
        "descriptor 2 pipe",
        "mounts / /dev /dev/full /dev/null /dev/pts /dev/random /dev/tty /dev/urandom /dev/zero \
         /proc",
        "processes boot probe",
        "init's root root",
        "init's environment \"\"",
        "signals 0000000000000000",
        "signals 0000000000001000",
    ];
    assert_eq!(fixture.lines(&["host"]), expected);
    assert_eq!(fixture.events(), []);
}

fn network(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let expected = [
        "interface lo",
        "127.0.0.1:9 ConnectionRefused",
        "192.0.2.1:9 NetworkUnreachable",
    ];
    assert_eq!(fixture.lines(&["network"]), expected);
}

fn dev(entered: &Entered) {
    let fixture = Fixture::new(entered);
    fs_err::create_dir(fixture.path("dev")).expect("made");
    fs_err::write(fixture.path("dev/own"), "x").expect("written");
    let expected = [
        "fd Symlink /proc/self/fd",
        "pts Directory ",
        "shm Directory ",
        "tty CharacterDevice ",
        "full CharacterDevice ",
        "null CharacterDevice ",
        "ptmx Symlink pts/ptmx",
        "zero CharacterDevice ",
        "stdin Symlink /proc/self/fd/0",
        "random CharacterDevice ",
        "stderr Symlink /proc/self/fd/2",
        "stdout Symlink /proc/self/fd/1",
        "urandom CharacterDevice ",
        "zero [0, 0, 0, 0]",
        "pty /dev/pts/0",
    ];
    assert_eq!(fixture.lines(&["dev"]), expected);
    assert_eq!(names(&fixture.path("dev")), ["own"]);
}

fn sync(entered: &Entered) {
    let fixture = Fixture::new(entered);
    assert_eq!(
        fixture.lines(&["sync"]),
        ["fsync Ok(())", "fdatasync Ok(())"]
    );
}

fn harm(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let expected = ["sysctl", "sysrq", "mknod", "mount", "unmount", "hostname"];
    assert_eq!(
        fixture.lines(&["harm"]),
        expected.map(|what| format!("{what} refused"))
    );
}

fn owners(entered: &Entered) {
    for place in [Place::Memory, Place::Directory(std::env::temp_dir())] {
        let fixture = Fixture::at(entered, place);
        assert_eq!(fixture.lines(&["owners"]), ["capability Ok(())"]);
        let path = fixture.path("owned");
        let metadata = fs_err::metadata(&path).expect("it is there");
        assert_eq!((metadata.uid(), metadata.gid()), (42, 65_534));
        let mut value = [0; 64];
        let size = rustix::fs::getxattr(&path, "security.capability", &mut value).expect("set");
        // Version 2, without the id of a namespace's root, which means nothing elsewhere.
        let expected = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(value[..size], expected);
    }
}

fn streaming(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let mut lines = Vec::new();
    // The program waits for a file that is made when its first line is here.
    let outcome = fixture.run(
        &["print-wait-print", "one", "/go", "two\n\nthree"],
        &mut |line| {
            lines.push(line.to_string());
            fs_err::write(fixture.path("go"), "").expect("written");
        },
    );
    assert_eq!(lines, ["one", "two", "", "three"]);
    let expected = Outcome {
        status: 0,
        output: "one\ntwo\n\nthree".into(),
    };
    assert_eq!(outcome.expect("it runs"), expected);
}

fn outcomes(entered: &Entered) {
    let fixture = Fixture::new(entered);
    for (arguments, expected) in [
        (vec!["exit", "0"], 0),
        (vec!["exit", "7"], 7),
        (vec!["abort"], 137),
    ] {
        let outcome = fixture.run(&arguments, &mut |_| {}).expect("it runs");
        assert_eq!((outcome.status, outcome.output.as_str()), (expected, ""));
    }
}

fn missing_program(entered: &Entered) {
    let fixture = Fixture::new(entered);
    thread::scope(|scope| {
        let other = scope.spawn(|| fixture.lines(&["meet", "/a", "/b"]));
        let command = Command {
            program: "/bin/none".into(),
            ..probe(&[])
        };
        let error = fixture
            .sandbox
            .run(&command, &mut |_| {})
            .expect_err("it cannot start");
        let expected = "Script: cannot run `probe`: cannot start `/bin/none`: \
                        No such file or directory (os error 2)";
        assert_eq!(format!("{error:?}"), expected);
        fs_err::write(fixture.path("b"), "").expect("written");
        assert_eq!(other.join().expect("it lived on"), [""; 0]);
    });
}

fn at_once(entered: &Entered) {
    let fixture = Fixture::new(entered);
    thread::scope(|scope| {
        let there = scope.spawn(|| fixture.lines(&["meet", "/a", "/b"]));
        assert_eq!(fixture.lines(&["meet", "/b", "/a"]), [""; 0]);
        assert_eq!(there.join().expect("they met"), [""; 0]);
    });
}

fn daemon(entered: &Entered) {
    let fixture = Fixture::new(entered);
    // One that ends by itself is waited for, with what it says.
    assert_eq!(
        fixture.lines(&["leave-behind", "speak-late"]),
        ["left", "late"]
    );
    assert_eq!(fixture.events(), []);
    let start = Instant::now();
    assert_eq!(fixture.lines(&["leave-behind", "sleep"]), ["left"]);
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    let message = "probe left programs running, which were ended: probe".to_string();
    assert_eq!(fixture.events(), [Event::Warning { message }]);
    assert_eq!(fixture.lines(&["processes"]), ["boot", "probe"]);
}

fn interrupt(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let flag = &fixture.settings.interrupt;
    let error = fixture
        .run(&["lock-and-sleep"], &mut |_| {
            flag.store(true, Ordering::SeqCst);
        })
        .expect_err("it was interrupted");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    // Nobody holds what the program held.
    let lock = fs_err::File::open(fixture.path("lock")).expect("it was there");
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("it is dead");
    let again = fixture
        .run(&["exit", "0"], &mut |_| {})
        .expect_err("the run is over");
    assert_eq!(again.kind(), ErrorKind::Interrupted);
}

fn tree(entered: &Entered) {
    let fixture = Fixture::new(entered);
    let before = names(&fixture.staging.root_path());
    fixture.lines(&["exit", "0"]);
    assert_ne!(names(&fixture.staging.root_path()), before);
    fixture.sandbox.stop();
    assert_eq!(names(&fixture.staging.root_path()), before);
    // A directory that was given its own mode meanwhile is somebody's.
    fixture.lines(&["exit", "0"]);
    rustix::fs::chmod(fixture.path("proc"), rustix::fs::Mode::from(0o555)).expect("changed");
    fixture.sandbox.stop();
    let with_proc = [&before[..], &["proc".to_string()]].concat();
    assert_eq!(names(&fixture.staging.root_path()), sorted(with_proc));
    // What scripts leave in /run and /tmp is in the tree, unlike what they leave in /dev.
    fs_err::create_dir(fixture.path("run")).expect("made");
    fixture.lines(&["meet", "/run/a", "/run/a"]);
    assert_eq!(names(&fixture.path("run")), ["a"]);
}

fn disk(entered: &Entered) {
    let parent = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::at(entered, Place::Directory(parent.path().to_path_buf()));
    assert!(!fixture.staging.is_in_memory());
    assert_eq!(fixture.lines(&["print", "x"]), ["x"]);
    let modes = [fixture.staging.root_path(), fixture.staging.parcels_path()]
        .map(|path| fs_err::metadata(path).expect("there").mode() & 0o7777);
    assert_eq!(modes, [0o755, 0o700]);
    assert_eq!(names(parent.path()).len(), 1);
    drop(fixture);
    assert_eq!(names(parent.path()), [""; 0]);
    // In memory, a second one may follow the first.
    for _ in 0..2 {
        let options = Options {
            place: Place::Memory,
            needed_bytes: 0,
        };
        let staging = Staging::new(entered, &options).expect("memory");
        assert_eq!(names(staging.path()), ["parcels", "root"]);
        assert_eq!(names(&staging.root_path()), [""; 0]);
        fs_err::write(staging.root_path().join("file"), "x").expect("written");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).expect("readable");
    sorted(
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect(),
    )
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
