//! Rows as CSV (RFC 4180) and as Markdown.

use super::{By, Row};
use crate::{
    footprint::{csv::field, markdown::escaped, model::Footprint},
    progress::quantity::{count, size},
};

/// Writes rows as CSV, sizes in bytes.
pub fn csv(by: By, rows: &[Row]) -> String {
    let mut text = format!("{},note,files,size_bytes,zstd_bytes\n", by.noun());
    for Row { name, note, share } in rows {
        text.push_str(&format!(
            "{},{},{},{},{}\n",
            field(name),
            field(note),
            share.files,
            share.bytes,
            share.zstd_bytes
        ));
    }
    text
}

/// Writes the main figures and rows as Markdown.
pub fn markdown(footprint: &Footprint, by: By, rows: &[Row]) -> String {
    let Footprint {
        image,
        sizes,
        entries,
        ..
    } = footprint;
    let mut text = format!(
        "## {}\n\n| figure | |\n| --- | --: |\n",
        escaped(&image.name)
    );
    let mut figure = |name: &str, value: String| {
        text.push_str(&format!("| {name} | {value} |\n"));
    };
    figure("content", size(sizes.content));
    figure("on disk", size(sizes.disk));
    figure("tar", size(sizes.tar));
    figure("tar, zstd -3", size(sizes.zstd));
    if let Some(gzip) = sizes.gzip {
        figure("tar, gzip -6", size(gzip));
    }
    figure("files", count(entries.files, "file"));
    figure(
        "packages",
        count(footprint.packages.len() as u64, "package"),
    );
    text.push_str(&format!(
        "\n| {} | files | size | zstd |\n| --- | --: | --: | --: |\n",
        by.noun()
    ));
    for Row { name, note, share } in rows {
        let name = if note.is_empty() {
            escaped(name)
        } else {
            format!("{} {}", escaped(name), escaped(note))
        };
        text.push_str(&format!(
            "| {name} | {} | {} | {} |\n",
            share.files,
            size(share.bytes),
            size(share.zstd_bytes)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_hold_separators_are_quoted() {
        let rows = [Row {
            name: "/a,\"b\"".into(),
            ..Row::default()
        }];
        assert_eq!(
            csv(By::File, &rows),
            "file,note,files,size_bytes,zstd_bytes\n\"/a,\"\"b\"\"\",,0,0,0\n"
        );
    }
}
