//! Finished layers become a root again.

use super::{Layer, Stack, Tree, tree::Recorder};
use crate::{export::directory::DirectoryWriter, interrupt::Until};
use boot_kit::{Context, Result, Root};
use std::sync::atomic::AtomicBool;

/// Unpacks layers, the lowest first, into an empty `root`; returns what they hold.
///
/// Errors with [`boot_kit::ErrorKind::Interrupted`] once `stop` is set.
pub fn restore(layers: &[Layer], root: &Root, epoch: i64, stop: &AtomicBool) -> Result<Tree> {
    let mut writer = DirectoryWriter::exact(root.path(), epoch)?;
    let mut recorder = Recorder::new(&mut writer, epoch);
    let mut until = Until {
        sink: &mut recorder,
        stop,
    };
    Stack(layers)
        .send(&mut until)
        .context(|| "cannot unpack the finished layers")?;
    let tree = recorder.finish();
    writer.finish()?;
    Ok(tree)
}
