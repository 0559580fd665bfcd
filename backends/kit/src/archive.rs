//! Reading the containers that packages come in: compressed streams and tar.

mod compression;
mod tar;

pub use compression::{Compression, decoder};
pub use tar::{TarReader, send_tar};
