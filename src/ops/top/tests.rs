use super::*;
use boot_kit::{Report, Root, Runner};
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    sync::Mutex,
};
use tempfile::TempDir;

const EPOCH: i64 = 1_000_000_000;

/// A host and a root, both directories.
struct Bench {
    directory: TempDir,
    root: Root,
    events: Mutex<Vec<Event>>,
    /// What the root's programs were asked, and how the last of them ends.
    asked: Mutex<Vec<Command>>,
    status: i32,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for name in ["host", "root", "parcels"] {
            fs::create_dir(directory.path().join(name)).expect("writable");
        }
        let root = Root::open(&directory.path().join("root")).expect("is there");
        Self {
            directory,
            root,
            events: Mutex::default(),
            asked: Mutex::default(),
            status: 0,
        }
    }

    /// Writes a file, e.g. `host/motd`, with the directories it is in.
    fn file(&self, path: &str, mode: u32, content: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().expect("below the bench")).expect("writable");
        fs::write(&path, content).expect("writable");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    }

    fn read(&self, add: &[&str], run: &[&str]) -> Result<Top> {
        let add = add.iter().map(|text| {
            let mut addition: Addition = text.parse().expect("valid");
            addition.settle(&self.directory.path().join("host"));
            addition
        });
        let run: Vec<_> = run.iter().map(|command| (*command).to_owned()).collect();
        Ok(Top::read(&add.collect::<Vec<_>>(), &run)?.expect("something is asked for"))
    }

    fn apply(&self, top: &Top) -> Result<()> {
        let site = Site {
            root: &self.root,
            runner: self,
            report: self,
            epoch: EPOCH,
            jobs: 1,
            finished: 0,
            run_scripts: true,
        };
        top.apply(site, &self.directory.path().join("parcels"))
    }

    /// One line for each entry of the root.
    fn dump(&self) -> Vec<String> {
        let mut dump = Vec::new();
        self.root.walk(&mut Lines(&mut dump)).expect("readable");
        dump
    }

    /// An error's message and causes, the bench being `/bench`.
    fn told(&self, error: &Error) -> String {
        let here = self.directory.path().display().to_string();
        error.one_line().replace(&here, "/bench")
    }
}

struct Lines<'a>(&'a mut Vec<String>);

impl boot_kit::Sink for Lines<'_> {
    fn entry(&mut self, entry: &boot_kit::Entry, content: &mut dyn std::io::Read) -> Result<()> {
        let mut text = String::new();
        content.read_to_string(&mut text)?;
        let what = match &entry.kind {
            boot_kit::Kind::Directory => String::new(),
            boot_kit::Kind::Symlink(target) => format!(" -> {}", target.escape_ascii()),
            _ => format!(" {} {text}", entry.mtime),
        };
        self.0
            .push(format!("{} {:o}{what}", entry.path, entry.mode));
        Ok(())
    }
}

impl Report for Bench {
    fn event(&self, event: Event) {
        self.events.lock().expect("nobody panicked").push(event);
    }
}

impl Runner for Bench {
    fn run(&self, command: &Command, on_line: &mut dyn FnMut(&str)) -> Result<Outcome> {
        self.asked
            .lock()
            .expect("nobody panicked")
            .push(command.clone());
        on_line("hello");
        Ok(Outcome {
            status: self.status,
            output: "hello\nouch\n".to_owned(),
        })
    }
}

#[test]
fn files_land_as_in_every_checkout() {
    let bench = Bench::new();
    bench.file("host/motd", 0o600, "hi\n");
    bench.file("host/tree/bin/tool", 0o6755, "tool\n");
    bench.file("host/tree/etc/app.conf", 0o664, "new\n");
    bench.file("host/tree/etc/group-may-run", 0o670, "x\n");
    bench.file("root/etc/app.conf", 0o600, "old\n");
    bench.file("root/etc/other", 0o640, "stays\n");
    let etc = bench.directory.path().join("root/etc");
    fs::set_permissions(etc, fs::Permissions::from_mode(0o750)).expect("ours");
    let other = RootPath::from("etc/other");
    bench.root.set_mtime(&other, 7).expect("ours");
    let top = bench
        .read(&["tree:/.", "motd:/srv/new/", "motd:/srv/hello"], &[])
        .expect("readable");
    assert_eq!(top.bytes(), 5 + 4 + 2 + 3 + 3);
    bench.apply(&top).expect("fits");
    assert_eq!(
        bench.dump(),
        [
            "bin 755",
            "bin/tool 755 1000000000 tool\n",
            "etc 750",
            "etc/app.conf 644 1000000000 new\n",
            "etc/group-may-run 644 1000000000 x\n",
            "etc/other 640 7 stays\n",
            "srv 755",
            "srv/hello 644 1000000000 hi\n",
            "srv/new 755",
            "srv/new/motd 644 1000000000 hi\n",
        ]
    );
    let parcels = fs::read_dir(bench.directory.path().join("parcels")).expect("is there");
    assert_eq!(parcels.count(), 0);
}

