//! What layers come to.

use super::*;
use crate::tree::Stratum;
use boot_kit::archive::send_tar;
use made::gzip;
use serde_json::json;

/// What layers of lines come to.
fn of(layers: &[&[&str]]) -> Vec<String> {
    let tars: Vec<_> = (0..)
        .zip(layers)
        .map(|(uid, lines)| layer(uid, lines))
        .collect();
    let made = files(&Made::new(&tars).layout());
    flattened(&made).expect("an image").0
}

const BELOW: &[&str] = &[
    "a: 123",
    "b = a",
    "dir/",
    "dir/old: 1234",
    "dir/sub/",
    "dir/sub/x: 1",
    "etc/",
    "etc/motd: 12345",
    "lib -> usr/lib",
    "usr/",
    "usr/lib/",
    "file: 1",
    "tree/",
    "tree/x: 1",
];

#[test]
fn three_layers_come_to_what_the_highest_say() {
    let tars = [
        layer(0, BELOW),
        layer(
            1,
            &[
                "etc/",
                "etc/.wh.motd",
                "dir/",
                "dir/.wh..wh..opq",
                "dir/new: 2",
                "c = b",
                "lib/so: 2",
                ".wh.a",
            ],
        ),
        layer(2, &["tree: 3", "file/", "file/x: 3", "etc/issue: 3"]),
    ];
    let (root, flat) = flattened(&files(&Made::new(&tars).layout())).expect("an image");
    let wanted = [
        "b: 123 0",
        "c = b 0",
        "dir/ 1",
        "dir/new: 2 1",
        "etc/ 1",
        "etc/issue: 3 2",
        "file/ 2",
        "file/x: 3 2",
        "lib -> usr/lib 0",
        "tree: 3 2",
        "usr/ 0",
        "usr/lib/ 0",
        "usr/lib/so: 2 1",
    ]
    .map(str::to_owned);
    assert_eq!(root, wanted);
    // etc/motd, dir/old, dir/sub/x, tree/x, file; `a` is still there as `b`.
    let shadowed = Flattened {
        layers: 3,
        shadowed_files: 5,
        shadowed_bytes: 5 + 4 + 1 + 1 + 1,
    };
    assert_eq!(flat, shadowed);
}

#[test]
fn where_in_a_layer_a_whiteout_is_makes_no_difference() {
    let upper = [
        "dir/sub/new: 2",
        "dir/.wh..wh..opq",
        "etc/motd: new",
        "etc/.wh.motd",
        "tree/y: 2",
        ".wh.tree",
    ];
    let wanted = [
        "a: 123 0",
        "b = a 0",
        "dir/ 0",
        "dir/sub/ 0",
        "dir/sub/new: 2 1",
        "etc/ 0",
        "etc/motd: new 1",
        "file: 1 0",
        "lib -> usr/lib 0",
        "tree/ 0",
        "tree/y: 2 1",
        "usr/ 0",
        "usr/lib/ 0",
    ];
    for turn in 0..upper.len() {
        let mut turned = upper;
        turned.rotate_left(turn);
        assert_eq!(of(&[BELOW, &turned]), wanted, "{turned:?}");
        turned.reverse();
        assert_eq!(of(&[BELOW, &turned]), wanted, "{turned:?}");
    }
}

#[test]
fn a_directory_that_a_whiteout_took_is_not_described_by_what_is_below() {
    let mut root = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let tars = [
        layer(7, &["d/", "d/sub/", "d/sub/x"]),
        layer(8, &["d/sub/y", "d/.wh.sub"]),
    ];
    for tar in &tars {
        let mut stratum = Stratum::new(&mut root);
        send_tar(&mut &tar[..], &mut stratum).expect("well-formed");
        stratum.finish().expect("nothing is missing");
    }
    assert_eq!(shown(&root), ["d/ 7", "d/sub/ 0", "d/sub/y:  8"]);
    assert_eq!(
        root.find(&RootPath::from("d/sub")).map(|it| it.mode),
        Some(0o755)
    );
}

#[test]
fn paths_are_followed_through_links_and_never_out_of_the_root() {
    for (layers, wanted) in [
        // A link of a layer below, to a directory that is there, one that is not, and out.
        (
            &[&["l -> d", "d/"][..], &["l/x"]][..],
            &["d/ 0", "d/x:  1", "l -> d 0"][..],
        ),
        (
            &[&["l -> gone/deep"], &["l/x"]],
            &[
                "gone/ 0",
                "gone/deep/ 0",
                "gone/deep/x:  1",
                "l -> gone/deep 0",
            ],
        ),
        (
            &[&["l -> ../../../etc"], &["l/passwd"]],
            &["etc/ 0", "etc/passwd:  1", "l -> ../../../etc 0"],
        ),
        (
            &[&["l -> /etc"], &["l/passwd"]],
            &["etc/ 0", "etc/passwd:  1", "l -> /etc 0"],
        ),
        (
            &[&["a/l -> ../b"], &["a/l/x"]],
            &["a/ 0", "a/l -> ../b 0", "b/ 0", "b/x:  1"],
        ),
        (
            &[&["l -> m", "m -> n"], &["l/x"]],
            &["l -> m 0", "m -> n 0", "n/ 0", "n/x:  1"],
        ),
        // In the same layer, too; the target of a hard link as well, whose last name is not followed.
        (
            &[&["l -> d", "l/x", "y = l/x", "z = l"]],
            &["d/ 0", "d/x:  0", "l -> d 0", "y = d/x 0", "z = l 0"],
        ),
        // What takes a link's own name takes its place.
        (
            &[&["lib -> usr/lib", "usr/lib/x"], &["lib/", "lib/y"]],
            &[
                "lib/ 1",
                "lib/y:  1",
                "usr/ 0",
                "usr/lib/ 0",
                "usr/lib/x:  0",
            ],
        ),
        (
            &[&["l -> d", "d/x"], &["l: file"]],
            &["d/ 0", "d/x:  0", "l: file 1"],
        ),
        // A whiteout goes through links, too, and takes the link, not what it leads to.
        (
            &[&["l -> d", "d/x", "d/y"], &["l/.wh.x"]],
            &["d/ 0", "d/y:  0", "l -> d 0"],
        ),
        (&[&["l -> d", "d/x"], &[".wh.l"]], &["d/ 0", "d/x:  0"]),
    ] {
        assert_eq!(of(layers), wanted, "{layers:?}");
    }
}

