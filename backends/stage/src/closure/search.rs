//! The directories in which a loader looks for libraries.

use super::system::{System, file, follow};
use crate::elf::{Machine, Object};
use boot_kit::{Kind, Result, RootPath};
use std::io::Read;

/// Where the directories of glibc's cache are configured, `ldconfig(8)`.
const CONFIGURATION: &str = "etc/ld.so.conf";
/// How deep that file may include others.
const MAX_DEPTH: usize = 8;
/// How much of a configuration file is read, in bytes.
const MAX_CONFIGURATION: u64 = 1 << 20;
/// What musl searches unless `/etc/ld-musl-ARCH.path` says otherwise, `ldso/dynlink.c`.
const MUSL: [&str; 3] = ["lib", "usr/local/lib", "usr/lib"];
/// Libraries that are musl's loader itself, by the beginning of their names: the same file.
const MUSL_OWN: [&[u8]; 7] = [
    b"libc.",
    b"libpthread.",
    b"librt.",
    b"libm.",
    b"libdl.",
    b"libutil.",
    b"libxnet.",
];

/// A C library, which brings the loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// The loader of the GNU C library, `ld.so(8)`.
    Glibc,
    /// The loader of musl, which is its C library itself.
    Musl,
}

impl Library {
    /// Tells whose loader an object wants.
    pub fn of(object: &Object) -> Self {
        let names = object.interpreter.iter().chain(&object.needed);
        Self::named(names.map(Vec::as_slice))
    }

    /// Tells whose loader is named by an object's interpreter and the libraries it needs.
    pub fn named<'a>(mut names: impl Iterator<Item = &'a [u8]>) -> Self {
        let is_musl = |name: &[u8]| {
            let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
            name.starts_with(b"ld-musl-") || name.starts_with(b"libc.musl-")
        };
        if names.any(is_musl) {
            return Self::Musl;
        }
        Self::Glibc
    }

    /// Tells whether a library is a part of the loader, which is there already.
    pub fn has(self, name: &[u8]) -> bool {
        self == Self::Musl && MUSL_OWN.iter().any(|own| name.starts_with(own))
    }
}

/// Directories that are searched, in order, after those that the objects name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directories {
    /// Those in which only a cache finds anything, which an image does not have.
    pub cached: Vec<RootPath>,
    /// Those the loader knows by itself, or reads from a file.
    pub own: Vec<RootPath>,
    /// That file.
    pub file: Option<RootPath>,
}

impl Directories {
    /// Reads what `system` says about them.
    pub fn of(
        system: &dyn System,
        library: Library,
        machine: Machine,
        interpreter: Option<&[u8]>,
    ) -> Result<Self> {
        match library {
            Library::Glibc => Ok(Self {
                cached: configured(system)?,
                own: glibc(system, machine)?,
                file: None,
            }),
            Library::Musl => musl(system, interpreter),
        }
    }
}

/// What glibc is built to search: Debian's builds by machine, others by the width of words.
fn glibc(system: &dyn System, machine: Machine) -> Result<Vec<RootPath>> {
    for triplet in machine.triplets() {
        let triplets =
            ["lib", "usr/lib"].map(|above| RootPath::from(above).join(triplet.as_bytes()));
        for directory in &triplets {
            if follow(system, directory)?.is_some_and(|entry| entry.kind == Kind::Directory) {
                let others = ["lib", "usr/lib"].map(RootPath::from);
                return Ok(triplets.into_iter().chain(others).collect());
            }
        }
    }
    let all = ["lib64", "usr/lib64", "lib", "usr/lib"];
    let first = if machine.is_64() { 0 } else { 2 };
    Ok(all[first..].iter().copied().map(RootPath::from).collect())
}

fn musl(system: &dyn System, interpreter: Option<&[u8]>) -> Result<Directories> {
    let name = interpreter.and_then(|path| path.rsplit(|byte| *byte == b'/').next());
    let architecture = name.and_then(|name| name.strip_suffix(b".so.1"));
    if let Some(architecture) = architecture {
        let path = RootPath::from("etc").join(&[architecture, b".path"].concat());
        if let Some(text) = read(system, &path)? {
            let names = text.split(|byte| matches!(byte, b':' | b'\n'));
            let named = names.filter(|name| name.first() == Some(&b'/'));
            return Ok(Directories {
                own: named
                    .filter_map(|name| RootPath::parse(name).ok())
                    .collect(),
                file: Some(path),
                cached: Vec::new(),
            });
        }
    }
    Ok(Directories {
        own: MUSL.map(RootPath::from).to_vec(),
        ..Directories::default()
    })
}

/// The directories `ldconfig` makes its cache of, besides those that are always searched.
fn configured(system: &dyn System) -> Result<Vec<RootPath>> {
    let mut directories = Vec::new();
    read_configuration(system, &RootPath::from(CONFIGURATION), 0, &mut directories)?;
    Ok(directories)
}

fn read_configuration(
    system: &dyn System,
    path: &RootPath,
    depth: usize,
    directories: &mut Vec<RootPath>,
) -> Result<()> {
    let Some(text) = read(system, path)? else {
        return Ok(());
    };
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let separators = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b',');
        let mut words = line.split(separators).filter(|word| !word.is_empty());
        match words.next() {
            Some(b"include") if depth < MAX_DEPTH => {
                for pattern in words {
                    for included in matching(system, path, pattern)? {
                        read_configuration(system, &included, depth + 1, directories)?;
                    }
                }
            }
            Some(b"include" | b"hwcap") | None => {}
            Some(first) => {
                for word in [first].into_iter().chain(words) {
                    // An old form says which library a directory is for: `/lib=libc6`.
                    let word = word.split(|byte| *byte == b'=').next().unwrap_or_default();
                    if let Ok(directory) = RootPath::parse(word)
                        && !directories.contains(&directory)
                    {
                        directories.push(directory);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Finds the files a pattern means, `*` in its last name only; relative ones are beside the file that names them.
fn matching(system: &dyn System, from: &RootPath, pattern: &[u8]) -> Result<Vec<RootPath>> {
    let beside = [super::system::parent(from).bytes(), b"/", pattern].concat();
    let path = if pattern.starts_with(b"/") {
        pattern
    } else {
        &beside
    };
    let Ok(path) = RootPath::parse(path) else {
        return Ok(Vec::new());
    };
    let Some((directory, name)) = path.split() else {
        return Ok(Vec::new());
    };
    let Some(star) = name.iter().position(|byte| *byte == b'*') else {
        return Ok(vec![path]);
    };
    let Some(found) = follow(system, &directory)?.filter(|entry| entry.kind == Kind::Directory)
    else {
        return Ok(Vec::new());
    };
    let (start, end) = (&name[..star], &name[star + 1..]);
    let is_meant = |name: &Vec<u8>| {
        let fits = name.len() >= start.len() + end.len();
        fits && name.starts_with(start) && name.ends_with(end) && !name.starts_with(b".")
    };
    let names = system.list(&found.path)?.into_iter().filter(is_meant);
    Ok(names.map(|name| directory.join(&name)).collect())
}

/// Reads a short file through links.
pub(super) fn read(system: &dyn System, path: &RootPath) -> Result<Option<Vec<u8>>> {
    let Some(entry) = file(system, path)? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    let content = system.open(&entry.path)?;
    content.take(MAX_CONFIGURATION).read_to_end(&mut text)?;
    Ok(Some(text))
}
