//! Whole v3 packages, and indexes of them.

use super::{Adb, Signer, block, signature};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The bits of a dependency on a version that is equal.
const EQUAL: u64 = 1;
/// How many slots of scripts a package has.
const SCRIPTS: [&str; 7] = [
    "trigger",
    "pre-install",
    "post-install",
    "pre-deinstall",
    "post-deinstall",
    "pre-upgrade",
    "post-upgrade",
];

/// A v3 package, as apk 3 makes them.
#[derive(Clone)]
pub struct V3Apk {
    name: String,
    version: String,
    arch: String,
    depends: Vec<String>,
    replaces: Vec<String>,
    provides: Vec<(String, String)>,
    /// By directory: its mode, and its files by name.
    directories: BTreeMap<String, (u64, BTreeMap<String, Content>)>,
    scripts: BTreeMap<&'static str, String>,
    triggers: Vec<String>,
}

#[derive(Clone)]
enum Content {
    File(u64, String),
    Link(String),
}

impl V3Apk {
    /// The date of everything.
    pub const DATE: i64 = 1_700_000_000;

    /// One without files, for `x86_64`.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            arch: "x86_64".to_owned(),
            depends: Vec::new(),
            replaces: Vec::new(),
            provides: Vec::new(),
            directories: BTreeMap::new(),
            scripts: BTreeMap::new(),
            triggers: Vec::new(),
        }
    }

    /// Adds a dependency on a name.
    pub fn depends(mut self, name: &str) -> Self {
        self.depends.push(name.to_owned());
        self
    }

    /// Adds a package whose files it takes.
    pub fn replaces(mut self, name: &str) -> Self {
        self.replaces.push(name.to_owned());
        self
    }

    /// Adds a name it provides in a version.
    pub fn provides(mut self, name: &str, version: &str) -> Self {
        self.provides.push((name.to_owned(), version.to_owned()));
        self
    }

    /// Adds a directory.
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self.entry(path).0 = mode.into();
        self
    }

    /// Adds a file, and its directory with the usual mode.
    pub fn file(self, path: &str, mode: u32, content: &str) -> Self {
        self.add(path, Content::File(mode.into(), content.to_owned()))
    }

    /// Adds a link, and its directory with the usual mode.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.add(path, Content::Link(target.to_owned()))
    }

    /// Adds a script, e.g. `post-install`.
    pub fn script(mut self, kind: &str, text: &str) -> Self {
        let kind = SCRIPTS.into_iter().find(|known| *known == kind);
        let kind = kind.expect("a kind of script");
        self.scripts.insert(kind, text.to_owned());
        self
    }

    /// Has it told of changes below this pattern.
    pub fn trigger(mut self, pattern: &str) -> Self {
        self.triggers.push(pattern.to_owned());
        self
    }

    /// The package, signed.
    pub fn build(&self, key: &impl Signer) -> Vec<u8> {
        let (adb, contents) = self.written();
        let mut file = [b"ADB.pckg".to_vec(), block(0, &adb)].concat();
        file.extend(block(1, &signature(key, *b"pckg", &adb)));
        for (path, number, content) in contents {
            let head = [path.to_le_bytes(), number.to_le_bytes()].concat();
            file.extend(block(2, &[&head[..], content.as_bytes()].concat()));
        }
        file
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}-{}.apk", self.name, self.version)
    }

    fn entry(&mut self, path: &str) -> &mut (u64, BTreeMap<String, Content>) {
        let directory = self.directories.entry(path.to_owned());
        directory.or_insert((0o755, BTreeMap::new()))
    }

    fn add(mut self, path: &str, content: Content) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.entry(directory).1.insert(name.to_owned(), content);
        self
    }

    /// The ADB block, and the contents with the numbers of their directory and file.
    fn written(&self) -> (Vec<u8>, Vec<(u32, u32, &str)>) {
        let mut adb = Adb::new();
        let mut contents = Vec::new();
        let info = self.info(&mut adb, None);
        let mut paths = Vec::new();
        for (i, (path, (mode, files))) in self.directories.iter().enumerate() {
            let mut listed = Vec::new();
            for (j, (name, content)) in files.iter().enumerate() {
                listed.push(listed_file(&mut adb, name, content));
                if let Content::File(_, text) = content
                    && !text.is_empty()
                {
                    contents.push((number(i + 1), number(j + 1), text.as_str()));
                }
            }
            let name = text(&mut adb, path);
            let access = access(&mut adb, *mode);
            let listed = adb.object(&listed);
            paths.push(adb.object(&[name, access, listed]));
        }
        let paths = adb.object(&paths);
        let scripts = SCRIPTS.map(|kind| {
            let script = self.scripts.get(kind);
            script.map_or(0, |script| adb.blob(script.as_bytes()))
        });
        let scripts = adb.object(&scripts);
        let triggers: Vec<u32> = self
            .triggers
            .iter()
            .map(|pattern| adb.blob(pattern.as_bytes()))
            .collect();
        let triggers = adb.object(&triggers);
        let root = adb.object(&[info, paths, scripts, triggers]);
        (adb.finish(root), contents)
    }

    /// What it says of itself, or with its hash and length what an index says of it.
    fn info(&self, adb: &mut Adb, indexed: Option<(&[u8], usize)>) -> u32 {
        let name = adb.blob(self.name.as_bytes());
        let version = adb.blob(self.version.as_bytes());
        let hash = indexed.map_or(0, |(hash, _)| adb.blob(hash));
        let arch = adb.blob(self.arch.as_bytes());
        let time = adb.integer(u64::try_from(Self::DATE).expect("is positive"));
        let size = indexed.map_or(0, |(_, size)| adb.integer(size as u64));
        let depends = dependencies(adb, &self.depends);
        let replaces = dependencies(adb, &self.replaces);
        let provides: Vec<u32> = self
            .provides
            .iter()
            .map(|(name, version)| {
                let name = adb.blob(name.as_bytes());
                let version = adb.blob(version.as_bytes());
                let equal = adb.integer(EQUAL);
                adb.object(&[name, version, equal])
            })
            .collect();
        let provides = adb.object(&provides);
        adb.object(&[
            name, version, hash, 0, arch, 0, 0, 0, 0, 0, time, 0, size, 0, depends, provides,
            replaces,
        ])
    }
}

