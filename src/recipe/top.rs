//! What goes into an image besides packages, as people write it.

use boot_kit::RootPath;
use serde::Deserialize;
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// A file, link or directory of the host and its place in an image, written `FILE:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Addition {
    /// Where it is on the host.
    pub source: PathBuf,
    /// Where it goes; with a `/` at the end of what was written, the file's own name is added to that.
    pub target: RootPath,
}

impl Addition {
    /// Takes the source for a path relative to `folder`.
    pub fn settle(&mut self, folder: &Path) {
        self.source = folder.join(&self.source);
    }
}

impl FromStr for Addition {
    type Err = String;

    /// Splits at the first colon that an absolute path follows: names of files may have colons, too.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((source, path)) = text.find(":/").map(|at| (&text[..at], &text[at + 1..])) else {
            return Err(match text.rsplit_once(':') {
                Some((_, path)) => {
                    format!("`{path}` is not a path from the root of the image: begin it with `/`")
                }
                None => format!("`{text}` does not say where in the image: write FILE:PATH"),
            });
        };
        if source.is_empty() {
            return Err(format!("`{text}` names no file: write FILE:PATH"));
        }
        let source = PathBuf::from(source);
        let mut target = RootPath::parse(path).map_err(|error| error.to_string())?;
        if path.ends_with('/') {
            let name = source.file_name().ok_or_else(|| {
                format!(
                    "`{}` has no name of its own: write all of PATH, without `/` at its end",
                    source.display()
                )
            })?;
            target = target.join(name.as_bytes());
        }
        Ok(Self { source, target })
    }
}

impl TryFrom<String> for Addition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_place_are_parted_at_a_colon() {
        for (text, source, target) in [
            ("motd:/etc/motd", "motd", "etc/motd"),
            ("./motd:/etc/", "./motd", "etc/motd"),
            ("./tree:/", "./tree", "tree"),
            ("./tree:/.", "./tree", ""),
            ("tree/:/srv//", "tree/", "srv/tree"),
            (".:/srv/app", ".", "srv/app"),
            ("a:b:/c:d", "a:b", "c:d"),
        ] {
            let addition = Addition {
                source: source.into(),
                target: target.into(),
            };
            assert_eq!(text.parse(), Ok(addition), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_in_an_image_is_refused() {
        for (text, why) in [
            (
                "motd",
                "`motd` does not say where in the image: write FILE:PATH",
            ),
            (
                "motd:etc/motd",
                "`etc/motd` is not a path from the root of the image: begin it with `/`",
            ),
            (
                "motd:",
                "`` is not a path from the root of the image: begin it with `/`",
            ),
            (":/etc/motd", "`:/etc/motd` names no file: write FILE:PATH"),
            (
                "motd:/etc/../motd",
                "`/etc/../motd` points out of its tree with `..`",
            ),
            (
                "..:/srv/",
                "`..` has no name of its own: write all of PATH, without `/` at its end",
            ),
        ] {
            assert_eq!(text.parse::<Addition>(), Err(why.to_owned()));
        }
    }
}
