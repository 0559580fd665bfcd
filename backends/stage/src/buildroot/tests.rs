use super::*;
use crate::{About, Tree};
use boot_kit::{Entry, Kind, RootPath, Sink};
use std::{collections::BTreeMap, io::Read, path::Path, time::Duration};

/// What a real build of Buildroot 2022.11.3 printed and reported.
const TRANSCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/stage/buildroot-transcript"
);
/// Real roots.
const ROOTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/stage/buildroot"
);

#[allow(clippy::print_stderr, reason = "says why a test shows nothing")]
fn transcript(name: &str) -> Option<String> {
    let text = fs_err::read(Path::new(TRANSCRIPT).join(name));
    if text.is_err() {
        eprintln!("skipped: `{TRANSCRIPT}/{name}` is not beside the checkout");
    }
    Some(String::from_utf8_lossy(&text.ok()?).into_owned())
}

fn file(path: &str, size: u64) -> Entry {
    Entry {
        path: RootPath::parse(path).expect("well-formed"),
        kind: Kind::File { size },
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: BTreeMap::new(),
    }
}

/// A root of files with so many bytes.
fn tree(files: &[(&str, u64)]) -> Tree {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    for (path, size) in files {
        let mut content = std::io::repeat(b'x').take(*size);
        tree.entry(&file(path, *size), &mut content)
            .expect("a new file");
    }
    tree.settle().expect("nothing is missing");
    tree
}

#[test]
fn steps_are_told_from_what_programs_print() {
    let step = |package: &str, version: &str, action: &str| {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Step {
            package: named(package),
            version: named(version),
            action: action.to_owned(),
        })
    };
    for (line, wanted) in [
        (
            ">>> busybox 1.35.0 Building",
            step("busybox", "1.35.0", "Building"),
        ),
        (
            ">>> host-skeleton  Installing to host directory",
            step("host-skeleton", "", "Installing to host directory"),
        ),
        (
            ">>>   Generating filesystem image rootfs.tar",
            step("", "", "Generating filesystem image rootfs.tar"),
        ),
        (
            "\u{1b}[7m>>> zlib  Extracting\u{1b}[27m\n",
            step("zlib", "", "Extracting"),
        ),
        (">>> busybox 1.35.0", None),
        (">>>", None),
        (" >>> busybox 1.35.0 Building", None),
        ("checking for gcc... >>> x y z", None),
        ("", None),
    ] {
        assert_eq!(Step::parse(line), wanted, "{line}");
    }
}

#[test]
fn every_step_of_a_real_build_is_seen() {
    let Some(log) = transcript("transcript.log") else {
        return;
    };
    let mut progress = Progress::default();
    let mut actions: BTreeMap<String, usize> = BTreeMap::new();
    let mut labels = Vec::new();
    for line in log.lines() {
        if let Some(step) = progress.line(line) {
            *actions.entry(step.action.clone()).or_default() += 1;
            labels.push(step.label());
        }
    }
    // grep -c '^>>> ' transcript.log; grep '^>>> ' … | cut -d' ' -f2 | sort -u | grep -c .
    assert_eq!((labels.len(), progress.begun()), (95, 16));
    // grep '^>>> ' … | cut -d' ' -f4- | sort | uniq -c
    let counted = ["Building", "Extracting", "Installing to target"].map(|action| actions[action]);
    assert_eq!((counted, actions.len()), ([16, 14, 10], 18));
    assert_eq!(labels[0], "host-skeleton: Extracting");
    assert_eq!(labels[68], "busybox 1.35.0: Configuring");
    assert_eq!(labels[94], "Generating filesystem image rootfs.tar");
    let info = transcript("show-info.json").expect("is beside the log");
    let info = info::show_info(&info).expect("well-formed");
    assert_eq!(info::to_build(&info), progress.begun());
}

