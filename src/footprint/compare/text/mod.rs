//! A comparison as text: what is told, in which order, whatever the form.
//!
//! | module | holds |
//! | --- | --- |
//! | [`terminal`] | one screen, as wide as it is |
//! | [`markdown`] | tables for a page |
//! | [`csv`] | one line for each figure and part |

pub mod csv;
pub mod markdown;
pub mod terminal;

use super::{
    difference::difference_of,
    metrics::DECISIVE,
    model::{Advice, AdviceKind, Basis, Breakdown, Comparison, Gain, Metric, Unit, Update},
    pruning::words,
};
use crate::{
    footprint::amount::{amount, signed},
    progress::one_line,
};
use std::collections::BTreeMap;

/// How many parts of a breakdown are shown: all in files, so many on a screen.
const PARTS: usize = 10;

/// How many pieces of advice are shown for one image.
const ADVICE: usize = 4;

/// One part of what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// Figures of all images.
    Table {
        title: String,
        rows: Vec<Row>,
        /// How many rows there would be more.
        more: usize,
    },
    /// Sentences.
    List { title: String, lines: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    title: String,
    cells: Vec<Cell>,
}

/// One figure of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cell {
    value: String,
    /// The difference from the first image; empty for the first, and where one is not known.
    delta: String,
    is_best: bool,
    /// Its part of the largest of its table, in thousandths; of parts only.
    weight: u64,
}

/// Names the images for headings: unlike ones unlike.
pub fn labels(comparison: &Comparison) -> Vec<String> {
    let mut seen = BTreeMap::<&str, usize>::new();
    let images = comparison.images.iter();
    images
        .map(|image| {
            let name = image.image.name.as_str();
            let count = seen.entry(name).or_default();
            *count += 1;
            match *count {
                1 => name.to_owned(),
                count => format!("{name} ({count})"),
            }
        })
        .collect()
}

/// Everything that is told, in order; `explains` tells all contributors of a difference instead of the largest.
fn blocks(comparison: &Comparison, labels: &[String], explains: bool) -> Vec<Block> {
    let mut blocks = vec![metrics(comparison)];
    blocks.extend(comparison.breakdowns.iter().map(|it| parts(it, explains)));
    for difference in &comparison.differences {
        let (place, first) = (difference.image as usize, &labels[0]);
        let lines = if explains {
            difference.contributors.iter().map(explained).collect()
        } else {
            difference.reasons.clone()
        };
        let relation = match difference.bytes {
            0 => format!("as large as {first}"),
            1.. => format!(
                "{} larger than {first}",
                amount(difference.bytes.unsigned_abs())
            ),
            _ => format!(
                "{} smaller than {first}",
                amount(difference.bytes.unsigned_abs())
            ),
        };
        blocks.push(Block::List {
            title: format!("Why {} is {relation}", labels[place]),
            lines,
        });
    }
    let list = |title: &str, lines: Vec<String>| Block::List {
        title: title.to_owned(),
        lines,
    };
    blocks.push(list(
        "Update",
        comparison
            .updates
            .iter()
            .map(|it| update(it, labels))
            .collect(),
    ));
    blocks.push(list("Advice", advice(&comparison.advice, labels)));
    let breaches = comparison.breaches.iter();
    blocks.push(list(
        "Over budget",
        breaches.map(|it| it.text.clone()).collect(),
    ));
    blocks.push(list("Not known", comparison.notes.clone()));
    blocks.retain(|block| !matches!(block, Block::List { lines, .. } if lines.is_empty()));
    blocks.iter_mut().for_each(Block::clean);
    blocks
}

impl Block {
    /// Takes out what names from an image could do to a terminal.
    fn clean(&mut self) {
        match self {
            Self::Table { title, rows, .. } => {
                *title = one_line(title);
                for row in rows {
                    row.title = one_line(&row.title);
                }
            }
            Self::List { title, lines } => {
                *title = one_line(title);
                for line in lines {
                    *line = one_line(line);
                }
            }
        }
    }
}

/// Names the images for headings as [`labels`] does, harmless for a terminal.
fn heads(comparison: &Comparison) -> Vec<String> {
    labels(comparison).iter().map(|it| one_line(it)).collect()
}

