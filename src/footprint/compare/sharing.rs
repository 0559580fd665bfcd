//! Which content images have in common.

use super::model::Sharing;
use crate::footprint::{
    Footprint,
    model::{Detail, FileKind},
};
use boot_kit::Digest;
use std::collections::{HashMap, HashSet};

/// Finds what the images share, by the digests of their files; `None` if one has none.
pub fn sharing(images: &[Footprint]) -> Option<Sharing> {
    let files: Vec<Vec<(Digest, u64)>> = images
        .iter()
        .map(|image| image.detail.as_ref().map(contents))
        .collect::<Option<_>>()?;
    let mut holders: HashMap<Digest, HashSet<usize>> = HashMap::new();
    for (place, files) in files.iter().enumerate() {
        for (digest, _) in files {
            holders.entry(*digest).or_default().insert(place);
        }
    }
    let count = images.len();
    let mut sharing = Sharing {
        shared_bytes: vec![0; count],
        unique_bytes: vec![0; count],
        between_bytes: vec![vec![0; count]; count],
    };
    for (place, files) in files.iter().enumerate() {
        for (digest, bytes) in files {
            let holders = &holders[digest];
            for holder in holders {
                sharing.between_bytes[place][*holder] += bytes;
            }
            if holders.len() > 1 {
                sharing.shared_bytes[place] += bytes;
            } else {
                sharing.unique_bytes[place] += bytes;
            }
        }
    }
    Some(sharing)
}

/// The content of each regular file: what it is, and its length.
pub(super) fn contents(detail: &Detail) -> Vec<(Digest, u64)> {
    let regular = detail
        .files
        .iter()
        .filter(|file| file.kind == FileKind::File);
    regular
        .filter_map(|file| Some((file.sha256?, file.bytes)))
        .collect()
}
