//! Lists of every image, side by side.

mod lists;

use super::report::{Column, Kind, Section, Table, Value};
use crate::footprint::Footprint;
use std::{cmp::Reverse, collections::BTreeMap};

/// Lists that could be as long as an image has files are cut off here; the note says so.
const LONGEST: usize = 150;

/// Makes every list of the page that is no list of packages.
pub(super) fn tables(images: &[&Footprint], names: &[String]) -> Vec<Table> {
    let lists = Lists { images, names };
    let tables = [
        lists.duplicates(),
        lists.unstripped(),
        lists.by_class(),
        lists.paths(true),
        lists.paths(false),
        lists.licences(),
        lists.closures(),
        lists.special(),
        lists.accounts(),
        lists.secrets(),
        lists.programs(),
        lists.layers(),
        lists.notes(),
    ];
    let mut tables = Vec::from(tables);
    tables.retain(|table| !table.rows.is_empty());
    tables
}

struct Lists<'a> {
    images: &'a [&'a Footprint],
    names: &'a [String],
}

/// Rows by what they are about: some columns in common, then one for each image.
type Rows = BTreeMap<Vec<String>, Vec<Option<Value>>>;

impl Lists<'_> {
    /// Collects one value of each image for whatever `list` names.
    fn by_image(&self, list: impl Fn(&Footprint, &mut dyn FnMut(Vec<String>, Value))) -> Rows {
        let mut rows = Rows::new();
        for (i, image) in self.images.iter().enumerate() {
            list(image, &mut |key, value| {
                let row = rows.entry(key);
                row.or_insert_with(|| vec![None; self.images.len()])[i] = Some(value);
            });
        }
        rows
    }

    /// Puts such rows into a table, the largest first where values are numbers.
    fn side_by_side(
        &self,
        (section, id, title): (Section, &str, &str),
        common: &[(&str, Kind)],
        (value, kind): (&str, Kind),
        rows: Rows,
    ) -> Table {
        let mut columns = columns(common);
        columns.extend(self.names.iter().map(|name| match self.names.len() {
            1 => Column::new(value, kind),
            _ => Column::new(name, kind),
        }));
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(_, values)| Reverse(largest(values)));
        let text = |text| Some(Value::Text(text));
        let row = |(key, values): (Vec<String>, Vec<Option<Value>>)| {
            key.into_iter().map(text).chain(values).collect()
        };
        let count = rows.len();
        Table {
            note: (count > LONGEST).then(|| format!("The largest {LONGEST} of {count}.")),
            rows: rows.into_iter().take(LONGEST).map(row).collect(),
            ..empty(section, id, title, columns)
        }
    }

    /// Puts rows of one image each into a table; its name is the last column, if there are others.
    fn one_by_one(
        &self,
        (section, id, title): (Section, &str, &str),
        common: &[(&str, Kind)],
        list: impl Fn(&Footprint) -> Vec<Vec<Value>>,
    ) -> Table {
        let mut columns = columns(common);
        let is_only = self.images.len() == 1;
        if !is_only {
            columns.push(Column::new("Image", Kind::Text));
        }
        let mut rows = Vec::new();
        for (image, name) in self.images.iter().zip(self.names) {
            for mut row in list(image) {
                row.extend((!is_only).then(|| Value::from(name.as_str())));
                rows.push(row.into_iter().map(Some).collect());
            }
        }
        Table {
            rows,
            ..empty(section, id, title, columns)
        }
    }
}

fn columns(common: &[(&str, Kind)]) -> Vec<Column> {
    let column = |(label, kind): &(&str, Kind)| Column::new(*label, *kind);
    common.iter().map(column).collect()
}

fn empty(section: Section, id: &str, title: &str, columns: Vec<Column>) -> Table {
    Table {
        section,
        id: id.to_owned(),
        title: title.to_owned(),
        note: None,
        columns,
        rows: Vec::new(),
    }
}

/// The largest number of a row; 0 for text, which leaves rows in the order of their names.
fn largest(values: &[Option<Value>]) -> i64 {
    let number = |value: &Option<Value>| match value {
        Some(Value::Number(number)) => *number,
        _ => 0,
    };
    values.iter().map(number).max().unwrap_or(0)
}
