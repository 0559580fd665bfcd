//! Lists what `configs/` holds, so that a new distribution is a file and nothing else, and names the program's sources,
//! so that what one program has made is not taken for what another would make.

use sha2::{Digest, Sha256};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let configs = root.join("configs");
    let mut source = String::from("pub(super) const DISTRIBUTIONS: &[(&str, &str)] = &[\n");
    for path in sorted(&configs)? {
        if path.extension().is_some_and(|ending| ending == "toml") {
            embed(&mut source, &configs, &path, "include_str");
        }
    }
    source.push_str("];\npub(super) const KEYS: &[(&str, &[u8])] = &[\n");
    let keys = configs.join("keys");
    for folder in sorted(&keys)?.iter().filter(|path| path.is_dir()) {
        for path in sorted(folder)? {
            embed(&mut source, &keys, &path, "include_bytes");
        }
    }
    source.push_str("];\n");
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(target.join("configs.rs"), source)?;
    let mut hasher = Sha256::new();
    for part in ["Cargo.lock", "backends", "configs", "src"] {
        println!("cargo::rerun-if-changed={part}");
        hash(&mut hasher, &root, &root.join(part))?;
    }
    let digest: String = hasher.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("cargo::rustc-env=BOOT_SOURCES={digest}");
    Ok(())
}

/// Hashes a file, or everything in a directory, with its names.
fn hash(hasher: &mut Sha256, root: &Path, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return sorted(path)?
            .iter()
            .try_for_each(|path| hash(hasher, root, path));
    }
    let name = path.strip_prefix(root).expect("listed from there");
    let content = fs::read(path)?;
    hasher.update(format!("{} {}\n", name.display(), content.len()));
    hasher.update(&content);
    Ok(())
}

/// Adds `(name relative to folder, include!(file)),` to the table.
fn embed(source: &mut String, folder: &Path, path: &Path, include: &str) {
    let name = path.strip_prefix(folder).expect("listed from there");
    let line = format!(
        "    ({:?}, {include}!({:?})),\n",
        name.display().to_string(),
        path.display().to_string()
    );
    source.push_str(&line);
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
