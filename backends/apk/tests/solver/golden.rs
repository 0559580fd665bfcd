//! The worlds apk 2.14.10 installed from the real index: the same packages, in the same order.

use crate::stanza::packages;
use boot_apk::{
    package::Package,
    relation::Dependency,
    solve::{Request, Universe, solve},
};
use flate2::read::MultiGzDecoder;
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Where the data set is; `None` prints why the test is skipped.
fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/alpine");
    if !root.is_dir() {
        eprintln!("skipped: {} is not there", root.display());
        return None;
    }
    Some(root)
}

/// Reads the member `APKINDEX` of the index.
fn index(data: &Path) -> Vec<Package> {
    let file = File::open(data.join("v3.19/main/x86_64/APKINDEX.tar.gz")).expect("an index");
    let mut tar = Vec::new();
    let mut decoder = MultiGzDecoder::new(file);
    decoder.read_to_end(&mut tar).expect("gzip");
    let mut at = 0;
    loop {
        let header = &tar[at..at + 512];
        let octal = std::str::from_utf8(&header[124..136]).expect("a size");
        let octal = octal.trim_matches(['\0', ' ']);
        // An empty block has no size.
        let size = usize::from_str_radix(octal, 8).unwrap_or(0);
        let start = at + 512;
        if header.starts_with(b"APKINDEX\0") {
            let text = std::str::from_utf8(&tar[start..start + size]).expect("text");
            return packages(text, 0);
        }
        at = start + size.next_multiple_of(512);
    }
}

/// Reads `name (version)` of each package from apk's log, in its order.
fn installed(log: &str) -> Vec<String> {
    log.lines()
        .filter_map(|line| Some(line.split_once(" Installing ")?.1.to_owned()))
        .collect()
}

fn assert_same_as_apk(golden: &str, world: &str, count: usize) {
    let Some(data) = data() else {
        return;
    };
    let universe = Universe::new(index(&data), Vec::new());
    let request = Request {
        world: Dependency::parse_list(world).expect("a world"),
        ..Request::default()
    };
    let solution = solve(&universe, &request).expect("a solution");
    let chosen: Vec<String> = solution
        .order
        .iter()
        .map(|package| &universe.packages()[*package])
        .map(|package| format!("{} ({})", package.name, package.version))
        .collect();
    let log = data.join(format!("golden/{golden}.log.txt"));
    let log = fs::read_to_string(log).expect("a log");
    assert_eq!(chosen, installed(&log));
    assert_eq!(chosen.len(), count);
}

#[test]
fn minirootfs_is_chosen_and_ordered_as_by_apk() {
    let world = "busybox alpine-baselayout alpine-keys apk-tools libc-utils";
    assert_same_as_apk("minirootfs", world, 15);
}

#[test]
fn alpine_base_is_chosen_and_ordered_as_by_apk() {
    assert_same_as_apk("alpine-base", "alpine-base", 25);
}

#[test]
fn a_server_is_chosen_and_ordered_as_by_apk() {
    let world = "alpine-base openssh chrony";
    assert_same_as_apk("alpine-base-openssh-chrony", world, 47);
}
