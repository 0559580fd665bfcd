//! dpkg's database below `var/lib/dpkg`, as dpkg 1.22 writes it.

mod diversions;
mod info;
mod ownership;
mod statoverride;
mod status;
mod triggers;

pub use diversions::Diversions;
pub use info::{check_shared, remove_from_list, write_info};
pub use ownership::{Claim, Ownership};
pub use statoverride::Overrides;
pub use status::Status;
pub use triggers::{activate_triggers, register_interests};
