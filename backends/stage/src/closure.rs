//! The libraries of a program, looked up as its loader does when it starts.
//!
//! The rules are those of glibc (`ld.so(8)`) and musl (`ldso/dynlink.c`): `DT_RPATH` of the object and of those that
//! loaded it, `LD_LIBRARY_PATH`, `DT_RUNPATH`, then the directories of the cache and the loader's own; a library for
//! another machine is passed over; one that is loaded already, by its name or `DT_SONAME`, is not looked up again. What
//! was added comes before what could be taken; what was taken for another program comes in its turn, so that each program
//! gets what it would have got alone. Libraries for certain processors only (`glibc-hwcaps`) are passed over: the general
//! one runs everywhere.
//!
//! What a program loads later by `dlopen` is told by nothing in its file, so it is not found.

mod carry;
mod path;
mod search;
mod system;
#[cfg(test)]
mod tests;

use crate::{
    elf::{Machine, Object},
    tree::Tree,
};
use boot_kit::{Context, Error, ErrorKind, Kind, Result, RootPath, Sink};
use carry::{carry, copy_as, led, link};
use path::{Directory, Loaded, search_path};
use search::Directories;
pub use search::Library;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    rc::Rc,
};
pub use system::{System, file, follow};

/// The most objects that one program loads.
const MAX_LOADED: usize = 4096;

/// An image that is given what its programs need.
pub struct Closure<'a> {
    image: &'a mut Tree,
    /// Where libraries are taken from; nothing: what the image lacks is missing.
    source: Option<&'a dyn System>,
    /// Where added files came from, and under which names: libraries beside them there come along.
    origins: BTreeMap<RootPath, RootPath>,
    host: &'a dyn System,
    /// Where the image says to look first: `LD_LIBRARY_PATH`.
    named: Vec<RootPath>,
    epoch: i64,
    objects: HashMap<RootPath, Option<Rc<Object>>>,
    taken: BTreeSet<RootPath>,
}

/// Where everything is.
pub struct Places<'a> {
    /// Where libraries are taken from; nothing: what the image lacks is missing.
    pub source: Option<&'a dyn System>,
    /// The machine that added files came from.
    pub host: &'a dyn System,
    /// Added files, and where they are on that machine.
    pub origins: BTreeMap<RootPath, RootPath>,
    /// The image's `LD_LIBRARY_PATH`; empty if it has none.
    pub library_path: String,
    /// The date of what is added, seconds since the Unix epoch.
    pub epoch: i64,
}

/// Something a program needs that is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The library's name, or the interpreter's path.
    pub name: String,
    /// Whether it is the program that loads the others.
    pub is_interpreter: bool,
    /// Who needs it.
    pub needed_by: RootPath,
    /// One of that name for another machine, and its platform.
    pub other: Option<(RootPath, &'static str)>,
}

impl<'a> Closure<'a> {
    /// Starts with an image whose files have all been added.
    pub fn new(image: &'a mut Tree, places: Places<'a>) -> Self {
        let named = places.library_path.split([':', ';']);
        let named = named.filter(|directory| directory.starts_with('/'));
        Self {
            image,
            source: places.source,
            origins: places.origins,
            host: places.host,
            named: named
                .filter_map(|directory| RootPath::parse(directory).ok())
                .collect(),
            epoch: places.epoch,
            objects: HashMap::new(),
            taken: BTreeSet::new(),
        }
    }

    /// The image as it is now.
    pub fn image(&self) -> &Tree {
        self.image
    }

    /// The libraries and loaders that were added so far, by the names of their files.
    pub fn taken(&self) -> &BTreeSet<RootPath> {
        &self.taken
    }

    /// Describes a file of the image, which a path leads to; nothing if it is no program or library.
    pub fn object(&mut self, path: &RootPath) -> Result<Option<Rc<Object>>> {
        let Some(found) = file(self.image, path)? else {
            return Ok(None);
        };
        if let Some(known) = self.objects.get(&found.path) {
            return Ok(known.clone());
        }
        let object = self.image.open(&found.path);
        let object = object.map(|content| Object::read(&content)).transpose();
        let object = object.context(|| format!("cannot read `/{path}`"))?;
        let object = object.flatten().map(Rc::new);
        self.objects.insert(found.path, object.clone());
        Ok(object)
    }

