//! One screen.

use super::{Block, Cell, Row, blocks, heads};
use crate::footprint::compare::Comparison;
use std::ops::Range;

/// The narrowest column an image gets.
const NARROW: usize = 10;

/// The widest a column of titles gets.
const TITLE: usize = 34;

/// How wide the bar beside a part is.
const BAR: usize = 8;

/// Writes a comparison for a terminal of `width` columns; `explains` tells all of it.
///
/// Nothing needs a colour: a star marks the best of a row. Where the images do not fit side by side, differences are left
/// out first; then the rest of the images comes below.
pub fn table(comparison: &Comparison, width: usize, explains: bool) -> String {
    let labels = heads(comparison);
    let blocks = blocks(comparison, &labels, explains);
    let rows = blocks.iter().flat_map(|block| match block {
        Block::Table { rows, .. } => rows.as_slice(),
        Block::List { .. } => &[],
    });
    let titles = rows.map(|row| row.title.chars().count()).max().unwrap_or(0);
    let layout = Layout::of(labels.len(), titles.min(TITLE), width);
    let mut text = String::new();
    for group in layout.groups(labels.len()) {
        text += &layout.heads(&labels, &group);
        for block in &blocks {
            if let Block::Table { title, rows, more } = block {
                layout.table(&mut text, title, rows, &group);
                if *more > 0 {
                    text += &format!("  and {more} smaller\n");
                }
            }
        }
    }
    for block in &blocks {
        if let Block::List { title, lines } = block {
            text += &format!("\n{title}\n");
            for line in lines {
                text += &wrapped(line, width);
            }
        }
    }
    text
}

/// What fits beside each other.
struct Layout {
    title: usize,
    /// How many images fit.
    images: usize,
    has_deltas: bool,
    has_bars: bool,
}

impl Layout {
    fn of(images: usize, title: usize, width: usize) -> Self {
        let with = |has_deltas, has_bars| Self {
            title,
            images: images.max(1),
            has_deltas,
            has_bars,
        };
        let layouts = [with(true, true), with(true, false), with(false, false)];
        let fits =
            |layout: &Self| title + (0..images).map(|it| layout.column(it)).sum::<usize>() <= width;
        let found = layouts.into_iter().find(fits);
        found.unwrap_or_else(|| {
            let layout = with(false, false);
            let fitting = width.saturating_sub(title) / layout.column(0);
            Self {
                images: fitting.clamp(1, images.max(1)),
                ..layout
            }
        })
    }

    /// How wide the column of an image is, the blanks before it among them: a value, its star, a difference from the
    /// first, a bar.
    fn column(&self, image: usize) -> usize {
        let delta = if self.has_deltas && image > 0 {
            NARROW
        } else {
            0
        };
        let bar = if self.has_bars { BAR + 1 } else { 0 };
        2 + NARROW + 1 + delta + bar
    }

    fn groups(&self, count: usize) -> impl Iterator<Item = Range<usize>> {
        let size = self.images;
        (0..count)
            .step_by(size)
            .map(move |begin| begin..(begin + size).min(count))
    }

    /// Writes the names of images above their columns, in as many lines as they need.
    fn heads(&self, labels: &[String], group: &Range<usize>) -> String {
        let columns: Vec<(usize, Vec<String>)> = group
            .clone()
            .map(|image| {
                let width = self.column(image) - 2;
                (width, broken(&labels[image], width))
            })
            .collect();
        let lines = columns.iter().map(|(_, lines)| lines.len()).max();
        let mut text = String::new();
        for number in 0..lines.unwrap_or(0) {
            let mut line = " ".repeat(self.title);
            for (width, lines) in &columns {
                let part = lines.get(number).map_or("", String::as_str);
                line += &format!("  {part:<width$}");
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    fn table(&self, text: &mut String, title: &str, rows: &[Row], group: &Range<usize>) {
        if !title.is_empty() {
            *text += &format!("{title}\n");
        }
        for row in rows {
            let name = shortened(&row.title, self.title);
            let mut line = format!("{name:<width$}", width = self.title);
            for image in group.clone() {
                line += &self.cell(&row.cells[image], image);
            }
            *text += line.trim_end();
            text.push('\n');
        }
    }

    fn cell(&self, cell: &Cell, image: usize) -> String {
        let star = if cell.is_best { '*' } else { ' ' };
        let mut text = format!("  {:>NARROW$}{star}", cell.value);
        if self.has_deltas && image > 0 {
            text += &format!("{:>NARROW$}", cell.delta);
        }
        if self.has_bars {
            text += &format!(" {:<BAR$}", bar(cell.weight));
        }
        text
    }
}

/// Draws a part in thousandths as blocks, in eighths of one.
fn bar(weight: u64) -> String {
    let eighths = usize::try_from(weight).unwrap_or(0) * BAR * 8 / 1000;
    let mut text = "█".repeat(eighths / 8);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    text += rest;
    text
}

/// Breaks a name into lines of a width: at blanks, after hyphens, and where a part is too long by itself.
fn broken(name: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let length = |text: &str| text.chars().count();
    for part in name.split_inclusive([' ', '-']) {
        let at = lines.len() - 1;
        if length(&lines[at]) > 0 && length(&lines[at]) + length(part.trim_end()) > width {
            lines.push(String::new());
        }
        for letter in part.chars() {
            let at = lines.len() - 1;
            if length(&lines[at]) < width {
                lines[at].push(letter);
            } else if letter != ' ' {
                lines.push(letter.to_string());
            }
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// Breaks a line between words; what follows the first part is moved in.
fn wrapped(line: &str, width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column == 0 {
            text += "  ";
            column = 2;
        } else if column + 1 + length > width.max(40) {
            text += "\n      ";
            column = 6;
        } else {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_eighths() {
        assert_eq!(bar(1000), "████████");
        assert_eq!(bar(0), "");
        assert_eq!(bar(500), "████");
        assert_eq!(bar(16), "▏");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = "one two three four five six seven eight nine ten";
        assert_eq!(
            wrapped(line, 40),
            "  one two three four five six seven\n      eight nine ten\n"
        );
        assert_eq!(shortened("libexample", 6), "libex…");
        for (name, lines) in [
            ("debian trixie + ceph", ["debian", "trixie +", "ceph"]),
            (
                "stage3-amd64-x1234567890",
                ["stage3-", "amd64-", "x123456789|0"],
            ),
        ] {
            let lines: Vec<&str> = lines.iter().flat_map(|line| line.split('|')).collect();
            assert_eq!(broken(name, 10), lines);
        }
    }

    #[test]
    fn what_does_not_fit_goes_below() {
        let fits = |layout: &Layout| (layout.images, layout.has_deltas, layout.has_bars);
        for (images, width, wanted) in [
            (2, 100, (2, true, true)),
            (3, 80, (3, true, false)),
            (4, 72, (4, false, false)),
            (5, 50, (2, false, false)),
            (5, 10, (1, false, false)),
        ] {
            assert_eq!(
                fits(&Layout::of(images, 20, width)),
                wanted,
                "{images} in {width}"
            );
        }
        let groups: Vec<_> = Layout::of(5, 20, 50).groups(5).collect();
        assert_eq!(groups, [0..2, 2..4, 4..5]);
    }
}
