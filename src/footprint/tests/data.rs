//! Real inputs, where they are there.

#![allow(clippy::print_stdout, reason = "a skip says why")]

use super::{containers::measure_path, *};
use boot_stage::buildroot;
use std::path::{Path, PathBuf};

/// A real input, where it is there.
fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(path);
    if !path.exists() {
        println!("skipped: `{}` is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn an_alpine_root_says_what_it_holds() {
    let Some(path) = data("alpine/alpine-minirootfs-3.19.4-x86_64.tar.gz") else {
        return;
    };
    let footprint = measure_path(&path);
    assert_sums(&footprint);
    assert_eq!(footprint.packages.len(), 15);
    let busybox = footprint
        .packages
        .iter()
        .find(|it| it.name == "busybox")
        .expect("is there");
    let binsh = footprint
        .packages
        .iter()
        .find(|it| it.name == "busybox-binsh")
        .expect("is there");
    let met_by: Vec<_> = binsh.needs.iter().flat_map(|need| &need.met_by).collect();
    assert!(
        met_by
            .iter()
            .any(|it| footprint.packages[**it as usize].name == "busybox")
    );
    assert_eq!(busybox.licences, ["GPL-2.0-only"]);
    let libc: Vec<_> = footprint
        .libc
        .iter()
        .map(|it| (it.name.as_str(), it.path.as_str()))
        .collect();
    assert_eq!(libc, [("musl", "lib/ld-musl-x86_64.so.1")]);
    let managers: Vec<_> = footprint
        .package_managers
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(managers, ["sbin/apk"]);
}

#[test]
fn a_buildroot_root_has_no_inventory_and_says_so() {
    let Some(path) = data("stage/buildroot/buildroot-2025.02.13-arm-glibc.tar.xz") else {
        return;
    };
    let footprint = measure_path(&path);
    assert_sums(&footprint);
    assert_eq!(
        (footprint.inventories, footprint.packages),
        (vec![], vec![])
    );
    assert_eq!(
        footprint.libc.first().map(|it| it.name.as_str()),
        Some("glibc")
    );
    assert!(
        footprint
            .notes
            .iter()
            .any(|note| note.starts_with("no database of packages"))
    );
}

#[test]
fn a_gentoo_stage_says_what_it_holds() {
    let build = "stage/gentoo/synthetic-mirror/mirror/releases/amd64/autobuilds/20260811T083102Z";
    let Some(place) = data(build) else {
        return;
    };
    let footprint = measure_path(&place.join("stage3-amd64-openrc-20260811T083102Z.tar.xz"));
    assert_sums(&footprint);
    let packages: Vec<_> = footprint
        .packages
        .iter()
        .map(|it| (it.name.as_str(), it.version.as_str(), it.generated.files))
        .collect();
    assert_eq!(packages, [("sys-apps/baselayout", "2.18", 1)]);
    assert_eq!(footprint.inventories[0].kind, "portage");
}

#[test]
fn every_package_of_apks_own_databases_is_read() {
    for (tree, count) in [
        ("minirootfs", 15),
        ("alpine-base", 25),
        ("alpine-base-openssh-chrony", 47),
    ] {
        let Some(path) = data(&format!("alpine/golden/{tree}.installed.txt")) else {
            return;
        };
        let database = fs_err::read(path).expect("may be read");
        let tree = [directory("lib"), file("lib/apk/db/installed", &database)];
        let footprint = measure(&tree, options(&[]));
        assert_eq!(footprint.packages.len(), count);
        // Everything that is needed is there, and all that is listed is not.
        let unmet = footprint
            .packages
            .iter()
            .flat_map(|it| &it.needs)
            .filter(|it| it.met_by.is_empty());
        assert_eq!(
            unmet.map(|it| it.text.as_str()).collect::<Vec<_>>(),
            Vec::<&str>::new()
        );
        assert!(
            footprint
                .packages
                .iter()
                .all(|it| it.own.files == 0 && !it.licences.is_empty())
        );
        assert!(footprint.packages.iter().any(|it| it.missing_files > 0));
    }
}

#[test]
fn a_list_beside_a_buildroot_image_names_its_packages() {
    let Some(path) = data("stage/buildroot-transcript/packages-file-list.txt") else {
        return;
    };
    let list = fs_err::read(path).expect("may be read");
    let packages = buildroot::list::packages(&list).expect("well-formed");
    let first = packages
        .iter()
        .find_map(|it| it.files.first())
        .expect("there is one");
    let tree = [file(&first.to_string(), b"content")];
    let names: Vec<_> = packages.iter().map(|it| it.name.clone()).collect();
    let footprint = measure(
        &tree,
        Options {
            listed: Some((buildroot::list::NAME, packages)),
            ..options(&[])
        },
    );
    assert_eq!(
        footprint
            .packages
            .iter()
            .map(|it| it.name.clone())
            .collect::<Vec<_>>(),
        names
    );
    assert_eq!(footprint.ownership.owned.bytes, 7);
    assert_sums(&footprint);
}
