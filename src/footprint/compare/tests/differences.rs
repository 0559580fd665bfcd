//! Why images differ, what they share, and what an update fetches.

use super::*;
use crate::footprint::{
    compare::{
        model::{Basis, Contributor, Sharing, Update},
        update::update,
    },
    model::StoredLayer,
};

#[test]
fn reasons_are_sources_largest_first_and_add_up() {
    let found = compare(vec![bookworm(), trixie()], &Options::default());
    let difference = &found.differences[0];
    assert_eq!(
        difference.reasons,
        [
            "ceph +19.1 MiB (95.4 MiB → 114.4 MiB)",
            "systemd +16.1 MiB (with systemd, via uuid-runtime)",
            "perl −6.7 MiB (gone)",
            "boost +976.6 KiB (9.5 MiB → 10.5 MiB)",
            "apt +390.6 KiB (3.8 MiB → 4.2 MiB)",
            "translations of no package −390.6 KiB (976.6 KiB → 585.9 KiB)",
            "uuid-runtime +68.4 KiB (new, via ceph)",
            "zlib +29.3 KiB (new)",
        ]
    );
    let sum: i64 = difference
        .contributors
        .iter()
        .map(Contributor::growth)
        .sum();
    assert_eq!((sum, difference.bytes), (31_000_000, 31_000_000));
    let systemd = difference
        .contributors
        .iter()
        .find(|it| it.name == "systemd");
    let systemd = systemd.expect("systemd came");
    assert_eq!(systemd.via, ["ceph", "uuid-runtime"]);
    assert_eq!(systemd.before, ["libudev1"]);
    assert_eq!(systemd.after, ["libudev1", "systemd"]);
    // The other way round, what came has gone.
    let back = compare(vec![trixie(), bookworm()], &Options::default());
    assert_eq!(
        back.differences[0].reasons[1],
        "systemd −16.1 MiB (without systemd)"
    );
    assert_eq!(back.differences[0].bytes, -31_000_000);
}

#[test]
fn an_image_without_packages_is_explained_by_classes() {
    let mut busybox = image("busybox", "", 500_000);
    busybox.inventories.clear();
    let found = compare(vec![bookworm(), busybox], &Options::default());
    assert_eq!(
        found.differences[0].reasons,
        [
            "programs −115.5 MiB (115.5 MiB → 0 B)",
            "translations −488.3 KiB (976.6 KiB → 488.3 KiB)",
        ]
    );
}

#[test]
fn shared_and_unique_content_add_up_for_each_image() {
    let one = with_files(bookworm(), &[("a", "same"), ("b", "own"), ("c", "same")]);
    let two = with_files(trixie(), &[("x", "same"), ("y", "other")]);
    let found = compare(vec![one, two], &Options::default());
    assert_eq!(
        found.sharing,
        Some(Sharing {
            shared_bytes: vec![8, 4],
            unique_bytes: vec![3, 5],
            between_bytes: vec![vec![11, 8], vec![4, 9]],
        })
    );
    assert_eq!(found.notes, [""; 0]);
}

#[test]
fn an_update_fetches_what_is_new() {
    let old = with_files(bookworm(), &[("a", "same"), ("b", "gone")]);
    let new = with_files(trixie(), &[("a", "moved"), ("b", "same"), ("c", "same")]);
    let by_files = Update {
        image: 1,
        basis: Basis::Files,
        fetch_bytes: 5,
        whole_bytes: 9,
        fetched: 1,
        total: 2,
    };
    assert_eq!(update(1, &old, &new), Some(by_files));
    assert_eq!(update(1, &bookworm(), &new), None);
    let layers = |mut footprint: Footprint, digests: &[&str]| {
        let layer = |digest: &&str| StoredLayer {
            digest: (*digest).to_owned(),
            bytes: 100,
        };
        footprint.image.layers = digests.iter().map(layer).collect();
        footprint
    };
    let by_layers = Update {
        image: 1,
        basis: Basis::Layers,
        fetch_bytes: 100,
        whole_bytes: 200,
        fetched: 1,
        total: 2,
    };
    let (old, new) = (
        layers(old, &["base", "top"]),
        layers(new, &["base", "top2"]),
    );
    assert_eq!(update(1, &old, &new), Some(by_layers));
}
