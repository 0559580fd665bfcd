//! One artifact's files before they land in the root.
//!
//! Artifacts arrive and unpack in any order; the tree must not depend on it. So each is unpacked into a parcel, a
//! private directory beside the root on the same file system, and lands by renaming, in the plan's order.

/// One artifact's unpacked files.
pub struct Parcel {}

/// Where an entry of a parcel goes.
pub enum Place {
    /// Where its path says.
    Own,
    /// Elsewhere.
    At(crate::RootPath),
    /// Nowhere.
    Nowhere,
}
