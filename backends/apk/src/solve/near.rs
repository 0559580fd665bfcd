//! Names and tags that nothing has, and what may have been meant.

use super::{Request, Universe};
use boot_kit::{Error, ErrorKind, Result, near::near};

/// Refuses a world that names packages or tags that do not exist.
pub(super) fn refuse_unknown(universe: &Universe, request: &Request) -> Result<()> {
    for dependency in &request.world {
        let name = dependency.name.as_str();
        let number = universe.names.find(name);
        let is_known = number.is_some_and(|it| !universe.providers(it).is_empty());
        if !is_known && !dependency.conflict {
            let message = format!("package `{name}` does not exist");
            return Err(Error::new(ErrorKind::Usage, message).with_hint(advice(universe, name)));
        }
        let Some(tag) = &dependency.tag else {
            continue;
        };
        if universe.tag(tag).is_none() {
            let hint = match universe.tags() {
                [] => format!("add a repository with the tag, or ask for `{name}` without it"),
                tags => format!("the tags there are: {}", quoted(tags)),
            };
            let message = format!("no repository has the tag `{tag}` of `{dependency}`");
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
    }
    Ok(())
}

/// Says what may have been meant by a name that nothing has.
pub(super) fn advice(universe: &Universe, name: &str) -> String {
    let command = universe.names.find(&format!("cmd:{name}"));
    let owner = command.and_then(|it| universe.providers(it).first());
    if let Some(owner) = owner {
        let package = &universe.package(owner.package()).name;
        return format!("the command `{name}` is in the package `{package}`");
    }
    let packages = universe.packages().iter();
    let near = near(name, packages.map(|package| package.name.as_str()));
    if near.is_empty() {
        return "check the name, and whether its repository is among those used".to_owned();
    }
    format!("did you mean {}?", quoted(&near))
}

/// Joins names for a sentence.
pub(super) fn quoted(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    quoted.join(", ")
}
