//! Reports that were written before, read back.

use super::model::{Comparison, SCHEMA};
use crate::footprint::{Footprint, model};
use boot_kit::{Error, ErrorKind, Result};
use serde_json::Value;

/// Takes the images out of a report of `boot inspect` or `boot compare`, of which there is at least one.
///
/// Errors with [`ErrorKind::Usage`] if it is none that this version knows.
pub fn images(text: &str) -> Result<Vec<Footprint>> {
    let refuse = |message: String| {
        let error = Error::new(ErrorKind::Usage, message);
        error.with_hint("name a report written with `--format json`")
    };
    let value: Value =
        serde_json::from_str(text).map_err(|error| refuse(format!("it is no JSON: {error}")))?;
    let schema = value.get("schema").and_then(Value::as_str);
    let schema = schema.unwrap_or_default().to_owned();
    let images = match schema.as_str() {
        model::SCHEMA => serde_json::from_value(value).map(|image| vec![image]),
        SCHEMA => serde_json::from_value(value).map(|found: Comparison| found.images),
        _ => return Err(refuse(format!("its schema is `{schema}`"))),
    };
    let images = images.map_err(|error| refuse(format!("it is no `{schema}`: {error}")))?;
    if images.is_empty() {
        return Err(refuse("it has no image".to_owned()));
    }
    Ok(images)
}

/// Reads a report of `boot compare` back whole; `None` if it is another report or none.
pub fn comparison(text: &str) -> Option<Comparison> {
    let found: Comparison = serde_json::from_str(text).ok()?;
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
            ("tar", "it is no JSON: expected ident at line 1 column 2"),
        ] {
            let error = images(text).expect_err(text);
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::Usage, message)
            );
        }
    }
}
