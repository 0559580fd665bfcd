//! From a plan to an image: layers that were made before are taken from the store, the others are made on top of them.

use super::connect;
use crate::{
    export::{self, Output, Written},
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
    store::Store,
    work::{self, Staging},
};
use boot_kit::{
    Artifact, Backend, Digest, Event, Plan, Report, Result, Root, Sink, backend::Site, event::Phase,
};
use std::{
    fs::File,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Everything one image is made with.
pub struct Assembly<'a> {
    /// Proof that this process may mount.
    pub entered: &'a Entered,
    /// What to install.
    pub plan: &'a Plan,
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
    /// Whether what is at the output may be replaced.
    pub force: bool,
    /// Hears of everything.
    pub report: &'a Arc<dyn Report>,
    /// Ends it soon once it is set.
    pub interrupt: &'a Arc<AtomicBool>,
}

/// What the root was when the last finished layer was finished.
struct Progress {
    /// Finished layers.
    layers: Vec<Layer>,
    /// The root as they left it; `None`: empty.
    base: Option<Base>,
}

impl Assembly<'_> {
    /// Writes the image.
    pub fn write(&self, output: &Output) -> Result<Written> {
        let keys = self.keys()?;
        let found = self.find(&keys)?;
        if found.len() == keys.len() {
            return self.export(output, &|sink| Stack(&found).send(sink));
        }
        let staging = Staging::new(self.entered, &self.work)?;
        let root = Root::open(&staging.root_path())?;
        let settings = sandbox::Settings {
            interrupt: Arc::clone(self.interrupt),
            report: Arc::clone(self.report),
            ..sandbox::Settings::new(self.epoch)
        };
        let runner = Sandbox::new(root.path(), settings);
        let finished = found.len();
        let progress = Mutex::new(self.restore(&root, found)?);
        let verify = |artifact: &Artifact, file: &mut File| self.backend.verify(artifact, file);
        let pipeline = Pipeline {
            layers: &self.plan.layers[finished..],
            fetch: &|artifact| Ok(self.net.artifact(artifact, &verify)?.file),
            keep: &|path, kind| !self.profile.drops(path, kind),
            finished: &|layer| {
                let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                self.profile.apply(&root, &**self.report)?;
                let number = progress.layers.len();
                if number + 1 < keys.len() {
                    self.finish(&root, &layer.name, &keys[number], &mut progress)?;
                }
                Ok(())
            },
            parcels: &staging.parcels_path(),
            connections: connect::CONNECTIONS,
            jobs: self.jobs,
            report: &**self.report,
            stop: self.interrupt,
        };
        let site = Site {
            root: &root,
            runner: &runner,
            report: &**self.report,
            epoch: self.epoch,
            jobs: self.jobs,
            finished,
        };
        pipeline.run(&*self.backend.installer(self.plan, site)?)?;
        runner.stop();
        let progress = progress
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.last(&root, progress, &keys, output)
    }

    /// Names all layers.
    fn keys(&self) -> Result<Vec<Digest>> {
        let prune = format!("{} {}", self.profile.name(), self.keep_locales.join(","));
        let conditions = Conditions {
            format: self.format,
            epoch: self.epoch,
            prune: &prune,
            scripts: true,
        };
        keys(self.plan, &conditions)
    }

    /// Finds finished layers, from the lowest up to the first that is to be made.
    fn find(&self, keys: &[Digest]) -> Result<Vec<Layer>> {
        let mut found = Vec::new();
        for key in keys.iter().take_while(|_| self.cached) {
            let Some(layer) = Layer::find(self.store, key)? else {
                break;
            };
            self.report.event(Event::Layer {
                name: layer.record.name.clone(),
                bytes: layer.record.size,
                stored: true,
            });
            found.push(layer);
        }
        Ok(found)
    }

    /// Unpacks finished layers into an empty root.
    fn restore(&self, root: &Root, layers: Vec<Layer>) -> Result<Progress> {
        let base = if layers.is_empty() {
            None
        } else {
            let tree = restore(&layers, root, self.epoch, &**self.report)?;
            Some(Base::settle(root, tree)?)
        };
        Ok(Progress { layers, base })
    }

    /// Makes a layer of what has changed, with others to come on top of it.
    fn finish(&self, root: &Root, name: &str, key: &Digest, progress: &mut Progress) -> Result<()> {
        let change = self.change(root, progress)?;
        let mut writer = LayerWriter::new(self.store, change, self.epoch, self.jobs)?;
        let tree = write(root, &mut writer, progress.base.as_ref(), self.epoch)?;
        let layer = self.keep(writer, name, key)?;
        progress.layers.push(layer);
        progress.base = Some(Base::settle(root, tree)?);
        Ok(())
    }

    /// Makes the last layer and the image in one pass over the root.
    fn last(
        &self,
        root: &Root,
        progress: Progress,
        keys: &[Digest],
        output: &Output,
    ) -> Result<Written> {
        let number = progress.layers.len();
        self.report.event(Event::Phase(Phase::Export));
        if !self.cached {
            return self.export(output, &|sink| root.walk(sink));
        }
        let name = &self.plan.layers[number].name;
        let change = self.change(root, &progress)?;
        let writer = LayerWriter::new(self.store, change, self.epoch, self.jobs)?;
        let writer = Mutex::new(Some(writer));
        let written = self.export(output, &|sink| {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            match writer.as_mut() {
                Some(writer) => root.walk(&mut Fork::new(sink, writer)),
                None => root.walk(sink),
            }
        })?;
        let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer {
            self.keep(writer, name, &keys[number])?;
        }
        Ok(written)
    }

    fn change(&self, root: &Root, progress: &Progress) -> Result<Option<Change>> {
        let base = progress.base.as_ref();
        base.map(|base| base.changes(root, self.epoch)).transpose()
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
        output: &Output,
        walk: &dyn Fn(&mut dyn Sink) -> Result<()>,
    ) -> Result<Written> {
        let options = export::Options {
            epoch: self.epoch,
            report: &**self.report,
            interrupt: self.interrupt,
            jobs: self.jobs,
            force: self.force,
        };
        export::export(walk, output, &options)
    }
}
