//! What may have been meant by a name that nothing has.

use crate::index::{Package, Universe};
use boot_kit::{Error, ErrorKind, near::near};

/// Makes the error for a name that no package has, with the nearest names there are.
pub(super) fn unknown(universe: &Universe, name: &str, arch: &str) -> Error {
    let message = if arch == universe.native() {
        format!("package `{name}` does not exist")
    } else {
        format!("package `{name}` does not exist for architecture `{arch}`")
    };
    let error = Error::new(ErrorKind::Usage, message);
    let names = universe.packages().filter(Package::is_native);
    let names: Vec<Package> = names.collect();
    let near = near(name, names.iter().map(Package::name));
    if near.is_empty() {
        return error
            .with_hint("check the name, and whether its component or suite is among the archives");
    }
    let quoted: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
    error.with_hint(format!("did you mean {}?", quoted.join(", ")))
}

/// Names the suites there are.
pub(super) fn suites(universe: &Universe) -> String {
    let mut names: Vec<&str> = Vec::new();
    for suite in universe.lists().iter().flat_map(|list| list.suites) {
        if !suite.is_empty() && !names.contains(&suite) {
            names.push(suite);
        }
    }
    format!("choose one of the suites there are: {}", names.join(", "))
}
