//! `var/lib/dpkg/triggers`, for packages that land in a root whose trigger database exists already.
//!
//! In a fresh root the directory is absent and dpkg builds it from all packages at its first run. Later, dpkg learns of
//! interests and of activations by file only while it unpacks; where we unpack, we write down the same
//! (triggers/File, triggers/NAME and triggers/Unincorp, read by dpkg's lib/dpkg/triglib.c and trigdeferred.l).

use crate::archive::Unpacked;
use boot_kit::{Result, Root, RootPath};
use std::collections::BTreeSet;

const FILE: &str = "var/lib/dpkg/triggers/File";
const UNINCORP: &str = "var/lib/dpkg/triggers/Unincorp";

/// Tells whether the root has a trigger database yet.
fn exists(root: &Root) -> Result<bool> {
    Ok(root.entry(&RootPath::from(UNINCORP))?.is_some())
}

/// Adds what `package` is interested in to the trigger database, if there is one.
pub fn register_interests(root: &Root, package: &Unpacked) -> Result<()> {
    let Some(file) = package.file("triggers") else {
        return Ok(());
    };
    if !exists(root)? {
        return Ok(());
    }
    let name = package.control.info_name();
    for (trigger, noawait) in interests(&String::from_utf8_lossy(&file.content)) {
        let interested = if noawait {
            format!("{name}/noawait")
        } else {
            name.clone()
        };
        if trigger.starts_with('/') {
            append(
                root,
                &RootPath::from(FILE),
                &format!("{trigger} {interested}\n"),
            )?;
        } else {
            let path = RootPath::parse(format!("var/lib/dpkg/triggers/{trigger}"))?;
            append(root, &path, &format!("{interested}\n"))?;
        }
    }
    Ok(())
}

/// Activates the file triggers under which any of `paths` lies, if there is a trigger database.
pub fn activate_triggers<'a>(root: &Root, paths: impl Iterator<Item = &'a RootPath>) -> Result<()> {
    if !exists(root)? {
        return Ok(());
    }
    let file = root.read(&RootPath::from(FILE))?.unwrap_or_default();
    let file = String::from_utf8_lossy(&file);
    let triggers: BTreeSet<&str> = file
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let mut activated: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        activated.extend(triggers.iter().filter(|trigger| lies_under(path, trigger)));
    }
    // No package awaits the outcome (`-`): the one that is interested runs its trigger in the same dpkg run anyway.
    let lines: String = activated
        .iter()
        .map(|trigger| format!("{trigger} -\n"))
        .collect();
    append(root, &RootPath::from(UNINCORP), &lines)
}

/// Reads the interests in a package's `triggers` file (deb-triggers(5)): the trigger, and whether nobody awaits it.
fn interests(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.lines().filter_map(|line| {
        let (directive, trigger) = line.trim().split_once(char::is_whitespace)?;
        let noawait = match directive {
            "interest" | "interest-await" => false,
            "interest-noawait" => true,
            _ => return None,
        };
        Some((trigger.trim(), noawait))
    })
}

fn lies_under(path: &RootPath, trigger: &str) -> bool {
    let Some(rest) = path
        .bytes()
        .strip_prefix(trigger.trim_matches('/').as_bytes())
    else {
        return false;
    };
    rest.is_empty() || rest[0] == b'/'
}

fn append(root: &Root, path: &RootPath, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut content = root.read(path)?.unwrap_or_default();
    content.extend_from_slice(text.as_bytes());
    root.write(path, &content, 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::ControlFile, control::Control};

    fn package(triggers: &str) -> Unpacked {
        let control = b"Package: a\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\n";
        let file = ControlFile {
            name: "triggers".into(),
            content: triggers.into(),
            mode: 0o644,
            mtime: 0,
        };
        Unpacked {
            control: Control::parse(control).expect("well-formed"),
            files: vec![file],
            paths: vec![],
        }
    }

    fn text(root: &Root, path: &'static str) -> Option<String> {
        let content = root.read(&RootPath::from(path)).expect("readable");
        content.map(|content| String::from_utf8(content).expect("UTF-8"))
    }

    #[test]
    fn a_fresh_root_is_left_to_dpkg() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        register_interests(&root, &package("interest /usr/share/x\n")).expect("nothing to do");
        activate_triggers(&root, [RootPath::from("usr/share/x/y")].iter()).expect("nothing to do");
        assert_eq!(
            root.list(&RootPath::default()).expect("readable"),
            Vec::<Vec<u8>>::new()
        );
    }

    #[test]
    fn a_later_package_is_registered_and_its_files_activate() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        root.write(&RootPath::from(UNINCORP), b"", 0o644)
            .expect("writable");
        let package =
            package("# note\ninterest-noawait /usr/share/x\ninterest ldconfig\nactivate y\n");
        register_interests(&root, &package).expect("writable");
        let paths = [
            RootPath::from("usr/share/x/y"),
            RootPath::from("usr/share/xy"),
        ];
        activate_triggers(&root, paths.iter()).expect("writable");
        assert_eq!(
            text(&root, FILE).as_deref(),
            Some("/usr/share/x a:amd64/noawait\n")
        );
        assert_eq!(
            text(&root, "var/lib/dpkg/triggers/ldconfig").as_deref(),
            Some("a:amd64\n")
        );
        assert_eq!(text(&root, UNINCORP).as_deref(), Some("/usr/share/x -\n"));
    }
}