#[test]
fn the_last_of_one_path_counts_and_no_link_leads_out() {
    let bench = Bench::new();
    bench.file("host/one", 0o644, "1");
    bench.file("host/two", 0o644, "2");
    fs::create_dir(bench.directory.path().join("root/inside")).expect("writable");
    for (name, target) in [("up", "/../../inside"), ("lost", "/nowhere")] {
        let link = bench.directory.path().join("root").join(name);
        symlink(target, link).expect("writable");
    }
    let add = ["one:/up/x", "two:/up/x", "one:/lost"];
    bench
        .apply(&bench.read(&add, &[]).expect("readable"))
        .expect("fits");
    assert_eq!(
        bench.dump(),
        [
            "inside 755",
            "inside/x 644 1000000000 2",
            "lost 644 1000000000 1",
            "up 777 -> /../../inside",
        ]
    );
}

#[test]
fn a_key_covers_all_that_an_image_shows_and_nothing_else() {
    let bench = Bench::new();
    bench.file("host/tree/file", 0o644, "1");
    symlink("a", bench.directory.path().join("host/tree/link")).expect("writable");
    let below = Digest::of("below");
    let key = |add: &[&str], run: &[&str]| {
        let top = bench.read(add, run).expect("readable");
        top.key(&below).expect("nameable")
    };
    let first = key(&["tree:/x"], &["a", "b"]);
    assert_eq!(key(&["./tree/:/x"], &["a", "b"]), first);
    bench.file("host/tree/file", 0o600, "1");
    assert_eq!(key(&["tree:/x"], &["a", "b"]), first);
    let other_below = bench.read(&["tree:/x"], &["a", "b"]).expect("readable");
    let mut keys = vec![
        first,
        other_below.key(&Digest::of("other")).expect("nameable"),
        key(&["tree:/y"], &["a", "b"]),
        key(&["tree:/x"], &["b", "a"]),
        key(&["tree:/x"], &["a b"]),
        key(&["tree:/x"], &[]),
        key(&[], &["a", "b"]),
    ];
    bench.file("host/tree/file", 0o700, "1");
    keys.push(key(&["tree:/x"], &["a", "b"]));
    bench.file("host/tree/file", 0o644, "2");
    keys.push(key(&["tree:/x"], &["a", "b"]));
    fs::remove_file(bench.directory.path().join("host/tree/link")).expect("is there");
    keys.push(key(&["tree:/x"], &["a", "b"]));
    symlink("b", bench.directory.path().join("host/tree/link")).expect("writable");
    keys.push(key(&["tree:/x"], &["a", "b"]));
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn what_cannot_be_added_is_told_while_reading() {
    let bench = Bench::new();
    bench.file("host/file", 0o644, "");
    bench.file("host/tree/sub/.wh.x", 0o644, "");
    let _socket = UnixListener::bind(bench.directory.path().join("host/socket")).expect("writable");
    for (add, told) in [
        (
            &["gone:/x"][..],
            "cannot add `/bench/host/gone`: there is no such file",
        ),
        (
            &["socket:/x"],
            "cannot add `/bench/host/socket`: `/bench/host/socket` is a socket",
        ),
        (
            &["tree:/x"],
            "cannot add `/bench/host/tree`: `x/sub/.wh.x` has a name that means in an image that a file is gone",
        ),
        (
            &["file:/."],
            "cannot add `/bench/host/file`: only a directory can be the root of an image",
        ),
        (
            &["file:/x", "file:/x/y"],
            "`/x` is a file in the image, where a directory is to be added",
        ),
        (
            &["file:/x/y", "file:/x"],
            "`/x` is a directory in the image, where a file is to be added",
        ),
    ] {
        let error = bench.read(add, &[]).expect_err("cannot be added");
        assert_eq!(
            (error.kind(), bench.told(&error).as_str()),
            (ErrorKind::Usage, told)
        );
    }
    assert!(Top::read(&[], &[]).expect("nothing to read").is_none());
}

#[test]
fn a_clash_with_the_image_is_told() {
    let bench = Bench::new();
    bench.file("host/file", 0o644, "");
    bench.file("host/tree/x", 0o644, "");
    bench.file("root/usr/bin/sh", 0o755, "");
    symlink("usr/bin", bench.directory.path().join("root/bin")).expect("writable");
    let before = bench.dump();
    for (add, told) in [
        (
            "file:/usr",
            "`/usr` is a directory in the image, where a file is to be added",
        ),
        (
            "file:/bin",
            "`/bin` is a directory in the image, where a file is to be added",
        ),
        (
            "tree:/bin/sh",
            "`/bin/sh` is a file in the image, where a directory is to be added",
        ),
        (
            "file:/bin/sh/a/b",
            "`/bin/sh` is a file in the image, where a directory is to be added",
        ),
    ] {
        let error = bench
            .apply(&bench.read(&[add], &[]).expect("readable"))
            .expect_err("clashes");
        assert_eq!(
            (error.kind(), bench.told(&error).as_str()),
            (ErrorKind::Usage, told)
        );
        assert_eq!(bench.dump(), before);
        fs::remove_dir_all(bench.directory.path().join("parcels/top")).expect("is left");
    }
}

#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    for content in ["three", "on", ""] {
        let bench = Bench::new();
        bench.file("host/file", 0o644, "one");
        let top = bench.read(&["file:/file"], &[]).expect("readable");
        bench.file("host/file", 0o644, content);
        let error = bench.apply(&top).expect_err("is another");
        assert_eq!(
            bench.told(&error),
            "`/bench/host/file` has changed since it was read"
        );
        assert_eq!(bench.dump(), [""; 0]);
    }
}

