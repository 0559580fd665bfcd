//! From a root to an image: the tree is streamed into a tar, compressed or not, or into a directory.

pub mod compress;
mod header;
pub mod tar;
mod xattr;
