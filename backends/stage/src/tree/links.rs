//! Paths through links.

use boot_kit::RootPath;

/// How many links a path may go through, as in the kernel.
pub(crate) const MAX_LINKS: usize = 40;

/// Finds where a path leads through all links, never out of its tree.
///
/// `link` says what is written in the link at a path, if there is a link. Errors as that does, and with `endless` behind
/// more links than the kernel follows.
pub fn resolve<'a, E>(
    path: &RootPath,
    mut link: impl FnMut(&RootPath) -> Result<Option<&'a [u8]>, E>,
    endless: impl FnOnce() -> E,
) -> Result<RootPath, E> {
    let mut left = parts(path.bytes());
    let mut here = RootPath::default();
    let mut links = 0;
    while let Some(name) = left.pop() {
        if name == b".." {
            here = here.split().map(|(parent, _)| parent).unwrap_or_default();
            continue;
        }
        let next = here.join(&name);
        let Some(target) = link(&next)? else {
            here = next;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(endless());
        }
        if target.starts_with(b"/") {
            here = RootPath::default();
        }
        left.extend(parts(target));
    }
    Ok(here)
}

/// The names of a path, the last first.
pub(crate) fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/');
    let parts = parts.filter(|part| !part.is_empty() && *part != b".");
    parts.rev().map(<[u8]>::to_vec).collect()
}
