//! What a comparison adds to what was measured of each image.

use super::report::{Column, Fact, Kind, Matrix, Reason, Report, Section, Table, Value};
use crate::footprint::{
    Footprint,
    compare::{
        Comparison,
        model::{Basis, Gain, Sharing},
    },
};

impl From<&Comparison> for Report {
    fn from(comparison: &Comparison) -> Self {
        let images: Vec<&Footprint> = comparison.images.iter().collect();
        let mut report = Self::of(&images);
        report.reasons = reasons(comparison);
        if let Some(sharing) = &comparison.sharing {
            report.facts.extend(shared(sharing));
            report.matrices.push(Matrix {
                title: "Content in common".to_owned(),
                note:
                    "Bytes of files of the image on the left whose content the image above has too."
                        .to_owned(),
                rows: sharing
                    .between_bytes
                    .iter()
                    .map(|row| row.iter().copied().map(Some).collect())
                    .collect(),
            });
        }
        let names: Vec<String> = report
            .images
            .iter()
            .map(|image| image.name.clone())
            .collect();
        let tables = [
            breaches(comparison, &names),
            advice(comparison, &names),
            updates(comparison, &names),
            notes(comparison),
        ];
        // What follows from all of it goes before the lists.
        let tables = tables.into_iter().filter(|table| !table.rows.is_empty());
        report.tables.splice(0..0, tables);
        report
    }
}

fn reasons(comparison: &Comparison) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for difference in &comparison.differences {
        reasons.extend(difference.reasons.iter().map(|text| Reason {
            from: Some(0),
            image: difference.image as usize,
            text: text.clone(),
            bytes: None,
        }));
    }
    reasons
}

fn shared(sharing: &Sharing) -> Vec<Fact> {
    let fact = |label: &str, values: &[u64]| Fact {
        section: Section::Sharing,
        label: label.to_owned(),
        kind: Kind::Bytes,
        better: None,
        note: None,
        values: values.iter().map(|bytes| Some((*bytes).into())).collect(),
    };
    vec![
        fact("Content that another image has too", &sharing.shared_bytes),
        fact("Content that no other has", &sharing.unique_bytes),
    ]
}

fn advice(comparison: &Comparison, names: &[String]) -> Table {
    let gain = |gain: Gain| Some(Value::Number(gain.bytes));
    let row = |advice: &crate::footprint::compare::model::Advice| {
        vec![
            Some(advice.flags.join(" ").into()),
            Some(advice.text.as_str().into()),
            name(names, advice.image),
            gain(advice.predicted),
            advice.predicted.zstd_bytes.map(Value::Number),
            advice.measured.and_then(gain),
            (!advice.leaves.is_empty()).then(|| advice.leaves.join(", ").into()),
        ]
    };
    Table {
        section: Section::Advice,
        id: "flags".to_owned(),
        title: "What makes it smaller".to_owned(),
        note: Some("Each line for itself: gains of several do not add up where they are about the same files.".to_owned()),
        columns: columns(&[
            ("Add", Kind::Code),
            ("What it does", Kind::Text),
            ("Image", Kind::Text),
            ("Saves", Kind::Bytes),
            ("Compressed", Kind::Bytes),
            ("Measured", Kind::Bytes),
            ("Packages that leave", Kind::Text),
        ]),
        rows: comparison.advice.iter().map(row).collect(),
    }
}

fn breaches(comparison: &Comparison, names: &[String]) -> Table {
    let breach = comparison.breaches.iter();
    Table {
        section: Section::Size,
        id: "budget".to_owned(),
        title: "Over the budget".to_owned(),
        note: None,
        columns: columns(&[
            ("Limit", Kind::Text),
            ("Image", Kind::Text),
            ("What breaks it", Kind::Text),
        ]),
        rows: breach
            .map(|breach| {
                let limit = format!("{}={}", breach.metric, breach.most);
                vec![
                    Some(limit.into()),
                    name(names, breach.image),
                    Some(breach.text.as_str().into()),
                ]
            })
            .collect(),
    }
}

fn updates(comparison: &Comparison, names: &[String]) -> Table {
    let update = comparison.updates.iter();
    Table {
        section: Section::Sharing,
        id: "updates".to_owned(),
        title: "Update cost".to_owned(),
        note: Some("What a machine must fetch that has the first image.".to_owned()),
        columns: columns(&[
            ("Image", Kind::Text),
            ("Fetches", Kind::Bytes),
            ("Of", Kind::Bytes),
            ("Parts", Kind::Text),
        ]),
        rows: update
            .map(|update| {
                let what = match update.basis {
                    Basis::Layers => "layers",
                    Basis::Files => "files, uncompressed",
                };
                vec![
                    name(names, update.image),
                    Some(update.fetch_bytes.into()),
                    Some(update.whole_bytes.into()),
                    Some(format!("{} of {} {what}", update.fetched, update.total).into()),
                ]
            })
            .collect(),
    }
}

fn notes(comparison: &Comparison) -> Table {
    let notes = comparison.notes.iter();
    Table {
        section: Section::Origin,
        id: "uncompared".to_owned(),
        title: "What could not be compared".to_owned(),
        note: None,
        columns: columns(&[("Note", Kind::Text)]),
        rows: notes.map(|note| vec![Some(note.as_str().into())]).collect(),
    }
}

fn columns(columns: &[(&str, Kind)]) -> Vec<Column> {
    let column = |(label, kind): &(&str, Kind)| Column::new(*label, *kind);
    columns.iter().map(column).collect()
}

fn name(names: &[String], image: u32) -> Option<Value> {
    Some(names.get(image as usize)?.as_str().into())
}
