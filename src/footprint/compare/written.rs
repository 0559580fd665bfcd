//! Reports that were written before, read back.

mod check;

use super::model::{Comparison, SCHEMA};
use crate::footprint::{Footprint, model};
use boot_kit::{Context, Error, ErrorKind, Result};
use serde_json::Value;

/// Takes the images out of a report of `boot inspect` or `boot compare`, of which there is at least one.
///
/// Errors with [`ErrorKind::Usage`] if it is none that this version knows, with [`ErrorKind::Parse`] if its parts do not
/// fit together.
pub fn images(text: &str) -> Result<Vec<Footprint>> {
    let refuse = |message: String| {
        let error = Error::new(ErrorKind::Usage, message);
        error.with_hint("name a report written with `--format json`")
    };
    let value: Value =
        serde_json::from_str(text).map_err(|error| refuse(format!("it is no JSON: {error}")))?;
    let schema = value.get("schema").and_then(Value::as_str);
    let schema = schema.unwrap_or_default().to_owned();
    let of_schema = |error| refuse(format!("it is no `{schema}`: {error}"));
    let apart = || "its parts do not fit together";
    let images = match schema.as_str() {
        // Any key may be absent, but without this one nothing was measured.
        model::SCHEMA if value.get("sizes").is_none() => {
            return Err(refuse("it has no `sizes`".to_owned()));
        }
        model::SCHEMA => {
            let image = serde_json::from_value(value).map_err(of_schema)?;
            check::footprint(&image).context(apart)?;
            vec![image]
        }
        SCHEMA => {
            let found: Comparison = serde_json::from_value(value).map_err(of_schema)?;
            check::comparison(&found).context(apart)?;
            found.images
        }
        _ => return Err(refuse(format!("its schema is `{schema}`"))),
    };
    if images.is_empty() {
        return Err(refuse("it has no image".to_owned()));
    }
    Ok(images)
}

/// Reads a report of `boot compare` back whole; `None` if it is another report or none, for which [`images`] says why.
pub fn comparison(text: &str) -> Option<Comparison> {
    let found: Comparison = serde_json::from_str(text).ok()?;
    check::comparison(&found).ok()?;
    (found.schema == SCHEMA && !found.images.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::footprint::compare::{Options, compare, tests::image};

    #[test]
    fn a_report_is_read_back_as_it_was() {
        let one = Footprint {
            schema: model::SCHEMA.to_owned(),
            ..image("one", "apt+ apt 400", 10)
        };
        let two = image("two", "apt+ apt 500", 10);
        let text = serde_json::to_string(&one).expect("all keys are strings");
        let read = images(&text).expect("well-formed");
        assert_eq!(read, std::slice::from_ref(&one));
        let both = compare(vec![one.clone(), two.clone()], &Options::default());
        let text = serde_json::to_string(&both).expect("all keys are strings");
        assert_eq!(images(&text).expect("well-formed"), [one, two]);
        assert_eq!(comparison(&text), Some(both));
        assert_eq!(comparison("{}"), None);
    }

    #[test]
    fn what_is_no_report_is_refused_by_name() {
        for (text, message) in [
            ("{}", "its schema is ``"),
            (
                r#"{"schema": "boot.inspect/2"}"#,
                "its schema is `boot.inspect/2`",
            ),
            (r#"{"schema": "boot.inspect/1"}"#, "it has no `sizes`"),
            ("tar", "it is no JSON: expected ident at line 1 column 2"),
        ] {
            let error = images(text).expect_err(text);
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::Usage, message)
            );
        }
    }

    #[test]
    fn a_report_whose_positions_lead_nowhere_is_refused() {
        let both = compare(
            vec![
                image("one", "apt+ apt 400", 10),
                image("two", "apt+ apt 500", 10),
            ],
            &Options::default(),
        );
        for (place, value) in [
            ("/images/0/cells/0/class", "9"),
            ("/images/1/cells/0/package", "9"),
            ("/images/0/packages/0/inventory", "1"),
            ("/images/0/tree", r#"[{"parent": null}, {"parent": 1}]"#),
            ("/images/0/shells", r#"[{"package": 1}]"#),
            ("/images/0/detail", r#"{"missing": [{"package": 1}]}"#),
            ("/images/0/detail", r#"{"objects": [{"file": 0}]}"#),
            ("/metrics/0/values", "[1]"),
            ("/metrics/0/best", "[2]"),
            ("/breakdowns/0/rows/0/bytes", "[1, 2, 3]"),
            ("/differences/0/image", "2"),
            ("/breaches", r#"[{"image": 2}]"#),
            ("/sharing", r#"{"between_bytes": [[0, 0]]}"#),
        ] {
            let mut report = serde_json::to_value(&both).expect("all keys are strings");
            let value = serde_json::from_str(value).expect("well-formed");
            match report.pointer_mut(place) {
                Some(found) => *found = value,
                // What is not written without a value.
                None => report["images"][0]["detail"] = value,
            }
            let text = report.to_string();
            let error = images(&text).expect_err(place);
            assert_eq!(error.kind(), ErrorKind::Parse, "{place}");
            assert_eq!(comparison(&text), None, "{place}");
        }
    }

    #[test]
    fn keys_that_came_later_may_be_absent() {
        let one = Footprint {
            schema: model::SCHEMA.to_owned(),
            ..image("one", "apt+ apt 400", 10)
        };
        let mut value = serde_json::to_value(&one).expect("all keys are strings");
        for (part, key) in [("/entries", "empty"), ("/packages/0", "missing_files")] {
            let part = value.pointer_mut(part).and_then(Value::as_object_mut);
            let removed = part.expect("an object").remove(key);
            assert!(removed.is_some(), "{key}");
        }
        assert_eq!(images(&value.to_string()).expect("well-formed"), [one]);
    }
}
