//! The checks that all formats share.

use super::Actor;
use crate::{Deb as DebBackend, notes::Notes};
use boot_kit::{
    Artifact, Backend, Digest, Kind, Layer, Plan, Proof, Root, RootPath, Runner, Step,
    testkit::{
        Deb,
        conformance::{self, Described, Subject},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Packages of this format.
struct Debs;

fn deb(package: &Described) -> Deb {
    let mut deb = Deb::new(&package.name, "1");
    if let Some(other) = &package.replaces {
        deb = deb.field("Replaces", other);
    }
    for directory in package.directories() {
        deb = deb.directory(&directory, 0o755);
    }
    for (path, mode, content) in &package.files {
        deb = deb.file(path, *mode, content.as_bytes());
    }
    for (path, target) in &package.links {
        deb = deb.symlink(path, target);
    }
    deb
}

impl Subject for Debs {
    fn backend(&self) -> &dyn Backend {
        &DebBackend
    }

    fn pack(&self, layers: &[Vec<Described>]) -> (Plan, BTreeMap<String, Vec<u8>>) {
        let (mut plan, mut files) = (Plan::default(), BTreeMap::new());
        for (number, packages) in layers.iter().enumerate() {
            let artifacts = packages.iter().map(|package| {
                let bytes = deb(package).build();
                let artifact = Artifact {
                    name: package.name.clone(),
                    version: "1".into(),
                    arch: "amd64".into(),
                    size: bytes.len() as u64,
                    proof: Proof::Sha256(Digest::of(&bytes)),
                    urls: Vec::new(),
                    requested: true,
                };
                files.insert(package.name.clone(), bytes);
                artifact
            });
            plan.layers.push(Layer {
                name: number.to_string(),
                steps: vec![Step {
                    artifacts: artifacts.collect(),
                }],
            });
        }
        let notes = Notes {
            architecture: "amd64".into(),
            ..Notes::default()
        };
        notes.write(&mut plan).expect("writable");
        (plan, files)
    }

    fn runner<'a>(&self, root: &'a Root) -> Box<dyn Runner + 'a> {
        Box::new(Actor(root))
    }

    fn inventory(&self, root: &Root) -> BTreeMap<String, BTreeSet<String>> {
        let info = RootPath::from("var/lib/dpkg/info");
        let mut inventory = BTreeMap::new();
        for name in root.list(&info).expect("readable") {
            let file = String::from_utf8(name.clone()).expect("UTF-8");
            let Some(package) = file.strip_suffix(".list") else {
                continue;
            };
            let text = root.read(&info.join(&name)).expect("readable");
            let text = String::from_utf8(text.expect("is there")).expect("UTF-8");
            let paths = text
                .lines()
                .map(|line| RootPath::parse(line).expect("a path"));
            let is_directory = |path: &RootPath| {
                let entry = root.entry(path).expect("readable");
                entry.is_some_and(|entry| entry.kind == Kind::Directory)
            };
            let files = paths.filter(|path| !path.is_root() && !is_directory(path));
            inventory.insert(
                package.to_owned(),
                files.map(|path| path.to_string()).collect(),
            );
        }
        inventory
    }
}

#[test]
fn it_keeps_to_what_every_backend_must() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    conformance::check(&Debs, directory.path());
}
