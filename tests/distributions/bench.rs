//! One distribution's file, its keys and a server that stands for all its hosts.

use boot_apk::testkit::Key;
use boot_kit::testkit::{Server, Tree};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Directories of one test.
pub struct Bench {
    directory: TempDir,
    /// What answers for every host the file names.
    pub server: Server,
    config: String,
    /// What images are made for.
    pub arch: &'static str,
}

impl Bench {
    /// Sets up the distribution of that name; `None`, having said why, where nothing can be built.
    pub fn new(name: &str) -> Option<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let server = Server::start();
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let text = fs::read_to_string(configs.join(format!("{name}.toml"))).expect("built in");
        let config = format!("./{name}.toml");
        let text = text.replace("https://", "http://");
        let text = text.replace("http://", &format!("{}/", server.url()));
        fs::write(directory.path().join(&config), text).expect("writable");
        copy(&configs.join("keys"), directory.path());
        let bench = Self {
            directory,
            server,
            config,
            arch: "x86_64",
        };
        // Refused after the namespaces were entered, before anything else is done.
        let (_, _, stderr) = bench.run(&["-o", "no-known-ending"]);
        if stderr.contains("namespaces are refused here") {
            println!("skipped: nothing can be built here: {stderr}");
            return None;
        }
        Some(bench)
    }

    /// Makes a key, whose public half is at that path from now on.
    pub fn key(&self, path: &str) -> Key {
        let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
        let key = Key::new(name);
        self.put_key(path, &key.public().bytes);
        key
    }

    /// Puts a public key at that path.
    pub fn put_key(&self, path: &str, key: &[u8]) {
        fs::write(self.directory.path().join(path), key).expect("writable");
    }

    /// Builds with further arguments: exit code, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, Vec<u8>, String) {
        let output = if arguments.contains(&"-o") {
            &[][..]
        } else {
            &["-o", "-"]
        };
        self.call(&[&self.config], &[output, arguments].concat())
    }

    /// Locks with further arguments, which must go without a word; what it says of packages that moved, and to which
    /// version.
    pub fn lock(&self, arguments: &[&str]) -> Vec<String> {
        let recipe = format!("distribution = \"{}\"\n", self.config);
        fs::write(self.directory.path().join("image.toml"), recipe).expect("writable");
        let (status, stdout, stderr) = self.call(&["lock", "image.toml"], arguments);
        assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?}");
        let stdout = String::from_utf8(stdout).expect("UTF-8");
        let lines = stdout.lines().filter_map(|line| {
            let words: Vec<_> = line.strip_prefix("moved")?.split_whitespace().collect();
            Some(words[..4].join(" "))
        });
        lines.collect()
    }

    fn call(&self, words: &[&str], arguments: &[&str]) -> (i32, Vec<u8>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        command
            .args(words)
            .args(["--arch", self.arch, "--prune", "none", "-q"])
            .arg("--ignore-host")
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("BOOT_CACHE_DIR", self.directory.path().join("cache"))
            .stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        let status = output.status.code().expect("it exits");
        (status, output.stdout, stderr)
    }

    /// Builds an image, which must go without a word, and gives its tar.
    pub fn build(&self, arguments: &[&str]) -> Vec<u8> {
        let (status, image, stderr) = self.run(arguments);
        assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?}");
        image
    }
}

/// Copies a directory of key folders, but for what is no key.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("has a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("writable");
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("writable");
        }
    }
}

/// The paths of a tar's files, sorted.
pub fn files(tar: &[u8]) -> Vec<String> {
    let said = Tree::of_tar(tar).0.into_iter();
    let files = said.filter(|(_, said)| said.starts_with("file "));
    files.map(|(path, _)| path).collect()
}
