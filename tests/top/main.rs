//! Files and commands of a team's own, from outside: a layer of their own above the packages, always the same bytes.

#[path = "../failures/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod bench;
mod failing;
#[path = "../failures/living.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod living;
mod same;
#[path = "../failures/traces.rs"]
#[allow(dead_code, reason = "shared with the tests of failures")]
mod traces;

use bench::Bench;
use boot_kit::testkit::{Archive, Deb, Packing};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

/// An archive of a few packages; `apt` and `base-files` are in every image of it. Nothing in it can run: see [`living`].
pub fn archive() -> Archive {
    Archive::new("trixie").packages([
        package("base-files")
            .essential()
            .directory("etc", 0o755)
            .file("etc/debian_version", 0o644, "13\n"),
        package("apt").depends("base-files"),
        package("apple").file("red", 0o644, "red\n"),
    ])
}

/// Begins a package whose size is the same everywhere: it is not compressed.
pub fn package(name: &str) -> Deb {
    Deb::new(name, "1").packed(Packing::Plain)
}

impl Bench {
    /// Writes what is to be added: `motd`, and `tree` with a program, a link and a log, which no image keeps.
    pub fn files(&self) {
        for (path, mode, content) in [
            ("motd", 0o600, "hello\n"),
            ("tree/usr/bin/tool", 0o4755, "#!/bin/sh\necho tool\n"),
            ("tree/var/log/added.log", 0o644, "long ago\n"),
        ] {
            let path = self.path("out").join(path);
            fs::create_dir_all(path.parent().expect("below the bench")).expect("writable");
            fs::write(&path, content).expect("writable");
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
        }
        symlink("bin/tool", self.path("out/tree/usr/link")).expect("writable");
    }

    /// `boot debian --include apple` with the files of [`files`](Self::files), and commands that use them.
    pub fn topped(&self, arguments: &[&str]) -> Command {
        let top = [
            "--include",
            "apple",
            "--add",
            "tree:/.",
            "--add",
            "motd:/etc/",
            "--run",
            "read -r word </etc/motd; echo \"$word from ${PWD}\" >/etc/said",
            "--run",
            "/usr/link >>/etc/said\nread -r release </etc/debian_version; echo $release >>/etc/said",
        ];
        self.boot(&[&top, arguments].concat())
    }
}
