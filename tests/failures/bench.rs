//! One run of the program in a directory of its own: what it said, how it ended, what it left.

use crate::traces;
use boot_kit::testkit::{Archive, Server};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// A directory for one test, with the program, a key and every place that the program may write to.
///
/// ```text
/// boot        the program, so that its processes can be told from those of other tests
/// key.asc     the public key of the archive
/// out/        the working directory
/// tmp/        TMPDIR
/// home/       HOME
/// cache/      the store
/// ```
pub struct Bench {
    directory: TempDir,
    /// The values of `--mirror`.
    pub mirrors: Vec<String>,
    /// What differs from run to run, and what stands for it in comparisons.
    names: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code; 128 and the signal's number if it was killed.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr, paths and ports replaced.
    pub stderr: String,
}

impl Bench {
    /// Sets up for `archive`, as found on each of `servers`, which are called `http://first`, `http://second`, ….
    pub fn new(archive: &Archive, servers: &[&Server]) -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let mut bench = Self {
            mirrors: Vec::new(),
            names: vec![(directory.path().display().to_string(), "/bench".into())],
            directory,
        };
        for name in ["out", "tmp", "home"] {
            fs::create_dir(bench.path(name)).expect("a directory");
        }
        let program = Path::new(env!("CARGO_BIN_EXE_boot"));
        fs::hard_link(program, bench.path("boot"))
            .or_else(|_| fs::copy(program, bench.path("boot")).map(drop))
            .expect("the program can be copied");
        fs::write(bench.path("key.asc"), archive.signing_key().armored()).expect("writable");
        for (server, name) in servers.iter().zip(["first", "second", "third"]) {
            bench.mirrors.push(format!("{}/debian", server.url()));
            bench.call(&server.url(), &format!("http://{name}"));
        }
        bench
    }

    /// Sets up for `archive` on a server of its own.
    pub fn serving(archive: &Archive) -> (Self, Server) {
        let server = archive.serve();
        (Self::new(archive, &[&server]), server)
    }

    /// Does the same for a test that builds; `None`, having said why, where the system refuses namespaces.
    pub fn building(archive: &Archive) -> Option<(Self, Server)> {
        static TRIAL: OnceLock<Ended> = OnceLock::new();
        let (bench, server) = Self::serving(archive);
        // Refused after the namespaces were entered, before anything else is done.
        let trial = TRIAL.get_or_init(|| bench.debian(&["-o", "no-known-ending"]));
        if trial.stderr.contains("namespaces are refused here") {
            skip("nothing can be built here", &trial.stderr);
            return None;
        }
        Some((bench, server))
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Names one more mirror, after the others.
    pub fn add_mirror(&mut self, url: &str) {
        self.mirrors.push(url.to_owned());
    }

    /// Writes `name` for `text` in what is compared.
    pub fn call(&mut self, text: &str, name: &str) {
        self.names.push((text.to_owned(), name.to_owned()));
    }

    /// The program with arguments, and an environment that is the same everywhere.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("boot"));
        command
            .args(arguments)
            .current_dir(self.path("out"))
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("BOOT_CACHE_DIR", self.path("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = std::env::var_os("PATH") {
            // Where `newuidmap` is.
            command.env("PATH", path);
        }
        command
    }

    /// `boot debian` from the archive, telling warnings and errors only, with further arguments.
    pub fn boot(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&["debian", "--arch", "amd64", "--ignore-host"]);
        if !arguments.contains(&"--progress") {
            command.args(["--progress", "none"]);
        }
        command.arg("--keyring").arg(self.path("key.asc"));
        for mirror in &self.mirrors {
            command.args(["--mirror", mirror]);
        }
        command.args(arguments);
        command
    }

    /// Runs `boot debian` with further arguments; see [`run`](Self::run).
    pub fn debian(&self, arguments: &[&str]) -> Ended {
        self.run(self.boot(arguments))
    }

    /// Runs a command to its end and checks that it left nothing behind.
    pub fn run(&self, command: Command) -> Ended {
        self.meddle(command, |_| {})
    }

    /// Starts a command, does something while it runs, and checks at its end that it left nothing behind.
    pub fn meddle(&self, mut command: Command, meddle: impl FnOnce(&mut Child)) -> Ended {
        let before = traces::Traces::look(self.directory.path());
        let mut child = command.spawn().expect("the program starts");
        meddle(&mut child);
        let output = child.wait_with_output().expect("it ends");
        let after = traces::Traces::look(self.directory.path());
        let ended = self.ended(output);
        assert_eq!(before, after, "something is left: {}", ended.stderr);
        ended
    }

    /// Tells how a run ended, with names in place of what differs from run to run.
    pub fn ended(&self, output: Output) -> Ended {
        let stderr = self.named(&String::from_utf8_lossy(&output.stderr));
        let killed = || output.status.signal().map_or(-1, |signal| 128 + signal);
        Ended {
            code: output.status.code().unwrap_or_else(killed),
            stdout: output.stdout,
            stderr,
        }
    }

    /// Replaces what differs from run to run: names, and digests of keys and files.
    pub fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.names {
            text = text.replace(from, to);
        }
        if let Some((before, rest)) = text.split_once("/cache/runs/") {
            // The name of a file that was still arriving.
            let end = rest.find('`').unwrap_or(rest.len());
            text = format!("{before}/cache/runs/…{}", &rest[end..]);
        }
        text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit())
            .map(|word| {
                let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
                let name = match digits.len() {
                    40 => "FINGERPRINT",
                    64 | 128 => "DIGEST",
                    _ => return word.to_owned(),
                };
                word.replace(digits, name)
            })
            .collect()
    }
}

impl Ended {
    /// Compares the exit code and all of stderr; stdout must be empty.
    #[track_caller]
    pub fn is(&self, code: i32, stderr: &str) {
        self.compare(code, "", stderr);
    }

    /// Compares all of stdout and stderr of a run that succeeds.
    #[track_caller]
    pub fn prints(&self, stdout: &str, stderr: &str) {
        self.compare(0, stdout, stderr);
    }

    #[track_caller]
    fn compare(&self, code: i32, stdout: &str, stderr: &str) {
        let shown = |code, stdout: &str, stderr: &str| {
            format!("--- exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}---\n")
        };
        let found = shown(
            self.code,
            &String::from_utf8_lossy(&self.stdout),
            &self.stderr,
        );
        let expected = shown(code, stdout, stderr);
        assert!(found == expected, "expected\n{expected}found\n{found}");
    }
}

/// Says why a test does nothing.
#[expect(clippy::print_stderr, reason = "tests may")]
pub fn skip(why: &str, said: &str) {
    eprintln!("skipped, because {why}:\n{said}");
}
