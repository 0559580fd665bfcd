//! `Packages.adb`: an ADB of schema `indx`, with its signatures.

use super::Index;
use crate::{
    adb::{
        self, Proven, Schema,
        schema::{index, indexed},
    },
    trust::Keys,
};
use boot_kit::Result;

pub fn read(bytes: &[u8], keys: &Keys, repository: usize) -> Result<Index> {
    let (adb, rest) = adb::open(bytes, Schema::Index, &Proven::BySignature(keys))?;
    rest.finish()?;
    let root = adb.root()?;
    let packages = root.slots(index::PACKAGES)?.objects();
    let spec = root.text(index::PKGNAME_SPEC)?;
    Ok(Index {
        packages: packages
            .map(|package| indexed(package?, repository))
            .collect::<Result<_>>()?,
        description: root.text(index::DESCRIPTION)?.to_owned(),
        pkgname_spec: (!spec.is_empty()).then(|| spec.to_owned()),
        date: 0,
    })
}
