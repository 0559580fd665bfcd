//! A layer as a tar, while the root is walked.

use super::{Base, Change, Layer, Tree, tree::Recorder};
use crate::{
    export::{compress::Encoder, oci::whiteout, tar::TarWriter},
    interrupt::Until,
    store::{Incoming, LayerRecord, Store},
};
use boot_kit::{Entry, Error, Result, Root, RootPath, Sink};
use std::{
    collections::BTreeSet,
    io::{self, Read},
    iter::Peekable,
    sync::{Arc, atomic::AtomicBool},
    vec,
};

/// Writes one layer, compressed, for the store.
pub struct LayerWriter {
    tar: TarWriter<Encoder<Incoming>>,
    /// What of the tree is in the layer; `None`: all of it.
    wanted: Option<BTreeSet<RootPath>>,
    removed: BTreeSet<RootPath>,
    /// Whiteouts still to come, in the order in which they come, with the directory each is in.
    whiteouts: Peekable<vec::IntoIter<(RootPath, Entry)>>,
}

impl LayerWriter {
    /// Starts a layer of everything, or of what changed.
    pub fn new(store: &Store, change: Option<Change>, epoch: i64, jobs: usize) -> Result<Self> {
        let encoder = Encoder::layer(store.incoming()?, jobs)?;
        let (wanted, removed) = match change {
            Some(change) => (Some(change.wanted), change.removed),
            None => (None, BTreeSet::new()),
        };
        let mut whiteouts = Vec::new();
        for path in &removed {
            if let (Some((directory, _)), Some(entry)) =
                (path.split(), whiteout::entry(path, epoch))
            {
                whiteouts.push((directory, entry));
            }
        }
        whiteouts.sort_by(|a, b| (&a.0, &a.1.path).cmp(&(&b.0, &b.1.path)));
        Ok(Self {
            tar: TarWriter::new(encoder, epoch),
            wanted,
            removed,
            whiteouts: whiteouts.into_iter().peekable(),
        })
    }

    /// Tells whether the layer needs `path`.
    pub fn wants(&self, path: &RootPath) -> bool {
        !path.is_root()
            && self
                .wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(path))
    }

    /// Ends the tar and puts it into the store, or only makes it readable if it is not to be `kept`.
    pub fn finish(mut self, store: &Store, name: &str, keep: bool) -> Result<Layer> {
        self.whiteouts_before(None)?;
        let entries = self.tar.entries();
        let (diff_id, size, encoder) = self.tar.finish()?;
        let (blob, blob_size, file) = store.keep_new(encoder.finish()?, keep)?;
        let record = LayerRecord {
            name: name.to_owned(),
            diff_id,
            size,
            blob,
            blob_size,
            entries,
        };
        Ok(Layer {
            record,
            blob: Arc::new(file),
        })
    }

    /// Writes the whiteouts of directories that come before `path`: right after the directory, before all else in it.
    fn whiteouts_before(&mut self, path: Option<&RootPath>) -> Result<()> {
        while let Some((_, whiteout)) = self
            .whiteouts
            .next_if(|(directory, _)| path.is_none_or(|path| directory < path))
        {
            self.tar.out_of_order(&whiteout)?;
        }
        Ok(())
    }
}

impl Sink for LayerWriter {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        if !self.wants(&entry.path) {
            return Ok(());
        }
        whiteout::refuse(&entry.path)?;
        self.whiteouts_before(Some(&entry.path))?;
        self.tar.entry(entry, content)
    }
}

/// Sends a tree to a sink and writes what is wanted of it as a layer, reading every file once.
pub struct Fork<'a> {
    sink: &'a mut dyn Sink,
    layer: &'a mut LayerWriter,
}

impl<'a> Fork<'a> {
    /// Joins the two.
    pub fn new(sink: &'a mut dyn Sink, layer: &'a mut LayerWriter) -> Self {
        Self { sink, layer }
    }
}

impl Sink for Fork<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        if !self.layer.wants(&entry.path) {
            return self.sink.entry(entry, content);
        }
        whiteout::refuse(&entry.path)?;
        self.layer.whiteouts_before(Some(&entry.path))?;
        self.layer.tar.begin(entry)?;
        let mut copied = Copied {
            content,
            tar: &mut self.layer.tar,
            failure: None,
        };
        let sent = self.sink.entry(entry, &mut copied);
        // A sink need not read to the end, the layer must.
        let rest = io::copy(&mut copied, &mut io::sink());
        if let Some(failure) = copied.failure {
            return Err(failure);
        }
        sent?;
        rest?;
        self.layer.tar.end(entry)
    }
}

/// Content that goes into the layer as it is read.
struct Copied<'a, W: io::Write> {
    content: &'a mut dyn Read,
    tar: &'a mut TarWriter<W>,
    failure: Option<Error>,
}

impl<W: io::Write> Read for Copied<'_, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        if let Err(error) = self.tar.push(&buffer[..count]) {
            self.failure = Some(error);
            return Err(io::Error::other("the layer cannot be written"));
        }
        Ok(count)
    }
}

/// Writes a layer of what is wanted of `root`; returns what is in the root now, knowing what was in it below.
///
/// Errors with [`boot_kit::ErrorKind::Interrupted`] once `stop` is set.
pub fn write(
    root: &Root,
    writer: &mut LayerWriter,
    base: Option<&Base>,
    epoch: i64,
    stop: &AtomicBool,
) -> Result<Tree> {
    let Some(wanted) = writer.wanted.clone() else {
        let mut recorder = Recorder::new(writer, epoch);
        let sink = &mut recorder;
        root.walk(&mut Until { sink, stop })?;
        return Ok(recorder.finish());
    };
    let removed: BTreeSet<RootPath> = writer.removed.clone();
    let mut recorder = Recorder::new(writer, epoch);
    let sink = &mut recorder;
    root.walk_some(&|path| wanted.contains(path), &mut Until { sink, stop })?;
    let above = recorder.finish();
    Ok(base.map_or_else(Tree::default, |base| base.tree().overlaid(above, &removed)))
}
