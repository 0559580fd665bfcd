//! What every backend must keep to, checked on packages of its own format.
//!
//! A [`Subject`] packs [`Described`] packages, and knows how a root of its format is read back; [`check`] does the rest.
//! Scripts do not run: the subject's runner stands in for the sandbox.

use super::Tree;
use crate::{
    Artifact, Backend, Digest, Installer, Kind, Layer, Parcel, Plan, Proof, Result, Root, RootPath,
    Runner, Step, backend::Site, event::Silence, parcel::Packing,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Seek, Write},
    path::{Path, PathBuf},
    thread,
};

/// A package, in terms that every format has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Files: path, mode, content.
    pub files: Vec<(String, u32, String)>,
    /// Links: path, target.
    pub links: Vec<(String, String)>,
    /// The package whose files it may take over.
    pub replaces: Option<String>,
}

impl Described {
    /// Begins a package without files.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a file; its parents are directories of the package.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, content: &str) -> Self {
        self.files.push((path.to_owned(), mode, content.to_owned()));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.links.push((path.to_owned(), target.to_owned()));
        self
    }

    /// Lets it take over files of another.
    #[must_use]
    pub fn replacing(mut self, other: &str) -> Self {
        self.replaces = Some(other.to_owned());
        self
    }

    /// The directories that hold its files and links, parents first.
    pub fn directories(&self) -> BTreeSet<String> {
        let files = self.files.iter().map(|(path, ..)| path);
        let paths = files.chain(self.links.iter().map(|(path, _)| path));
        let mut directories = BTreeSet::new();
        for path in paths {
            let slashes = path.match_indices('/');
            directories.extend(slashes.map(|(at, _)| path[..at].to_owned()));
        }
        directories
    }

    /// The paths of its files and links.
    fn paths(&self) -> BTreeSet<String> {
        let files = self.files.iter().map(|(path, ..)| path.clone());
        files
            .chain(self.links.iter().map(|(path, _)| path.clone()))
            .collect()
    }
}

/// One backend, as the checks see it.
pub trait Subject: Sync {
    /// The backend.
    fn backend(&self) -> &dyn Backend;
    /// Packs packages, one step a layer; gives a plan, and the bytes of each artifact by name.
    fn pack(&self, layers: &[Vec<Described>]) -> (Plan, BTreeMap<String, Vec<u8>>);
    /// Stands in for the sandbox around `root`.
    fn runner<'a>(&self, root: &'a Root) -> Box<dyn Runner + 'a>;
    /// The files of each package, as the root's own database has them, directories left out.
    fn inventory(&self, root: &Root) -> BTreeMap<String, BTreeSet<String>>;
}

/// Checks everything; `directory` is empty, and on one file system.
pub fn check(subject: &dyn Subject, directory: &Path) {
    let bench = Bench { subject, directory };
    bench.arrival_does_not_matter();
    bench.threads_do_not_matter();
    bench.a_layer_on_a_restored_root_is_the_same();
    bench.later_packages_win_what_they_replace();
    bench.the_database_lists_what_is_there();
    bench.nothing_leaves_the_root();
    bench.altered_artifacts_are_refused();
}

/// How artifacts are unpacked.
#[derive(Clone, Debug)]
enum Arrival {
    /// One after the other, in this order.
    Order(Vec<usize>),
    /// All at once.
    Together,
}

struct Bench<'a> {
    subject: &'a dyn Subject,
    directory: &'a Path,
}

