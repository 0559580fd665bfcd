//! Packages, indexes and keys of real distributions.

use crate::trust::Keys;
use boot_kit::recipe;
use std::path::{Path, PathBuf};

/// A file of the genuine data; prints why if it is not there.
pub fn data(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/alpine");
    let path = root.join(path);
    if !path.exists() {
        #[allow(clippy::print_stdout)]
        {
            println!("skipped: `{}` is not there", path.display());
        }
        return None;
    }
    Some(path)
}

/// The key files in a directory of the genuine data.
pub fn key_files(directory: &str, ending: &str) -> Vec<recipe::Key> {
    let directory = data(directory).expect("is there");
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("has a name").to_string_lossy();
        if name.ends_with(ending) {
            keys.push(recipe::Key {
                name: format!("alpine/{name}"),
                bytes: std::fs::read(&path).expect("readable"),
                path_in_image: None,
            });
        }
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    keys
}

/// Alpine's own keys.
pub fn alpine_keys() -> Keys {
    Keys::of(&key_files("keys", ".rsa.pub")).expect("are keys")
}

/// The keys of the third party whose v3 packages there are.
pub fn openwrt_keys() -> Keys {
    Keys::of(&key_files("openwrt-v3/mossdef", ".pem")).expect("are keys")
}
