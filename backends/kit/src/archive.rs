//! Reading ar, tar and compressed streams.