impl Bench<'_> {
    fn arrival_does_not_matter(&self) {
        let layers = [ordinary()];
        let orders = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        let trees = orders.map(|order| self.tree(&layers, &Arrival::Order(order.to_vec())));
        for (tree, order) in trees.iter().zip(orders).skip(1) {
            assert_eq!(tree.differences(&trees[0]), BTreeMap::new(), "{order:?}");
        }
    }

    fn threads_do_not_matter(&self) {
        let layers = [ordinary()];
        let one = self.tree(&layers, &Arrival::Order(vec![0, 1, 2]));
        let many = self.tree(&layers, &Arrival::Together);
        assert_eq!(many.differences(&one), BTreeMap::new());
    }

    fn a_layer_on_a_restored_root_is_the_same(&self) {
        let upper = Described::new("upper")
            .file("usr/bin/upper", 0o755, "up\n")
            .file("usr/share/a", 0o644, "upper's\n")
            .replacing("a");
        let layers = [ordinary(), vec![upper]];
        let through = self.tree(&layers, &Arrival::Together);
        let (plan, files) = self.subject.pack(&layers);
        let place = self.place();
        let root = place.root();
        for finished in 0..plan.layers.len() {
            // An installer of its own for each layer: all it knows of those below is in the root.
            let runner = self.subject.runner(&root);
            let installer = self.installer(&plan, &root, &*runner, finished);
            let layer = &plan.layers[finished];
            install(&*installer, layer, &files, &place, &Arrival::Together).expect("installs");
            installer.finish(layer).expect("finishes");
        }
        assert_eq!(Tree::of_root(&root).differences(&through), BTreeMap::new());
    }

    fn later_packages_win_what_they_replace(&self) {
        let first = Described::new("a").file("usr/share/x", 0o644, "a's\n");
        let second = Described::new("b")
            .file("usr/share/x", 0o644, "b's\n")
            .replacing("a");
        for order in [[0, 1], [1, 0]] {
            let place = self.place();
            let root = place.root();
            let layers = [vec![first.clone(), second.clone()]];
            self.build(&layers, &Arrival::Order(order.to_vec()), &place, &root)
                .expect("builds");
            let content = root.read(&RootPath::from("usr/share/x")).expect("readable");
            assert_eq!(content.as_deref(), Some(&b"b's\n"[..]), "{order:?}");
            let inventory = self.subject.inventory(&root);
            assert!(!inventory["a"].contains("usr/share/x"), "{inventory:?}");
            assert!(inventory["b"].contains("usr/share/x"), "{inventory:?}");
        }
    }

    fn the_database_lists_what_is_there(&self) {
        let place = self.place();
        let root = place.root();
        let packages = ordinary();
        self.build(
            std::slice::from_ref(&packages),
            &Arrival::Together,
            &place,
            &root,
        )
        .expect("builds");
        let inventory = self.subject.inventory(&root);
        let expected = packages
            .iter()
            .map(|package| (package.name.clone(), package.paths()));
        assert_eq!(inventory, expected.collect());
        for path in inventory.values().flatten() {
            let path = RootPath::parse(path).expect("well-formed");
            assert!(root.entry(&path).expect("readable").is_some(), "{path}");
        }
    }

    /// Links that lead out, whole or by `..`, and files below them: refused or inside, but not outside.
    fn nothing_leaves_the_root(&self) {
        let outside = self.place().0;
        let absolute = outside.to_str().expect("is text");
        let dots = format!("{}{absolute}", "../".repeat(20));
        for target in [absolute, dots.as_str()] {
            let place = self.place();
            let root = place.root();
            let link = Described::new("a").link("usr/way", target);
            let file = Described::new("b").file("usr/way/evil", 0o644, "evil\n");
            let layers = [vec![link, file]];
            drop(self.build(&layers, &Arrival::Together, &place, &root));
            let found = fs_err::read_dir(&outside).expect("readable").count();
            assert_eq!(found, 0, "a package wrote to {target}");
        }
    }

    fn altered_artifacts_are_refused(&self) {
        let (plan, files) = self.subject.pack(&[ordinary()]);
        for artifact in plan.artifacts() {
            let bytes = &files[&artifact.name];
            self.prove(artifact, bytes).expect("is as it was packed");
            let truncated = &bytes[..bytes.len() - 1];
            self.prove(artifact, truncated).expect_err("is too short");
            for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 12] {
                let mut altered = bytes.clone();
                altered[at] ^= 0x10;
                self.prove(artifact, &altered).expect_err("is altered");
            }
        }
    }

    /// Proves an artifact as the engine does.
    fn prove(&self, artifact: &Artifact, bytes: &[u8]) -> Result<()> {
        let wrong = || crate::Error::new(crate::ErrorKind::Trust, "it is another file");
        match &artifact.proof {
            Proof::Sha256(digest) if *digest == Digest::of(bytes) => Ok(()),
            Proof::Sha256(_) => Err(wrong()),
            Proof::Identity(_) if artifact.size != bytes.len() as u64 => Err(wrong()),
            Proof::Identity(_) => {
                let place = self.place();
                let mut file = file_of(&place.0.join("altered"), bytes);
                self.subject.backend().verify(artifact, &mut file)
            }
        }
    }

    fn tree(&self, layers: &[Vec<Described>], arrival: &Arrival) -> Tree {
        let place = self.place();
        let root = place.root();
        self.build(layers, arrival, &place, &root).expect("builds");
        Tree::of_root(&root)
    }

    fn build(
        &self,
        layers: &[Vec<Described>],
        arrival: &Arrival,
        place: &Place,
        root: &Root,
    ) -> Result<()> {
        let (plan, files) = self.subject.pack(layers);
        let runner = self.subject.runner(root);
        let installer = self.installer(&plan, root, &*runner, 0);
        for layer in &plan.layers {
            install(&*installer, layer, &files, place, arrival)?;
            installer.finish(layer)?;
        }
        Ok(())
    }

    fn installer<'b>(
        &'b self,
        plan: &'b Plan,
        root: &'b Root,
        runner: &'b dyn Runner,
        finished: usize,
    ) -> Box<dyn Installer + 'b> {
        let site = Site {
            root,
            runner,
            report: &Silence,
            epoch: 1_700_000_000,
            jobs: 1,
            finished,
            run_scripts: true,
        };
        let installer = self.subject.backend().installer(plan, site);
        installer.expect("the plan is the backend's own")
    }

    /// Makes a new directory.
    fn place(&self) -> Place {
        for number in 0.. {
            let path = self.directory.join(number.to_string());
            if fs_err::create_dir(&path).is_ok() {
                return Place(path);
            }
        }
        unreachable!("there are more numbers than directories")
    }
}

