//! Finished layers become a root again.

use super::{Layer, Stack, Tree, tree::Recorder};
use crate::export::directory::DirectoryWriter;
use boot_kit::{Context, Report, Result, Root};

/// Unpacks layers, the lowest first, into an empty `root`; returns what they hold.
pub fn restore(layers: &[Layer], root: &Root, epoch: i64, report: &dyn Report) -> Result<Tree> {
    let mut writer = DirectoryWriter::new(root.path(), epoch, report)?;
    let mut recorder = Recorder::new(&mut writer, epoch);
    Stack(layers)
        .send(&mut recorder)
        .context(|| "cannot unpack the finished layers")?;
    let tree = recorder.finish();
    writer.finish()?;
    Ok(tree)
}
