//! How a layer removes what is below it: an empty file `.wh.NAME` stands for the absence of `NAME`.
//!
//! Specification: <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>. We never write the
//! opaque form (`.wh..wh..opq`): every name that goes is named.

use boot_kit::{Entry, Error, ErrorKind, Kind, Result, RootPath};
use std::collections::BTreeMap;

const PREFIX: &[u8] = b".wh.";

/// The path that says in a layer that `removed` is gone, with all below it; none for the root.
pub fn path(removed: &RootPath) -> Option<RootPath> {
    let (parent, name) = removed.split()?;
    Some(parent.join(&[PREFIX, name].concat()))
}

/// What a path says is gone, as its directory and the name there; none if it is no whiteout.
pub fn removed(path: &RootPath) -> Option<(RootPath, Vec<u8>)> {
    let (parent, name) = path.split()?;
    Some((parent, name.strip_prefix(PREFIX)?.to_vec()))
}

/// The entry that says so, dated `epoch`; none for the root.
pub fn entry(removed: &RootPath, epoch: i64) -> Option<Entry> {
    Some(Entry {
        path: path(removed)?,
        kind: Kind::File { size: 0 },
        mode: 0o600,
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    })
}

/// Refuses a file that an image cannot hold because it would remove another.
///
/// Only the last name is looked at: whoever walks a tree comes by its directories as well. Errors with
/// [`ErrorKind::Usage`].
pub fn refuse(path: &RootPath) -> Result<()> {
    match removed(path) {
        Some(_) => {
            let message = format!("`{path}` has a name that means in an image that a file is gone");
            let hint = "leave the file out, with --exclude or a recipe of your own";
            Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whiteout_is_beside_what_it_removes() {
        for (removed, whiteout) in [("etc/motd", "etc/.wh.motd"), ("srv", ".wh.srv")] {
            assert_eq!(path(&removed.into()), Some(whiteout.into()));
            let (directory, name) = super::removed(&whiteout.into()).expect("a whiteout");
            assert_eq!(directory.join(&name), removed.into());
        }
        assert_eq!(path(&RootPath::default()), None);
    }

    #[test]
    fn a_name_that_would_remove_another_is_refused() {
        for fine in ["", "etc/.whatever", "a.wh.b", "etc/.wh"] {
            refuse(&fine.into()).expect("fine");
        }
        let error = refuse(&"etc/.wh.motd".into()).expect_err("a whiteout");
        assert_eq!(
            format!("{error:?}"),
            "Usage: `etc/.wh.motd` has a name that means in an image that a file is gone (hint: leave the file \
             out, with --exclude or a recipe of your own)"
        );
        assert!(refuse(&".wh..wh..opq".into()).is_err());
    }
}
