//! The program itself against local faulty mirrors: what it says, how it ends, and that it leaves nothing.
//!
//! Every run is compared whole: exit code, stderr, and the files, mounts and processes there were before it.

mod bench;
mod building;
mod cache;
mod living;
mod mirrors;
mod output;
mod packages;
mod request;
mod signals;
mod store;
mod traces;
mod trust;

use boot_kit::testkit::{Archive, Deb, Packing};

/// An archive of a few packages; `apt` and `base-files` are in every image of it.
///
/// Nothing in it can run, so a build that gets as far as the scripts fails there: see [`living`].
pub fn archive() -> Archive {
    Archive::new("trixie").packages(packages())
}

/// The packages of [`archive`].
pub fn packages() -> [Deb; 4] {
    [
        package("base-files")
            .essential()
            .file("debian_version", 0o644, "13\n"),
        package("apt").depends("base-files"),
        package("apple").file("red", 0o644, "red\n"),
        package("apple-tree").depends("apple"),
    ]
}

/// Begins a package whose size is the same everywhere: it is not compressed.
pub fn package(name: &str) -> Deb {
    Deb::new(name, "1").packed(Packing::Plain)
}
