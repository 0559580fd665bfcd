//! Alpine's packages: indexes, apk's choices, packages, the installed database.
//!
//! | module | holds |
//! | --- | --- |
//! | [`package`] | what an index says of one package |
//! | [`relation`] | what a package says of others |

pub mod package;
pub mod relation;
