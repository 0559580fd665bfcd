//! The search path of one object: what it names itself, what the image's environment does, and what its loader knows.

use super::{
    search::{Directories, Library},
    system,
};
use crate::elf::Object;
use boot_kit::RootPath;
use std::rc::Rc;

/// An object in the order of loading.
pub(super) struct Loaded {
    /// Where it was found in the image.
    pub path: RootPath,
    /// The name it was asked for by.
    pub name: Vec<u8>,
    pub object: Rc<Object>,
    /// Who asked, by number.
    pub loader: Option<usize>,
    /// Where it is on the host, if that is where it came from.
    pub origin: Option<RootPath>,
}

/// A directory that is searched.
pub(super) struct Directory {
    pub path: RootPath,
    /// The same of the host, for what is beside an added file.
    pub beside: Option<RootPath>,
    /// Whether only a cache leads there.
    pub is_cached: bool,
}

/// Lists the directories in which what object number `number` needs is looked up.
pub(super) fn search_path(
    loaded: &[Loaded],
    number: usize,
    named: &[RootPath],
    directories: &Directories,
) -> Vec<Directory> {
    let mut path = Vec::new();
    let asking = &loaded[number];
    let is_musl = directories.cached.is_empty() && Library::of(&loaded[0].object) == Library::Musl;
    let mut add = |of: &Loaded, text: &[u8]| {
        for directory in text.split(|byte| *byte == b':') {
            path.extend(expanded(directory, of));
        }
    };
    if is_musl || asking.object.runpath.is_none() {
        let mut next = Some(number);
        while let Some(of) = next.map(|number| &loaded[number]) {
            let own = match (&of.object.runpath, &of.object.rpath) {
                (Some(runpath), _) if is_musl => Some(runpath),
                (None, rpath) => rpath.as_ref(),
                _ => None,
            };
            if let Some(text) = own {
                add(of, text);
            }
            next = of.loader.or((next != Some(0)).then_some(0));
        }
    }
    let plain = |is_cached| {
        move |path: &RootPath| Directory {
            path: path.clone(),
            beside: None,
            is_cached,
        }
    };
    let mut runpath = Vec::new();
    if let Some(text) = asking.object.runpath.as_ref().filter(|_| !is_musl) {
        for directory in text.split(|byte| *byte == b':') {
            runpath.extend(expanded(directory, asking));
        }
    }
    path.extend(named.iter().map(plain(false)));
    path.extend(runpath);
    // What the cache has of directories that are searched anyway needs no cache.
    let is_own = |path: &RootPath| directories.own.contains(path);
    let cached = directories.cached.iter();
    path.extend(cached.map(|path| plain(!is_own(path))(path)));
    path.extend(directories.own.iter().map(plain(false)));
    path
}

/// Replaces what a search path may name by what it stands for, `ld.so(8)`; what is relative or unknown is passed over.
fn expanded(text: &[u8], of: &Loaded) -> Option<Directory> {
    let text = String::from_utf8(text.to_vec()).ok()?;
    let text = text.replace("${ORIGIN}", "$ORIGIN");
    let mut beside = None;
    let path = match text.strip_prefix("$ORIGIN") {
        Some(rest) => {
            beside = of
                .origin
                .as_ref()
                .and_then(|origin| joined(&system::parent(origin), rest));
            joined(&system::parent(&of.path), rest)?
        }
        None if text.starts_with('/') => joined(&RootPath::default(), &text)?,
        None => return None,
    };
    Some(Directory {
        path,
        beside,
        is_cached: false,
    })
}

/// Goes from a directory to another; nothing if that has a name which only a running loader knows.
fn joined(from: &RootPath, rest: &str) -> Option<RootPath> {
    if rest.contains(['$', '\0']) {
        return None;
    }
    let mut path = from.clone();
    for name in rest.split('/').filter(|name| !matches!(*name, "" | ".")) {
        path = match name {
            ".." => system::parent(&path),
            name => path.join(name.as_bytes()),
        };
    }
    Some(path)
}
