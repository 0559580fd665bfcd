//! Alpine's packages: indexes, apk's choices, packages, the installed database.
//!
//! | module | holds |
//! | --- | --- |
//! | [`package`] | what an index says of one package |
//! | [`relation`] | what a package says of others |
//! | [`version`] | apk's version numbers and their order |
//! | [`world`] | what a root was asked to have |
//! | [`solve`] | the packages apk would choose, in apk's order |

pub mod package;
pub mod relation;
pub mod solve;
pub mod version;
pub mod world;
