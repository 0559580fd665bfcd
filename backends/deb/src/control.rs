//! The control paragraph of one package (deb-control(5)).

use boot_kit::{Error, ErrorKind, Result};

/// The fields of a paragraph, in their own order, values as written (continuation lines included).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    text: String,
    fields: Vec<(String, String)>,
}

impl Control {
    /// Parses one paragraph. Errors on a line that is neither field nor continuation, on a missing `Package`,
    /// `Version` or `Architecture`, and on text that is not UTF-8.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bad = |message: String| Error::new(ErrorKind::Parse, message);
        let text = std::str::from_utf8(text)
            .map_err(|error| bad("the text is not UTF-8".into()).caused_by(error))?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.trim_matches('\n').split('\n') {
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields
                    .last_mut()
                    .ok_or_else(|| bad("it begins with a continuation line".into()))?;
                value.push('\n');
                value.push_str(line.trim_end());
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.to_owned(), value.trim().to_owned()));
            } else if !line.starts_with('#') {
                return Err(bad(format!("line `{line}` is no field")));
            }
        }
        let control = Self {
            text: text.to_owned(),
            fields,
        };
        for required in ["Package", "Version", "Architecture"] {
            if control.get(required).is_none() {
                return Err(bad(format!("field `{required}` is missing")));
            }
        }
        Ok(control)
    }

    /// The value of a field, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The paragraph as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields in their own order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The package's name.
    pub fn package(&self) -> &str {
        self.get("Package").unwrap_or_default()
    }

    /// The package's version.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or_default()
    }

    /// The package's architecture.
    pub fn architecture(&self) -> &str {
        self.get("Architecture").unwrap_or_default()
    }

    /// The name of the package's files in `info/`, without extension: `Multi-Arch: same` packages have their
    /// architecture in it.
    pub fn info_name(&self) -> String {
        if self.get("Multi-Arch") == Some("same") {
            format!("{}:{}", self.package(), self.architecture())
        } else {
            self.package().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_order_and_continuation_lines() {
        let text = b"Package: a\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\nDescription: short\n long\n .\n";
        let control = Control::parse(text).expect("well-formed");
        assert_eq!(control.info_name(), "a:amd64");
        assert_eq!(control.get("description"), Some("short\n long\n ."));
        assert_eq!(
            control.fields().last().map(|(name, _)| name),
            Some("Description")
        );
    }

    #[test]
    fn malformed_paragraphs_are_refused() {
        for text in [
            "",
            " x\n",
            "Package: a\nVersion: 1\n",
            "Package: a\nnonsense\n",
        ] {
            assert!(Control::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
