//! What a run could leave behind.

use boot_kit::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Where the program mounts what is its own.
const MOUNT_POINT: &str = "/proc/driver";

/// Files, mounts and processes of one bench.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    /// Every path but the store's blobs, labels, layers and notes: modes, and digests of files.
    files: BTreeMap<PathBuf, String>,
    mounts: BTreeSet<String>,
    processes: Vec<String>,
}

impl Traces {
    /// Looks at the bench in `directory`.
    pub fn look(directory: &Path) -> Self {
        // As the system names it in its lists.
        let directory = &directory.canonicalize().expect("a directory");
        let mut files = BTreeMap::new();
        list(directory, &mut files).expect("a readable directory");
        let kept = [
            "",
            "/blobs",
            "/blobs/sha256",
            "/blobs/sha256/",
            "/labels",
            "/labels/",
            "/layers",
            "/layers/",
            "/locks",
            "/notes",
            "/notes/",
            "/runs",
        ]
        .map(|name| format!("{}/cache{name}", directory.display()));
        files.retain(|path, _| {
            let path = path.display().to_string();
            !kept
                .iter()
                .any(|kept| *kept == path || kept.ends_with('/') && path.starts_with(kept))
        });
        Self {
            files,
            mounts: mounts(directory),
            processes: processes(directory),
        }
    }
}

fn list(directory: &Path, files: &mut BTreeMap<PathBuf, String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let metadata = path.symlink_metadata()?;
        let mut shown = format!("{:o}", metadata.mode());
        if metadata.is_file() && !path.ends_with("boot") {
            shown += &format!(" {}", Digest::of(&fs::read(&path)?));
        }
        if metadata.is_symlink() {
            shown += &format!(" {}", fs::read_link(&path)?.display());
        }
        files.insert(path.clone(), shown);
        if metadata.is_dir() {
            list(&path, files)?;
        }
    }
    Ok(())
}

/// The mounts that this process sees and a run may have made.
fn mounts(directory: &Path) -> BTreeSet<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    let directory = directory.display().to_string();
    mounts
        .lines()
        .filter(|line| line.contains(&directory) || line.contains(MOUNT_POINT))
        .map(str::to_owned)
        .collect()
}

/// The living processes of the bench's own copy of the program, and those below it.
fn processes(directory: &Path) -> Vec<String> {
    let numbers = fs::read_dir("/proc")
        .expect("/proc is mounted")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let inside = |number: &String| {
        ["exe", "cwd", "root"].iter().any(|link| {
            // Others' processes cannot be looked at, and are not ours.
            fs::read_link(format!("/proc/{number}/{link}"))
                .is_ok_and(|target| target.starts_with(directory))
        })
    };
    numbers.filter(inside).collect()
}

#[test]
fn files_and_processes_left_behind_are_noticed() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let before = Traces::look(directory);
    let mut left = std::process::Command::new("sleep")
        .arg("60")
        .current_dir(directory)
        .spawn()
        .expect("sleep is there");
    assert_ne!(Traces::look(directory), before);
    left.kill().expect("it runs");
    left.wait().expect("it ends");
    assert_eq!(Traces::look(directory), before);
    fs::create_dir_all(directory.join("cache/runs/x")).expect("writable");
    assert_ne!(Traces::look(directory), before);
}
