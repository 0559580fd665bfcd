//! What a machine that has one image must fetch to have another.

use super::{
    model::{Basis, Update},
    sharing::contents,
};
use crate::footprint::Footprint;
use boot_kit::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Finds what must be fetched for `new`, image number `image`, where `old` is; `None` if too little is known of one.
///
/// By layers where both have some: what registries send. Else by the content of files, each once and not compressed.
pub fn update(image: u32, old: &Footprint, new: &Footprint) -> Option<Update> {
    if !old.image.layers.is_empty() && !new.image.layers.is_empty() {
        let there: BTreeSet<&str> = old
            .image
            .layers
            .iter()
            .map(|it| it.digest.as_str())
            .collect();
        let layers: BTreeMap<&str, u64> = new
            .image
            .layers
            .iter()
            .map(|it| (it.digest.as_str(), it.bytes))
            .collect();
        return Some(sum(image, Basis::Layers, &layers, |digest| {
            there.contains(*digest)
        }));
    }
    let (old, new) = (old.detail.as_ref()?, new.detail.as_ref()?);
    let there: HashSet<Digest> = contents(old)
        .into_iter()
        .map(|(digest, _)| digest)
        .collect();
    let files: HashMap<Digest, u64> = contents(new).into_iter().collect();
    Some(sum(image, Basis::Files, &files, |digest| {
        there.contains(digest)
    }))
}

fn sum<'a, K: 'a>(
    image: u32,
    basis: Basis,
    parts: impl IntoIterator<Item = (&'a K, &'a u64)>,
    is_there: impl Fn(&K) -> bool,
) -> Update {
    let mut update = Update {
        image,
        basis,
        ..Update::default()
    };
    for (key, bytes) in parts {
        update.total += 1;
        update.whole_bytes += bytes;
        if !is_there(key) {
            update.fetched += 1;
            update.fetch_bytes += bytes;
        }
    }
    update
}
