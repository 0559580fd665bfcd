//! What a command calls: parsed input in, a result out, nothing printed.

pub mod assemble;
pub mod build;
pub mod cache;
pub mod list;

pub use build::build;
pub use list::list;