fn metrics(comparison: &Comparison) -> Block {
    let find = |name: &&str| comparison.metrics.iter().find(|it| it.name == **name);
    let shown = DECISIVE.iter().filter_map(find);
    let rows = shown
        .filter(|it| it.values.iter().any(Option::is_some))
        .map(row);
    Block::Table {
        title: String::new(),
        rows: rows.collect(),
        more: 0,
    }
}

fn row(metric: &Metric) -> Row {
    let cell = |(place, value): (usize, &Option<u64>)| {
        let Some(value) = *value else {
            return Cell {
                value: "–".to_owned(),
                ..Cell::default()
            };
        };
        let first = metric.values[0].filter(|_| place > 0);
        let delta = first
            .map(|first| difference_of(value, first))
            .filter(|delta| *delta != 0);
        Cell {
            value: match metric.unit {
                Unit::Bytes => amount(value),
                Unit::Count => value.to_string(),
            },
            delta: delta.map_or_else(String::new, |delta| match metric.unit {
                Unit::Bytes => signed(delta),
                Unit::Count if delta > 0 => format!("+{delta}"),
                Unit::Count => format!("−{}", delta.unsigned_abs()),
            }),
            is_best: metric.best.iter().any(|best| *best as usize == place),
            weight: 0,
        }
    };
    Row {
        title: metric.title.clone(),
        cells: metric.values.iter().enumerate().map(cell).collect(),
    }
}

fn parts(breakdown: &Breakdown, explains: bool) -> Block {
    let limit = if explains { usize::MAX } else { PARTS };
    let all = || {
        breakdown
            .rows
            .iter()
            .flat_map(|row| row.bytes.iter().copied().flatten())
    };
    let most = all().max().unwrap_or(0).max(1);
    let shown = breakdown.rows.iter().take(limit).map(|part| {
        let first = part.bytes[0].unwrap_or(0);
        let cell = |(place, bytes): (usize, &Option<u64>)| {
            let delta = difference_of(bytes.unwrap_or(0), first);
            Cell {
                value: bytes.map_or_else(|| "–".to_owned(), amount),
                delta: if place == 0 || delta == 0 {
                    String::new()
                } else {
                    signed(delta)
                },
                is_best: false,
                weight: bytes.unwrap_or(0).saturating_mul(1000) / most,
            }
        };
        Row {
            title: part.name.clone(),
            cells: part.bytes.iter().enumerate().map(cell).collect(),
        }
    });
    Block::Table {
        title: format!("by {}", breakdown.by),
        rows: shown.collect(),
        more: breakdown.rows.len().saturating_sub(limit),
    }
}

fn explained(contributor: &super::model::Contributor) -> String {
    let mut text = contributor.text.clone();
    if contributor.via.len() > 1 {
        text += &format!(": {}", contributor.via.join(" → "));
    }
    text
}

fn update(update: &Update, labels: &[String]) -> String {
    let unit = match update.basis {
        Basis::Layers => "layers",
        Basis::Files => "different contents, not compressed",
    };
    format!(
        "{}: {} of {} ({} of {} {unit})",
        labels[update.image as usize],
        amount(update.fetch_bytes),
        amount(update.whole_bytes),
        update.fetched,
        update.total,
    )
}

fn advice(all: &[Advice], labels: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        let own = all.iter().filter(|advice| advice.image as usize == place);
        for advice in own.take(ADVICE) {
            lines.push(format!(
                "{label} {}: {}; {}",
                advice.flags.join(" "),
                gains(advice),
                advice.text
            ));
        }
    }
    lines
}

/// Says what advice saves: measured, where it was tried.
fn gains(advice: &Advice) -> String {
    let precise = |gain: Gain, how: &str| format!("{} {how}", words(gain));
    match (advice.measured, advice.kind) {
        (Some(measured), _) => format!(
            "{}, {} predicted",
            precise(measured, "measured"),
            words(Gain {
                zstd_bytes: None,
                ..advice.predicted
            })
        ),
        (None, AdviceKind::Prune | AdviceKind::Alternative) => {
            precise(advice.predicted, "predicted")
        }
    }
}