/// A directory of one build: the root and the parcels beside it.
struct Place(PathBuf);

impl Place {
    fn root(&self) -> Root {
        let path = self.0.join("root");
        fs_err::create_dir(&path).expect("writable");
        Root::open(&path).expect("is there")
    }
}

/// Packages of all kinds of files, none of which is another's.
fn ordinary() -> Vec<Described> {
    vec![
        Described::new("a")
            .file("etc/a.conf", 0o644, "a\n")
            .file("usr/share/a", 0o644, "a's\n"),
        Described::new("b")
            .file("usr/bin/b", 0o755, "#!/bin/sh\n")
            .file("usr/share/secret", 0o600, "")
            .link("usr/bin/c", "b"),
        Described::new("c").file("usr/share/c/large", 0o644, &"0123456789".repeat(20_000)),
    ]
}

/// Unpacks a layer's artifacts as they arrive, and installs them as planned.
fn install(
    installer: &dyn Installer,
    layer: &Layer,
    files: &BTreeMap<String, Vec<u8>>,
    place: &Place,
    arrival: &Arrival,
) -> Result<()> {
    for step in &layer.steps {
        let unpack = |number: usize| {
            let artifact = &step.artifacts[number];
            let name = format!("{}-{}", layer.name, artifact.name);
            let bytes = &files[&artifact.name];
            let file = file_of(&place.0.join(format!("{name}.packed")), bytes);
            let mut packing = Packing::new(&place.0.join(name), &|_: &RootPath, _: &Kind| true)?;
            installer.unpack(artifact, file, &mut packing)?;
            let parcel = packing.finish()?;
            Ok((number, parcel.expect("nothing is left out")))
        };
        let count = step.artifacts.len();
        let unpacked: Result<BTreeMap<usize, Parcel>> = match arrival {
            Arrival::Order(order) => {
                let order = order.iter().copied().filter(|number| *number < count);
                order.map(unpack).collect()
            }
            Arrival::Together => thread::scope(|scope| {
                let unpack = &unpack;
                let threads: Vec<_> = (0..count)
                    .map(|number| scope.spawn(move || unpack(number)))
                    .collect();
                let ended = threads
                    .into_iter()
                    .map(|thread| thread.join().expect("no panic"));
                ended.collect()
            }),
        };
        install_step(installer, step, unpacked?)?;
    }
    Ok(())
}

fn install_step(
    installer: &dyn Installer,
    step: &Step,
    parcels: BTreeMap<usize, Parcel>,
) -> Result<()> {
    assert_eq!(parcels.len(), step.artifacts.len(), "everything arrived");
    installer.install(step, parcels.into_values().collect())
}

fn file_of(path: &Path, bytes: &[u8]) -> File {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(path).expect("writable");
    file.write_all(bytes).expect("writable");
    file.rewind().expect("seekable");
    file
}
