//! Roots that somebody else packed: stage tarballs, Buildroot's results, any root archive.
//!
//! | module | holds |
//! | --- | --- |
//! | [`tree`] | a root as its archive describes it, sorted, checked, without touching a root on disk |
//! | [`buildroot`] | what Buildroot says while it builds, and its reports |
//! | [`gentoo`] | which stage a flavour is, and what proves it |
//! | [`image`] | an image of layers in any of its forms, and the root its layers come to |
//! | [`elf`] | programs and libraries, and what they need to run |
//! | [`closure`] | the libraries of a program, looked up as its loader does |
//! | [`about`] | what a root says of itself: its name and release, the machine its programs are for |
//! | [`portage`], [`buildroot::list`] | which packages it says it holds |

pub mod about;
pub mod buildroot;
pub mod closure;
mod content;
pub mod elf;
pub mod gentoo;
pub mod image;
pub mod portage;
mod spool;
pub mod tree;

pub use about::About;
pub use content::Content;
pub use tree::Tree;
