//! Reading the containers that packages come in: compressed streams and tar.

mod compression;
mod tar;
mod xz;

pub use compression::{Compression, decoder, parallel_decoder};
pub use tar::{Further, TarReader, send_tar};
