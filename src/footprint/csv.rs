//! Fields of CSV: <https://www.rfc-editor.org/rfc/rfc4180>.

/// Quotes what would be taken for something else.
pub(super) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
