//! Locks from outside: a lock made from one mirror builds the same bytes from any other, or fails and says why.

mod altered;
#[path = "../failures/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod bench;
mod building;
#[path = "../failures/living.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod living;
#[path = "../failures/traces.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod traces;
mod writing;

use bench::{Bench, Ended};
use boot_kit::testkit::{Archive, Deb, Packing};
use std::{fs, path::PathBuf, process::Command};

/// An archive of a few packages; `apt` and `base-files` are in every image of it. Nothing in it can run: see [`living`].
pub fn archive() -> Archive {
    archive_of("1", "1")
}

/// The same with `apple` and the `pip` it depends on in these versions.
pub fn archive_of(apple: &str, pip: &str) -> Archive {
    Archive::new("trixie").packages([
        package("base-files")
            .essential()
            .file("debian_version", 0o644, "13\n"),
        package("apt").depends("base-files"),
        self::apple(apple, pip),
        package("pip").field("Version", pip),
    ])
}

/// A version of `apple`, which depends on one of `pip`.
pub fn apple(version: &str, pip: &str) -> Deb {
    package("apple")
        .field("Version", version)
        .depends(&format!("pip (= {pip})"))
        .file("red", 0o644, format!("red {version}\n"))
}

/// Begins a package whose size is the same everywhere: it is not compressed.
pub fn package(name: &str) -> Deb {
    Deb::new(name, "1").packed(Packing::Plain)
}

impl Bench {
    /// `boot WORD debian` from the bench's archive, with further arguments.
    pub fn command(&self, word: &str, arguments: &[&str]) -> Command {
        let mut command = self.bare(&[word, "debian", "--arch", "amd64", "--ignore-host"]);
        command.args(["--progress", "none", "--keyring"]);
        command.arg(self.path("key.asc"));
        for mirror in &self.mirrors {
            command.args(["--mirror", mirror]);
        }
        command.args(arguments);
        command
    }

    /// Runs a command to its end, whatever files it leaves.
    pub fn run_free(&self, mut command: Command) -> Ended {
        let output = command.output().expect("the program starts");
        self.ended(output)
    }

    /// Runs `boot lock debian`, which may write the lock, telling warnings and errors only.
    pub fn lock(&self, arguments: &[&str]) -> Ended {
        self.run_free(self.command("lock", &[arguments, &["-q"]].concat()))
    }

    /// Runs `boot debian --locked --include apple`, telling warnings and errors only; the image goes to stdout.
    pub fn locked(&self, arguments: &[&str]) -> Ended {
        self.debian(
            &[
                &["--locked", "--include", "apple", "-q", "-o", "-"],
                arguments,
            ]
            .concat(),
        )
    }

    /// The path of the lock.
    pub fn lockfile(&self) -> PathBuf {
        self.path("out/boot.lock")
    }

    /// The text of the lock.
    pub fn text(&self) -> String {
        fs::read_to_string(self.lockfile()).expect("there is a lock")
    }

    /// Changes the lock, which must have `from`.
    pub fn edit(&self, from: &str, to: &str) {
        let text = self.text();
        assert!(text.contains(from), "{text}");
        fs::write(self.lockfile(), text.replacen(from, to, 1)).expect("writable");
    }
}
