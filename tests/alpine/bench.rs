//! One place to build in, with the real packages as the mirror.

use boot_kit::archive::decoder;
use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Where the real packages are.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/alpine");

/// Directories of one test.
pub struct Bench(TempDir);

impl Bench {
    /// Sets up; `None`, having said why, where nothing can be built.
    pub fn new() -> Option<Self> {
        if !Path::new(DATA).exists() {
            println!("skipped: {DATA} is not there");
            return None;
        }
        let bench = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory"));
        // Refused after the namespaces were entered, before anything else is done.
        let (_, _, stderr) = bench.run(&["-o", "no-known-ending"]);
        if stderr.contains("namespaces are refused here") {
            println!("skipped: nothing can be built here: {stderr}");
            return None;
        }
        Some(bench)
    }

    /// Where something of the test is.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Runs `boot alpine` with further arguments: exit code, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, Vec<u8>, String) {
        let output = if arguments.contains(&"-o") {
            &[][..]
        } else {
            &["-o", "-"]
        };
        self.call(
            &["alpine"],
            &[&["--prune", "none"], output, arguments].concat(),
        )
    }

    /// Runs `boot` with the words of a command and further arguments: exit code, stdout and stderr.
    pub fn call(&self, words: &[&str], arguments: &[&str]) -> (i32, Vec<u8>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        command
            .args(words)
            .args([
                "--release",
                "3.19",
                "--arch",
                "x86_64",
                "--components",
                "main",
            ])
            .args(["--mirror", &format!("file://{DATA}"), "--ignore-host"])
            .args(if arguments.contains(&"json") {
                &[][..]
            } else {
                &["-q"]
            })
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .env("BOOT_CACHE_DIR", self.0.path().join("cache"))
            .stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        (
            output.status.code().expect("it exits"),
            output.stdout,
            stderr,
        )
    }

    /// Builds an image, which must go without a word, and gives its tar.
    pub fn build(&self, arguments: &[&str]) -> Vec<u8> {
        let (status, image, stderr) = self.run(arguments);
        assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?}");
        image
    }
}

/// A file of what apk made.
pub fn golden(name: &str) -> String {
    fs::read_to_string(format!("{DATA}/golden/{name}")).expect("readable")
}

/// Corrects the one known mistake in apk 2.14.10's databases: a package without files leaves its `r:` to the next.
pub fn mended(database: &str) -> String {
    let line = "r:alpine-baselayout\n";
    let Some(begin) = database.find("P:alpine-base\n") else {
        return database.to_owned();
    };
    let end = begin + database[begin..].find("\n\n").expect("the stanza ends") + 1;
    let (before, after) = database.split_at(end);
    assert!(!before[begin..].contains(line), "the mistake is there");
    let (next, rest) = after.split_once(line).expect("the mistake is there");
    assert!(next.contains("P:alpine-baselayout\n") && next.matches("\nP:").count() == 1);
    [before, line, next, rest].concat()
}

/// The tar of the genuine minirootfs.
pub fn genuine() -> Vec<u8> {
    let path = format!("{DATA}/alpine-minirootfs-3.19.4-x86_64.tar.gz");
    let file = std::io::BufReader::new(fs::File::open(path).expect("readable"));
    let mut tar = Vec::new();
    let mut unpacked = decoder(file, true).expect("gzip");
    unpacked.read_to_end(&mut tar).expect("gzip");
    tar
}
