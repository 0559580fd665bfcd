//! The layer `top` is made when it must be, alone where that is enough, and of the same bytes.

use crate::{
    bench::{Bench, Ended},
    living,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, io::Read};

/// Runs a build that tells its events and writes a tar to stdout; returns the tar with what was told.
fn build(bench: &Bench, with_top: bool, arguments: &[&str]) -> (Vec<u8>, Vec<Value>) {
    let output = ["--progress", "json", "-v", "-o", "-"];
    let arguments = [&output, arguments].concat();
    let Ended {
        code,
        stdout,
        stderr,
    } = bench.run(if with_top {
        bench.topped(&arguments)
    } else {
        bench.boot(&arguments)
    });
    assert_eq!(code, 0, "{stderr}");
    let events = stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    (stdout, events.collect())
}

/// Which layers were made (`+`) and which were found.
fn layers(events: &[Value]) -> Vec<String> {
    let layers = events.iter().filter(|event| event["event"] == "layer");
    layers
        .map(|layer| {
            let mark = if layer["stored"] == true { "" } else { "+" };
            format!("{mark}{}", layer["name"].as_str().expect("has a name"))
        })
        .collect()
}

fn count(events: &[Value], name: &str) -> usize {
    events.iter().filter(|event| event["event"] == name).count()
}

/// Modes, owners, times and contents of what is not in the archive.
fn added(tar: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(tar);
    let mut added = BTreeMap::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("a tar");
        let path = entry.path().expect("is text").display().to_string();
        let names = ["motd", "said", "tool", "link", "added.log"];
        if !names.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let mut content = String::new();
        entry.read_to_string(&mut content).expect("is text");
        let header = entry.header();
        let number = |number: std::io::Result<u64>| number.expect("a number");
        let (mode, owner) = (header.mode().expect("a number"), number(header.uid()));
        let link = entry.link_name().expect("is text");
        let link = link.map(|target| format!("-> {}", target.display()));
        let what = link.unwrap_or(content);
        added.insert(path, format!("{mode:o} {owner} {what}"));
    }
    added
}

#[test]
fn a_top_is_the_same_bytes_cold_warm_and_partly_warm() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    bench.files();
    let empty = || fs::remove_dir_all(bench.path("cache")).expect("is there");

    let (cold, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["+base", "+include", "+top"]);
    let labels = events.iter().filter_map(|event| event["label"].as_str());
    let commands: Vec<_> = labels.filter(|label| label.starts_with("run ")).collect();
    assert_eq!(commands, ["run 1", "run 2"]);
    assert_eq!(
        added(&cold),
        BTreeMap::from(
            [
                ("etc/motd", "644 0 hello\n"),
                ("etc/said", "644 0 hello from /\ntool\n13\n"),
                ("usr/bin/tool", "755 0 #!/bin/sh\necho tool\n"),
                ("usr/link", "777 0 -> bin/tool"),
            ]
            .map(|(path, what)| (path.to_owned(), what.to_owned()))
        )
    );

    let (warm, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["base", "include", "top"]);
    assert_eq!(count(&events, "script"), 0);
    assert!(warm == cold, "the warm image differs");

    let (uncached, _) = build(&bench, true, &["--no-cache"]);
    assert!(uncached == cold, "the image without cache differs");

    // The packages are there: nothing of them is looked at.
    empty();
    let (plain, events) = build(&bench, false, &["--include", "apple"]);
    assert_eq!(layers(&events), ["+base", "+include"]);
    assert!(plain != cold);
    let (partly, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["base", "include", "+top"]);
    assert_eq!(
        (count(&events, "fetched"), count(&events, "unpacked")),
        (0, 0)
    );
    assert_eq!(count(&events, "script"), 2);
    assert!(partly == cold, "the partly warm image differs");

    empty();
    build(&bench, false, &[]);
    let (partly, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["base", "+include", "+top"]);
    assert!(partly == cold, "the image on a finished base differs");
}

#[test]
fn a_file_that_changes_makes_another_top_and_nothing_else() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    bench.files();
    let (first, _) = build(&bench, true, &[]);
    fs::write(bench.path("out/motd"), "good day\n").expect("writable");
    let (second, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["base", "include", "+top"]);
    assert_eq!(
        added(&second)["etc/said"],
        "644 0 good day from /\ntool\n13\n"
    );
    // Written again, as a checkout does, it is the old one.
    fs::write(bench.path("out/motd"), "hello\n").expect("writable");
    let (again, events) = build(&bench, true, &[]);
    assert_eq!(layers(&events), ["base", "include", "top"]);
    assert!(again == first);
}

/// The configuration of the image in an OCI archive.
fn configuration(archive: &[u8]) -> Value {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().expect("a tar") {
        let mut entry = entry.expect("a tar");
        let path = entry.path().expect("is text").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("is there");
        files.insert(path, content);
    }
    let json = |path: &str| serde_json::from_slice::<Value>(&files[path]).expect("JSON");
    let manifest = json("manifest.json");
    json(manifest[0]["Config"].as_str().expect("names it"))
}

#[test]
fn an_oci_image_has_the_top_as_a_layer_of_its_own() {
    let Some((bench, _server)) = Bench::building(&living::archive()) else {
        return;
    };
    bench.files();
    let image = bench.path("out/image.oci.tar");
    let built = |arguments: &[&str]| {
        let output = ["-q", "--force", "-o", "image.oci.tar"];
        let output = bench
            .topped(&[&output, arguments].concat())
            .output()
            .expect("the program starts");
        let ended = bench.ended(output);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        fs::read(&image).expect("was written")
    };
    let cold = built(&[]);
    let configuration = configuration(&cold);
    let history = configuration["history"].as_array().expect("a list");
    let comments: Vec<_> = history.iter().map(|line| &line["comment"]).collect();
    assert_eq!(comments, ["base", "include", "top"]);
    let layers = configuration["rootfs"]["diff_ids"].as_array();
    assert_eq!(layers.map(Vec::len), Some(3));
    assert!(built(&[]) == cold, "the warm image differs");
    assert!(
        built(&["--no-cache"]) == cold,
        "the image without cache differs"
    );
}

#[test]
fn a_recipe_adds_files_beside_itself() {
    let Some((bench, server)) = Bench::building(&living::archive()) else {
        return;
    };
    fs::create_dir(bench.path("team")).expect("writable");
    fs::write(bench.path("team/motd"), "team\n").expect("writable");
    fs::write(bench.path("out/tool"), "flag\n").expect("writable");
    let recipe = format!(
        "distribution = \"debian\"\narch = \"amd64\"\nadd = [\"./motd:/etc/motd\"]\nrun = \"echo recipe >/etc/said\"\n\
         keyring = \"../key.asc\"\nmirror = \"{}/debian\"\n",
        server.url()
    );
    fs::write(bench.path("team/image.toml"), recipe).expect("writable");
    let mut command = bench.bare(&["build", "../team/image.toml", "--ignore-host", "-q"]);
    command.args(["-o", "-", "--add", "tool:/etc/"]);
    command.args(["--run", "read -r x </etc/tool; echo $x >>/etc/said"]);
    let ended = bench.run(command);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert_eq!(
        added(&ended.stdout),
        BTreeMap::from(
            [
                ("etc/motd", "644 0 team\n"),
                ("etc/said", "644 0 recipe\nflag\n"),
                ("etc/tool", "644 0 flag\n"),
            ]
            .map(|(path, what)| (path.to_owned(), what.to_owned()))
        )
    );
}
