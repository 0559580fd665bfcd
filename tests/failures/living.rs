//! An archive whose root lives: with this machine's own shell, and a dpkg of a few lines.

use crate::package;
use boot_kit::testkit::{Archive, Deb};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Does of `dpkg --configure --pending` what these packages need: runs each `postinst`, in the order of the database.
const DPKG: &str = r#"#!/bin/sh
status=
while IFS= read -r line; do
    case $line in
    "Package: "*) package=${line#Package: } ;;
    "Status: install ok unpacked")
        line="Status: install ok installed"
        echo "Setting up $package (1) ..."
        script=/var/lib/dpkg/info/$package.postinst
        if [ -e "$script" ] && ! "$script" configure ""; then
            echo "dpkg: error processing package $package (--configure):"
            exit 1
        fi
        ;;
    esac
    status="$status$line
"
done </var/lib/dpkg/status
printf '%s' "$status" >/var/lib/dpkg/status
"#;

/// The archive of [`crate::archive`] with a shell and dpkg in every image.
pub fn archive() -> Archive {
    crate::archive().package(dpkg())
}

/// The files of the host in it, relative to the root.
pub fn files() -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::from([PathBuf::from("/bin/sh")]);
    files.extend(libraries(Path::new("/bin/sh")));
    files
        .iter()
        .filter_map(|path| relative(path))
        .map(Path::to_owned)
        .collect()
}

/// Both in one package, uncompressed: the shell's libraries are large. A melon sees to it that it always is.
fn dpkg() -> Deb {
    let files = files();
    let mut directories = BTreeSet::from([PathBuf::from("usr"), PathBuf::from("usr/bin")]);
    for file in &files {
        let above = file
            .ancestors()
            .skip(1)
            .filter(|path| !path.as_os_str().is_empty());
        directories.extend(above.map(Path::to_owned));
    }
    let text = |path: &Path| path.to_str().expect("is text").to_owned();
    let deb = directories
        .iter()
        .fold(package("dpkg").essential(), |deb, path| {
            deb.directory(&text(path), 0o755)
        });
    files
        .iter()
        .fold(deb, |deb, path| {
            let bytes = fs::read(Path::new("/").join(path)).expect("programs can be read");
            deb.file(&text(path), 0o755, bytes)
        })
        .file("usr/bin/dpkg", 0o755, DPKG)
        .file("melon", 0o644, vec![1; MELON])
}

/// More bytes than the small disk of a test has.
const MELON: usize = 1_500_000;

fn relative(path: &Path) -> Option<&Path> {
    let path = path.strip_prefix("/").ok()?;
    (!path.as_os_str().is_empty()).then_some(path)
}

/// The files that a program loads; none if it is linked statically.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let Ok(listed) = Command::new("ldd").arg(program).output() else {
        return Vec::new();
    };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let words = listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    words
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .collect()
}
