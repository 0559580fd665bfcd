//! From a plan to an image: layers that were made before are taken from the store, the others are made on top of them.

mod again;

use super::{
    Written, connect,
    oci::{self, Naming, Shelf},
    top::{self, Top},
};
use crate::{
    export::{self, Output},
    layers::{
        Base, Layer, Stack,
        change::Change,
        key::{Conditions, keys},
        restore::restore,
        write::{Fork, LayerWriter, write},
    },
    net::Net,
    pipeline::Pipeline,
    prune::Profile,
    sandbox::{self, Entered, Sandbox},
    store::{LayerLock, Store},
    work::{self, Staging},
};
use boot_kit::{
    Artifact, Backend, Digest, Error, ErrorKind, Event, Plan, Report, Result, Root, Sink,
    backend::Site, event::Phase,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fs::File,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Everything one image is made with.
pub struct Assembly<'a> {
    /// Proof that this process may mount.
    pub entered: &'a Entered,
    /// What to install.
    pub plan: &'a Plan,
    /// What comes above the layers of the plan, as one more.
    pub top: Option<&'a Top>,
    /// The name of its package format.
    pub format: &'a str,
    /// Who knows it.
    pub backend: &'a dyn Backend,
    /// Where finished layers are.
    pub store: &'a Store,
    /// Where artifacts come from.
    pub net: &'a Net<'a>,
    /// What to leave out.
    pub profile: &'a Profile,
    /// Languages that stay whatever the profile says.
    pub keep_locales: &'a [String],
    /// Where the tree is put together.
    pub work: work::Options,
    /// The image's date, seconds since the Unix epoch.
    pub epoch: i64,
    /// How many things may be done at once.
    pub jobs: usize,
    /// Whether layers are taken from the store and put there.
    pub cached: bool,
    /// What an OCI image is called, and how it is run.
    pub naming: Naming<'a>,
    /// Whether scripts of packages run.
    pub run_scripts: bool,
    /// Whether what is at the output may be replaced.
    pub force: bool,
    /// Hears of everything.
    pub report: &'a Arc<dyn Report>,
    /// Ends it soon once it is set.
    pub interrupt: &'a Arc<AtomicBool>,
}

/// Where an image goes.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// A file, a directory, stdout.
    Output(&'a Output),
    /// A sink: every entry but the root, sorted, as an image of that date has it.
    Sink(&'a RefCell<&'a mut dyn Sink>),
}

/// What the root was when the last finished layer was finished.
struct Progress {
    /// Finished layers.
    layers: Vec<Layer>,
    /// The root as they left it; `None`: empty.
    base: Option<Base>,
    /// The right to make each of the others.
    locks: VecDeque<LayerLock>,
}

