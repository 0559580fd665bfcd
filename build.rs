//! Lists what `configs/` holds, so that a new distribution is a file and nothing else.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=configs");
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
    for folder in sorted(&keys)? {
        for path in sorted(&folder)? {
            embed(&mut source, &keys, &path, "include_bytes");
        }
    }
    source.push_str("];\n");
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(target.join("configs.rs"), source)
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
