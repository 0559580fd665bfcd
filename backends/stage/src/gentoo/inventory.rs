//! The packages a stage says it holds: portage's database.

use crate::tree::Tree;
use boot_kit::RootPath;

/// Lists the packages of `var/db/pkg` with their versions, sorted: `sys-apps/baselayout`, `2.18`.
pub fn inventory(tree: &Tree) -> Vec<(String, String)> {
    let database = RootPath::from("var/db/pkg");
    let mut packages = Vec::new();
    for category in tree.list(&database) {
        let directory = database.join(&category);
        for name in tree.list(&directory) {
            let name = String::from_utf8_lossy(&name).into_owned();
            if let Some((name, version)) = split(&name) {
                let category = String::from_utf8_lossy(&category);
                packages.push((format!("{category}/{name}"), version.to_owned()));
            }
        }
    }
    packages
}

/// Splits a package's directory where its version begins, by the rules of
/// <https://projects.gentoo.org/pms/latest/pms.html>: a hyphen and a digit, the last such but for a revision.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    let is_revision = |part: &str| {
        let digits = part.strip_prefix('r');
        digits
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let before = match name.rsplit_once('-') {
        Some((before, revision)) if is_revision(revision) => before,
        _ => name,
    };
    let hyphen = before.rfind('-')?;
    let version = &name[hyphen + 1..];
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| (&name[..hyphen], version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_begin_after_the_last_hyphen_but_for_revisions() {
        for (name, wanted) in [
            ("baselayout-2.18", Some(("baselayout", "2.18"))),
            (
                "gcc-15.2.1_p20260801-r1",
                Some(("gcc", "15.2.1_p20260801-r1")),
            ),
            ("gtk+-3-2.0", Some(("gtk+-3", "2.0"))),
            ("-MERGING-x", None),
            ("x", None),
        ] {
            assert_eq!(split(name), wanted, "{name}");
        }
    }
}
