//! What a report says.

use super::{
    super::{
        nodes::{Part, tree},
        report::{Better, Fact, Kind, Node, Report, Section, Value},
    },
    footprint, share,
};
use crate::footprint::{
    Footprint,
    compare::{
        Comparison,
        model::{Advice, Difference, Gain, Sharing},
    },
    model::{Duplicate, Package, Share},
};
use std::collections::BTreeSet;

/// Adds up what is written in a node's parts, all the way down.
fn check_sums(node: &Node) {
    if node.parts.is_empty() {
        return;
    }
    let raw: u64 = node.parts.iter().map(|part| part.raw).sum();
    let compressed: u64 = node.parts.iter().map(|part| part.compressed).sum();
    assert_eq!(
        (raw, compressed),
        (node.raw, node.compressed),
        "{}",
        node.name
    );
    let names: BTreeSet<_> = node
        .parts
        .iter()
        .map(|part| (&part.name, part.merged))
        .collect();
    assert_eq!(
        names.len(),
        node.parts.len(),
        "brothers have names of their own"
    );
    node.parts.iter().for_each(check_sums);
}

#[test]
fn every_map_adds_up_to_the_whole() {
    let images = [footprint("a", 700), footprint("b", 20)];
    let report = Report::of(&[&images[0], &images[1]]);
    let by: Vec<&str> = report.maps.iter().map(|map| map.by.as_str()).collect();
    assert_eq!(by, ["package", "class", "directory"]);
    for map in &report.maps {
        for (root, image) in map.roots.iter().zip(&images) {
            assert_eq!(root.raw, image.sizes.content);
            assert_eq!(root.compressed, image.sizes.zstd);
            check_sums(root);
        }
        let merged = |node: &Node| node.parts.iter().any(|part| part.merged.is_some());
        assert_eq!(merged(&map.roots[0]), map.by == "package", "{}", map.by);
    }
}

#[test]
fn small_parts_become_one() {
    let part = |name: &str, bytes, zstd_bytes| Part {
        name: name.to_owned(),
        share: Share {
            files: 1,
            bytes,
            zstd_bytes,
        },
        ..Part::default()
    };
    let whole = Part {
        share: Share {
            files: 9,
            bytes: 20_000,
            zstd_bytes: 2_000,
        },
        parts: vec![
            part("small", 9, 0),
            part("seen", 10, 0),
            part("dense", 1, 1),
            part("large", 19_000, 1_900),
            part("", 900, 90),
            part("empty", 0, 0),
        ],
        ..Part::default()
    };
    let node = |name: &str, raw, compressed, merged| Node {
        name: name.to_owned(),
        merged,
        raw,
        compressed,
        ..Node::default()
    };
    assert_eq!(
        tree(whole).parts,
        [
            node("large", 19_000, 1_900, None),
            node("seen", 10, 0, None),
            node("dense", 1, 1, None),
            // All that is not shown, whether a part was named for it or not: 9 files without those three.
            node("", 989, 99, Some(6)),
        ]
    );
}

fn named(names: &[&str]) -> Footprint {
    let mut image = footprint("image", 0);
    for name in names {
        image.packages.push(Package {
            name: (*name).to_owned(),
            version: "1".to_owned(),
            own: share(1, 300),
            ..Package::default()
        });
    }
    image
}

