//! What a command calls: parsed input in, a result out, nothing printed.

pub mod assemble;
pub mod build;
pub mod buildroot;
pub mod cache;
pub mod compare;
mod connect;
pub mod fetch;
pub mod gentoo;
pub mod inspect;
pub mod list;
pub mod lock;
mod oci;
pub mod planning;
pub mod scratch;
pub mod stage;
pub mod top;
pub mod why;
mod written;

pub use build::build;
pub use buildroot::buildroot;
pub use compare::compare;
pub use fetch::fetch;
pub use gentoo::gentoo;
pub use inspect::inspect;
pub use list::list;
pub use lock::lock;
pub use planning::plan_for;
pub use scratch::scratch;
pub use stage::stage;
pub use why::why;
pub use written::Written;
