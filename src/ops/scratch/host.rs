//! This machine as a tree of files.

use boot_kit::{Entry, Kind, Result, RootPath};
use boot_stage::{Content, closure::System};
use std::{
    collections::BTreeMap,
    io,
    os::unix::{ffi::OsStringExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

/// The machine this program runs on.
pub struct Host;

impl System for Host {
    fn look(&self, path: &RootPath) -> Result<Option<Entry>> {
        let place = place(path);
        let found = match fs_err::symlink_metadata(&place) {
            Err(error) if is_absent(&error) => return Ok(None),
            other => other?,
        };
        let kind = if found.is_dir() {
            Kind::Directory
        } else if found.is_symlink() {
            Kind::Symlink(fs_err::read_link(&place)?.into_os_string().into_vec())
        } else if found.is_file() {
            Kind::File { size: found.len() }
        } else {
            return Ok(None);
        };
        Ok(Some(Entry {
            path: path.clone(),
            kind,
            mode: found.mode() & 0o7777,
            uid: found.uid(),
            gid: found.gid(),
            mtime: found.mtime(),
            xattrs: BTreeMap::new(),
        }))
    }

    fn open(&self, path: &RootPath) -> Result<Content<'_>> {
        let file = fs_err::File::open(place(path))?;
        Ok(Content::of_file(file.into_parts().0)?)
    }

    fn list(&self, path: &RootPath) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(place(path))? {
            names.push(entry?.file_name().into_vec());
        }
        names.sort();
        Ok(names)
    }
}

/// Whether there is nothing as far as this user can tell: loaders, too, pass over directories they may not enter.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}

fn place(path: &RootPath) -> PathBuf {
    Path::new("/").join(path.as_path())
}
