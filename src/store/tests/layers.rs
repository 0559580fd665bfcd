//! Records of finished layers.

use super::{directory, files, keep, open};
use crate::store::LayerRecord;
use boot_kit::Digest;
use std::fs;

fn record(blob: &[u8]) -> LayerRecord {
    LayerRecord {
        name: "base".to_owned(),
        diff_id: Digest::of("the tar"),
        size: 7,
        blob: Digest::of(blob),
        blob_size: blob.len() as u64,
        entries: 3,
    }
}

#[test]
fn a_record_is_found_by_its_key_while_its_blob_is_there() {
    let directory = directory();
    let store = open(directory.path());
    let key = Digest::of("key");
    assert_eq!(store.layer(&key).expect("reads"), None);
    store.keep_layer(&key, &record(b"blob")).expect("is kept");
    assert_eq!(store.layer(&key).expect("reads"), None);
    keep(&store, b"blob");
    let found = open(directory.path()).layer(&key).expect("reads");
    assert_eq!(found, Some(record(b"blob")));
    assert_eq!(store.layer(&Digest::of("other")).expect("reads"), None);
    let blob = directory
        .path()
        .join(format!("blobs/sha256/{}", Digest::of("blob")));
    fs::write(&blob, "blo").expect("writable");
    assert_eq!(store.layer(&key).expect("reads"), None);
}

#[test]
fn a_record_with_any_bit_flipped_is_missing_and_removed() {
    let directory = directory();
    let store = open(directory.path());
    let key = Digest::of("key");
    keep(&store, b"blob");
    store.keep_layer(&key, &record(b"blob")).expect("is kept");
    let [path] = &files(&directory.path().join("layers"))[..] else {
        panic!("one file");
    };
    let whole = fs::read(path).expect("readable");
    for i in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[i] ^= 1;
        fs::write(path, &damaged).expect("writable");
        assert_eq!(store.layer(&key).expect("reads"), None, "byte {i}");
        assert!(!path.exists(), "byte {i}");
    }
}
