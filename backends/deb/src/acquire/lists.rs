//! The package lists a release file names, fetched by digest, SHA-512 where there is no other, and decompressed.

use super::{Acquired, Content, Context, List, Suite, proof};
use crate::{
    index::Compact,
    release::{Listed, Release},
    sources::Source,
    sum::Sum,
};
use boot_kit::{
    Context as _, Error, ErrorKind, Event, Proof, Recipe, Request, Result, archive, fetch::Fetched,
    threads::join,
};
use std::{
    fs::File,
    io::{BufReader, Read},
    thread,
};

/// The endings a list may have, the best first: what is decoded fast and still small. For Debian's `main` xz would take
/// 0.3 s longer to decode and save 3.7 MB of 13; a list is read once, as what is needed of it is kept.
const ENDINGS: [&str; 5] = [".zst", ".gz", ".xz", ".bz2", ""];

/// The most bytes of a list whose uncompressed size is not signed.
const LIMIT: u64 = 1 << 30;

/// Gets all lists of one suite at once; empty ones are left out.
pub fn fetch(source: &Source, suite: &Suite, context: Context<'_>) -> Result<Vec<List>> {
    let wanted = wanted(source, &suite.release, context);
    thread::scope(|scope| {
        let threads: Vec<_> = wanted
            .iter()
            .map(|(component, arch)| {
                scope.spawn(move || {
                    let note = proof::place(source, context);
                    let wanted = List {
                        component: component.clone(),
                        arch: arch.clone(),
                        note: format!("deb list {note} {component} {arch}"),
                        ..List::default()
                    };
                    read(wanted, suite, context)
                })
            })
            .collect();
        threads.into_iter().map(join).collect()
    })
}

/// Checks that every component and architecture asked for is somewhere.
pub fn check_complete(acquired: &Acquired, sources: &[Source], recipe: &Recipe) -> Result<()> {
    let releases = || acquired.suites.iter().map(|suite| &suite.release);
    let has = |part: &str| {
        releases().any(|release| release.files.keys().any(|path| path.starts_with(part)))
    };
    let known = |names: fn(&Release) -> &[String]| {
        let mut known: Vec<&str> = releases().flat_map(names).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        format!("choose one of {}", known.join(", "))
    };
    let all = sources.iter().flat_map(|source| &source.components);
    for component in all.clone() {
        if !has(&format!("{component}/")) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("`{}` has no component `{component}`", recipe.release),
            )
            .with_hint(known(|release| &release.components)));
        }
    }
    for arch in super::architectures(recipe) {
        if !all
            .clone()
            .any(|component| has(&format!("{component}/binary-{arch}/")))
        {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("`{}` has no packages for `{arch}`", recipe.release),
            )
            .with_hint(known(|release| &release.architectures)));
        }
    }
    Ok(())
}

/// Which lists are wanted, by component and architecture.
fn wanted(source: &Source, release: &Release, context: Context<'_>) -> Vec<(String, String)> {
    let (native, foreign) = context.archs.split_at(1);
    let has_all = release.architectures.iter().any(|arch| arch == "all");
    let all = (has_all && !release.lists_repeat_all).then(|| "all".to_owned());
    let archs: Vec<&String> = native
        .iter()
        .chain(&all)
        .chain(foreign)
        .filter(|arch| {
            *arch == "all" || source.architectures.is_empty() || source.architectures.contains(arch)
        })
        .collect();
    let mut wanted = Vec::new();
    for component in &source.components {
        for arch in &archs {
            let path = path(component, arch);
            let is_empty = release.files.get(&path).is_some_and(|list| list.size == 0);
            if !is_empty && !offers(release, &path).is_empty() {
                wanted.push((component.clone(), (*arch).clone()));
            }
        }
    }
    wanted
}

fn path(component: &str, arch: &str) -> String {
    format!("{component}/binary-{arch}/Packages")
}

