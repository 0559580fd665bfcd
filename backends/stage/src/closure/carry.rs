//! Files on their way from one tree into another, with the links that lead to them.

use super::system::{System, follow};
use crate::tree::{MAX_LINKS, Tree, parts};
use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use std::{collections::BTreeMap, io};

/// Gives `image` the file `path` leads to in `system`, so that it leads to the same there; tells which that is. Of a
/// directory only the links that lead to it are given.
///
/// Links on the way come along, and what the image has stays: a link whose name is a directory there is not made, and
/// the file goes into the directory. Owner, mode and date are those of any file that is added.
pub(super) fn carry(
    image: &mut Tree,
    system: &dyn System,
    path: &RootPath,
    epoch: i64,
) -> Result<RootPath> {
    let mut left = parts(path.bytes());
    let mut here = RootPath::default();
    let mut links = 0;
    while let Some(name) = left.pop() {
        if name == b".." {
            here = super::system::parent(&here);
            continue;
        }
        let next = here.join(&name);
        let there = image.find(&next).map(|entry| entry.kind);
        let Some(entry) = system.look(&next)? else {
            return Err(nowhere(path));
        };
        match entry.kind {
            Kind::Symlink(target) => {
                links += 1;
                match there {
                    None => image.entry(&link(next, &target, epoch), &mut io::empty())?,
                    Some(Kind::Symlink(same)) if same == target => {}
                    Some(_) => return copy(image, system, &next, &left, epoch),
                }
                if links > MAX_LINKS {
                    return Err(nowhere(path));
                }
                if target.starts_with(b"/") {
                    here = RootPath::default();
                }
                left.extend(parts(&target));
            }
            Kind::Directory if !matches!(there, None | Some(Kind::Directory)) => {
                return copy(image, system, &next, &left, epoch);
            }
            Kind::Directory => here = next,
            _ if there.is_some() => return Ok(next),
            _ => return place(image, system, &entry.path, next, epoch),
        }
    }
    Ok(here)
}

fn nowhere(path: &RootPath) -> Error {
    Error::new(ErrorKind::NotFound, format!("`/{path}` leads to nothing"))
}

/// Gives `image` the file `from` of `system` under the name `to`, whatever links lead there in the image.
pub(super) fn copy_as(
    image: &mut Tree,
    system: &dyn System,
    from: &RootPath,
    to: &RootPath,
    epoch: i64,
) -> Result<RootPath> {
    let to = led(image, to)?;
    if image.find(&to).is_some() {
        return Ok(to);
    }
    let found = follow(system, from)?.ok_or_else(|| nowhere(from))?;
    if found.kind == Kind::Directory {
        return Ok(to);
    }
    place(image, system, &found.path, to, epoch)
}

/// Goes on where the two trees part: what is `left` of the path is looked up in each by its own links.
fn copy(
    image: &mut Tree,
    system: &dyn System,
    next: &RootPath,
    left: &[Vec<u8>],
    epoch: i64,
) -> Result<RootPath> {
    let mut rest = next.clone();
    for name in left.iter().rev() {
        rest = if name == b".." {
            super::system::parent(&rest)
        } else {
            rest.join(name)
        };
    }
    copy_as(image, system, &rest, &rest, epoch)
}

/// Finds where a file of this name will be: links of the image are followed, what is not there is taken as it is.
pub(super) fn led(image: &Tree, path: &RootPath) -> Result<RootPath> {
    let mut here = RootPath::default();
    let mut left = parts(path.bytes());
    while let Some(name) = left.pop() {
        let next = here.join(&name);
        here = match image.find(&next).map(|entry| entry.kind) {
            Some(Kind::Symlink(_)) => image.resolve(&next).ok_or_else(|| {
                let message = format!("`/{next}` is a link that leads nowhere");
                Error::new(ErrorKind::Usage, message)
            })?,
            _ => next,
        };
    }
    Ok(here)
}

fn place(
    image: &mut Tree,
    system: &dyn System,
    from: &RootPath,
    to: RootPath,
    epoch: i64,
) -> Result<RootPath> {
    let reading = || format!("cannot take `/{from}`");
    let entry = system.look(from)?;
    let is_program = entry.is_some_and(|entry| entry.mode & 0o111 != 0);
    let mut content = system.open(from).context(reading)?;
    let entry = Entry {
        path: to,
        kind: Kind::File {
            size: content.size(),
        },
        mode: if is_program { 0o755 } else { 0o644 },
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    };
    image.entry(&entry, &mut content).context(reading)?;
    // So that it can be read back.
    image.settle()?;
    Ok(entry.path)
}

/// A link as it is added.
pub(super) fn link(path: RootPath, target: &[u8], epoch: i64) -> Entry {
    Entry {
        path,
        kind: Kind::Symlink(target.to_vec()),
        mode: 0o777,
        uid: 0,
        gid: 0,
        mtime: epoch,
        xattrs: BTreeMap::new(),
    }
}
