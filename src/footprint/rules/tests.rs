use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn files_have_the_class_of_the_first_rule_that_matches() {
    let rules = Rules::builtin().expect("well-formed");
    let (program, library, object) = (Some(Sort::Program), Some(Sort::Library), Some(Sort::Object));
    for (path, elf, is_script, wanted) in [
        ("/usr/bin/ls", program, false, "binaries"),
        ("/bin/busybox", program, false, "binaries"),
        (
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            library,
            false,
            "libraries",
        ),
        (
            "/usr/lib/python3/dist-packages/x.cpython-313-x86_64-linux-gnu.so",
            library,
            false,
            "libraries",
        ),
        ("/usr/lib/python3/dist-packages/x.py", None, false, "Python"),
        (
            "/usr/lib/python3/dist-packages/__pycache__/x.cpython-313.pyc",
            None,
            false,
            "bytecode",
        ),
        (
            "/usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so",
            library,
            false,
            "character sets",
        ),
        (
            "/usr/share/locale/de/LC_MESSAGES/apt.mo",
            None,
            false,
            "translations",
        ),
        ("/usr/share/man/man1/ls.1.gz", None, false, "manual pages"),
        (
            "/usr/share/man/de/man1/ls.1.gz",
            None,
            false,
            "manual pages",
        ),
        ("/usr/share/doc/apt/copyright", None, false, "licence texts"),
        (
            "/usr/share/doc/apt/changelog.gz",
            None,
            false,
            "documentation",
        ),
        (
            "/usr/share/zoneinfo/Europe/Berlin",
            None,
            false,
            "time zones",
        ),
        (
            "/etc/ssl/certs/ca-certificates.crt",
            None,
            false,
            "certificates",
        ),
        (
            "/usr/include/stdio.h",
            None,
            false,
            "headers and static libraries",
        ),
        (
            "/usr/lib/x86_64-linux-gnu/crt1.o",
            object,
            false,
            "headers and static libraries",
        ),
        (
            "/usr/lib/debug/.build-id/aa/bb.debug",
            library,
            false,
            "debugging",
        ),
        (
            "/lib/modules/6.1/kernel/fs/ext4.ko",
            object,
            false,
            "kernel",
        ),
        ("/var/lib/dpkg/status", None, false, "package database"),
        ("/lib/apk/db/installed", None, false, "package database"),
        (
            "/var/db/pkg/sys-apps/x-1/CONTENTS",
            None,
            false,
            "package database",
        ),
        ("/var/cache/debconf/config.dat", None, false, "caches"),
        ("/usr/share/perl/5.36.0/strict.pm", None, false, "Perl"),
        (
            "/usr/lib/x86_64-linux-gnu/perl-base/strict.pm",
            None,
            false,
            "Perl",
        ),
        ("/etc/passwd", None, false, "configuration"),
        ("/usr/bin/ldd", None, true, "scripts"),
        ("/usr/share/misc/magic", None, false, "data"),
        ("/linuxrc", None, false, "other"),
    ] {
        let class = rules.class(path.as_bytes(), elf, is_script);
        assert_eq!(rules.classes[class], wanted, "{path}");
    }
}

#[test]
fn malformed_rules_are_refused() {
    let notable = NOTABLE;
    assert!(Rules::parse("[[class]]\nname = 'x'\npaths = ['no slash']\n", notable).is_err());
    assert!(Rules::parse("[[class]]\nname = 'x'\nelf = 'other'\n", notable).is_err());
    assert!(Rules::parse("[[class]]\nname = 'x'\ncolour = 'red'\n", notable).is_err());
    assert!(Rules::parse(CLASSES, "shells = []\n").is_err());
}
