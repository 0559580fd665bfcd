//! The root as an image, in any form.

use super::{Made, Options};
use crate::{
    export::{self, Output, export},
    interrupt::Until,
    layers::write::LayerWriter,
    ops::{
        Written, connect,
        oci::{Naming, Shelf, export_layers},
    },
    recipe::complete::host_platform,
};
use boot_kit::Result;

/// Writes what was made where it is to go.
pub(in crate::ops) fn write(
    made: &Made<'_>,
    options: &Options,
    how: &export::Options<'_>,
) -> Result<Written> {
    let output = Output::parse(made.output.as_os_str())?;
    let Output::Oci(oci) = &output else {
        return export(&|sink| made.tree.walk(sink), &output, how).map(Written::from);
    };
    oci.check(options.force)?;
    // One layer, which is not worth keeping: the archive it came from is at hand.
    let store = connect::store(options.cache_dir.as_deref())?;
    let mut layer = LayerWriter::new(&store, None, how.epoch, how.jobs)?;
    made.tree.walk(&mut Until {
        sink: &mut layer,
        stop: how.interrupt,
    })?;
    let layer = layer.finish(&store, "root", false)?;
    let platform = made.about.platform.or_else(host_platform);
    let naming = Naming {
        options: &options.image,
        reference: &made.name,
        platform: platform.unwrap_or("linux/amd64"),
        title: made.about.title.as_deref().unwrap_or(made.name.as_str()),
    };
    export_layers(&[layer], Shelf::ForOnce(&store), oci, naming, how)
}
