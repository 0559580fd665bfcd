//! A command as an image holds it.

use serde::{Deserialize, Deserializer};
use std::str::FromStr;

/// The words of a command.
///
/// A text is read as a `Dockerfile` reads it: a JSON list is the words themselves, anything else a command for
/// `/bin/sh -c`. In a recipe a list of strings will do as well. No words at all (`[]`) is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(Vec<String>);

impl CommandLine {
    /// The words; none means that there is to be no command, not even the default.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err("a command has at least one word; write `[]` for none".to_owned());
        }
        if let Ok(words) = serde_json::from_str::<Vec<String>>(trimmed) {
            return words_of(words);
        }
        // No command begins like this: somebody meant a list and forgot a comma.
        if trimmed.starts_with("[\"") {
            let example = r#"`["nginx", "-g", "daemon off;"]`"#;
            return Err(format!(
                "it begins like a JSON list of strings but is none, as {example} is"
            ));
        }
        words_of(["/bin/sh", "-c", text].map(str::to_owned).to_vec())
    }
}

fn words_of(words: Vec<String>) -> Result<CommandLine, String> {
    if words.iter().any(|word| word.contains('\0')) {
        return Err("a command cannot hold a NUL character".to_owned());
    }
    if words.first().is_some_and(String::is_empty) {
        return Err("the first word names the program and cannot be empty".to_owned());
    }
    Ok(CommandLine(words))
}

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a string or a list of strings")]
        enum TextOrWords {
            Text(String),
            Words(Vec<String>),
        }
        match TextOrWords::deserialize(from)? {
            TextOrWords::Text(text) => text.parse(),
            TextOrWords::Words(words) => words_of(words),
        }
        .map_err(serde::de::Error::custom)
    }
}
