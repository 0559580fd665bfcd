//! What files are for, and which are named one by one: data from `configs/footprint/`.

#[cfg(test)]
mod tests;

use super::elf::Sort;
use crate::prune::glob::Pattern;
use boot_kit::{Error, ErrorKind, Result};
use serde::Deserialize;

const CLASSES: &str = include_str!("../../configs/footprint/classes.toml");
const NOTABLE: &str = include_str!("../../configs/footprint/notable.toml");

/// The class of files that no rule matches.
pub(super) const OTHER: &str = "other";
/// The class of what is no file.
pub(super) const STRUCTURE: &str = "structure";

/// The rules, ready to be asked.
pub(super) struct Rules {
    /// All classes: those of the file, in its order, then [`OTHER`] and [`STRUCTURE`].
    pub classes: Vec<String>,
    /// In the order in which they are asked.
    ordered: Vec<Rule>,
    pub shells: Vec<Pattern>,
    pub interpreters: Vec<Pattern>,
    pub package_managers: Vec<Pattern>,
    /// Shells that let nobody in, with a leading slash.
    pub no_login: Vec<String>,
    pub secrets: Vec<Secret>,
    pub unread: Vec<Unread>,
}

struct Rule {
    class: usize,
    /// Empty: every path.
    paths: Vec<Pattern>,
    elf: Option<Sort>,
    is_script: bool,
}

/// Files that should be in no image.
pub(super) struct Secret {
    /// What they are.
    pub what: String,
    /// Where they are.
    pub paths: Vec<Pattern>,
    /// Contents that are none.
    pub except: Vec<String>,
}

/// A database of packages that is named, but not read.
pub(super) struct Unread {
    /// Whose it is.
    pub name: String,
    /// Where it is.
    pub paths: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    class: Vec<ClassTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    name: String,
    #[serde(default)]
    paths: Vec<String>,
    elf: Option<ElfWord>,
    #[serde(default)]
    script: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ElfWord {
    Program,
    Library,
    Object,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NotableFile {
    shells: Vec<String>,
    interpreters: Vec<String>,
    package_managers: Vec<String>,
    no_login: Vec<String>,
    secret: Vec<SecretTable>,
    unread: Vec<UnreadTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretTable {
    what: String,
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreadTable {
    name: String,
    paths: Vec<String>,
}

impl Rules {
    /// Reads the rules that are built in.
    pub fn builtin() -> Result<Self> {
        Self::parse(CLASSES, NOTABLE)
    }

    fn parse(classes: &str, notable: &str) -> Result<Self> {
        let file: ClassFile = read(classes)?;
        let notable: NotableFile = read(notable)?;
        let mut names: Vec<String> = Vec::new();
        let mut rules = Vec::new();
        for table in file.class {
            let known = names.iter().position(|name| *name == table.name);
            let class = known.unwrap_or_else(|| {
                names.push(table.name.clone());
                names.len() - 1
            });
            rules.push(Rule {
                class,
                paths: patterns(&table.paths)?,
                elf: table.elf.map(|word| match word {
                    ElfWord::Program => Sort::Program,
                    ElfWord::Library => Sort::Library,
                    ElfWord::Object => Sort::Object,
                }),
                is_script: table.script,
            });
        }
        names.extend([OTHER, STRUCTURE].map(str::to_owned));
        let secret = |table: SecretTable| {
            Ok(Secret {
                what: table.what,
                paths: patterns(&table.paths)?,
                except: table.except,
            })
        };
        let unread = |table: UnreadTable| {
            Ok(Unread {
                name: table.name,
                paths: patterns(&table.paths)?,
            })
        };
        Ok(Self {
            classes: names,
            ordered: rules,
            shells: patterns(&notable.shells)?,
            interpreters: patterns(&notable.interpreters)?,
            package_managers: patterns(&notable.package_managers)?,
            no_login: notable.no_login,
            secrets: notable
                .secret
                .into_iter()
                .map(secret)
                .collect::<Result<_>>()?,
            unread: notable
                .unread
                .into_iter()
                .map(unread)
                .collect::<Result<_>>()?,
        })
    }

    /// Finds the class of a file; `path` has a leading slash.
    pub fn class(&self, path: &[u8], elf: Option<Sort>, is_script: bool) -> usize {
        let matches = |rule: &&Rule| {
            (rule.elf.is_none() || rule.elf == elf)
                && (!rule.is_script || is_script)
                && (rule.paths.is_empty() || any(&rule.paths, path))
        };
        let found = self.ordered.iter().find(matches);
        found.map_or(self.classes.len() - 2, |rule| rule.class)
    }

    /// The class of what is no file.
    pub fn structure(&self) -> usize {
        self.classes.len() - 1
    }
}

/// Tells whether any pattern matches `path`, which has a leading slash.
pub(super) fn any(patterns: &[Pattern], path: &[u8]) -> bool {
    patterns.iter().any(|pattern| pattern.matches(path))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        Error::new(
            ErrorKind::Parse,
            "rules of `configs/footprint` are malformed",
        )
        .caused_by(error)
    })
}

/// Reads globs; one that begins with a star is for any path.
fn patterns(lines: &[String]) -> Result<Vec<Pattern>> {
    let pattern = |line: &String| match line.strip_prefix('*') {
        Some(rest) => Pattern::parse(&format!("/*{rest}")),
        None => Pattern::parse(line),
    };
    lines.iter().map(pattern).collect()
}
