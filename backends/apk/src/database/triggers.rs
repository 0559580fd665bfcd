//! `lib/apk/db/triggers`: which packages want to know of changes, and in which directories.
//!
//! A line is the package's checksum and its patterns. A pattern that begins with `+` asks for changed directories only,
//! even when the package itself is new.

use super::{Form, installed::Installed};
use crate::glob;
use boot_kit::RootPath;
use std::collections::{BTreeMap, BTreeSet};

/// The patterns of each package that has any, by its name, in the order of their installation.
pub type Triggers = Vec<(String, Vec<String>)>;

/// Writes the file: in the order of installation, or by apk 3 sorted by package.
pub fn write(triggers: &Triggers, installed: &Installed, form: Form) -> String {
    let ordered = form.ordered(triggers).into_iter();
    let lines = ordered.filter_map(|(name, patterns)| {
        let identity = installed.get(name)?.identity();
        Some(format!("{identity} {}\n", patterns.join(" ")))
    });
    lines.collect()
}

/// Reads the file; packages that are not installed are left out.
pub fn read(text: &str, installed: &Installed) -> Triggers {
    let names: BTreeMap<&str, &String> = installed
        .iter()
        .map(|(name, package)| (package.identity(), name))
        .collect();
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let name = *names.get(words.next()?)?;
        Some((name.clone(), words.map(str::to_owned).collect()))
    });
    lines.collect()
}

/// Finds the directories to tell a package of, absolute and sorted.
///
/// `changed` are those that packages of this run ship. A package that is itself new is told of all directories there
/// are (`all`): it has seen none of them.
pub fn due(
    patterns: &[String],
    is_new: bool,
    all: &BTreeSet<&RootPath>,
    changed: &BTreeSet<RootPath>,
) -> Vec<String> {
    let wanted = |path: &RootPath, absolute: &str| {
        patterns.iter().any(|pattern| {
            let (only_changed, pattern) = match pattern.strip_prefix('+') {
                Some(pattern) => (true, pattern),
                None => (false, pattern.as_str()),
            };
            (is_new && !only_changed || changed.contains(path))
                && glob::matches(pattern.as_bytes(), absolute.as_bytes())
        })
    };
    let paths = all.iter().filter_map(|path| {
        let absolute = format!("/{path}");
        wanted(path, &absolute).then_some(absolute)
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::installed;

    #[test]
    fn a_new_package_hears_of_everything_and_others_of_changes() {
        let paths = [
            "bin",
            "lib/modules/6.6",
            "lib/modules/6.6/kernel",
            "usr/bin",
        ];
        let paths = paths.map(RootPath::from);
        let all = paths.iter().collect();
        let changed = BTreeSet::from([RootPath::from("usr/bin")]);
        let due = |patterns: &[&str], is_new| {
            let patterns: Vec<_> = patterns.iter().map(|word| (*word).to_owned()).collect();
            due(&patterns, is_new, &all, &changed)
        };
        let busybox = ["/bin", "/usr/bin", "/lib/modules/*"];
        assert_eq!(
            due(&busybox, true),
            ["/bin", "/lib/modules/6.6", "/usr/bin"]
        );
        assert_eq!(due(&busybox, false), ["/usr/bin"]);
        assert_eq!(due(&["+/bin", "+/usr/*"], true), ["/usr/bin"]);
    }

    #[test]
    fn lines_name_packages_by_checksum() {
        let installed = installed::parse(b"C:Q1a=\nP:a\n\n").expect("well-formed");
        let text = "Q1a= /bin /lib/modules/*\n";
        let triggers = read(&format!("{text}Q1gone= /x\n"), &installed);
        assert_eq!(write(&triggers, &installed, Form::V2), text);
    }
}