    /// Adds what the program or library at `path` needs, and tells what is nowhere.
    pub fn complete(&mut self, path: &RootPath) -> Result<Vec<Missing>> {
        let Some(object) = self.object(path)? else {
            return Ok(Vec::new());
        };
        let mut missing = Vec::new();
        let library = Library::of(&object);
        let machine = object.machine;
        let interpreter = object.interpreter.clone();
        let mut loaded = vec![Loaded {
            path: led(self.image, path)?,
            name: Vec::new(),
            loader: None,
            origin: self.origins.get(path).cloned(),
            object,
        }];
        if let Some(interpreter) = &interpreter {
            match self.interpreter(interpreter, path)? {
                Ok(interpreter) => loaded.extend(interpreter),
                Err(absent) => missing.push(absent),
            }
        }
        let directories = self.directories(library, machine, interpreter.as_deref())?;
        let mut number = 0;
        while number < loaded.len() {
            let object = Rc::clone(&loaded[number].object);
            for name in &object.needed {
                let is_loaded = |other: &Loaded| {
                    other.name == *name || other.object.soname.as_ref() == Some(name)
                };
                if library.has(name) || loaded.iter().any(is_loaded) {
                    continue;
                }
                let searched = search_path(&loaded, number, &self.named, &directories);
                match self.library(name, machine, &searched, &directories.own)? {
                    Ok(found) if loaded.len() < MAX_LOADED => loaded.push(Loaded {
                        loader: Some(number),
                        ..found
                    }),
                    Ok(_) => {
                        let message = format!("`/{path}` loads more libraries than any");
                        return Err(Error::new(ErrorKind::Parse, message));
                    }
                    Err(other) => missing.push(Missing {
                        name: String::from_utf8_lossy(name).into_owned(),
                        is_interpreter: false,
                        needed_by: loaded[number].path.clone(),
                        other,
                    }),
                }
            }
            number += 1;
        }
        Ok(missing)
    }

    /// Finds the loader, or takes it.
    fn interpreter(
        &mut self,
        interpreter: &[u8],
        program: &RootPath,
    ) -> Result<Result<Option<Loaded>, Missing>> {
        let missing = || Missing {
            name: String::from_utf8_lossy(interpreter).into_owned(),
            is_interpreter: true,
            needed_by: program.clone(),
            other: None,
        };
        let Ok(path) = RootPath::parse(interpreter) else {
            return Ok(Err(missing()));
        };
        if file(self.image, &path)?.is_none() {
            let source = match self.source {
                Some(source) if file(source, &path)?.is_some() => source,
                _ => return Ok(Err(missing())),
            };
            self.take(source, &path)?;
        }
        let object = self.object(&path)?;
        Ok(Ok(object.map(|object| Loaded {
            path: path.clone(),
            name: interpreter.to_vec(),
            object,
            loader: None,
            origin: None,
        })))
    }

    /// The directories of the loader, as the image or else the source knows them.
    fn directories(
        &mut self,
        library: Library,
        machine: Machine,
        interpreter: Option<&[u8]>,
    ) -> Result<Directories> {
        let Some(source) = self.source else {
            let mut own = Directories::of(self.image, library, machine, interpreter)?;
            // Nobody makes a cache of the image, and nobody links what it would have led to.
            own.cached.clear();
            return Ok(own);
        };
        let directories = Directories::of(source, library, machine, interpreter)?;
        if let Some(path) = &directories.file
            && file(self.image, path)?.is_none()
        {
            carry(self.image, source, path, self.epoch)?;
        }
        Ok(directories)
    }

