//! What a program is linked with, all in all, as its loader would find it: ld.so(8).

use super::{
    elf::{Facts, Sort},
    finish::View,
    model::{Closure, FileKind},
    table::Record,
};
use boot_kit::{RootPath, inventory::Contents};
use boot_stage::closure::Library;
use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

/// Where programs are looked for by name.
const PATH: [&str; 6] = [
    "usr/local/sbin",
    "usr/local/bin",
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
];
/// Where loaders look last. Those of Debian's kind have a directory for each architecture, too.
const LIBRARIES: [&str; 6] = [
    "lib",
    "usr/lib",
    "lib64",
    "usr/lib64",
    "usr/local/lib",
    "lib32",
];
/// How many directories a file inherits from those that load it.
const MAX_INHERITED: usize = 256;
const CONFIGURATION: &str = "etc/ld.so.conf";
const CONFIGURATION_BELOW: &[u8] = b"etc/ld.so.conf.d/";

/// Finds the closure of `program`: a path, or a name in the usual directories. `None` if there is no such program.
pub(super) fn of(view: &View<'_>, contents: &Contents, program: &str) -> Option<Closure> {
    let start = find(view, program)?;
    let directories = directories(view, contents);
    let mut closure = Closure {
        program: program.to_owned(),
        ..Closure::default()
    };
    let mut loading = Loading::default();
    loading.add(view, start, &Rc::default());
    let mut missing = BTreeSet::new();
    let platform = |number: usize| platform(&view.table.records[number]);
    while let Some((number, inherited)) = loading.open.pop_front() {
        let record = &view.table.records[number];
        if let Some(script) = &record.script {
            match interpreter(view, script) {
                Some(next) => loading.add(view, next, &inherited),
                None => {
                    missing.insert(script.to_string());
                }
            }
        }
        let Some(facts) = &record.elf else {
            continue;
        };
        if let Some(loader) = &facts.interpreter {
            match RootPath::parse(loader)
                .ok()
                .and_then(|path| view.table.file(&path))
            {
                Some(next) => loading.add(view, next, &Rc::default()),
                None => {
                    missing.insert(loader.clone());
                }
            }
        }
        let names = facts.interpreter.iter().chain(&facts.needed);
        if Library::named(names.map(String::as_bytes)) == Library::Musl {
            loading.library = Library::Musl;
        }
        // musl passes on both; for glibc, who has the newer kind does not look where those above say.
        let is_musl = loading.library == Library::Musl;
        let own = own_directories(record, facts);
        let above: &[RootPath] = if is_musl || facts.passes_on || own.is_empty() {
            &inherited
        } else {
            &[]
        };
        let passed = if own.is_empty() || !(is_musl || facts.passes_on) {
            Rc::clone(&inherited)
        } else {
            let all = own.iter().chain(&*inherited).take(MAX_INHERITED);
            Rc::new(all.cloned().collect())
        };
        for name in &facts.needed {
            // What is loaded already is not looked for, nor is what the loader is itself.
            if loading.names.contains(name) || loading.library.has(name.as_bytes()) {
                continue;
            }
            let places = own.iter().chain(above).chain(&directories);
            let library = places
                .filter_map(|directory| view.table.file(&directory.join(name.as_bytes())))
                .find(|candidate| platform(*candidate) == platform(number));
            match library {
                Some(next) => {
                    loading.names.insert(name.clone());
                    loading.add(view, next, &passed);
                }
                None => {
                    missing.insert(name.clone());
                }
            }
        }
    }
    let found = loading.found;
    for number in &found {
        closure.share += view.share(*number);
        closure
            .paths
            .push(view.table.records[*number].path.to_string());
    }
    closure.paths.sort();
    closure.missing = missing.into_iter().collect();
    Some(closure)
}

fn find(view: &View<'_>, program: &str) -> Option<usize> {
    let file = |path: RootPath| {
        let number = view.table.file(&path)?;
        let record = &view.table.records[number];
        (record.elf.is_some() || record.script.is_some()).then_some(number)
    };
    if program.contains('/') {
        return file(RootPath::parse(program).ok()?);
    }
    PATH.iter()
        .find_map(|directory| file(RootPath::from(*directory).join(program.as_bytes())))
}

/// The program that runs a script: `/bin/sh -e`, `/usr/bin/env python3`.
fn interpreter(view: &View<'_>, script: &str) -> Option<usize> {
    let mut words = script.split_whitespace();
    let first = words.next()?;
    if first.ends_with("/env") {
        return find(
            view,
            words.find(|word| !word.starts_with('-') && !word.contains('='))?,
        );
    }
    find(view, first)
}

/// Directories that loaders look into for any program.
fn directories(view: &View<'_>, contents: &Contents) -> Vec<RootPath> {
    let mut directories = Vec::new();
    let is_configuration = |path: &RootPath| {
        path.bytes() == CONFIGURATION.as_bytes() || path.bytes().starts_with(CONFIGURATION_BELOW)
    };
    for (_, content) in contents.iter().filter(|(path, _)| is_configuration(path)) {
        for line in String::from_utf8_lossy(content).lines().map(str::trim) {
            if line.starts_with('/') {
                directories.extend(RootPath::parse(line));
            }
        }
    }
    let usual = LIBRARIES.map(RootPath::from);
    for record in &view.table.records {
        let name = record.path.split();
        let is_of_architecture = name.is_some_and(|(parent, name)| {
            usual[..2].contains(&parent)
                && name
                    .split(|byte| *byte == b'-')
                    .any(|word| word == b"linux")
        });
        if is_of_architecture && record.kind == FileKind::Directory {
            directories.push(record.path.clone());
        }
    }
    directories.extend(usual);
    directories
}

/// Where a file says its libraries are, from where it is itself.
fn own_directories(record: &Record, facts: &Facts) -> Vec<RootPath> {
    let origin = record
        .path
        .split()
        .map(|(parent, _)| parent)
        .unwrap_or_default();
    let paths = facts.search.iter().filter_map(|path| {
        let rest = path
            .strip_prefix("$ORIGIN")
            .or_else(|| path.strip_prefix("${ORIGIN}"));
        match rest {
            Some(rest) => Some(normal(&format!("{origin}{rest}"))),
            None => path.starts_with('/').then(|| normal(path)),
        }
    });
    paths.collect()
}

/// Takes `..` out of a path by its text, which is right where no link is in the way.
fn normal(path: &str) -> RootPath {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    RootPath::parse(parts.join("/")).unwrap_or_default()
}

/// What is loaded, as far as it is known yet.
struct Loading {
    found: BTreeSet<usize>,
    /// What was not looked into yet, the first to be loaded first, and where those that load it say libraries are.
    open: VecDeque<(usize, Rc<Vec<RootPath>>)>,
    /// What it is called, by itself and by others.
    names: BTreeSet<String>,
    library: Library,
}

impl Default for Loading {
    fn default() -> Self {
        Self {
            found: BTreeSet::new(),
            open: VecDeque::new(),
            names: BTreeSet::new(),
            library: Library::Glibc,
        }
    }
}

impl Loading {
    fn add(&mut self, view: &View<'_>, number: usize, inherited: &Rc<Vec<RootPath>>) {
        if self.found.insert(number) {
            let facts = view.table.records[number].elf.as_ref();
            self.names
                .extend(facts.and_then(|facts| facts.soname.clone()));
            self.open.push_back((number, Rc::clone(inherited)));
        }
    }
}

fn platform(record: &Record) -> Option<&'static str> {
    let facts = record.elf.as_ref()?;
    (facts.sort != Sort::Object).then_some(facts.platform)?
}
