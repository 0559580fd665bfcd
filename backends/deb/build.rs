//! Names the state of the sources, so that what one state kept is not taken for what another would make.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let mut files = BTreeMap::new();
    for sources in ["src", "../kit/src"] {
        read(Path::new(sources), &mut files)?;
        println!("cargo::rerun-if-changed={sources}");
    }
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    println!("cargo::rustc-env=BOOT_DEB_SOURCES={:016x}", hasher.finish());
    Ok(())
}

fn read(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, files)?;
        } else {
            files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}