#[test]
fn hard_links_keep_their_file_whatever_becomes_of_its_names() {
    for (layers, wanted) in [
        (
            &[&["a: x"][..], &["b = a"], &[".wh.a"]][..],
            &["b: x 0"][..],
        ),
        (&[&["a: x", "b = a"], &["a: y"]], &["a: y 1", "b: x 0"]),
        // A layer's own file comes after the link to it.
        (&[&["b = a", "a: x"]], &["a: x 0", "b = a 0"]),
        (&[&["a: x"], &["a = a"]], &["a: x 0"]),
        (&[&["d/a: x"], &["d = d/a"]], &["d: x 0"]),
    ] {
        assert_eq!(of(layers), wanted, "{layers:?}");
    }
}

#[test]
fn what_aufs_left_and_empty_layers_are_nothing() {
    assert_eq!(
        of(&[
            &["a"],
            &[".wh..wh.plnk/", ".wh..wh.plnk/1.2: x", ".wh..wh.aufs"],
            &[]
        ]),
        ["a:  0"]
    );
    // Not even an end mark.
    let made = files(&Made::new(&[layer(0, &["a"]), Vec::new()]).layout());
    assert_eq!(flattened(&made).expect("an image").1.layers, 2);
}

#[test]
fn any_form_and_compression_of_an_image_gives_the_same_root() {
    let tars = [layer(0, BELOW), layer(1, &[".wh.a", "etc/x"])];
    let made = Made::new(&tars);
    let wanted = flattened(&files(&made.layout())).expect("an image");
    let zstd: fn(&[u8]) -> Vec<u8> =
        |bytes| zstd::encode_all(bytes, 1).expect("memory does not fail");
    for pack in [gzip as fn(&[u8]) -> Vec<u8>, zstd] {
        let packed = made.clone().packed(pack);
        assert_eq!(
            flattened(&files(&packed.layout())).expect("an image"),
            wanted
        );
    }
    // As docker saves it today, beside a layout or alone, and as it once did, a layer being a link to another's.
    let config = made.config.to_string();
    let digest = Digest::of(&config);
    let blob = |tar: &[u8]| format!("blobs/sha256/{}", Digest::of(tar));
    let entry = |config: String, layers: [String; 2]| {
        json!([{ "Config": config, "RepoTags": ["it:1"], "Layers": layers }]).to_string()
    };
    let mut today = made.layout();
    let paths = [blob(&tars[0]), blob(&tars[1])];
    today.insert(
        "manifest.json".into(),
        entry(format!("blobs/sha256/{digest}"), paths).into(),
    );
    assert_eq!(flattened(&files(&today)).expect("an image"), wanted);
    today.remove("oci-layout");
    assert_eq!(flattened(&files(&today)).expect("an image"), wanted);
    let once = made::Paths::from([
        (format!("{digest}.json"), config.into_bytes()),
        ("1/layer.tar".into(), b"-> ../2/layer.tar".to_vec()),
        ("2/layer.tar".into(), tars[0].clone()),
        ("3/layer.tar".into(), gzip(&tars[1])),
        (
            "manifest.json".into(),
            entry(
                format!("{digest}.json"),
                ["1/layer.tar".into(), "3/layer.tar".into()],
            )
            .into(),
        ),
        ("repositories".into(), b"{}".to_vec()),
    ]);
    assert_eq!(flattened(&files(&once)).expect("an image"), wanted);
}

#[test]
fn a_root_is_no_image() {
    for paths in [
        &[("etc/passwd", "root")][..],
        &[
            ("manifest.json", "{\"name\": \"an application\"}"),
            ("index.html", ""),
        ],
        &[
            ("manifest.json", "not JSON"),
            ("usr/bin/x", ""),
            ("blobs/x", ""),
        ],
        &[("oci-layout", "{}"), ("usr/bin/x", "")],
        &[("repositories", "{}"), ("etc/passwd", "")],
    ] {
        let paths = paths
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        let found = Image::find(&files(&paths.collect()), &Choice::default());
        assert!(found.expect("readable").is_none());
    }
}

#[test]
fn what_an_image_says_of_itself_is_read() {
    let mut made = Made::new(&[layer(0, &["a"])]);
    made.config["created"] = json!("2026-05-13T02:21:49.123456789+02:00");
    made.config["config"] = json!({ "Env": ["A=1"], "Cmd": null, "WorkingDir": "/srv", "ExposedPorts": { "80/tcp": {} } });
    let image = Image::find(&files(&made.layout()), &Choice::default()).expect("readable");
    let config = image.expect("an image").config;
    assert_eq!(config.created(), Some(1_778_631_709));
    assert_eq!(config.platform().to_string(), "linux/amd64");
    let run = config.run();
    assert_eq!((run.env, run.cmd), (Some(vec!["A=1".to_owned()]), None));
    assert_eq!(
        run.exposed_ports
            .map(|ports| ports.into_keys().collect::<Vec<_>>()),
        Some(vec!["80/tcp".to_owned()])
    );
}
