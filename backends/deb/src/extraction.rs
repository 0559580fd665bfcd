//! Packages whose files are unpacked and nothing else: no script runs, no database is written.
//!
//! What `dpkg-deb --extract` of each package into one directory gives, but for files that two packages ship: there the
//! rules of dpkg count, not the order.

use crate::{
    archive::Unpacked,
    database::Ownership,
    installer::{make_links, unpack},
    notes::Notes,
};
use boot_kit::{
    Artifact, Context, Installer, Layer, Parcel, Place, Plan, Result, Root, RootPath, Sink, Step,
    backend::Site,
};
use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Unpacks a plan of .debs into one empty root.
pub struct Extraction<'a> {
    root: &'a Root,
    unpacked: Mutex<BTreeMap<(String, String), Unpacked>>,
    ownership: Mutex<Ownership>,
}

impl<'a> Extraction<'a> {
    /// Starts unpacking `plan` into an empty root; a plan of this kind has one layer.
    pub fn new(plan: &Plan, site: Site<'a>) -> Result<Self> {
        if site.finished == 0 {
            make_links(site.root, &Notes::read(plan)?.usr_links)?;
        }
        Ok(Self {
            root: site.root,
            unpacked: Mutex::default(),
            ownership: Mutex::default(),
        })
    }

    fn land(&self, package: &Unpacked, parcel: Parcel) -> Result<()> {
        let claim = lock(&self.ownership).claim(package, &|_| false)?;
        let shared: HashSet<&RootPath> = claim.shared.values().flatten().collect();
        self.root.land(parcel, &mut |entry| {
            let is_others = claim.yielded.contains(&entry.path) || shared.contains(&entry.path);
            Ok(if is_others {
                Place::Nowhere
            } else {
                Place::Own
            })
        })
    }
}

impl Installer for Extraction<'_> {
    fn unpack(&self, artifact: &Artifact, file: File, sink: &mut dyn Sink) -> Result<()> {
        let package = unpack(artifact, file, sink)?;
        lock(&self.unpacked).insert((artifact.name.clone(), artifact.arch.clone()), package);
        Ok(())
    }

    fn install(&self, step: &Step, parcels: Vec<Parcel>) -> Result<()> {
        for (artifact, parcel) in step.artifacts.iter().zip(parcels) {
            let key = (artifact.name.clone(), artifact.arch.clone());
            let package = lock(&self.unpacked)
                .remove(&key)
                .expect("every artifact of a step is unpacked before");
            self.land(&package, parcel)
                .context(|| format!("cannot unpack package `{}`", artifact.name))?;
        }
        Ok(())
    }

    /// Makes the one directory programs cannot do without, unless a package ships it.
    fn finish(&self, _: &Layer) -> Result<()> {
        self.root.create_directory(&RootPath::from("tmp"), 0o1777)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the run; what it left is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::{
        Command, Entry, Kind, Outcome, Runner, event::Silence, parcel::Packing, testkit::Deb,
    };
    use std::io::{Read, Seek, Write};

    /// Runs nothing: whoever asks is wrong.
    struct Nobody;
    impl Runner for Nobody {
        fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
            panic!("`{}` was to be run", command.program);
        }
    }

    /// Everything in a root: `path mode content`.
    struct Lines(Vec<String>);
    impl Sink for Lines {
        fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
            let mut text = String::new();
            content.read_to_string(&mut text)?;
            let (path, mode) = (&entry.path, entry.mode);
            self.0.push(match &entry.kind {
                Kind::Directory => format!("{path}/ {mode:o}"),
                Kind::Symlink(target) => {
                    format!("{path} -> {}", String::from_utf8_lossy(target))
                }
                _ => format!("{path} {mode:o} {text}"),
            });
            Ok(())
        }
    }

    fn extracted(debs: &[Deb], links: &[&str]) -> Result<Vec<String>> {
        let directory = tempfile::tempdir()?;
        std::fs::create_dir(directory.path().join("root"))?;
        let root = Root::open(&directory.path().join("root"))?;
        let step = Step {
            artifacts: debs.iter().map(Deb::artifact).collect(),
        };
        let mut plan = Plan {
            layers: vec![Layer {
                name: "include".into(),
                steps: vec![step],
            }],
            ..Plan::default()
        };
        let notes = Notes {
            usr_links: links.iter().map(ToString::to_string).collect(),
            unpack_only: true,
            ..Notes::default()
        };
        notes.write(&mut plan)?;
        let site = Site {
            root: &root,
            runner: &Nobody,
            report: &Silence,
            epoch: 0,
            jobs: 1,
            finished: 0,
            run_scripts: false,
        };
        let installer = boot_kit::Backend::installer(&crate::Deb, &plan, site)?;
        let mut parcels = Vec::new();
        for (artifact, deb) in plan.artifacts().zip(debs) {
            let mut file = tempfile::tempfile()?;
            file.write_all(&deb.build())?;
            file.rewind()?;
            let mut packing = Packing::new(&directory.path().join(&artifact.name), &|_, _| true)?;
            installer.unpack(artifact, file, &mut packing)?;
            parcels.push(packing.finish()?.expect("no hard links"));
        }
        installer.install(&plan.layers[0].steps[0], parcels)?;
        installer.finish(&plan.layers[0])?;
        let mut lines = Lines(Vec::new());
        root.walk(&mut lines)?;
        Ok(lines.0)
    }

    #[test]
    fn files_are_all_there_is() {
        let tool = Deb::new("tool", "1")
            .script("preinst", "exit 1\n")
            .script("postinst", "exit 1\n")
            .file("bin/tool", 0o4755, "t")
            .conffile("etc/tool.conf", "c");
        let other = Deb::new("other", "1").file("bin/other", 0o755, "o");
        assert_eq!(
            extracted(&[tool, other], &["bin"]).expect("unpacks"),
            [
                "bin -> usr/bin",
                "etc/ 755",
                "etc/tool.conf 644 c",
                "tmp/ 1777",
                "usr/ 755",
                "usr/bin/ 755",
                "usr/bin/other 755 o",
                "usr/bin/tool 4755 t"
            ]
        );
    }

    #[test]
    fn who_gets_a_file_of_two_is_as_for_dpkg() {
        let (old, new) = (
            Deb::new("old", "1").file("x", 0o644, "old"),
            Deb::new("new", "1")
                .field("Replaces", "old")
                .file("x", 0o644, "new"),
        );
        for debs in [[old.clone(), new.clone()], [new, old.clone()]] {
            let lines = extracted(&debs, &[]).expect("unpacks");
            assert_eq!(lines, ["tmp/ 1777", "x 644 new"]);
        }
        let error =
            extracted(&[old, Deb::new("b", "1").file("x", 0o644, "b")], &[]).expect_err("clashes");
        assert_eq!(error.to_string(), "cannot unpack package `b`");
    }
}
