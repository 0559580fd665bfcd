//! Removing a tree without ever leaving it.

use super::directory_flags;
use rustix::{
    fs::{self, AtFlags, Dir, Mode, ResolveFlags},
    io::Errno,
};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

/// Removes the directory `path` with all that is in it.
///
/// Links are removed, not followed. A mount below it is not entered: what is in it stays, and so does all above it.
pub(super) fn remove_tree(path: &Path) -> io::Result<()> {
    let top = fs::open(path, directory_flags(), Mode::empty())?;
    empty(top.as_fd())?;
    Ok(fs::rmdir(path)?)
}

fn empty(directory: BorrowedFd<'_>) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_owned();
        if name.to_bytes() != b"." && name.to_bytes() != b".." {
            names.push(name);
        }
    }
    for name in names {
        match fs::unlinkat(directory, &name, AtFlags::empty()) {
            Err(Errno::ISDIR) => {
                let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
                let flags = directory_flags();
                let below = fs::openat2(directory, &name, flags, Mode::empty(), resolve)?;
                empty(below.as_fd())?;
                fs::unlinkat(directory, &name, AtFlags::REMOVEDIR)?;
            }
            other => other?,
        }
    }
    Ok(())
}