    /// Finds a library in the image, else takes it; tells one for another machine if there is none for this.
    fn library(
        &mut self,
        name: &[u8],
        machine: Machine,
        searched: &[Directory],
        own: &[RootPath],
    ) -> Result<Result<Loaded, Option<(RootPath, &'static str)>>> {
        let loaded = |path, object, origin| Loaded {
            path,
            name: name.to_vec(),
            object,
            loader: None,
            origin,
        };
        let places: Vec<(RootPath, Option<RootPath>, bool)> = if name.contains(&b'/') {
            let path = RootPath::parse(name);
            path.into_iter().map(|path| (path, None, false)).collect()
        } else {
            let place = |directory: &Directory| {
                let beside = directory.beside.as_ref().map(|path| path.join(name));
                (directory.path.join(name), beside, directory.is_cached)
            };
            searched.iter().map(place).collect()
        };
        let mut other = None;
        // Where one was added, nothing more is taken: the loader finds the first there is.
        let mut is_added = false;
        for (path, _, _) in &places {
            match self.object(path)? {
                Some(object) if object.machine == machine => is_added |= self.is_added(path)?,
                found => remember(&mut other, path, found.as_deref()),
            }
        }
        for (path, beside, is_cached) in &places {
            if let Some(object) = self.object(path)?
                && object.machine == machine
            {
                if *is_cached {
                    self.link(name, path, own)?;
                }
                let origin = self.origin(path)?;
                return Ok(Ok(loaded(path.clone(), object, origin)));
            }
            if is_added {
                continue;
            }
            let (host, source) = (self.host, self.source);
            if let Some((source, beside)) = source.and(beside.as_ref()).map(|place| (host, place)) {
                match object_of(source, beside)? {
                    Some(object) if object.machine == machine => {
                        let to = copy_as(self.image, source, beside, path, self.epoch)?;
                        self.note(&to, &object);
                        self.origins.entry(to).or_insert_with(|| beside.clone());
                        return Ok(Ok(loaded(path.clone(), object, Some(beside.clone()))));
                    }
                    found => remember(&mut other, beside, found.as_deref()),
                }
            }
            let Some(source) = source else { continue };
            match object_of(source, path)? {
                Some(object) if object.machine == machine => {
                    let to = self.take(source, path)?;
                    self.note(&to, &object);
                    if *is_cached {
                        self.link(name, path, own)?;
                    }
                    return Ok(Ok(loaded(path.clone(), object, None)));
                }
                found => remember(&mut other, path, found.as_deref()),
            }
        }
        Ok(Err(other))
    }

    /// Tells whether the file a path leads to was added, not taken.
    fn is_added(&self, path: &RootPath) -> Result<bool> {
        let found = file(self.image, path)?;
        Ok(found.is_some_and(|found| !self.taken.contains(&found.path)))
    }

    /// Where the file a path leads to is on the host, if that is where it came from.
    fn origin(&self, path: &RootPath) -> Result<Option<RootPath>> {
        let found = file(self.image, path)?;
        Ok(found.and_then(|found| self.origins.get(&found.path).cloned()))
    }

    fn take(&mut self, source: &dyn System, path: &RootPath) -> Result<RootPath> {
        let taken = carry(self.image, source, path, self.epoch)?;
        self.taken.insert(taken.clone());
        Ok(taken)
    }

    fn note(&mut self, path: &RootPath, object: &Rc<Object>) {
        self.taken.insert(path.clone());
        self.objects.insert(path.clone(), Some(Rc::clone(object)));
    }

    /// Makes a library that only a cache leads to known in a directory that is searched without one.
    fn link(&mut self, name: &[u8], path: &RootPath, own: &[RootPath]) -> Result<()> {
        let Some(source) = self.source else {
            return Ok(());
        };
        for directory in own {
            let found = follow(source, directory)?;
            if found.is_none_or(|entry| entry.kind != Kind::Directory) {
                continue;
            }
            let place = carry(self.image, source, directory, self.epoch)?.join(name);
            if self.image.find(&place).is_none() {
                let target = [b"/", path.bytes()].concat();
                let entry = link(place, &target, self.epoch);
                self.image.entry(&entry, &mut io::empty())?;
            }
            break;
        }
        Ok(())
    }
}

/// Reads what a path leads to; what is no object, or a damaged one, is not what was looked for.
fn object_of(system: &dyn System, path: &RootPath) -> Result<Option<Rc<Object>>> {
    let Some(found) = file(system, path)? else {
        return Ok(None);
    };
    let content = system.open(&found.path)?;
    match Object::read(&content) {
        Err(error) if error.kind() == ErrorKind::Parse => Ok(None),
        other => Ok(other?.map(Rc::new)),
    }
}

fn remember(other: &mut Option<(RootPath, &'static str)>, path: &RootPath, found: Option<&Object>) {
    if let Some(platform) = found.and_then(|object| object.platform)
        && other.is_none()
    {
        *other = Some((path.clone(), platform));
    }
}
