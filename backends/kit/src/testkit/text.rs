//! One file of a tar.

use crate::{Entry, Kind, Result, Sink, archive::send_tar};
use std::io::Read;

/// Reads the text of the file at `path` of a tar, which is not compressed.
pub fn text_in_tar(mut tar: &[u8], path: &str) -> String {
    let mut find = Find { path, text: None };
    send_tar(&mut tar, &mut find).expect("a tar");
    find.text.expect("the file is there")
}

struct Find<'a> {
    path: &'a str,
    text: Option<String>,
}

impl Sink for Find<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        if entry.path.to_string() == self.path && matches!(entry.kind, Kind::File { .. }) {
            let mut text = String::new();
            content.read_to_string(&mut text)?;
            self.text = Some(text);
        }
        Ok(())
    }
}
