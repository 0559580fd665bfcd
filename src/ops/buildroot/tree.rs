//! What is built: a Buildroot tree, a configuration of it, external trees.

use crate::recipe::near;
use boot_kit::{Error, ErrorKind, Result};
use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

/// What every Buildroot tree has had since 2009.
const SIGNS: [&str; 3] = ["Makefile", "Config.in", "package"];
/// What names of configurations end in.
const ENDING: &str = "_defconfig";
/// Letters that make or Buildroot's scripts give a meaning of their own.
const SPECIAL: &str = " \t\n:@#$%'\"`\\;&|<>()*?[]{}!~";

/// A Buildroot tree and the external trees that go with it, all by their canonical paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceTree {
    /// Where it is.
    pub path: PathBuf,
    /// `BR2_EXTERNAL` trees, in order.
    pub externals: Vec<PathBuf>,
}

/// A configuration to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Defconfig {
    /// One of the tree's or of an external tree's: `NAME_defconfig`.
    Named(String),
    /// A file.
    File(PathBuf),
    /// What is in the output directory.
    Kept,
}

impl SourceTree {
    /// Checks that there is a Buildroot tree, and that make can work with the paths.
    pub fn open(path: &Path, externals: &[PathBuf]) -> Result<Self> {
        let found = directory(path, "Buildroot's source")?;
        if let Some(missing) = SIGNS.iter().find(|sign| !found.join(sign).exists()) {
            let message = format!(
                "`{}` is no Buildroot tree: it has no `{missing}`",
                path.display()
            );
            let hint = "name the directory of Buildroot's own source, unpacked or cloned";
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
        let externals = externals.iter().map(|path| {
            let found = directory(path, "an external tree")?;
            if found.join("Config.in").exists() {
                return Ok(found);
            }
            let message = format!(
                "`{}` is no external tree: it has no `Config.in`",
                path.display()
            );
            let hint = "an external tree has external.desc, external.mk and Config.in";
            Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
        });
        Ok(Self {
            externals: externals.collect::<Result<_>>()?,
            path: found,
        })
    }

    /// Finds a configuration: by name, with or without its ending, or by the path of a file.
    pub fn defconfig(&self, asked: &OsStr) -> Result<Defconfig> {
        let path = Path::new(asked);
        let names = self.defconfigs();
        if let Some(name) = asked.to_str().filter(|name| !name.contains('/')) {
            let full = [name.to_owned(), format!("{name}{ENDING}")];
            if let Some(full) = full.into_iter().find(|full| names.contains(full)) {
                return Ok(Defconfig::Named(full));
            }
        }
        if path.is_file() {
            let path = fs_err::canonicalize(path)?;
            check_path(&path)?;
            return Ok(Defconfig::File(path));
        }
        let word = asked.to_string_lossy();
        let short: Vec<_> = names
            .iter()
            .map(|name| name.trim_end_matches(ENDING))
            .collect();
        let message = format!("`{word}` is no configuration of this tree, and no file");
        let hint = near::suggestion(word.trim_end_matches(ENDING), short).unwrap_or_else(|| {
            format!(
                "`make -C {} list-defconfigs` lists them",
                self.path.display()
            )
        });
        Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
    }

    /// The configurations that the tree and its external trees bring, sorted.
    fn defconfigs(&self) -> Vec<String> {
        let mut names = Vec::new();
        for tree in [&self.path].into_iter().chain(&self.externals) {
            let Ok(entries) = fs_err::read_dir(tree.join("configs")) else {
                continue;
            };
            let found = entries.flatten().map(|entry| entry.file_name());
            let found = found.filter_map(|name| name.into_string().ok());
            names.extend(found.filter(|name| name.ends_with(ENDING)));
        }
        names.sort();
        names
    }

    /// The value of `BR2_EXTERNAL`; `None` if there is no external tree.
    pub fn external(&self) -> Option<OsString> {
        let paths: Vec<_> = self.externals.iter().map(|path| path.as_os_str()).collect();
        (!paths.is_empty()).then(|| paths.join(OsStr::new(":")))
    }
}

impl Defconfig {
    /// A word for it, as part of a file's name.
    pub fn word(&self) -> String {
        let name = match self {
            Self::Named(name) => name.clone(),
            Self::File(path) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Self::Kept => "config".to_owned(),
        };
        let kept = |letter: &char| letter.is_ascii_alphanumeric() || "._-".contains(*letter);
        name.trim_end_matches(ENDING).chars().filter(kept).collect()
    }
}

/// Finds a directory's canonical path.
fn directory(path: &Path, what: &str) -> Result<PathBuf> {
    let found = fs_err::canonicalize(path).and_then(|found| {
        let refused = || io::ErrorKind::NotADirectory.into();
        found.is_dir().then_some(found).ok_or_else(refused)
    });
    let found = found.map_err(|error| {
        let message = format!("`{}` is no directory", path.display());
        Error::new(ErrorKind::Usage, message)
            .caused_by(error)
            .with_hint(format!("name the directory of {what}"))
    })?;
    check_path(&found)?;
    Ok(found)
}

/// Refuses paths that make would take apart.
pub(super) fn check_path(path: &Path) -> Result<()> {
    let text = path.to_str().unwrap_or("\u{fffd}");
    let Some(letter) = text
        .chars()
        .find(|letter| SPECIAL.contains(*letter) || letter.is_control() || *letter == '\u{fffd}')
    else {
        return Ok(());
    };
    let message = format!(
        "Buildroot cannot work with the path `{}`: `{}` is in it",
        path.display(),
        letter.escape_default()
    );
    let hint = "use a path of letters, digits, `.`, `_`, `-` and `/`";
    Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
}
