//! From a tree to an image.

use crate::bench::Bench;
use serde_json::{Value, json};
use std::fs;

const BUILD: &str = "--source BENCH/tree --progress none";

/// What the stub tree makes of `hello_defconfig`.
fn hello(listing: &mut std::collections::BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let busybox = listing.get_mut("bin/busybox").unwrap();
    assert!(busybox.starts_with("755 0 \\x7fELF\\x02"), "{busybox}");
    *busybox = "755 0 ELF".into();
    listing
        .iter()
        .map(|(name, what)| (name.as_str(), what.as_str()))
        .collect()
}

#[test]
fn a_tree_becomes_an_image_and_a_list_of_its_packages() {
    let Some(bench) = Bench::new() else { return };
    let told = bench.builds(
        "--source BENCH/tree --defconfig hello --progress json -o hello.tar --packages-json packages.json",
    );
    let mut listing = bench.listing("out/hello.tar");
    let os_release = "644 0 NAME=Buildroot\\nVERSION=-gabcdef-dirty\\nID=buildroot\\nVERSION_ID=2025.02.7\\n\
                      PRETTY_NAME=\\\"Buildroot 2025.02.7\\\"\\n";
    assert_eq!(
        hello(&mut listing),
        [
            ("./", "755 0 "),
            ("bin/", "755 0 "),
            ("bin/busybox", "755 0 ELF"),
            ("bin/hello", "755 0 #!/bin/sh\\necho hello\\n"),
            ("bin/sh", "777 0 -> busybox"),
            ("etc/", "755 0 "),
            ("etc/os-release", "777 0 -> ../usr/lib/os-release"),
            ("etc/passwd", "644 0 root::0:0:root:/root:/bin/sh\\n"),
            ("tmp/", "755 0 "),
            ("usr/", "755 0 "),
            ("usr/lib/", "755 0 "),
            ("usr/lib/os-release", os_release),
        ]
    );

    let package = |name: &str, version: Option<&str>, licences: &[&str], files, bytes, built| {
        json!({"name": name, "version": version, "licences": licences, "files": files, "size_bytes": bytes,
            "built_s": built})
    };
    let packages = json!([
        package(
            "busybox",
            Some("1.36.1"),
            &["GPL-2.0", "bzip2-1.0.4"],
            2,
            64,
            Some(0.75)
        ),
        package("hello", Some("2.12"), &["GPL-3.0+"], 1, 21, None),
        package("skeleton", None, &[], 1, 29, None),
    ]);
    let written: Value =
        serde_json::from_slice(&fs::read(bench.path("out/packages.json")).unwrap()).unwrap();
    let expected = json!({"name": "buildroot:2025.02.7", "platform": "linux/amd64", "buildroot": "2025.02.7",
        "arch": "x86_64", "packages": packages, "unowned": {"files": 2, "size_bytes": 106}});
    assert_eq!(written, expected);

    let events: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| {
        events
            .iter()
            .filter(|it| it["event"] == event)
            .collect::<Vec<_>>()
    };
    let steps = of("step").into_iter().map(|it| {
        let number = |key: &str| it[key].as_u64().unwrap();
        (
            it["label"].as_str().unwrap(),
            number("begun"),
            number("packages"),
        )
    });
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            ("configuring", 0, 0),
            ("listing packages", 0, 0),
            ("fetching sources", 0, 4),
            ("hello 2.12: Downloading", 1, 4),
            ("building", 0, 4),
            ("host-tools 1.0: Extracting", 1, 4),
            ("host-tools 1.0: Building", 1, 4),
            ("skeleton: Extracting", 2, 4),
            ("skeleton: Building", 2, 4),
            ("busybox 1.36.1: Extracting", 3, 4),
            ("busybox 1.36.1: Building", 3, 4),
            ("hello 2.12: Extracting", 4, 4),
            ("hello 2.12: Building", 4, 4),
            ("Finalizing target directory", 4, 4),
            ("Generating filesystem image rootfs.tar", 4, 4),
        ]
    );
    let phases: Vec<_> = of("phase")
        .iter()
        .map(|it| it["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["compile", "unpack", "export"]);
    assert_eq!(of("inventory")[0]["packages"], packages);
    let done = of("done")[0];
    assert_eq!(
        (&done["packages"], &done["name"]),
        (&json!(3), &json!("buildroot:2025.02.7"))
    );
}

#[test]
fn the_next_build_goes_on_from_the_last_and_gives_the_same_bytes() {
    let Some(bench) = Bench::new() else { return };
    let first = bench.builds(&format!("{BUILD} --defconfig hello -o one.tar"));
    assert!(bench.log().contains("\n>>> hello 2.12 Building\n"));
    assert!(
        first.contains("\n3 licences: GPL-2.0, GPL-3.0+, bzip2-1.0.4; unknown of 1 package\n"),
        "{first}"
    );
    bench.builds(&format!("{BUILD} --defconfig hello_defconfig -o two.tar"));
    assert!(!bench.log().contains(">>> hello"), "{}", bench.log());
    let read = |name| fs::read(bench.path(name)).unwrap();
    assert_eq!(read("out/one.tar"), read("out/two.tar"));
    bench.builds(&format!("{BUILD} --defconfig hello --clean -o three.tar"));
    assert!(bench.log().contains("\n>>> hello 2.12 Building\n"));
    assert_eq!(read("out/one.tar"), read("out/three.tar"));
}

#[test]
fn another_configuration_in_the_same_place_is_built_anew() {
    let Some(bench) = Bench::new() else { return };
    bench.configure("mine", "BR2_PACKAGE_HELLO=y\n");
    bench.builds(&format!("{BUILD} --defconfig mine -o one.tar"));
    // How many jobs there are does not matter.
    bench.builds(&format!("{BUILD} --defconfig mine --jobs 3 -o two.tar"));
    assert!(!bench.log().contains(">>> busybox"), "{}", bench.log());
    let said = "$ make BR2_JLEVEL=3 rootfs-tar\n";
    assert!(bench.log().contains(said), "{}", bench.log());
    bench.configure("mine", "");
    bench.builds(&format!("{BUILD} --defconfig mine -o three.tar"));
    assert!(bench.log().contains("$ make clean\n"), "{}", bench.log());
    assert!(!bench.listing("out/three.tar").contains_key("bin/hello"));
    // In a directory of the user's own, the user decides.
    bench.builds(&format!(
        "{BUILD} --defconfig hello --output-dir BENCH/mine -o four.tar"
    ));
    let told = bench.builds(&format!(
        "{BUILD} --defconfig tiny --output-dir BENCH/mine -o five.tar"
    ));
    assert!(
        told.starts_with(
            "warning: another configuration was built in `BENCH/mine` before, and Buildroot builds no package twice: \
             --clean builds all anew\n"
        ),
        "{told}"
    );
    assert!(bench.listing("out/five.tar").contains_key("bin/hello"));
}

#[test]
fn a_configuration_is_a_name_a_file_or_what_is_there() {
    let Some(bench) = Bench::new() else { return };
    fs::write(bench.path("out/my.config"), "BR2_PACKAGE_HELLO=y\n").unwrap();
    bench.builds(&format!("{BUILD} --defconfig my.config -o file.tar"));
    assert!(bench.listing("out/file.tar").contains_key("bin/hello"));
    bench.builds(&format!(
        "{BUILD} --defconfig extra --external BENCH/external --output-dir BENCH/mine -o external.tar"
    ));
    assert!(bench.listing("out/external.tar").contains_key("etc/extra"));
    let more = bench.path("mine/.config");
    let config = fs::read_to_string(&more).unwrap() + "BR2_PACKAGE_HELLO=y\n";
    fs::write(&more, config).unwrap();
    bench.builds(&format!(
        "{BUILD} --output-dir ../mine --clean -o there.tar"
    ));
    let names = bench.listing("out/there.tar");
    assert!(names.contains_key("bin/hello") && names.contains_key("etc/extra"));
    // In Buildroot's usual place, the configuration is in the tree.
    bench.builds(&format!(
        "{BUILD} --defconfig tiny --output-dir BENCH/tree/output -o usual.tar"
    ));
    assert!(bench.path("tree/.config").exists());
    bench.builds(&format!(
        "{BUILD} --output-dir BENCH/tree/output -o usual2.tar"
    ));
}

#[test]
fn the_callers_environment_does_not_decide_what_is_built() {
    let Some(bench) = Bench::new() else { return };
    let mut command = bench.boot(&format!("{BUILD} --defconfig tiny -o tiny.tar"));
    let path = std::env::var("PATH").unwrap();
    command
        .env("PATH", format!("/with blank:{path}:."))
        .env("TERM", "xterm")
        .env("MAKEFLAGS", "-n")
        .env("LD_LIBRARY_PATH", ".")
        .env("BR2_EXTERNAL", "/nowhere")
        .env("CFLAGS", "-O9")
        .env("http_proxy", "http://proxy.example:3128");
    let ended = bench.run(command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stderr.starts_with(
            "warning: Buildroot cannot have these parts of PATH, which are left out: `/with blank`, `.`\n"
        ),
        "{}",
        ended.stderr
    );
    let seen = fs::read_to_string(bench.place().unwrap().join("build/environment.txt")).unwrap();
    let lines: Vec<_> = seen.lines().collect();
    for there in [
        "TERM=dumb",
        "LC_ALL=C",
        "http_proxy=http://proxy.example:3128",
        "0022",
    ] {
        assert!(lines.contains(&there), "{there}: {seen}");
    }
    for name in [
        "LD_LIBRARY_PATH",
        "CFLAGS",
        "BR2_EXTERNAL",
        "SOURCE_DATE_EPOCH",
    ] {
        assert!(!seen.contains(&format!("{name}=")), "{name}: {seen}");
    }
}

#[test]
fn the_date_of_the_image_is_that_of_a_reproducible_build() {
    let Some(bench) = Bench::new() else { return };
    let built = |configuration: &str| {
        drop(fs::remove_dir_all(bench.path("cache")));
        bench.builds(&format!(
            "{BUILD} --defconfig {configuration} --epoch 1600000000 --force -o dated.tar"
        ));
        let seen = fs::read_to_string(bench.place().unwrap().join("build/environment.txt"));
        seen.unwrap().contains("\nSOURCE_DATE_EPOCH=1600000000\n")
    };
    assert!(!built("tiny"));
    bench.configure("same", "BR2_REPRODUCIBLE=y\n");
    assert!(built("same"));
}

#[test]
fn without_a_network_only_what_is_there_is_taken() {
    let Some(bench) = Bench::new() else { return };
    let offline = format!("{BUILD} --defconfig hello --offline -o hello.tar");
    let ended = bench.run(bench.boot(&offline));
    assert_eq!(ended.code, 1);
    assert!(
        ended
            .stderr
            .starts_with("error: cannot fetch the sources of `hello`\n"),
        "{}",
        ended.stderr
    );
    assert!(
        bench.log().contains("/offline/hello-2.12.tar"),
        "{}",
        bench.log()
    );
    // A site on this machine is no network.
    fs::create_dir(bench.path("site")).unwrap();
    fs::write(bench.path("site/hello-2.12.tar"), "hello\n").unwrap();
    let site = format!(
        "BR2_PRIMARY_SITE=\"file://{}\"\n",
        bench.path("site").display()
    );
    bench.configure("hello", &format!("BR2_PACKAGE_HELLO=y\n{site}"));
    bench.builds(&offline);
    fs::remove_dir_all(bench.path("tree/dl")).unwrap();
    // So is what was downloaded before.
    let mut command = bench.boot(&format!("{offline} --force"));
    command.env("BR2_DL_DIR", bench.path("site"));
    assert_eq!(bench.run(command).code, 0);
}

#[test]
fn how_it_is_built_is_not_written_into_the_configuration() {
    let Some(bench) = Bench::new() else { return };
    bench.builds(&format!(
        "{BUILD} --defconfig tiny --output-dir BENCH/mine -o one.tar"
    ));
    let read = || fs::read_to_string(bench.path("mine/.config")).unwrap();
    let before = read();
    bench.builds(&format!(
        "{BUILD} --output-dir BENCH/mine --offline --jobs 3 -o two.tar"
    ));
    assert_eq!(read(), before);
    let log = fs::read_to_string(bench.path("mine/boot.log")).unwrap();
    let settings =
        "BR2_JLEVEL=3 BR2_PRIMARY_SITE=file:///offline BR2_PRIMARY_SITE_ONLY=y rootfs-tar";
    assert!(log.contains(settings), "{log}");
}

#[test]
fn a_directory_is_written_after_make_has_run_as_the_user() {
    let Some(bench) = Bench::new() else { return };
    let ended = bench.run(bench.boot(&format!("{BUILD} --defconfig hello -o root/")));
    if ended.stderr.contains("cannot become root in a namespace") {
        eprintln!("skipped: namespaces are refused here: {}", ended.stderr);
        return;
    }
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let hello = fs::read_to_string(bench.path("out/root/bin/hello")).unwrap();
    assert_eq!(hello, "#!/bin/sh\necho hello\n");
}
