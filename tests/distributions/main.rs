//! The distributions besides Debian and Alpine, as their files in `configs/` say, from repositories of their layout.
//!
//! Each file is taken as it is, but for the hosts it names, which become a local server, and its keys, which become files
//! of the same names that hold keys of tests. Needs a system that allows namespaces; says so where it has none.

#![allow(clippy::print_stdout, reason = "a skip says why")]

mod bench;

use bench::{Bench, files};
use boot_apk::testkit::{Apk, Key, V3Apk, index, v3_index};
use boot_kit::testkit::{Archive, Deb, SigningKey, text_in_tar};

const UBUNTU: &str = "archive-2018.asc";
const WOLFI: &str = "wolfi-signing.rsa.pub";
const CHIMERA: &str = "x86_64@chimera-linux.org-669d70ff.rsa.pub";
const ALPINE: &str = "alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub";
const POSTMARKETOS: &str = "build.postmarketos.org.rsa.pub";

/// Serves v2 packages and their index in a directory.
fn publish(bench: &Bench, directory: &str, key: &Key, packages: &[Apk]) {
    let stanzas: Vec<_> = packages.iter().map(|one| one.stanza_for(key)).collect();
    bench.server.put(
        &format!("{directory}/x86_64/APKINDEX.tar.gz"),
        index(key, "test", &stanzas, Apk::DATE),
    );
    for package in packages {
        let path = format!("{directory}/x86_64/{}", package.file_name());
        bench.server.put(&path, package.build(key));
    }
}

/// Serves v3 packages and their index where Chimera has them.
fn publish_v3(bench: &Bench, key: &Key, packages: &[V3Apk]) {
    let directory = "/repo.chimera-linux.org/current/main/x86_64";
    bench.server.put(
        &format!("{directory}/Packages.adb"),
        v3_index(key, "test", packages),
    );
    for package in packages {
        let path = format!("{directory}/{}", package.file_name());
        bench.server.put(&path, package.build(key));
    }
}

#[test]
fn ubuntu_has_mirrors_of_their_own_for_other_architectures() {
    let Some(mut bench) = Bench::new("ubuntu") else {
        return;
    };
    let key = SigningKey::new();
    bench.put_key(&format!("ubuntu/{UBUNTU}"), &key.armored());
    let places = [
        ("amd64", "/mirrors.edge.kernel.org/ubuntu"),
        ("arm64", "/mirrors.ocf.berkeley.edu/ubuntu-ports"),
    ];
    for (arch, place) in places {
        for (suite, version) in [
            ("resolute", "1"),
            ("resolute-updates", "3"),
            ("resolute-security", "2"),
        ] {
            let said = format!("{arch} {version}");
            let tool = Deb::new("tool", version).arch(arch);
            let archive = Archive::new(suite)
                .field("Codename", "resolute")
                // The other is brought up to date at another time.
                .dated(Archive::DATE - 3600 * i64::from(arch == "arm64"))
                .signed_by(&key)
                .arch(arch)
                .package(tool.file("usr/bin/tool", 0o755, said));
            bench.server.put_tree(place, archive.build());
        }
    }
    for (arch, place) in places {
        bench.arch = arch;
        let image = bench.build(&["--variant", "extract", "--include", "tool"]);
        assert_eq!(text_in_tar(&image, "usr/bin/tool"), format!("{arch} 3"));
        let asked = bench.server.take_requests();
        assert_eq!(asked.len(), 7, "{asked:?}");
        let prefix = format!("GET {place}/");
        assert!(
            asked.iter().all(|asked| asked.starts_with(&prefix)),
            "{asked:?}"
        );
    }
}

#[test]
fn wolfi_has_one_repository_without_release_and_components() {
    let Some(bench) = Bench::new("wolfi") else {
        return;
    };
    let key = bench.key(&format!("wolfi/{WOLFI}"));
    publish(
        &bench,
        "/packages.wolfi.dev/os",
        &key,
        &[
            Apk::new("wolfi-base", "1-r7").line("depend = apk-tools"),
            Apk::new("apk-tools", "2.14.10-r3").file("usr/bin/apk", 0o755, "apk"),
            Apk::new("ca-certificates-bundle", "2025-r0").file("etc/ssl/certs", 0o644, "x"),
            Apk::new("wolfi-baselayout", "20230201-r20").file("etc/os-release", 0o644, "ID=wolfi"),
        ],
    );
    let image = bench.build(&[]);
    assert_eq!(
        files(&image),
        [
            "etc/apk/arch",
            &format!("etc/apk/keys/{WOLFI}"),
            "etc/apk/repositories",
            "etc/apk/world",
            "etc/os-release",
            "etc/ssl/certs",
            "lib/apk/db/installed",
            "lib/apk/db/lock",
            "lib/apk/db/scripts.tar",
            "lib/apk/db/triggers",
            "usr/bin/apk",
        ]
    );
    assert_eq!(
        text_in_tar(&image, "etc/apk/repositories"),
        format!("{}/packages.wolfi.dev/os\n", bench.server.url())
    );
    assert_eq!(
        text_in_tar(&image, "etc/apk/world"),
        "ca-certificates-bundle\nwolfi-base\nwolfi-baselayout\n"
    );
    let (status, _, stderr) = bench.run(&["--components", "main"]);
    assert_eq!(
        (status, stderr.as_str()),
        (
            2,
            "error: `wolfi` has no components\nhint: leave out --components\n"
        )
    );
}