#[test]
fn the_packages_of_a_real_build_have_versions_licences_files_and_times() {
    let (Some(info), Some(files), Some(times)) = (
        transcript("show-info.json"),
        transcript("packages-file-list.txt"),
        transcript("build-time.log"),
    ) else {
        return;
    };
    // The root itself was not kept: every file that is listed has as many bytes as its path has letters.
    let paths: Vec<(&str, u64)> = files
        .lines()
        .filter_map(|line| line.split_once(",./"))
        .map(|(_, path)| (path, path.len() as u64))
        .collect();
    assert_eq!(paths.len(), 349);
    let root = tree(&[&paths[..], &[("etc/os-release", 1000), ("overlay/x", 1)]].concat());
    let reports = Reports {
        info: Some(info),
        files: Some(files),
        times: Some(times),
    };
    let found = inventory(&root, &reports)
        .expect("well-formed")
        .expect("there are reports");
    // sed 's/^\([^,]*\),\.\//\1 /' packages-file-list.txt | awk '{n[$1]++; b[$1]+=length($2)} END {…}' | sort
    let expected = [
        ("busybox", Some("1.35.0"), 282, 3419),
        ("ifupdown-scripts", None, 4, 98),
        ("initscripts", None, 2, 28),
        ("skeleton-init-common", None, 17, 200),
        ("skeleton-init-sysv", None, 9, 75),
        ("toolchain", None, 1, 17),
        ("toolchain-external-custom", None, 33, 601),
        ("urandom-scripts", None, 1, 21),
    ];
    let packages = found.packages.iter().map(|package| {
        let version = package.version.as_deref();
        (package.name.as_str(), version, package.files, package.bytes)
    });
    assert_eq!(packages.collect::<Vec<_>>(), expected);
    assert_eq!((found.unowned_files, found.unowned_bytes), (2, 1001));
    assert_eq!(
        found.licences().into_iter().collect::<Vec<_>>(),
        ["GPL-2.0", "bzip2-1.0.4"]
    );
    assert_eq!(found.unlicensed(), 7);
    // The sum of `end` less the sum of `start`, in decimals: awk -F: '…' build-time.log
    assert_eq!(
        found.packages[0].built,
        Some(Duration::new(84, 227_419_111))
    );
}

#[test]
fn the_times_of_a_real_build_add_up() {
    let Some(log) = transcript("build-time.log") else {
        return;
    };
    let times = info::times(&log);
    assert_eq!(times.len(), 16);
    assert_eq!(times["host-attr"], Duration::new(10, 978_003_731));
    assert_eq!(
        times.values().sum::<Duration>(),
        Duration::new(142, 980_599_140)
    );
}

#[test]
fn steps_that_did_not_end_take_no_time() {
    let log = "1.5:start:build               : a\n2.25:end  :build               : a\n\
               3.0:start:build               : b\n4:end  :configure           : b\nnot a line\nx:start:y:z\n";
    assert_eq!(
        info::times(log),
        BTreeMap::from([("a".to_owned(), Duration::from_millis(750))])
    );
}

#[test]
fn a_log_of_endless_times_adds_up_to_something() {
    let step = "0:start:build: a\n18446744073709551615.9:end:build: a\n";
    let times = info::times(&step.repeat(2));
    assert_eq!(times, BTreeMap::from([("a".to_owned(), Duration::MAX)]));
}

