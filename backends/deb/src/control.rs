//! The control paragraph of one package (deb-control(5)).

use crate::stanza::Stanza;
use boot_kit::{Error, ErrorKind, Result};

/// The fields of a paragraph, in their own order, values as written (continuation lines included).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    text: String,
    fields: Vec<(String, String)>,
}

impl Control {
    /// Parses one paragraph. Errors as [`Stanza::parse`] does, on a missing `Package`, `Version` or `Architecture`, and on
    /// text that is not UTF-8.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bad = |message: String| Error::new(ErrorKind::Parse, message);
        let text = std::str::from_utf8(text)
            .map_err(|error| bad("the text is not UTF-8".into()).caused_by(error))?;
        let stanza = Stanza::parse(text.trim_matches('\n').as_bytes())?;
        let fields = stanza.fields().iter().map(|field| {
            let value = String::from_utf8_lossy(field.raw);
            // dpkg keeps the line break in what it writes to `status`.
            let start = if field.begins_below { "\n " } else { "" };
            (field.name.to_owned(), format!("{start}{value}"))
        });
        let fields = fields.collect();
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
        let text = b"Package: a\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\nOwn:\n x\n y\nDescription: short\n long\n .\n";
        let control = Control::parse(text).expect("well-formed");
        assert_eq!(control.info_name(), "a:amd64");
        assert_eq!(control.get("description"), Some("short\n long\n ."));
        assert_eq!(control.get("Own"), Some("\n x\n y"));
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
            "Package: a\n\nVersion: 1\nArchitecture: all\n",
            "Package: a\nVersion: 1\nArchitecture: all\nversion: 2\n",
        ] {
            assert!(Control::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
