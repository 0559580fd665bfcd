//! What the installer must know of the recipe, as it travels in the plan.

use boot_kit::{Error, ErrorKind, Plan, Result};
use serde::{Deserialize, Serialize};

/// The key of the plan's notes that holds ours, as JSON.
const KEY: &str = "deb";

/// Decisions of the recipe that installing depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// The root's own architecture.
    pub architecture: String,
    /// Other architectures it takes packages of.
    pub foreign_architectures: Vec<String>,
    /// Directories of `/` to make as links into `/usr` before anything lands; empty where base-files ships them.
    pub usr_links: Vec<String>,
    /// Where the image's own apt sources go, relative to the root.
    pub sources_path: String,
    /// Their text.
    pub sources: String,
    /// Whether packages are unpacked and nothing else; left out of plans that install.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unpack_only: bool,
}

impl Notes {
    /// Puts the notes into `plan`.
    pub fn write(&self, plan: &mut Plan) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| broken().caused_by(error))?;
        plan.notes.insert(KEY.to_owned(), text);
        Ok(())
    }

    /// Takes the notes out of `plan`.
    pub fn read(plan: &Plan) -> Result<Self> {
        let text = plan.notes.get(KEY).ok_or_else(broken)?;
        serde_json::from_str(text).map_err(|error| broken().caused_by(error))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn broken() -> Error {
    Error::new(
        ErrorKind::Parse,
        "the plan's notes are not those of the deb backend",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_a_plan() {
        let notes = Notes {
            architecture: "amd64".into(),
            usr_links: vec!["bin".into()],
            ..Notes::default()
        };
        let mut plan = Plan::default();
        assert!(Notes::read(&plan).is_err());
        notes.write(&mut plan).expect("writable");
        assert_eq!(Notes::read(&plan).expect("readable"), notes);
    }
}
