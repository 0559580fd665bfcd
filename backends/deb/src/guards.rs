//! What keeps services from starting while packages are configured; gone before the image is.

use boot_kit::{Result, Root, RootPath};

/// `invoke-rc.d` asks this program (its exit code 101: action forbidden by policy).
const POLICY: &str = "usr/sbin/policy-rc.d";
const POLICY_TEXT: &[u8] = b"#!/bin/sh\nexit 101\n";

/// Scripts that bypass `invoke-rc.d` start daemons with this one.
const START: &str = "usr/sbin/start-stop-daemon";
const START_TEXT: &[u8] = b"#!/bin/sh\necho \"start-stop-daemon $*: not in a base image\"\n";

/// Added to the name of what a guard stands in for.
const ASIDE: &str = ".boot";

/// Puts the guards up, those that are not.
pub fn raise(root: &Root) -> Result<()> {
    put(root, POLICY, POLICY_TEXT)?;
    if root.entry(&RootPath::from(START))?.is_some() {
        put(root, START, START_TEXT)?;
    }
    Ok(())
}

/// Takes them down; the root is as if they had never been there.
pub fn lower(root: &Root) -> Result<()> {
    for path in [POLICY, START].map(RootPath::from) {
        let aside = path.with_suffix(ASIDE);
        if root.entry(&aside)?.is_some() {
            root.rename(&aside, &path)?;
        } else if root.read(&path)?.as_deref() == Some(POLICY_TEXT) {
            root.remove(&path)?;
        }
    }
    Ok(())
}

/// Puts a guard at `path`, and what a package has there aside.
fn put(root: &Root, path: &'static str, text: &[u8]) -> Result<()> {
    let path = RootPath::from(path);
    if root.read(&path)?.as_deref() == Some(text) {
        return Ok(());
    }
    if root.entry(&path)?.is_some() {
        root.rename(&path, &path.with_suffix(ASIDE))?;
    }
    root.write(&path, text, 0o755)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_leave_nothing_behind() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        let (policy, start) = (RootPath::from(POLICY), RootPath::from(START));
        for package_has_policy in [false, true] {
            root.write(&start, b"real", 0o755).expect("writable");
            let mut expected = vec![b"start-stop-daemon".to_vec()];
            if package_has_policy {
                root.write(&policy, b"policy", 0o755).expect("writable");
                expected.insert(0, b"policy-rc.d".to_vec());
            }
            raise(&root).expect("writable");
            raise(&root).expect("writable");
            for (path, text) in [(&policy, POLICY_TEXT), (&start, START_TEXT)] {
                assert_eq!(root.read(path).expect("readable").as_deref(), Some(text));
            }
            lower(&root).expect("writable");
            let left = root.list(&RootPath::from("usr/sbin")).expect("readable");
            assert_eq!(left, expected);
            assert_eq!(root.read(&start).expect("readable"), Some(b"real".to_vec()));
        }
        assert_eq!(
            root.read(&policy).expect("readable"),
            Some(b"policy".to_vec())
        );
    }
}