#[test]
fn licences_are_split_outside_their_remarks() {
    for (text, wanted) in [
        ("GPL-2.0, bzip2-1.0.4", vec!["GPL-2.0", "bzip2-1.0.4"]),
        (
            "GPL-2.0+ (programs, tests), LGPL-2.1+ (libraries)",
            vec!["GPL-2.0+ (programs, tests)", "LGPL-2.1+ (libraries)"],
        ),
        ("MIT or Apache-2.0", vec!["MIT or Apache-2.0"]),
        ("odd), MIT", vec!["odd)", "MIT"]),
        ("unknown", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(info::licences(text), wanted, "{text}");
    }
    assert_eq!(info::licence_name("GPL-2.0+ (programs, tests)"), "GPL-2.0+");
}

#[test]
fn a_file_is_the_last_packages_that_lists_it_and_bytecode_its_sources() {
    let mut root = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    let link = |path, kind| Entry {
        kind,
        ..file(path, 0)
    };
    for entry in [
        file("bin/a", 3),
        link("bin/b", Kind::Hardlink(RootPath::from("bin/a"))),
        link("bin/c", Kind::Symlink(b"a".to_vec())),
        file("lib/m.py", 5),
        file("lib/m.pyc", 7),
        file("lib/n.pyc", 11),
        link("dev/null", Kind::Fifo),
    ] {
        let content = "x".repeat(match entry.kind {
            Kind::File { size } => usize::try_from(size).expect("small"),
            _ => 0,
        });
        root.entry(&entry, &mut content.as_bytes())
            .expect("a new file");
    }
    root.settle().expect("nothing is missing");
    let reports = Reports {
        files: Some(
            "one,./bin/a\none,./bin/b\ntwo,./bin/b\ntwo,./bin/c\ntwo,./lib/m.py\ntwo,./gone\n\
             bad,../x\nno comma\n"
                .to_owned(),
        ),
        ..Reports::default()
    };
    let found = inventory(&root, &reports)
        .expect("well-formed")
        .expect("there is a report");
    let package = |name: &str, files, bytes| Package {
        name: name.to_owned(),
        files,
        bytes,
        ..Package::default()
    };
    let expected = Inventory {
        packages: vec![package("one", 1, 3), package("two", 4, 12)],
        unowned_files: 1,
        unowned_bytes: 11,
    };
    assert_eq!(found, expected);
    assert_eq!(
        inventory(&root, &Reports::default()).expect("nothing to read"),
        None
    );
}

#[test]
fn what_show_info_says_is_listed_without_files() {
    let reports = Reports {
        info: Some(
            r#"make: a {remark}
            { "zlib": { "type": "target", "virtual": true }, "libzlib": { "type": "target", "name": "libzlib",
              "virtual": false, "version": "1.3", "licenses": "Zlib" }, "host-zlib": { "type": "host",
              "virtual": false, "version": "1.3", "licenses": "Zlib" }, "rootfs-tar": { "type": "rootfs" } }"#
                .to_owned(),
        ),
        ..Reports::default()
    };
    let found = inventory(&tree(&[("bin/sh", 1)]), &reports).expect("well-formed");
    let expected = Inventory {
        packages: vec![Package {
            name: "libzlib".to_owned(),
            version: Some("1.3".to_owned()),
            licences: vec!["Zlib".to_owned()],
            ..Package::default()
        }],
        ..Inventory::default()
    };
    assert_eq!(found, Some(expected));
    let broken = Reports {
        info: Some("{ \"a\": ".to_owned()),
        ..Reports::default()
    };
    let error = inventory(&tree(&[]), &broken).expect_err("is cut off");
    assert!(
        error
            .to_string()
            .starts_with("cannot read what `show-info` prints"),
        "{error}"
    );
}

#[test]
fn answers_and_settings_are_read() {
    let printed =
        "BINARIES_DIR=/out/images\nBR2_ARCH=\"x86_64\"\nBR2_VERSION=2022.11.3\nnothing\nEMPTY=\n";
    let pairs = [
        ("BINARIES_DIR", "/out/images"),
        ("BR2_ARCH", "x86_64"),
        ("BR2_VERSION", "2022.11.3"),
        ("EMPTY", ""),
    ];
    let wanted = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(answer::variables(printed), BTreeMap::from(wanted));

    let config = "#\n# Automatically generated file; DO NOT EDIT.\n# Buildroot 2022.11.3 Configuration\n#\nBR2_ARCH=\"arm\"\n\
                  # BR2_TARGET_ROOTFS_TAR is not set\nBR2_JLEVEL=0\nBR2_X=y\n# BR2_X is not set\nBR2_TARGET_ROOTFS_TAR=y\n\
                  BR2_DEFCONFIG=\"/a\"\nBR2_PRIMARY_SITE_ONLY=y\n";
    for (name, value) in [
        ("BR2_ARCH", Some("arm")),
        ("BR2_TARGET_ROOTFS_TAR", Some("y")),
        ("BR2_X", None),
        ("BR2_JLEVEL", Some("0")),
        ("BR2_TARGET", None),
    ] {
        assert_eq!(answer::setting(config, name), value, "{name}");
    }
    assert_eq!(
        answer::deciding(config),
        "# Buildroot 2022.11.3 Configuration\nBR2_ARCH=\"arm\"\nBR2_X=y\nBR2_TARGET_ROOTFS_TAR=y\n"
    );
}

#[test]
fn missing_programs_are_named_with_their_packages() {
    let lines = [
        "You must install 'cpio' on your build machine",
        "You must install '/usr/bin/file' on your build machine",
        "You must install 'xargs' on your build machine",
        "  xargs is usually part of the findutils package in your distribution",
        "You must install GNU patch",
        "You may have to install 'g++' on your build machine",
        "make: gcc: No such file or directory",
        "/bin/sh: 1: /usr/bin/ld: not found",
        "cat: /etc/nothing: No such file or directory",
        "/bin/sh: 1: frobnicate: not found",
    ];
    let programs = complaint::missing_programs(lines);
    assert_eq!(
        programs,
        ["cpio", "file", "g++", "gcc", "ld", "patch", "xargs"]
    );
    assert_eq!(
        complaint::debian_packages(&programs),
        [
            "binutils",
            "cpio",
            "file",
            "findutils",
            "g++",
            "gcc",
            "patch"
        ]
    );
}

#[test]
fn roots_are_told_by_what_they_say_of_themselves() {
    let of = |files: &[(&str, &str)]| {
        let mut root = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
        for (path, text) in files {
            root.entry(&file(path, text.len() as u64), &mut text.as_bytes())
                .expect("a new file");
        }
        root.settle().expect("nothing is missing");
        let about = About::of(&root).expect("readable");
        (likeness(&root, &about), about.version)
    };
    let version = |text: &str| Some(text.to_owned());
    for (files, wanted) in [
        (
            &[(
                "usr/lib/os-release",
                "ID=buildroot\nVERSION_ID=2025.02.13\nVERSION=-g1-dirty\n",
            )][..],
            (Likeness::Buildroot, version("2025.02.13")),
        ),
        (
            &[("etc/br-version", "2012.05\n")],
            (Likeness::Buildroot, version("2012.05")),
        ),
        (
            &[("etc/os-release", "ID=debian\n"), ("etc/br-version", "1")],
            (Likeness::Other("debian".to_owned()), None),
        ),
        (&[("bin/sh", "")], (Likeness::Nameless, None)),
        (
            &[
                ("etc/os-release", "ID=buildroot\nVERSION_ID=1\n"),
                ("THIS_IS_NOT_YOUR_ROOT_FILESYSTEM", "Warning!"),
            ],
            (Likeness::Target, version("1")),
        ),
    ] {
        assert_eq!(of(files), wanted);
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "says why a test shows nothing")]
fn real_roots_say_that_they_are_buildroots_and_which_machine_they_are_for() {
    // What `file` and `readelf -A` say of bin/busybox.
    for (name, version, platform) in [
        (
            "buildroot-2013.08.1-x86_64-devnodes",
            "2013.08.1",
            "linux/amd64",
        ),
        ("buildroot-2015.02-x86_64", "2015.02", "linux/amd64"),
        ("buildroot-2017.08.1-nevstokes", "2017.08.1", "linux/386"),
        (
            "buildroot-2025.02.13-arm-glibc",
            "2025.02.13",
            "linux/arm/v5",
        ),
        (
            "buildroot-2025.11.2-x86_64-musl",
            "2025.11.2",
            "linux/amd64",
        ),
    ] {
        let path = Path::new(ROOTS).join(format!("{name}.tar.xz"));
        let Ok(archive) = fs_err::File::open(&path) else {
            eprintln!("skipped: `{}` is not beside the checkout", path.display());
            continue;
        };
        let mut root = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
        let archive = std::io::BufReader::new(archive);
        let mut plain = boot_kit::archive::parallel_decoder(archive, 1).expect("xz");
        boot_kit::archive::send_tar(&mut plain, &mut root).expect("a tar");
        root.settle().expect("nothing is missing");
        let about = About::of(&root).expect("readable");
        assert_eq!(
            (
                likeness(&root, &about),
                about.version.as_deref(),
                about.platform
            ),
            (Likeness::Buildroot, Some(version), Some(platform)),
            "{name}"
        );
    }
}