#[test]
fn chimera_is_indexed_and_packed_by_apk_3() {
    let Some(bench) = Bench::new("chimera") else {
        return;
    };
    let key = bench.key(&format!("chimera/{CHIMERA}"));
    let packages = [
        V3Apk::new("base-files", "0.1-r0")
            .directory("usr/lib", 0o755)
            .symlink("lib", "usr/lib"),
        V3Apk::new("base-bootstrap", "0.1-r2")
            .depends("base-files")
            .depends("apk-tools")
            .depends("cmd:sh")
            .depends("chimera-repo-main"),
        V3Apk::new("apk-tools", "3.0.6-r0").file("usr/bin/apk", 0o755, "apk"),
        V3Apk::new("chimerautils", "14.2-r1")
            .provides("cmd:sh", "14.2-r1")
            .file("usr/bin/sh", 0o755, "sh"),
        V3Apk::new("chimera-repo-main", "0.3-r0")
            .file(&format!("usr/lib/apk/keys/{CHIMERA}"), 0o644, "a key")
            .file(
                "usr/lib/apk/repositories.d/01-repo-main.list",
                0o644,
                "v3 x\n",
            ),
    ];
    publish_v3(&bench, &key, &packages);
    let image = bench.build(&[]);
    assert_eq!(
        files(&image),
        [
            "etc/apk/arch",
            "etc/apk/world",
            "usr/bin/apk",
            "usr/bin/sh",
            "usr/lib/apk/db/installed",
            "usr/lib/apk/db/scripts.tar.gz",
            "usr/lib/apk/db/triggers",
            &format!("usr/lib/apk/keys/{CHIMERA}"),
            "usr/lib/apk/repositories.d/01-repo-main.list",
        ]
    );
    assert_eq!(text_in_tar(&image, "etc/apk/world"), "base-bootstrap\n");
    let database = text_in_tar(&image, "usr/lib/apk/db/installed");
    let stanza = database
        .split("\n\n")
        .find(|text| text.contains("\nP:base-files\n"));
    let (_, flags) = stanza
        .expect("is installed")
        .split_once("\nt:1700000000\n")
        .expect("dated");
    assert_eq!(
        flags,
        "f:S\nF:\nR:lib\na:0:0:777\nZ:Q1u0DfYbPglHEJrbLk1OxBJh0sUFg=\nF:usr/lib"
    );
}

#[test]
fn postmarketos_stands_on_alpine_and_each_trusts_its_own_keys() {
    let Some(bench) = Bench::new("postmarketos") else {
        return;
    };
    let alpine = bench.key(&format!("alpine/{ALPINE}"));
    let ours = bench.key(POSTMARKETOS);
    let base = Apk::new("postmarketos-base", "61-r2").line("depend = busybox");
    publish(
        &bench,
        "/mirror.postmarketos.org/postmarketos/v26.06",
        &ours,
        &[base.file("etc/motd", 0o644, "hello")],
    );
    let busybox = Apk::new("busybox", "1.37.0-r30").file("bin/busybox", 0o755, "busybox");
    let below = "/dl-cdn.alpinelinux.org/alpine/v3.24";
    publish(
        &bench,
        &format!("{below}/main"),
        &alpine,
        std::slice::from_ref(&busybox),
    );
    publish(&bench, &format!("{below}/community"), &alpine, &[]);

    let (status, _, stderr) = bench.run(&[]);
    assert_eq!(
        (status, stderr),
        (
            2,
            format!(
                "error: there is no key to verify `postmarketos/v26.06` of `postmarketos` with\n\
                 hint: get it from {}/mirror.postmarketos.org/{POSTMARKETOS} and name the file with --keyring\n",
                bench.server.url()
            )
        )
    );

    let keyring = ["--keyring", POSTMARKETOS];
    let image = bench.build(&keyring);
    let url = bench.server.url();
    assert_eq!(
        text_in_tar(&image, "etc/apk/repositories"),
        format!(
            "{url}/mirror.postmarketos.org/postmarketos/v26.06\n{url}{below}/main\n{url}{below}/community\n"
        )
    );
    let installed = files(&image);
    for path in [
        "bin/busybox",
        "etc/motd",
        &format!("etc/apk/keys/{ALPINE}"),
        &format!("etc/apk/keys/{POSTMARKETOS}"),
    ] {
        assert!(installed.iter().any(|file| file == path), "{path}");
    }

    // Its key stands for nothing of Alpine's.
    publish(&bench, &format!("{below}/main"), &ours, &[busybox]);
    let (status, _, stderr) = bench.run(&[&keyring[..], &["--no-cache"]].concat());
    assert_eq!(status, 1, "{stderr}");
    let told =
        format!("it is signed by `{POSTMARKETOS}`, not by one of the known keys `alpine-devel@");
    assert!(stderr.contains(&told), "{stderr}");
}

