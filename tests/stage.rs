//! `boot stage` on real roots, held against what GNU tar sees in them.
//!
//! The roots are beside the checkout; without them, or without GNU tar, a test says so and shows nothing.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests may")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/stage");

/// Every real root archive there is, but what cannot be taken as it is.
fn archives() -> Vec<PathBuf> {
    let version = Command::new("tar").arg("--version").output();
    if !version.is_ok_and(|said| said.stdout.starts_with(b"tar (GNU tar)")) {
        eprintln!("skipped: there is no GNU tar");
        return Vec::new();
    }
    let mut found = Vec::new();
    for directory in [
        "buildroot",
        "rootfs",
        "rootfs/busybox-1.38.0-uclibc-oci",
        "sparse",
        "gentoo/synthetic-mirror/mirror/releases/amd64/autobuilds/20260811T083102Z",
    ] {
        let Ok(entries) = fs::read_dir(Path::new(DATA).join(directory)) else {
            eprintln!("skipped: `{directory}` is not beside the checkout");
            continue;
        };
        let is_archive = |name: &str| {
            [".tar", ".tar.xz", ".tar.gz", ".tar.bz2"]
                .iter()
                .any(|ending| name.ends_with(ending))
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| is_archive(&path.to_string_lossy())));
    }
    found.sort();
    found
}

/// What GNU tar lists, by name: kind and mode, owner, size or device, time, target. Times of directories are left out,
/// and hard links have what their file has, with all the names of the file.
fn listing(archive: &Path) -> BTreeMap<String, String> {
    let out = Command::new("tar")
        .args([
            "--numeric-owner",
            "--full-time",
            "--quoting-style=escape",
            "-tvf",
        ])
        .arg(archive)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut firsts: BTreeMap<String, String> = BTreeMap::new();
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let mut rest = line;
        let mut field = || {
            let (field, after) = rest.trim_start().split_once(' ').unwrap();
            rest = after;
            field.to_owned()
        };
        let (mode, owner, mut size) = (field(), field(), field());
        if size.ends_with(',') {
            size += &field();
        }
        let (date, time) = (field(), field());
        let seconds = time.split('.').next().unwrap();
        let plain = |name: &str| {
            name.trim_start()
                .trim_start_matches("./")
                .trim_end_matches('/')
                .to_owned()
        };
        if let Some((name, first)) = rest.split_once(" link to ") {
            let (name, first) = (plain(name), plain(first));
            let first = firsts.get(&first).cloned().unwrap_or(first);
            firsts.insert(name, first);
        } else {
            let (name, target) = match rest.split_once(" -> ") {
                Some((name, target)) if mode.starts_with('l') => (name, target),
                _ => (rest, ""),
            };
            let time = if mode.starts_with('d') { "" } else { seconds };
            let date = if mode.starts_with('d') { "" } else { &date };
            files.insert(
                plain(name),
                format!("{mode} {owner} {size} {date} {time} {target}"),
            );
        }
    }
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, first) in &firsts {
        groups
            .entry(first.clone())
            .or_insert_with(|| vec![first.clone()])
            .push(name.clone());
    }
    for (first, mut names) in groups {
        names.sort();
        let file = format!("{} also {}", files[&first], names.join(" "));
        files.extend(names.into_iter().map(|name| (name, file.clone())));
    }
    // The root itself need not be in an archive; a time after the image's date is brought back to it.
    files.remove("");
    files
}

