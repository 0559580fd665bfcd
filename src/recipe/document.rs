//! Reading a TOML file so that every error names the file, the line and the key.

use super::near;
use boot_kit::{Context, Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads and parses `path`.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let name = path.display().to_string();
    let text = fs_err::read_to_string(path)
        .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))
        .context(|| format!("cannot read `{name}`"))?;
    parse(&name, &text)
}

/// Parses `text`, which came from the file `name`.
pub(crate) fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let place = line.map_or(String::new(), |line| format!(" line {line}"));
        let failed = Error::new(ErrorKind::Usage, format!("cannot use `{name}`{place}"))
            .caused_by(Error::new(ErrorKind::Parse, error.message().trim_end()));
        match meant(error.message()) {
            Some(hint) => failed.with_hint(hint),
            None => failed,
        }
    })
}

/// Finds the key that was meant in "unknown field `x`, expected one of `y`, `z`".
fn meant(message: &str) -> Option<String> {
    let names = message.strip_prefix("unknown field `")?;
    let mut quoted = names.split('`');
    let unknown = quoted.next()?;
    near::suggestion(unknown, quoted.skip(1).step_by(2))
}
