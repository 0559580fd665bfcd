//! What the built-in profiles say about paths of real packages.

use boot::prune::Profile;
use boot_kit::{Kind, Root, RootPath, event::Silence};

fn deb(name: &str, locales: &[&str]) -> Profile {
    let locales: Vec<_> = locales.iter().map(|locale| (*locale).to_owned()).collect();
    Profile::load("deb", name, &locales).expect("built in")
}

fn drops(profile: &Profile, path: &'static str) -> bool {
    profile.drops(&RootPath::from(path), &Kind::File { size: 1 })
}

#[test]
fn slim_drops_documentation_and_translations() {
    let slim = deb("slim", &["de"]);
    for path in [
        "usr/share/doc/libc6/changelog.Debian.gz",
        "usr/share/doc/adduser/examples/adduser.local.conf",
        "usr/share/man/man1/ls.1.gz",
        "usr/share/man/de/man1/ls.1.gz",
        "usr/share/info/sed.info.gz",
        "usr/share/locale/fr/LC_MESSAGES/apt.mo",
        "usr/share/lintian/overrides/libc6",
        "usr/share/help/fr/gnome/index.page",
        "usr/share/gtk-doc/html/glib/index.html",
        "usr/share/bash-completion/completions/mount",
        "usr/share/zoneinfo/right/UTC",
        "usr/share/perl/5.40.1/pod/perlfunc.pod",
        "usr/lib/x86_64-linux-gnu/perl/5.40.1/Config.pod",
    ] {
        assert!(drops(&slim, path), "{path}");
    }
}

#[test]
fn slim_keeps_licences_languages_asked_for_and_what_programs_read() {
    let slim = deb("slim", &["de"]);
    for path in [
        "usr/share/doc/libc6/copyright",
        "usr/share/common-licenses/GPL-3",
        "usr/share/locale/locale.alias",
        "usr/share/locale/de/LC_MESSAGES/apt.mo",
        "usr/share/locale/de_AT/LC_MESSAGES/apt.mo",
        "usr/share/help/C/gnome/index.page",
        "usr/share/help/de/gnome/index.page",
        "usr/share/perl/5.40.1/pod/perldiag.pod",
        "usr/share/perl/5.40.1/strict.pm",
        "usr/lib/locale/C.utf8/LC_CTYPE",
        "usr/share/i18n/charmaps/UTF-8.gz",
        "usr/share/zoneinfo/Europe/Berlin",
        "usr/share/bash-completion/bash_completion",
        "usr/lib/python3/dist-packages/__pycache__/six.cpython-313.pyc",
        "usr/share/docker/x",
        "usr/share/mandb",
        "etc/bash.bashrc",
    ] {
        assert!(!drops(&slim, path), "{path}");
    }
    let link = Kind::Symlink(b"gcc-14-base".to_vec());
    assert!(!slim.drops(&RootPath::from("usr/share/doc/libgcc-s1"), &link));
}

#[test]
fn safe_and_none_drop_nothing_that_a_package_ships() {
    for name in ["safe", "none"] {
        let profile = deb(name, &[]);
        for path in [
            "usr/share/doc/libc6/changelog.gz",
            "usr/share/man/man1/ls.1.gz",
            "etc/passwd-",
        ] {
            assert!(!drops(&profile, path), "{name} {path}");
        }
    }
}

/// What packages ship must stay, what only a run leaves behind must go.
#[test]
fn safe_removes_leftovers_from_a_root_and_nothing_else() {
    let shipped = [
        "etc/hosts",
        "etc/passwd",
        "etc/shadow",
        "etc/ssh/ssh_config",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/bin/ls",
        "usr/share/doc/libc6/changelog.gz",
        "usr/share/fonts/a/b.ttf",
        "var/cache/debconf/config.dat",
        "var/cache/debconf/templates.dat",
        "var/lib/dpkg/alternatives/editor-old",
        "var/lib/dpkg/info/apt.list",
        "var/lib/dpkg/status",
        "var/lib/systemd/catalog/x",
    ];
    let leftovers = [
        "etc/.pwd.lock",
        "etc/group-",
        "etc/hostname",
        "etc/nvme/hostid",
        "etc/resolv.conf",
        "etc/ssh/ssh_host_ed25519_key",
        "etc/ssh/ssh_host_ed25519_key.pub",
        "run/x",
        "tmp/x",
        "usr/share/fonts/a/.uuid",
        "var/cache/apt/archives/apt_1_amd64.deb",
        "var/cache/apt/pkgcache.bin",
        "var/cache/ldconfig/aux-cache",
        "var/lib/apt/lists/ftp.debian.org_debian_dists_trixie_InRelease",
        "var/lib/dbus/machine-id",
        "var/lib/dpkg/lock",
        "var/lib/dpkg/status-old",
        "var/log/apt/term.log",
        "var/log/dpkg.log",
        "var/tmp/x",
    ];
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = Root::open(directory.path()).expect("readable");
    for path in shipped
        .iter()
        .chain(&leftovers)
        .chain(&["etc/machine-id", "var/log/wtmp"])
    {
        root.write(&RootPath::from(*path), b"x", 0o644)
            .expect("writable");
    }
    let pruned = deb("safe", &[]).apply(&root, &Silence).expect("removable");
    let wanted: Vec<_> = leftovers.iter().map(|path| RootPath::from(*path)).collect();
    assert_eq!(pruned.paths, wanted);
    let emptied = ["etc/machine-id", "var/log/wtmp"].map(RootPath::from);
    assert_eq!((pruned.emptied, pruned.bytes), (emptied.to_vec(), 22));
    for path in shipped {
        assert!(
            root.read(&RootPath::from(path))
                .expect("readable")
                .is_some(),
            "{path}"
        );
    }
}
