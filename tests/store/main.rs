//! Several processes in one store: what they share, and what is left when one is killed.
//!
//! This program starts itself again as those processes: see [`roles`].

mod killing;
mod roles;
mod sharing;
