//! One directory with a copy of the stub tree, and the program run in it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/buildroot");

/// ```text
/// tree/       the stub Buildroot tree
/// external/   an external tree
/// out/        the working directory
/// tmp/        TMPDIR
/// cache/      the cache
/// ```
pub struct Bench {
    directory: TempDir,
}

/// How a run ended: exit code, stdout, and stderr with the bench's path as `BENCH` and the log's directory as `OUT`.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Tells whether trees can be built here; says why if not.
fn can_build() -> bool {
    for (program, said) in [("make", "GNU Make"), ("tar", "tar (GNU tar)")] {
        let version = Command::new(program).arg("--version").output();
        if version.is_ok_and(|version| version.stdout.starts_with(said.as_bytes())) {
            continue;
        }
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        assert!(!is_ci, "`{program}` is not installed, which CI must have");
        eprintln!("skipped: `{program}` is not installed, or not GNU's");
        return false;
    }
    true
}

impl Bench {
    /// Sets up; `None`, having said why, where nothing can be built.
    pub fn new() -> Option<Self> {
        can_build().then(Self::without_make)
    }

    /// Sets up for a test that builds nothing.
    pub fn without_make() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let bench = Self { directory };
        for name in ["tree", "external"] {
            copy(&Path::new(HERE).join(name), &bench.path(name));
        }
        for name in ["out", "tmp"] {
            fs::create_dir(bench.path(name)).unwrap();
        }
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Adds a configuration of the tree.
    pub fn configure(&self, name: &str, lines: &str) {
        let path = self.path(&format!("tree/configs/{name}_defconfig"));
        fs::write(path, format!("BR2_ARCH=\"x86_64\"\n{lines}")).unwrap();
    }

    /// `boot buildroot` with arguments in which `BENCH` is the bench's path, and an environment that is the same
    /// everywhere.
    pub fn boot(&self, arguments: &str) -> Command {
        let bench = self.directory.path().to_str().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        let words = arguments
            .split(' ')
            .map(|word| word.replace("BENCH", bench));
        command
            .arg("buildroot")
            .args(words)
            .current_dir(self.path("out"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", "/nonexistent")
            .env("TMPDIR", self.path("tmp"))
            .env("BOOT_CACHE_DIR", self.path("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end, after which nothing temporary may be left.
    pub fn run(&self, mut command: Command) -> Ended {
        self.ended(command.output().unwrap())
    }

    /// Looks at how it ended.
    pub fn ended(&self, output: Output) -> Ended {
        let left: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        let mut stderr = String::from_utf8(output.stderr).unwrap();
        if let Some(place) = self.place() {
            stderr = stderr.replace(place.to_str().unwrap(), "OUT");
        }
        Ended {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr: stderr.replace(self.directory.path().to_str().unwrap(), "BENCH"),
        }
    }

    /// Builds something, which must go well; returns what was said.
    pub fn builds(&self, arguments: &str) -> String {
        let ended = self.run(self.boot(arguments));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stderr
    }

    /// Where the cache has its only build.
    pub fn place(&self) -> Option<PathBuf> {
        let mut places = fs::read_dir(self.path("cache/buildroot")).ok()?;
        let place = places.next()?.unwrap().path();
        assert!(places.next().is_none(), "there is one build");
        Some(place)
    }

    /// What make printed in the cache's only build.
    pub fn log(&self) -> String {
        fs::read_to_string(self.place().unwrap().join("boot.log")).unwrap()
    }

    /// What is in a tar: kind, mode, owner and content or target by name.
    pub fn listing(&self, name: &str) -> BTreeMap<String, String> {
        let bytes = fs::read(self.path(name)).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut found = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let header = entry.header();
            let what = match entry.link_name().unwrap() {
                Some(target) => format!("-> {}", target.display()),
                None => content.escape_ascii().to_string(),
            };
            let (mode, uid) = (header.mode().unwrap(), header.uid().unwrap());
            let name = entry.path().unwrap().display().to_string();
            found.insert(name, format!("{mode:o} {uid} {what}"));
        }
        found
    }

    /// The processes that work in this bench.
    pub fn processes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let cwd = fs::read_link(process.path().join("cwd"));
            if cwd.is_ok_and(|cwd| cwd.starts_with(self.directory.path())) {
                let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
                found.push(String::from_utf8_lossy(&words).replace('\0', " "));
            }
        }
        found
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