/// The contents of all files, by name, as GNU tar extracts them.
fn contents(archive: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let directory = tempfile::tempdir().unwrap();
    let out = Command::new("tar")
        .args([
            "--no-same-owner",
            "--mode=u+rwX",
            "--exclude=./dev/*",
            "--exclude=dev/*",
            "-xf",
        ])
        .arg(archive)
        .arg("-C")
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut found = BTreeMap::new();
    let mut left = vec![directory.path().to_owned()];
    while let Some(below) = left.pop() {
        fs::set_permissions(&below, fs::Permissions::from_mode(0o700)).unwrap();
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                left.push(path);
            } else if metadata.is_file() {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                let name = path.strip_prefix(directory.path()).unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn boot(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
    command.arg("stage").args(arguments);
    command
        .env_remove("SOURCE_DATE_EPOCH")
        .env("HOME", "/nonexistent");
    command
}

fn ran(command: &mut Command) -> Output {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    out
}

#[test]
fn real_roots_come_out_as_gnu_tar_sees_them() {
    for archive in archives() {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("out.tar");
        ran(&mut boot(&[
            "-q",
            archive.to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
        ]));
        assert_eq!(listing(&output), listing(&archive), "{}", archive.display());
        assert!(
            contents(&output) == contents(&archive),
            "{}",
            archive.display()
        );
        // A second time, of our own tar, it is the same bytes.
        let again = directory.path().join("again.tar");
        ran(&mut boot(&[
            "-q",
            output.to_str().unwrap(),
            "-o",
            again.to_str().unwrap(),
        ]));
        assert!(fs::read(&output).unwrap() == fs::read(&again).unwrap());
    }
}

#[test]
fn devices_and_owners_need_no_privileges() {
    let archives = archives();
    let devices = archives
        .iter()
        .filter(|path| path.to_string_lossy().contains("devnodes"));
    let stages = archives
        .iter()
        .filter(|path| path.to_string_lossy().contains("stage3"));
    for archive in devices.chain(stages) {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let program = directory.path().join("boot");
        fs::copy(env!("CARGO_BIN_EXE_boot"), &program).unwrap();
        let output = directory.path().join("out.tar");
        let mut command = Command::new(&program);
        command
            .args(["stage", "-q", "-", "-o", "-"])
            .env("TMPDIR", directory.path())
            .stdin(fs::File::open(archive).unwrap())
            .stdout(fs::File::create(&output).unwrap())
            .stderr(Stdio::piped());
        // Nobody's user and group, where the tests run as root.
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        let out = command.spawn().unwrap().wait_with_output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        assert_eq!(listing(&output), listing(archive));
    }
}

#[test]
fn attributes_and_capabilities_are_those_of_the_archive() {
    for archive in archives()
        .iter()
        .filter(|path| path.to_string_lossy().contains("stage3"))
    {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("out.tar");
        ran(&mut boot(&[
            "-q",
            archive.to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
        ]));
        let attributes = |archive: &Path| {
            let out = Command::new("tar")
                .args(["--xattrs", "--xattrs-include=*", "-tvvf"])
                .arg(archive)
                .output();
            let text = String::from_utf8(out.unwrap().stdout).unwrap();
            let mut file = String::new();
            let mut found = Vec::new();
            for line in text.lines() {
                if let Some(attribute) = line.strip_prefix("  x: ") {
                    found.push(format!("{file}: {attribute}"));
                } else {
                    let name = line.split_whitespace().nth(5).unwrap_or_default();
                    file = name.trim_start_matches("./").to_owned();
                }
            }
            found.sort();
            found
        };
        let found = attributes(&output);
        assert!(
            found
                .iter()
                .any(|line| line.contains("security.capability")),
            "{found:?}"
        );
        assert_eq!(found, attributes(archive));
    }
}

#[test]
fn a_real_image_is_its_layer_in_every_form_it_comes_in() {
    let Some(layer) = archives()
        .into_iter()
        .find(|path| path.ends_with("busybox-1.38.0-uclibc-oci/rootfs.tar.gz"))
    else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let layout = layout_beside(&layer, directory.path());
    let packed = directory.path().join("image.tar.xz");
    let status = Command::new("tar")
        .args(["-cJf", packed.to_str().unwrap(), "-C"])
        .args([&layout, Path::new(".")])
        .status();
    assert!(status.unwrap().success());
    for source in [layout, packed] {
        let output = directory.path().join("out.tar");
        let out = ran(&mut boot(&[
            source.to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
            "--force",
        ]));
        let said = String::from_utf8(out.stderr).unwrap();
        let mut lines = said
            .lines()
            .skip_while(|line| !line.starts_with("squashed"));
        assert_eq!(lines.next(), Some("squashed 1 layer, nothing was shadowed"));
        let wrote = lines.next().unwrap();
        assert!(
            wrote.contains(": busybox:1.38.0-uclibc, linux/amd64, "),
            "{wrote}"
        );
        assert_eq!(listing(&output), listing(&layer));
        assert!(contents(&output) == contents(&layer));
    }
}

/// The layout that a layer is of, its blobs being links, as whoever published it has them.
fn layout_beside(layer: &Path, directory: &Path) -> PathBuf {
    let (from, to) = (layer.parent().unwrap(), directory.join("image.oci"));
    let blobs = "blobs/sha256";
    fs::create_dir_all(to.join(blobs)).unwrap();
    for name in [
        "oci-layout",
        "index.json",
        "image-manifest.json",
        "image-config.json",
        "rootfs.tar.gz",
    ] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    for blob in fs::read_dir(from.join(blobs)).unwrap() {
        let blob = blob.unwrap();
        // Links, or what links become where there are none: files that hold the target.
        let target = fs::read_link(blob.path())
            .unwrap_or_else(|_| fs::read_to_string(blob.path()).unwrap().trim_end().into());
        symlink(target, to.join(blobs).join(blob.file_name())).unwrap();
    }
    to
}