#[test]
fn a_mirror_holds_all_archives_of_a_release() {
    let Some(bench) = Bench::new("postmarketos") else {
        return;
    };
    let alpine = bench.key(&format!("alpine/{ALPINE}"));
    let ours = bench.key(POSTMARKETOS);
    let base = Apk::new("postmarketos-base", "61-r2").line("depend = busybox alpine-keys");
    publish(&bench, "/all/postmarketos/main", &ours, &[base]);
    let busybox = Apk::new("busybox", "1.37.0-r30").file("bin/busybox", 0o755, "busybox");
    let keys = Apk::new("alpine-keys", "2.5-r0");
    let keys = keys.file(&format!("etc/apk/keys/{ALPINE}"), 0o644, "a key");
    publish(&bench, "/all/alpine/edge/main", &alpine, &[keys, busybox]);
    let mirror = format!("{}/all", bench.server.url());
    let arguments = [
        "--release",
        "edge",
        "--components",
        "main",
        "--mirror",
        &mirror,
    ];
    let image = bench.build(&[&arguments[..], &["--keyring", POSTMARKETOS]].concat());
    assert_eq!(
        text_in_tar(&image, "etc/apk/repositories"),
        format!("{mirror}/postmarketos/main\n{mirror}/alpine/edge/main\n")
    );
    // A package brought a key of one archive; that of the other is missing all the same.
    let installed = files(&image);
    let keys = installed
        .iter()
        .filter(|path| path.starts_with("etc/apk/keys/"));
    let ours = format!("etc/apk/keys/{POSTMARKETOS}");
    assert_eq!(
        keys.collect::<Vec<_>>(),
        [&format!("etc/apk/keys/{ALPINE}"), &ours]
    );
    assert_eq!(
        text_in_tar(&image, &format!("etc/apk/keys/{ALPINE}")),
        "a key"
    );
}

#[test]
fn a_file_of_v3_that_nobody_changed_gives_way() {
    let Some(bench) = Bench::new("chimera") else {
        return;
    };
    let key = bench.key(&format!("chimera/{CHIMERA}"));
    let packages = [
        V3Apk::new("base-bootstrap", "1-r0").depends("later"),
        V3Apk::new("earlier", "1-r0").file("etc/motd", 0o644, "early"),
        V3Apk::new("later", "1-r0")
            .depends("earlier")
            .replaces("earlier")
            .file("etc/motd", 0o644, "late"),
    ];
    publish_v3(&bench, &key, &packages);
    let image = bench.build(&[]);
    let installed = files(&image);
    let motd = installed.iter().filter(|path| path.starts_with("etc/motd"));
    assert_eq!(motd.collect::<Vec<_>>(), ["etc/motd"]);
    assert_eq!(text_in_tar(&image, "etc/motd"), "late");
}

#[test]
fn an_update_of_a_lock_leaves_others_alone_borrowed_ones_too() {
    let Some(bench) = Bench::new("alpine") else {
        return;
    };
    let key = bench.key(&format!("alpine/{ALPINE}"));
    let names = [
        "alpine-baselayout",
        "alpine-keys",
        "alpine-release",
        "apk-tools",
        "busybox",
        "libc-utils",
    ];
    let packages = |versions: &[&str]| -> Vec<Apk> {
        let pairs = names.iter().flat_map(|name| {
            let versions = versions.iter();
            versions.map(|version| Apk::new(name, version))
        });
        pairs.collect()
    };
    let below = "/dl-cdn.alpinelinux.org/alpine/v3.24";
    publish(&bench, &format!("{below}/community"), &key, &[]);
    publish(&bench, &format!("{below}/main"), &key, &packages(&["1-r0"]));
    assert_eq!(bench.lock(&[]), [""; 0]);
    publish(
        &bench,
        &format!("{below}/main"),
        &key,
        &packages(&["1-r0", "2-r0"]),
    );
    let update = |names: &str| bench.lock(&["--diff", "--update", names]);
    assert_eq!(update("busybox"), ["busybox 1-r0 → 2-r0"]);
    assert_eq!(update("alpine-release"), ["alpine-release/etc 1-r0 → 2-r0"]);
    assert_eq!(
        update("alpine-release,apk-tools"),
        ["alpine-release/etc 1-r0 → 2-r0", "apk-tools 1-r0 → 2-r0"]
    );
    assert_eq!(bench.lock(&["--diff"]).len(), names.len());
}
