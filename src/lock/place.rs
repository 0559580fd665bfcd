//! Where artifacts are, without saying from where this machine had them.

use boot_kit::{fetch::without_credentials, recipe::Mirrors};

/// Where one artifact is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A path below an archive.
    Below {
        /// The archive's number in the lock.
        archive: usize,
        /// The path, without slash in front.
        path: String,
    },
    /// Complete URLs, best first, of what is in no archive.
    At(Vec<String>),
}

impl Place {
    /// Finds the archive that URLs are in; of several that fit, the one that says most.
    pub fn of(urls: &[String], mirrors: &[Mirrors], archives: &[Vec<String>]) -> Self {
        let below = |url: &String| {
            let bases = mirrors.iter().flat_map(|mirrors| {
                let all = mirrors.urls.iter().chain(&mirrors.public);
                all.map(|base| (base.as_str(), &mirrors.public))
            });
            let found = bases.filter_map(|(base, public)| {
                let path = url.strip_prefix(base)?.strip_prefix('/')?;
                let archive = archives.iter().position(|known| known == public)?;
                Some((path, archive))
            });
            let found = found.min_by_key(|(path, _)| path.len());
            found.map(|(path, archive)| Self::Below {
                archive,
                path: path.to_owned(),
            })
        };
        let public = || urls.iter().map(|url| without_credentials(url)).collect();
        urls.iter()
            .find_map(below)
            .unwrap_or_else(|| Self::At(public()))
    }

    /// Lists the URLs, those below `fronts`, which are by archive, first.
    pub fn urls(&self, fronts: &[Vec<String>], archives: &[Vec<String>]) -> Vec<String> {
        match self {
            Self::At(urls) => urls.clone(),
            Self::Below { archive, path } => {
                let bases = [fronts, archives]
                    .into_iter()
                    .filter_map(|lists| lists.get(*archive))
                    .flatten();
                let mut urls: Vec<String> = Vec::new();
                for base in bases {
                    let url = format!("{base}/{path}");
                    if !urls.contains(&url) {
                        urls.push(url);
                    }
                }
                urls
            }
        }
    }
}

/// The archives as a lock lists them: each set of public URLs once.
pub fn archives(mirrors: &[Mirrors]) -> Vec<Vec<String>> {
    let mut archives: Vec<Vec<String>> = Vec::new();
    for mirrors in mirrors {
        if !mirrors.public.is_empty() && !archives.contains(&mirrors.public) {
            archives.push(mirrors.public.clone());
        }
    }
    archives
}

/// Chooses which of today's mirrors have the files of a lock's archive: those of archives with an URL in common, or all
/// that the user `named`.
pub fn in_front(archive: &[String], mirrors: &[Mirrors], named: bool) -> Vec<String> {
    let is_same =
        |mirrors: &&Mirrors| named || mirrors.public.iter().any(|it| archive.contains(it));
    let mut front: Vec<String> = Vec::new();
    for url in mirrors.iter().filter(is_same).flat_map(|it| &it.urls) {
        if !front.contains(url) {
            front.push(url.clone());
        }
    }
    front
}
