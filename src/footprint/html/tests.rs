use super::*;
use crate::footprint::{
    Footprint,
    model::{self, Cell, Class, Inventory, Package, Share, Special},
};
use std::collections::BTreeSet;

mod content;

const EVIL: &str = "</script><img src=x onerror=alert(1)><!--\u{2028}\u{2029}{{data}}";

fn share(files: u64, bytes: u64) -> Share {
    Share {
        files,
        bytes,
        zstd_bytes: bytes / 3,
    }
}

/// An image of so many packages, each with files of two classes, in directories of ten.
fn footprint(name: &str, packages: u64) -> Footprint {
    let mut image = Footprint {
        schema: model::SCHEMA.to_owned(),
        inventories: vec![Inventory {
            kind: "dpkg".to_owned(),
            packages: Some(packages),
        }],
        ..Footprint::default()
    };
    name.clone_into(&mut image.image.name);
    name.clone_into(&mut image.image.source);
    let mut whole = Share::default();
    let mut node = |name: String, parent, share, directory| {
        image.tree.push(model::Node {
            name,
            parent,
            share,
            class: Some(0),
            package: None,
            directory,
        });
    };
    node(String::new(), None, Share::default(), true);
    let mut parent = 0;
    for number in 0..packages {
        let own = share(10, 3_000_000 / (number + 1));
        image.packages.push(Package {
            name: format!("lib{number}-with-a-name-of-some-length1.{packages}"),
            version: format!("1:{number}.{packages}+really-long-version-5+deb13u2"),
            source: Some(format!("source{number}")),
            own,
            ..Package::default()
        });
        let libraries = share(6, own.bytes / 4);
        let docs = Share {
            files: own.files - libraries.files,
            bytes: own.bytes - libraries.bytes,
            zstd_bytes: own.zstd_bytes - libraries.zstd_bytes,
        };
        for (class, part) in [(0, libraries), (1, docs)] {
            whole += part;
            image.cells.push(Cell {
                package: u32::try_from(number).ok(),
                class,
                share: part,
            });
        }
        if number % 10 == 0 {
            parent = u32::try_from(image.tree.len()).expect("a small number");
            image.tree.push(model::Node {
                name: format!("directory{number}"),
                parent: Some(0),
                directory: true,
                ..model::Node::default()
            });
        }
        image.tree[parent as usize].share += own;
        image.tree.push(model::Node {
            name: format!("file{number}"),
            parent: Some(parent),
            share: own,
            class: Some(1),
            ..model::Node::default()
        });
    }
    for (name, class) in [("libraries", 0), ("docs", 1)] {
        let mut sum = Share::default();
        for cell in image.cells.iter().filter(|cell| cell.class == class) {
            sum += cell.share;
        }
        image.classes.push(Class {
            name: name.to_owned(),
            share: sum,
        });
    }
    image.tree[0].share = whole;
    image.sizes.content = whole.bytes;
    image.sizes.zstd = whole.zstd_bytes;
    image.entries.files = whole.files;
    image
}

/// The data of a page, as the script reads it.
fn data(page: &str) -> Report {
    let (_, after) = page
        .split_once(r#"<script id="data" type="application/json">"#)
        .expect("there is a block of data");
    let (block, _) = after.split_once("</script>").expect("the block ends");
    serde_json::from_str(block).expect("the block is JSON")
}

#[test]
fn the_data_come_back_from_the_page() {
    let images = [footprint("old", 30), footprint("new", 40)];
    let report = Report::of(&[&images[0], &images[1]]);
    assert_eq!(data(&page(&report)), report);
}

#[test]
fn no_name_ends_the_block_or_begins_markup() {
    let mut image = footprint(EVIL, 3);
    EVIL.clone_into(&mut image.packages[0].name);
    EVIL.clone_into(&mut image.tree[1].name);
    EVIL.clone_into(&mut image.classes[0].name);
    image.privilege.setuid.push(Special {
        path: EVIL.to_owned(),
        ..Special::default()
    });
    let report = Report::of(&[&image]);
    let page = page(&report);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(page.matches("<img").count(), 0);
    let (_, script) = page.split_once("<script").expect("there are scripts");
    assert!(!script.contains(['\u{2028}', '\u{2029}']));
    assert_eq!(data(&page), report);
    assert!(report.packages.iter().any(|package| package.name == EVIL));
}

#[test]
fn the_title_is_no_markup() {
    let report = Report {
        title: "a <b> & c".to_owned(),
        ..Report::default()
    };
    assert!(page(&report).contains("<title>a &lt;b&gt; &amp; c</title>"));
}

#[test]
fn a_page_refers_to_nothing_outside_itself() {
    let page = page(&Report::of(&[&footprint("one", 3)]));
    // The name of a vocabulary, which nobody fetches.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "url(", "@import", "src=", "import("] {
        let before_data = page.split_once(r#"<script id="data""#).expect("data").0;
        let script = page.rsplit_once("<script").expect("a script").1;
        assert!(!before_data.contains(outside), "{outside}");
        assert!(!script.contains(outside), "{outside}");
    }
}

#[test]
fn the_script_makes_no_markup_of_text() {
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ] {
        let uses = SCRIPT
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        assert_eq!(uses.filter(|line| line.contains(way)).count(), 0, "{way}");
    }
}

#[test]
fn the_policy_names_the_one_script_and_style() {
    let page = page(&Report::default());
    let (_, policy) = page
        .split_once(r#"http-equiv="Content-Security-Policy" content=""#)
        .expect("there is a policy");
    let (policy, _) = policy.split_once('"').expect("it ends");
    let inside = |begin: &str, end: &str| {
        let (_, after) = page.split_once(begin).expect("the element begins");
        let (text, _) = after.split_once(end).expect("the element ends");
        source(text)
    };
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            inside(r#"<script type="module">"#, "</script>"),
            inside("<style>", "</style>"),
        )
    );
}

#[test]
fn base64_is_that_of_the_standard() {
    // RFC 4648, section 10.
    for (text, coded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(text.as_bytes()), coded);
    }
    assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let made = || page(&Report::of(&[&footprint("a", 50), &footprint("b", 60)]));
    assert_eq!(made(), made());
}

#[test]
fn three_images_of_many_packages_fit_into_a_megabyte() {
    let images = [
        footprint("a", 300),
        footprint("b", 400),
        footprint("c", 500),
    ];
    let page = page(&Report::of(&images.iter().collect::<Vec<_>>()));
    assert!(page.len() <= 1_000_000, "{} bytes", page.len());
}

#[test]
fn every_element_the_script_asks_for_is_in_the_template() {
    let asked = SCRIPT.split("getElementById(\"").skip(1);
    let asked: BTreeSet<&str> = asked.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(
        asked,
        BTreeSet::from(["contents", "data", "made", "theme", "title"])
    );
    for id in asked {
        assert!(TEMPLATE.contains(&format!("id=\"{id}\"")), "{id}");
    }
}