#[test]
fn packages_of_one_family_are_one_row() {
    let images = [
        named(&["apt", "libboost1.74", "python3", "base64"]),
        named(&["apt", "libboost1.83", "python3", "python3.13"]),
    ];
    let report = Report::of(&[&images[0], &images[1]]);
    let told: Vec<String> = report
        .packages
        .iter()
        .map(|row| {
            let versions = row.images.iter().map(|held| match held {
                Some(held) => held.versions.as_str(),
                None => "-",
            });
            format!("{}: {}", row.name, versions.collect::<Vec<_>>().join(" | "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "apt: 1 | 1",
            "base64: 1 | -",
            "libboost: libboost1.74 1 | libboost1.83 1",
            "python3: 1 | 1",
            "python3.13: - | 1",
        ]
    );
    let headings: Vec<&str> = report
        .images
        .iter()
        .map(|image| image.name.as_str())
        .collect();
    assert_eq!(headings, ["image", "image (2)"]);
}

#[test]
fn what_is_not_known_is_not_said() {
    let mut image = footprint("one", 3);
    image.inventories.clear();
    image.packages.clear();
    image.cells.iter_mut().for_each(|cell| cell.package = None);
    let report = Report::of(&[&image]);
    let said = |label: &str| report.facts.iter().any(|fact| fact.label == label);
    assert!(!said("Packages"));
    assert!(!said("Files of no package"));
    assert!(!said("Download, gzip"));
    let database = report
        .facts
        .iter()
        .find(|fact| fact.label == "Package database");
    assert_eq!(
        database.map(|fact| &fact.values),
        Some(&vec![Some(Value::from("none"))])
    );
    let by: Vec<&str> = report.maps.iter().map(|map| map.by.as_str()).collect();
    assert_eq!(by, ["class", "directory"]);
    check_sums(&report.maps[0].roots[0]);
    // Beside one whose packages are known, it is not said that its files are of no package.
    let beside = Report::of(&[&image, &footprint("two", 3)]);
    let names = |node: &Node| -> Vec<String> {
        let parts = node.parts.iter();
        parts.map(|part| part.name.clone()).collect()
    };
    assert_eq!(names(&beside.maps[0].roots[0]), ["(packages not known)"]);
    assert_eq!(names(&beside.maps[0].roots[1]).len(), 3);
}

#[test]
fn a_comparison_says_why_and_what_could_go() {
    let comparison = Comparison {
        images: vec![footprint("a", 3), footprint("b", 4)],
        sharing: Some(Sharing {
            shared_bytes: vec![5, 6],
            unique_bytes: vec![1, 2],
            between_bytes: vec![vec![6, 5], vec![6, 8]],
        }),
        differences: vec![Difference {
            image: 1,
            bytes: 7,
            reasons: vec!["systemd +16.1 MiB (new, via udev)".to_owned()],
            ..Difference::default()
        }],
        advice: vec![Advice {
            image: 1,
            flags: vec!["--prune".to_owned(), "slim".to_owned()],
            text: "leave documentation out".to_owned(),
            predicted: Gain {
                bytes: 44,
                zstd_bytes: None,
            },
            ..Advice::default()
        }],
        ..Comparison::default()
    };
    let report = Report::from(&comparison);
    assert_eq!(
        report.reasons[0].text,
        "systemd +16.1 MiB (new, via udev)".to_owned()
    );
    assert_eq!(
        report.matrices[0].rows,
        [[Some(6), Some(5)], [Some(6), Some(8)]]
    );
    let unique = report.facts.last().expect("there are facts");
    assert_eq!(
        unique,
        &Fact {
            section: Section::Sharing,
            label: "Content that no other has".to_owned(),
            kind: Kind::Bytes,
            better: None::<Better>,
            note: None,
            values: vec![Some(Value::Number(1)), Some(Value::Number(2))],
        }
    );
    let advice = report.tables.iter().find(|table| table.id == "flags");
    assert_eq!(
        advice.expect("there is advice").rows,
        [[
            Some("--prune slim".into()),
            Some("leave documentation out".into()),
            Some("b".into()),
            Some(Value::Number(44)),
            None,
            None,
            None,
        ]]
    );
}

#[test]
fn duplicates_are_told_once_for_all_images() {
    let group = |paths: &[&str]| Duplicate {
        bytes: 100,
        count: paths.len() as u64,
        wasted_bytes: 100 * (paths.len() as u64 - 1),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    let mut images = [footprint("a", 1), footprint("b", 1)];
    images[0].duplicates.largest = vec![group(&["a", "b"]), group(&["x", "y", "z"])];
    images[1].duplicates.largest = vec![group(&["a", "b", "c", "d", "e"])];
    let report = Report::of(&[&images[0], &images[1]]);
    let table = report.tables.iter().find(|it| it.id == "duplicates");
    assert_eq!(
        table.expect("there are duplicates").rows,
        [
            [
                Some("a\nb\nc\nand 2 more".into()),
                Some(Value::Number(100)),
                Some(Value::Number(400)),
            ],
            [Some("x\ny\nz".into()), Some(Value::Number(200)), None],
        ]
    );
}