/// An array of dependencies on any version.
fn dependencies(adb: &mut Adb, names: &[String]) -> u32 {
    let objects: Vec<u32> = names
        .iter()
        .map(|name| {
            let name = adb.blob(name.as_bytes());
            adb.object(&[name])
        })
        .collect();
    adb.object(&objects)
}

/// A signed index of these packages, for files that `key` signed, too.
pub fn v3_index(key: &impl Signer, description: &str, packages: &[V3Apk]) -> Vec<u8> {
    let mut adb = Adb::new();
    let description = adb.blob(description.as_bytes());
    let infos: Vec<u32> = packages
        .iter()
        .map(|package| {
            let hash = Sha256::digest(package.written().0);
            let size = package.build(key).len();
            package.info(&mut adb, Some((&hash, size)))
        })
        .collect();
    let infos = adb.object(&infos);
    let root = adb.object(&[description, infos]);
    let adb = adb.finish(root);
    let mut file = [b"ADB.indx".to_vec(), block(0, &adb)].concat();
    file.extend(block(1, &signature(key, *b"indx", &adb)));
    file
}

fn listed_file(adb: &mut Adb, name: &str, content: &Content) -> u32 {
    let name = adb.blob(name.as_bytes());
    let time = adb.integer(u64::try_from(V3Apk::DATE).expect("is positive"));
    match content {
        Content::File(mode, content) => {
            let access = access(adb, *mode);
            let size = adb.integer(content.len() as u64);
            let hash = adb.blob(&Sha256::digest(content));
            adb.object(&[name, access, size, time, hash])
        }
        Content::Link(target) => {
            let access = access(adb, 0o777);
            let target = [&0o120_000_u16.to_le_bytes()[..], target.as_bytes()].concat();
            let target = adb.blob(&target);
            adb.object(&[name, access, 0, time, 0, target])
        }
    }
}

fn access(adb: &mut Adb, mode: u64) -> u32 {
    let mode = adb.integer(mode);
    let root = adb.blob(b"root");
    adb.object(&[mode, root, root])
}

/// A text, or nothing if it is empty.
fn text(adb: &mut Adb, text: &str) -> u32 {
    if text.is_empty() {
        0
    } else {
        adb.blob(text.as_bytes())
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).expect("fits")
}