/// The forms in which the release file lists `path`, the best first.
fn offers(release: &Release, path: &str) -> Vec<(String, Listed)> {
    ENDINGS
        .iter()
        .filter_map(|ending| {
            let path = format!("{path}{ending}");
            let listed = *release.files.get(&path)?;
            Some((path, listed))
        })
        .collect()
}

/// Finds what is kept of one list, or gets it in the first form that a mirror has, and decompresses it.
fn read(mut list: List, suite: &Suite, context: Context<'_>) -> Result<List> {
    let name = list.file_name(&suite.name);
    let path = path(&list.component, &list.arch);
    let plain = suite.release.files.get(&path).copied();
    let offers = offers(&suite.release, &path);
    if let Some(best) = plain.or(offers.first().map(|(_, listed)| *listed)) {
        list.digest = best.sum.name();
        // What is kept under this digest was made from what it proves; that it is whole, it says itself. The store is
        // private to its user.
        let kept = context.fetch.reopen(&list.note)?;
        if let Some(compact) = kept.and_then(|file| Compact::open(file, &list.digest)) {
            list.packed = compact.packed_bytes();
            list.content = Content::Compact(Box::new(compact));
            context.report.event(Event::Index {
                name,
                bytes: list.packed,
            });
            return Ok(list);
        }
    }
    let mut missing = None;
    for (path, listed) in offers {
        let request = Request {
            name: name.clone(),
            urls: urls(suite, &path, &listed),
            size: listed.size,
            digest: listed.sum.sha256(),
        };
        let fetched = match listed.sum {
            Sum::Sha256(_) => context.fetch.get(&request),
            Sum::Sha512(_) => {
                let check = |file: &mut File| listed.sum.check(file);
                let identity = Proof::from(listed.sum).to_string();
                context.fetch.get_known(&request, &identity, &check)
            }
        };
        match fetched {
            Ok(fetched) => {
                let bytes = decompress(fetched, plain).context(|| format!("cannot read `{name}`"));
                list.packed = listed.size;
                list.content = Content::Plain(bytes?);
                return Ok(list);
            }
            // A release file lists forms that no mirror keeps, the uncompressed one among them.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                missing.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(missing.unwrap_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("`{name}` is not in the release file"),
        )
    }))
}

/// Where a list can be had: under its digest first, which stays right while a mirror is being updated.
fn urls(suite: &Suite, path: &str, listed: &Listed) -> Vec<String> {
    let name = &suite.name;
    let by_hash = path
        .rsplit_once('/')
        .map(|(directory, _)| format!("{directory}/by-hash/{}/{}", listed.sum.field(), listed.sum));
    let by_hash = by_hash.filter(|_| suite.release.acquire_by_hash);
    suite
        .mirrors
        .iter()
        .flat_map(|mirror| {
            by_hash
                .iter()
                .map(String::as_str)
                .chain([path])
                .map(move |path| format!("{mirror}/dists/{name}/{path}"))
        })
        .collect()
}

/// Decompresses a proven list, to no more bytes than its signed size.
fn decompress(fetched: Fetched, plain: Option<Listed>) -> Result<Vec<u8>> {
    let limit = plain.map_or(LIMIT, |plain| plain.size);
    let mut bytes = Vec::with_capacity(usize::try_from(limit.min(64 << 20)).unwrap_or_default());
    archive::decoder(BufReader::with_capacity(128 << 10, fetched.file), true)?
        .take(limit + 1)
        .read_to_end(&mut bytes)?;
    let wrong = |why: String| Err(Error::new(ErrorKind::Trust, why));
    if bytes.len() as u64 > limit {
        return wrong(format!("it has more than {limit} bytes when decompressed"));
    }
    if let Some(plain) = plain {
        let checked = plain.sum.check(&mut bytes.as_slice());
        checked.context(|| "it is another when decompressed".to_owned())?;
    }
    Ok(bytes)
}
