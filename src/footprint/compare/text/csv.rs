//! One line for each figure and part: RFC 4180, raw numbers.

use super::labels;
use crate::footprint::{
    compare::{Comparison, model::Unit},
    csv::field,
};

/// Writes all figures and parts of a comparison; an empty field is not known.
pub fn csv(comparison: &Comparison) -> String {
    let mut text = line(
        ["section", "name", "unit"]
            .into_iter()
            .map(str::to_owned)
            .chain(labels(comparison)),
    );
    let number = |value: &Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    for metric in &comparison.metrics {
        let unit = match metric.unit {
            Unit::Bytes => "bytes",
            Unit::Count => "count",
        };
        let head = ["metric", &metric.name, unit].map(str::to_owned);
        text += &line(head.into_iter().chain(metric.values.iter().map(number)));
    }
    for breakdown in &comparison.breakdowns {
        for row in &breakdown.rows {
            for (unit, values) in [("bytes", &row.bytes), ("zstd_bytes", &row.zstd_bytes)] {
                let head = [&breakdown.by, &row.name, unit].map(str::to_owned);
                text += &line(head.into_iter().chain(values.iter().map(number)));
            }
        }
    }
    text
}

fn line(fields: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = fields.map(|text| field(&text)).collect();
    quoted.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        let fields = ["plain", "a,b", "say \"x\""].map(str::to_owned);
        assert_eq!(
            line(fields.into_iter()),
            "plain,\"a,b\",\"say \"\"x\"\"\"\r\n"
        );
    }
}
