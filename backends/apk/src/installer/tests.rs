use super::*;
use crate::{
    Apk as ApkBackend,
    database::Database,
    notes::Notes,
    testkit::{Apk, Key},
};
use boot_kit::{
    Backend, Command, Outcome, Proof, Root, Runner,
    testkit::conformance::{self, Described, Subject},
};
use std::{collections::BTreeSet, os::unix::fs::MetadataExt};

/// Scripts are not what is looked at here.
struct NoScripts;

impl Runner for NoScripts {
    fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
        panic!("{} ran", command.label)
    }
}

/// Packages of this format for the checks all formats share.
struct Apks(Key);

impl Apks {
    fn apk(package: &Described) -> Apk {
        let mut apk = Apk::new(&package.name, "1-r0");
        if let Some(other) = &package.replaces {
            apk = apk.line(&format!("replaces = {other}"));
        }
        for directory in package.directories() {
            apk = apk.directory(&directory, 0o755);
        }
        for (path, mode, content) in &package.files {
            apk = apk.file(path, *mode, content);
        }
        for (path, target) in &package.links {
            apk = apk.symlink(path, target);
        }
        apk
    }
}

impl Subject for Apks {
    fn backend(&self) -> &dyn Backend {
        &ApkBackend
    }

    fn pack(&self, layers: &[Vec<Described>]) -> (Plan, BTreeMap<String, Vec<u8>>) {
        let (mut plan, mut files, mut notes) = (Plan::default(), BTreeMap::new(), Notes::default());
        for (number, packages) in layers.iter().enumerate() {
            let artifacts = packages.iter().map(|package| {
                let apk = Self::apk(package);
                let bytes = apk.build(&self.0);
                let proof = Proof::Identity(apk.identity().to_string());
                // The builder signs with a new key to learn the length, which is not always the same.
                let stanza = apk.stanza();
                let lines = stanza.lines().map(|line| match line.strip_prefix("S:") {
                    Some(_) => format!("S:{}\n", bytes.len()),
                    None => format!("{line}\n"),
                });
                notes.stanzas.insert(proof.to_string(), lines.collect());
                let artifact = Artifact {
                    name: package.name.clone(),
                    version: "1-r0".into(),
                    arch: "x86_64".into(),
                    size: bytes.len() as u64,
                    proof,
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
        notes.write(&mut plan).expect("writable");
        (plan, files)
    }

    fn runner<'a>(&self, _root: &'a Root) -> Box<dyn Runner + 'a> {
        Box::new(NoScripts)
    }

    fn inventory(&self, root: &Root) -> BTreeMap<String, BTreeSet<String>> {
        let installed = Database::read(root).expect("readable").installed;
        let files = installed.iter().map(|(name, package)| {
            let paths = package.files().map(|path| path.to_string());
            (name.clone(), paths.collect())
        });
        files.collect()
    }
}

#[test]
fn it_keeps_to_what_every_backend_must() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let owner = std::fs::metadata(directory.path()).expect("is there").uid();
    if owner != 0 {
        #[allow(clippy::print_stdout, reason = "a skip says why")]
        {
            println!("skipped: only root may give files to root");
        }
        return;
    }
    conformance::check(&Apks(Key::new("test.rsa.pub")), directory.path());
}