impl Assembly<'_> {
    /// Writes the image.
    pub fn write(&self, target: Target<'_>) -> Result<Written> {
        let keys = self.keys()?;
        if let Some(made) = self.again(&keys, target)? {
            return Ok(made);
        }
        let (found, locks) = self.claim(&keys)?;
        if found.len() == keys.len() {
            return self.deliver(&found, &keys, target);
        }
        let staging = Staging::new(self.entered, &self.work)?;
        let root = Root::open(&staging.root_path())?;
        let settings = sandbox::Settings {
            interrupt: Arc::clone(self.interrupt),
            report: Arc::clone(self.report),
            ..sandbox::Settings::new(self.epoch)
        };
        let runner = Sandbox::new(root.path(), settings);
        let site = Site {
            root: &root,
            runner: &runner,
            report: &**self.report,
            epoch: self.epoch,
            jobs: self.jobs,
            finished: found.len(),
            run_scripts: self.run_scripts,
        };
        let mut progress = self.restore(&root, found, locks)?;
        if site.finished < self.plan.layers.len() {
            // What is above a layer finds a sandbox as new as if the layer had been found.
            let stop = || runner.stop();
            progress = self.install(site, &staging, progress, &keys, &stop)?;
        }
        if let Some(top) = self.top {
            top.apply(site, &staging.parcels_path())?;
            self.profile.apply(&root, &**self.report)?;
        }
        runner.stop();
        self.last(&root, progress, &keys, target)
    }

    /// Installs the layers of the plan that are not finished; finishes all but the last of `keys`.
    ///
    /// `stop` ends the sandbox; the next script starts another.
    fn install(
        &self,
        site: Site<'_>,
        staging: &Staging,
        progress: Progress,
        keys: &[Digest],
        stop: &(dyn Fn() + Sync),
    ) -> Result<Progress> {
        let root = site.root;
        let progress = Mutex::new(progress);
        let verify = |artifact: &Artifact, file: &mut File| self.backend.verify(artifact, file);
        let pipeline = Pipeline {
            layers: &self.plan.layers[site.finished..],
            fetch: &|artifact| Ok(self.net.artifact(artifact, &verify)?.file),
            keep: &|path, kind| !self.profile.drops(path, kind),
            finished: &|layer| {
                stop();
                let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                self.profile.apply(root, &**self.report)?;
                let number = progress.layers.len();
                if number + 1 < keys.len() {
                    self.finish(root, &layer.name, &keys[number], &mut progress)?;
                }
                Ok(())
            },
            parcels: &staging.parcels_path(),
            connections: connect::CONNECTIONS,
            jobs: self.jobs,
            report: &**self.report,
            stop: self.interrupt,
        };
        pipeline.run(&*self.backend.installer(self.plan, site)?)?;
        Ok(progress
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Names all layers.
    fn keys(&self) -> Result<Vec<Digest>> {
        let prune = format!("{} {}", self.profile.name(), self.keep_locales.join(","));
        let conditions = Conditions {
            format: self.format,
            epoch: self.epoch,
            prune: &prune,
            scripts: self.run_scripts,
        };
        let mut keys = keys(self.plan, &conditions)?;
        if let Some(top) = self.top {
            let below = keys.last().ok_or_else(|| {
                Error::new(ErrorKind::Usage, "there are no packages to add files to")
            })?;
            keys.push(top.key(below)?);
        }
        Ok(keys)
    }

    /// What layer number `number` is called.
    fn name(&self, number: usize) -> &str {
        let planned = self.plan.layers.get(number);
        planned.map_or(top::NAME, |layer| &layer.name)
    }

    /// Finds finished layers, and takes the right to make the others; waits for builds that are making them.
    fn claim(&self, keys: &[Digest]) -> Result<(Vec<Layer>, VecDeque<LayerLock>)> {
        if !self.cached {
            return Ok((Vec::new(), VecDeque::new()));
        }
        loop {
            let found = self.find(keys)?;
            let mut locks = VecDeque::new();
            // Always the lower before the higher, so that no two builds wait for each other.
            for key in &keys[found.len()..] {
                let lock = self.store.lock_layer(key, self.interrupt, &**self.report)?;
                locks.push_back(lock);
            }
            if locks.is_empty() || self.store.layer(&keys[found.len()])?.is_none() {
                self.tell_found(&found);
                return Ok((found, locks));
            }
        }
    }

    fn tell_found(&self, layers: &[Layer]) {
        for layer in layers {
            self.report.event(Event::Layer {
                name: layer.record.name.clone(),
                bytes: layer.record.size,
                stored: true,
            });
        }
    }

    /// Finds finished layers, from the lowest up to the first that is to be made.
    fn find(&self, keys: &[Digest]) -> Result<Vec<Layer>> {
        let mut found = Vec::new();
        for key in keys {
            let Some(layer) = Layer::find(self.store, key, self.interrupt)? else {
                break;
            };
            found.push(layer);
        }
        Ok(found)
    }

    /// Unpacks finished layers into an empty root.
    fn restore(
        &self,
        root: &Root,
        layers: Vec<Layer>,
        locks: VecDeque<LayerLock>,
    ) -> Result<Progress> {
        let base = if layers.is_empty() {
            None
        } else {
            let tree = restore(&layers, root, self.epoch, self.interrupt)?;
            Some(Base::settle(root, tree)?)
        };
        Ok(Progress {
            layers,
            base,
            locks,
        })
    }

    /// Makes a layer of what has changed, with others to come on top of it.
    fn finish(&self, root: &Root, name: &str, key: &Digest, progress: &mut Progress) -> Result<()> {
        let change = self.change(root, progress)?;
        let mut writer = LayerWriter::new(self.store, change, self.epoch, self.jobs)?;
        let below = progress.base.as_ref();
        let tree = write(root, &mut writer, below, self.epoch, self.interrupt)?;
        let layer = self.keep(writer, name, key)?;
        progress.locks.pop_front();
        progress.layers.push(layer);
        progress.base = Some(Base::settle(root, tree)?);
        Ok(())
    }

    /// Makes the last layer and the image, where possible in one pass over the root.
    fn last(
        &self,
        root: &Root,
        progress: Progress,
        keys: &[Digest],
        target: Target<'_>,
    ) -> Result<Written> {
        let number = progress.layers.len();
        self.report.event(Event::Phase(Phase::Export));
        let is_oci = matches!(target, Target::Output(Output::Oci(_)));
        if !self.cached && !is_oci {
            return self.export(target, keys, &|sink| root.walk(sink));
        }
        let name = self.name(number);
        let change = self.change(root, &progress)?;
        let mut writer = LayerWriter::new(self.store, change, self.epoch, self.jobs)?;
        if is_oci {
            write(root, &mut writer, None, self.epoch, self.interrupt)?;
            let mut layers = progress.layers;
            layers.push(self.keep(writer, name, &keys[number])?);
            return self.deliver(&layers, keys, target);
        }
        let writer = Mutex::new(Some(writer));
        self.export(target, keys, &|sink| {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut writer) = writer.take() else {
                return Ok(());
            };
            root.walk(&mut Fork::new(sink, &mut writer))?;
            // Before the image gets its name: a build that fails leaves none.
            self.keep(writer, name, &keys[number]).map(drop)
        })
    }

    /// Makes the image of finished layers.
    fn deliver(&self, layers: &[Layer], keys: &[Digest], target: Target<'_>) -> Result<Written> {
        self.report.event(Event::Phase(Phase::Export));
        let Target::Output(Output::Oci(oci)) = target else {
            return self.export(target, keys, &|sink| Stack(layers).send(sink));
        };
        let shelf = if self.cached {
            Shelf::Kept(self.store)
        } else {
            Shelf::ForOnce(self.store)
        };
        oci::export_layers(layers, shelf, oci, self.naming, &self.options())
    }

    fn change(&self, root: &Root, progress: &Progress) -> Result<Option<Change>> {
        let base = progress.base.as_ref();
        base.map(|base| base.changes(root, self.epoch, self.interrupt))
            .transpose()
    }

    fn keep(&self, writer: LayerWriter, name: &str, key: &Digest) -> Result<Layer> {
        let layer = writer.finish(self.store, name, self.cached)?;
        if self.cached {
            self.store.keep_layer(key, &layer.record)?;
        }
        self.report.event(Event::Layer {
            name: name.to_owned(),
            bytes: layer.record.size,
            stored: false,
        });
        Ok(layer)
    }

    fn export(
        &self,
        target: Target<'_>,
        keys: &[Digest],
        walk: &dyn Fn(&mut dyn Sink) -> Result<()>,
    ) -> Result<Written> {
        let output = match target {
            Target::Output(output) => output,
            Target::Sink(sink) => {
                let files = export::send(walk, &mut **sink.borrow_mut(), &self.options())?;
                return Ok(Written {
                    files,
                    ..Written::default()
                });
            }
        };
        let written = export::export(walk, output, &self.options())?;
        if let (true, Some(key), Some(tar)) = (self.cached, keys.last(), &written.diff_id) {
            self.note(key, tar);
        }
        Ok(written.into())
    }

    fn options(&self) -> export::Options<'_> {
        export::Options {
            epoch: self.epoch,
            report: &**self.report,
            interrupt: self.interrupt,
            jobs: self.jobs,
            force: self.force,
        }
    }
}
