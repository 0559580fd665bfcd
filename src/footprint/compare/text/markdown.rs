//! Tables for a page.

use super::{Block, Cell, Row, blocks, heads};
use crate::footprint::{compare::Comparison, markdown::escaped};

/// Writes a comparison as Markdown; `explains` tells all of it.
pub fn markdown(comparison: &Comparison, explains: bool) -> String {
    let labels = heads(comparison);
    let mut text = String::new();
    for block in blocks(comparison, &labels, explains) {
        match block {
            Block::Table { title, rows, more } => table(&mut text, &title, &rows, more, &labels),
            Block::List { title, lines } => {
                text += &format!("\n**{}**\n\n", escaped(&title));
                for line in lines {
                    text += &format!("- {}\n", escaped(&line));
                }
            }
        }
    }
    text
}

fn table(text: &mut String, title: &str, rows: &[Row], more: usize, labels: &[String]) {
    if !text.is_empty() {
        text.push('\n');
    }
    let heads: Vec<String> = labels.iter().map(|label| escaped(label)).collect();
    *text += &format!("| {} | {} |\n", escaped(title), heads.join(" | "));
    *text += &format!("| --- |{}\n", " --: |".repeat(labels.len()));
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(cell).collect();
        *text += &format!("| {} | {} |\n", escaped(&row.title), cells.join(" | "));
    }
    if more > 0 {
        *text += &format!("\n{more} smaller ones are left out.\n");
    }
}

fn cell(cell: &Cell) -> String {
    let value = if cell.is_best {
        format!("**{}**", cell.value)
    } else {
        cell.value.clone()
    };
    if cell.delta.is_empty() {
        value
    } else {
        format!("{value} ({})", cell.delta)
    }
}
