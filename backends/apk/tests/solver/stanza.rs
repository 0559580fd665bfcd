//! Reading the fields of an index that matter to the solver.

use boot_apk::{
    package::Package,
    relation::{Dependency, Provide},
};

/// Reads stanzas set apart by blank lines. Without `I:` a package has a byte to install.
pub fn packages(text: &str, repository: usize) -> Vec<Package> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|stanza| !stanza.is_empty())
        .map(|stanza| package(stanza, repository))
        .collect()
}

fn package(stanza: &str, repository: usize) -> Package {
    let mut package = Package {
        repository,
        installed_size: 1,
        ..Package::default()
    };
    for line in stanza.lines() {
        let (field, value) = line.split_once(':').expect(line);
        let dependencies = || Dependency::parse_list(value).expect(line);
        match field {
            "P" => value.clone_into(&mut package.name),
            "V" => value.clone_into(&mut package.version),
            "C" => value.clone_into(&mut package.identity),
            "I" => package.installed_size = value.parse().expect(line),
            "k" => package.provider_priority = value.parse().expect(line),
            "D" => package.depends = dependencies(),
            "i" => package.install_if = dependencies(),
            "p" => package.provides = Provide::parse_list(value).expect(line),
            _ => {}
        }
    }
    package
}
