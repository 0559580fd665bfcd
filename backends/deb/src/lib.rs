//! The deb backend: Debian and everything made like it.
//!
//! | step | modules |
//! | --- | --- |
//! | choose | [`stanza`], [`version`], [`relation`] |
//! | open | [`archive`], [`control`] |
//! | install | [`installer`], [`database`], [`scripts`], [`guards`], [`apt`], [`notes`] |

pub mod acquire;
pub mod apt;
pub mod archive;
pub mod control;
pub mod database;
pub mod guards;
pub mod index;
pub mod installer;
pub mod notes;
pub mod relation;
pub mod release;
pub mod scripts;
pub mod settings;
pub mod solve;
pub mod sources;
pub mod stanza;
pub mod version;