#[test]
fn commands_run_in_order() {
    let bench = Bench::new();
    bench.file("root/bin/sh", 0o755, "");
    bench
        .apply(&bench.read(&[], &["a", "b c"]).expect("readable"))
        .expect("all succeed");
    let script = |label: &str| Event::Script {
        label: label.to_owned(),
    };
    let output = || Event::Output {
        line: "hello".to_owned(),
    };
    assert_eq!(
        *bench.events.lock().expect("nobody panicked"),
        [
            Event::Phase(Phase::Configure),
            script("run 1"),
            output(),
            script("run 2"),
            output()
        ]
    );
    let command = |label: &str, text: &str| Command {
        label: label.to_owned(),
        program: "/bin/sh".to_owned(),
        args: vec!["-e".to_owned(), "-c".to_owned(), text.to_owned()],
        env: Vec::new(),
    };
    assert_eq!(
        *bench.asked.lock().expect("nobody panicked"),
        [command("run 1", "a"), command("run 2", "b c")]
    );
}

#[test]
fn a_command_that_fails_ends_it() {
    let bench = Bench {
        status: 3,
        ..Bench::new()
    };
    bench.file("root/bin/sh", 0o755, "");
    let top = bench.read(&[], &["\nfirst line\nmore", "b"]);
    let error = bench.apply(&top.expect("readable")).expect_err("fails");
    assert_eq!(error.kind(), ErrorKind::Script);
    assert_eq!(
        error.one_line(),
        "`first line …` failed with exit code 3: it printed:\n    hello\n    ouch"
    );
    assert_eq!(bench.asked.lock().expect("nobody panicked").len(), 1);
}

#[test]
fn commands_need_a_shell() {
    let bench = Bench::new();
    let top = bench.read(&[], &["a"]).expect("readable");
    let error = bench.apply(&top).expect_err("has none");
    assert_eq!(
        format!("{error:?}"),
        "Usage: the image has no `/bin/sh` to run commands with (hint: add a package that has a shell with --include)"
    );
}
