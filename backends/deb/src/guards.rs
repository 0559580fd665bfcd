//! What keeps services from starting while packages are configured; gone before the image is.

use boot_kit::{Result, Root, RootPath};

/// `invoke-rc.d` asks this program (its exit code 101: action forbidden by policy).
const POLICY: &str = "usr/sbin/policy-rc.d";
const POLICY_TEXT: &[u8] = b"#!/bin/sh\nexit 101\n";

/// Scripts that bypass `invoke-rc.d` start daemons with this one.
const START: &str = "usr/sbin/start-stop-daemon";
const START_ASIDE: &str = "usr/sbin/start-stop-daemon.boot";
const START_TEXT: &[u8] = b"#!/bin/sh\necho \"start-stop-daemon $*: not in a base image\"\n";

/// Puts the guards up.
pub fn raise(root: &Root) -> Result<()> {
    root.write(&RootPath::from(POLICY), POLICY_TEXT, 0o755)?;
    if root.entry(&RootPath::from(START))?.is_some() {
        root.rename(&RootPath::from(START), &RootPath::from(START_ASIDE))?;
        root.write(&RootPath::from(START), START_TEXT, 0o755)?;
    }
    Ok(())
}

/// Takes them down; the root is as if they had never been there.
pub fn lower(root: &Root) -> Result<()> {
    root.remove(&RootPath::from(POLICY))?;
    if root.entry(&RootPath::from(START_ASIDE))?.is_some() {
        root.rename(&RootPath::from(START_ASIDE), &RootPath::from(START))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_leave_nothing_behind() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        root.write(&RootPath::from(START), b"real", 0o755)
            .expect("writable");
        raise(&root).expect("writable");
        assert_eq!(
            root.read(&RootPath::from(START)).expect("readable"),
            Some(START_TEXT.to_vec())
        );
        lower(&root).expect("writable");
        let left = root.list(&RootPath::from("usr/sbin")).expect("readable");
        assert_eq!(left, [b"start-stop-daemon".to_vec()]);
        assert_eq!(
            root.read(&RootPath::from(START)).expect("readable"),
            Some(b"real".to_vec())
        );
    }
}
