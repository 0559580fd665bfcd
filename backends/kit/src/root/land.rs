//! Parcels land in the root.

use super::Root;
use crate::{
    Context, Entry, Kind, Parcel, Place, Result, RootPath,
    parcel::{Item, set_owner_and_mode},
};
use rustix::{
    fs::{self, Mode, OFlags},
    io::Errno,
};
use std::{io, os::fd::OwnedFd};

impl Root {
    /// Moves a parcel's files into the root, in archive order, each to where `place` says.
    ///
    /// A directory that is there already stays as it is, whether a directory or a link comes to its path, and so does a
    /// link to a directory where a directory comes, as in dpkg; any other path is replaced. Errors where a file comes
    /// to the path of a directory.
    /// The parcel is gone afterwards, with what was placed nowhere.
    pub fn land(
        &self,
        parcel: Parcel,
        place: &mut dyn FnMut(&Entry) -> Result<Place>,
    ) -> Result<()> {
        let mut landing = Landing {
            root: self,
            parcel: parcel.open()?,
            last: None,
        };
        for (number, item) in parcel.items().iter().enumerate() {
            let path = match place(&item.entry)? {
                Place::Own => item.entry.path.clone(),
                Place::At(path) => path,
                Place::Nowhere => continue,
            };
            if !path.is_root() {
                landing
                    .item(number, item, &path)
                    .context(|| format!("cannot install `{path}`"))?;
            }
        }
        parcel.discard()
    }
}

/// Remembers the last parent: entries of one directory come together.
struct Landing<'a> {
    root: &'a Root,
    parcel: OwnedFd,
    last: Option<(RootPath, OwnedFd)>,
}

impl Landing<'_> {
    fn item(&mut self, number: usize, item: &Item, path: &RootPath) -> Result<()> {
        let Some((parent, name)) = path.split() else {
            return Ok(());
        };
        if self.last.as_ref().is_none_or(|(last, _)| *last != parent) {
            self.last = Some((parent.clone(), self.root.parent(path)?.0));
        }
        let Some((_, parent)) = &self.last else {
            return Ok(());
        };
        if item.entry.kind == Kind::Directory {
            return self.directory(parent, name, &item.entry, path);
        }
        if !item.stored {
            return Ok(());
        }
        let is_link = matches!(item.entry.kind, Kind::Symlink(_));
        match fs::renameat(&self.parcel, number.to_string(), parent, name) {
            Err(Errno::ISDIR) if is_link => Ok(()),
            other => Ok(other.map_err(io::Error::from)?),
        }
    }

    fn directory(
        &self,
        parent: &OwnedFd,
        name: &[u8],
        entry: &Entry,
        path: &RootPath,
    ) -> Result<()> {
        match fs::mkdirat(parent, name, Mode::from_raw_mode(0o700)) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(self.root.require_directory(path)?),
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(parent, name, flags, Mode::empty()).map_err(io::Error::from)?;
        set_owner_and_mode(&fd, entry)
    }
}
