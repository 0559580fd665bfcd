//! A footprint for people and spreadsheets: one screen, CSV, Markdown.
//!
//! | module | holds |
//! | --- | --- |
//! | [`rows`] | one breakdown as rows that add up to the whole |
//! | [`screen`] | one image on one screen |
//! | [`text`] | rows as CSV and as Markdown |

pub mod rows;
pub mod screen;
pub mod text;

pub use rows::{By, Row, rows};
pub use screen::screen;
