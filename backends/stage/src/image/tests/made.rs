//! Images as tests make them.

use crate::Tree;
use boot_kit::{Digest, Entry, Kind, RootPath, Sink, testkit::lines_of};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write as _};

/// A layer of lines, whose owner shows which layer a file is of.
pub use boot_kit::testkit::tar_of_lines as layer;

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("memory does not fail");
    gzip.finish().expect("memory does not fail")
}

/// The files of a layout or an archive, by path; a content that begins with `-> ` is a link.
pub type Paths = BTreeMap<String, Vec<u8>>;

/// An image's parts.
#[derive(Clone)]
pub struct Made {
    /// The layers as they are stored.
    pub blobs: Vec<Vec<u8>>,
    pub config: Value,
}

impl Made {
    /// Makes an image of layers that are tars.
    pub fn new(tars: &[Vec<u8>]) -> Self {
        let ids = tars.iter().map(|tar| format!("sha256:{}", Digest::of(tar)));
        Self {
            config: json!({
                "architecture": "amd64",
                "os": "linux",
                "rootfs": { "type": "layers", "diff_ids": ids.collect::<Vec<_>>() },
            }),
            blobs: tars.to_vec(),
        }
    }

    /// The same with its layers packed.
    pub fn packed(mut self, pack: fn(&[u8]) -> Vec<u8>) -> Self {
        self.blobs = self.blobs.iter().map(|blob| pack(blob)).collect();
        self
    }

    /// The same for another architecture.
    pub fn for_arch(mut self, architecture: &str) -> Self {
        self.config["architecture"] = json!(architecture);
        self
    }

    /// Adds its blobs to a layout; returns the descriptor of its manifest.
    pub fn add_to(&self, paths: &mut Paths) -> Value {
        let layers: Vec<_> = self
            .blobs
            .iter()
            .map(|layer| add(paths, "application/vnd.oci.image.layer.v1.tar", layer))
            .collect();
        let config = self.config.to_string();
        let config = add(
            paths,
            "application/vnd.oci.image.config.v1+json",
            config.as_bytes(),
        );
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        let manifest = manifest.to_string();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let mut descriptor = add(paths, kind, manifest.as_bytes());
        let (os, architecture) = (&self.config["os"], &self.config["architecture"]);
        descriptor["platform"] = json!({ "os": os, "architecture": architecture });
        descriptor
    }

    /// A layout of this image alone, named `it:1`.
    pub fn layout(&self) -> Paths {
        let mut paths = Paths::new();
        let mut manifest = self.add_to(&mut paths);
        manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "it:1" });
        index(&mut paths, &[manifest]);
        paths
    }
}

/// Adds a blob; returns its descriptor.
pub fn add(paths: &mut Paths, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    paths.insert(format!("blobs/sha256/{digest}"), bytes.to_vec());
    json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len() })
}

/// Adds what makes files a layout.
pub fn index(paths: &mut Paths, manifests: &[Value]) {
    let index = json!({ "schemaVersion": 2, "manifests": manifests }).to_string();
    paths.insert("index.json".into(), index.into_bytes());
    let mark = json!({ "imageLayoutVersion": "1.0.0" }).to_string();
    paths.insert("oci-layout".into(), mark.into_bytes());
}

/// Files as they are in a tree.
pub fn files(paths: &Paths) -> Tree {
    let mut tree = Tree::new(&std::env::temp_dir()).expect("a temporary directory");
    for (path, content) in paths {
        let kind = match content.strip_prefix(b"-> ") {
            Some(target) => Kind::Symlink(target.to_vec()),
            None => Kind::File {
                size: content.len() as u64,
            },
        };
        let entry = Entry {
            path: RootPath::parse(path).expect("well-formed"),
            kind,
            ..tree.top()
        };
        tree.entry(&entry, &mut &content[..]).expect("fits");
    }
    tree.settle().expect("nothing is missing");
    tree
}

/// What is in a root, as lines, each with its owner.
pub fn shown(root: &Tree) -> Vec<String> {
    lines_of(|sink| root.walk(sink))
}
