//! What tests of every crate share: a server that misbehaves on request, keys, packages and archives made on the spot.
//!
//! ```
//! use boot_kit::testkit::{Archive, Deb, Fault};
//!
//! let archive = Archive::new("trixie")
//!     .package(Deb::new("a", "1").file("usr/bin/a", 0o755, "#!/bin/sh\n").depends("b"))
//!     .package(Deb::new("b", "2").essential());
//! let server = archive.serve();
//! server.fail_times("/debian/pool/*", 2, Fault::Status(503));
//! let recipe = archive.recipe(&[format!("{}/debian", server.url())]);
//! assert_eq!(recipe.release, "trixie");
//! ```

mod archive;
pub mod conformance;
mod deb;
mod elf;
mod key;
mod lines;
mod server;
mod text;
mod tree;

pub use archive::Archive;
pub use deb::{Deb, Packing};
pub use elf::Elf;
pub use key::{SigningKey, clearsign};
pub use lines::{lines_of, tar_of_lines};
pub use server::{Fault, Server, Validator};
pub use text::text_in_tar;
pub use tree::Tree;
