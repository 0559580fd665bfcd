//! Trees without what would be too small to see.

use super::report::Node;
use crate::footprint::model::Share;

/// A part of an image while its tree is put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Its name, as in [`Node`]; empty for what is left of a directory.
    pub name: String,
    /// All files in it.
    pub share: Share,
    /// The class of most of it.
    pub class: Option<usize>,
    /// Its parts; what they lack of it is kept as a part without a name.
    pub parts: Vec<Part>,
}

/// A part is shown if it has at least one of so many parts of the whole, raw or compressed: 0.05 %.
const SMALLEST: u64 = 2000;

/// Makes the tree of a treemap: small parts become one, largest come first, and parts add up.
pub(super) fn tree(whole: Part) -> Node {
    let least = Share {
        files: 0,
        bytes: whole.share.bytes.div_ceil(SMALLEST),
        zstd_bytes: whole.share.zstd_bytes.div_ceil(SMALLEST),
    };
    node(whole, least)
}

fn node(part: Part, least: Share) -> Node {
    let mut merged = part.share;
    let mut parts = Vec::new();
    for child in part.parts {
        if !child.name.is_empty() && is_seen(child.share, least) {
            merged = without(merged, child.share);
            parts.push(node(child, least));
        }
    }
    parts.sort_by(|a: &Node, b| b.raw.cmp(&a.raw).then_with(|| a.name.cmp(&b.name)));
    // What is only merged is not divided.
    if !parts.is_empty() && (merged.bytes > 0 || merged.zstd_bytes > 0) {
        parts.push(Node {
            merged: Some(merged.files),
            raw: merged.bytes,
            compressed: merged.zstd_bytes,
            ..Node::default()
        });
    }
    Node {
        name: part.name,
        merged: None,
        raw: part.share.bytes,
        compressed: part.share.zstd_bytes,
        class: part.class,
        parts,
    }
}

/// Nothing is seen of what has no bytes, however little the whole has.
fn is_seen(share: Share, least: Share) -> bool {
    share.bytes >= least.bytes.max(1) || share.zstd_bytes >= least.zstd_bytes.max(1)
}

fn without(whole: Share, part: Share) -> Share {
    Share {
        files: whole.files.saturating_sub(part.files),
        bytes: whole.bytes.saturating_sub(part.bytes),
        zstd_bytes: whole.zstd_bytes.saturating_sub(part.zstd_bytes),
    }
}
