//! The three worlds: their order, their packages, and how to install them.

use crate::DATA;
use boot_apk::{installer::ApkInstaller, notes::Notes};
use boot_kit::{
    Artifact, Command, Installer, Layer, Outcome, Plan, Proof, Result, Root, RootPath, Runner,
    Step, archive::decoder, backend::Site, event::Silence, parcel::Packing, testkit::Tree,
};
use std::{collections::BTreeMap, fs, io::Read, path::Path};

/// One golden world.
pub struct World {
    name: String,
    stanzas: BTreeMap<String, String>,
    order: Vec<String>,
}

/// An installed world.
pub struct Image {
    _directory: tempfile::TempDir,
    pub root: Root,
}

/// Tells, and says why, whether these tests cannot run here.
pub fn are_missing() -> bool {
    if !Path::new(DATA).exists() {
        println!("skipped: {DATA} is not there");
        return true;
    }
    if !is_root() {
        println!("skipped: only root may give files away");
        return true;
    }
    false
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Runs nothing.
struct NoRunner;

impl Runner for NoRunner {
    fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
        panic!("{} ran", command.label)
    }
}

impl World {
    pub fn read(name: &str) -> Self {
        let index = fs::File::open(format!("{DATA}/v3.19/main/x86_64/APKINDEX.tar.gz"));
        let index = std::io::BufReader::new(index.expect("is there"));
        let mut text = Vec::new();
        decoder(index, true)
            .expect("gzip")
            .read_to_end(&mut text)
            .expect("gzip");
        let text = String::from_utf8_lossy(&text).into_owned();
        let begin = text.find("C:Q1").expect("has packages");
        let stanzas = text[begin..].split("\n\n").filter_map(|stanza| {
            let name = stanza.lines().find_map(|line| line.strip_prefix("P:"))?;
            Some((name.to_owned(), stanza.to_owned()))
        });
        let log = fs::read_to_string(format!("{DATA}/golden/{name}.log.txt")).expect("readable");
        let installs = log.lines().filter_map(|line| {
            let (_, rest) = line.split_once(" Installing ")?;
            Some(rest.split(' ').next()?.to_owned())
        });
        Self {
            name: name.to_owned(),
            stanzas: stanzas.collect(),
            order: installs.collect(),
        }
    }

    pub fn tree(&self) -> Tree {
        let path = format!("{DATA}/golden/{}.tree.txt", self.name);
        Tree::parse(&fs::read_to_string(path).expect("readable"))
    }

    /// apk's database, without the one known mistake in it.
    pub fn database(&self) -> String {
        let path = format!("{DATA}/golden/{}.installed.txt", self.name);
        let text = fs::read_to_string(path).expect("readable");
        let replaces = "r:alpine-baselayout\n";
        let mut stanzas: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
        let has = |stanza: &str, name: &str| stanza.lines().any(|line| line == format!("P:{name}"));
        if let Some(at) = stanzas.iter().position(|stanza| has(stanza, "alpine-base")) {
            stanzas[at].push_str("\nr:alpine-baselayout");
            let next = &mut stanzas[at + 1];
            assert!(
                has(next, "alpine-baselayout"),
                "the mistake is where it was"
            );
            *next = next.replacen(replaces, "", 1);
        }
        stanzas.join("\n\n")
    }

    pub fn install(&self) -> Image {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join("root")).expect("writable");
        let root = Root::open(&directory.path().join("root")).expect("is there");
        let plan = self.plan();
        let site = Site {
            root: &root,
            runner: &NoRunner,
            report: &Silence,
            epoch: 1_700_000_000,
            jobs: 1,
            finished: 0,
            run_scripts: false,
        };
        let installer = ApkInstaller::new(&plan, site).expect("an empty root");
        for layer in &plan.layers {
            for step in &layer.steps {
                let parcels = step.artifacts.iter().map(|artifact| {
                    let path = artifact.urls[0].trim_start_matches("file://");
                    let file = fs::File::open(path).expect("is there");
                    let mut packing =
                        Packing::new(&directory.path().join(&artifact.name), &|_, _| true)
                            .expect("writable");
                    installer
                        .unpack(artifact, file, &mut packing)
                        .expect("well-formed");
                    packing
                        .finish()
                        .expect("readable")
                        .unwrap_or_else(|_| panic!("nothing dropped"))
                });
                let parcels = parcels.collect();
                installer.install(step, parcels).expect("installs");
            }
            installer.finish(layer).expect("finishes");
        }
        Image {
            _directory: directory,
            root,
        }
    }

    fn plan(&self) -> Plan {
        let artifact = |name: &String| {
            let stanza = &self.stanzas[name];
            let field = |letter: &str| {
                let mut lines = stanza.lines();
                let value = lines.find_map(|line| line.strip_prefix(letter)?.strip_prefix(':'));
                value.expect("every stanza has it").to_owned()
            };
            let file = format!("{name}-{}.apk", field("V"));
            Artifact {
                name: name.clone(),
                version: field("V"),
                arch: field("A"),
                size: field("S").parse().expect("a number"),
                proof: Proof::Identity(field("C")),
                urls: vec![format!("file://{DATA}/v3.19/main/x86_64/{file}")],
                requested: false,
            }
        };
        let artifacts: Vec<Artifact> = self.order.iter().map(artifact).collect();
        let stanzas = artifacts.iter().map(|artifact| {
            (
                artifact.proof.to_string(),
                self.stanzas[&artifact.name].clone(),
            )
        });
        let world: Vec<String> = match self.name.as_str() {
            "minirootfs" => [
                "alpine-baselayout",
                "alpine-keys",
                "apk-tools",
                "busybox",
                "libc-utils",
            ]
            .map(str::to_owned)
            .into(),
            name => name
                .replacen("alpine-base-", "alpine-base,", 1)
                .replace("openssh-chrony", "chrony,openssh")
                .split(',')
                .map(str::to_owned)
                .collect(),
        };
        let notes = Notes {
            architecture: "x86_64".into(),
            base_world: world.clone(),
            world,
            stanzas: stanzas.collect(),
            ..Notes::default()
        };
        let mut plan = Plan {
            layers: vec![Layer {
                name: "base".into(),
                steps: vec![Step { artifacts }],
            }],
            ..Plan::default()
        };
        notes.write(&mut plan).expect("writable");
        plan
    }
}

impl Image {
    pub fn read(&self, path: &'static str) -> String {
        let content = self.root.read(&RootPath::from(path)).expect("readable");
        String::from_utf8(content.expect("is there")).expect("UTF-8")
    }
}
