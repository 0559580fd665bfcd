//! What `--mirror` may be: a root of releases, an index, a line of `repositories`, or a file of such lines.

use super::{APKINDEX, Layout, PACKAGES, Repository, below};
use crate::settings::Settings;
use boot_kit::{Error, ErrorKind, Recipe, Result, fetch::without_credentials, recipe::Archive};
use std::path::Path;

const HINT: &str = "give --mirror the URL that holds the releases, an index, a line like `@edge URL`, or a file of such lines";
const SCHEMES: &str = "write http://, https:// or file:///";

/// Lists exactly the repositories the user named.
///
/// URLs are roots that hold all archives of the release, tried in order; lines stand for themselves, and may be signed
/// by any key there is.
pub fn repositories(recipe: &Recipe, settings: &Settings) -> Result<Vec<Repository>> {
    let mut roots = Vec::new();
    let mut listed = Vec::new();
    for word in &recipe.mirrors {
        let is_line = word.starts_with('@') || word.trim().contains(char::is_whitespace);
        match as_url(word.trim()) {
            _ if is_line => listed.extend(lines(word, settings)?),
            Some(url) if is_index(&url) => listed.extend(line(&url, settings)?),
            Some(url) => roots.push(checked(url)?),
            None => listed.extend(lines(&read(word)?, settings)?),
        }
    }
    let mut repositories = Vec::new();
    if !roots.is_empty() {
        let release = [Archive {
            suite: recipe.release.clone(),
            ..Archive::default()
        }];
        let archives = match &recipe.archives[..] {
            [] => &release[..],
            archives => archives,
        };
        let below = archives
            .iter()
            .flat_map(|archive| below(&roots, archive, recipe, settings));
        repositories.extend(below);
    }
    for repository in &mut listed {
        repository.keys = recipe.all_keys();
    }
    repositories.extend(listed);
    for repository in &mut repositories {
        repository.is_named = true;
    }
    Ok(repositories)
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let path = without_credentials(path);
        Error::new(ErrorKind::Usage, format!("cannot read `{path}`"))
            .with_hint(HINT)
            .caused_by(error)
    })
}

fn lines(text: &str, settings: &Settings) -> Result<Vec<Repository>> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut repositories = Vec::new();
    for text in lines {
        repositories.extend(line(text, settings)?);
    }
    if repositories.is_empty() {
        let message = format!("`{}` names no repository", without_credentials(text.trim()));
        return Err(Error::new(ErrorKind::Usage, message).with_hint(HINT));
    }
    Ok(repositories)
}

/// Parses `[v2|v3|ndx] [@tag] URL [component…]` (apk-repositories(5)).
fn line(text: &str, settings: &Settings) -> Result<Vec<Repository>> {
    let refuse = |why: &str| {
        let line = without_credentials(text);
        let message = format!("the line `{line}` of repositories {why}");
        Error::new(ErrorKind::Usage, message)
            .with_hint("write `[v2|v3|ndx] [@tag] URL [component…]`")
    };
    let mut words = text.split_whitespace().peekable();
    let keyword = words.next_if(|word| matches!(*word, "v2" | "v3" | "ndx"));
    let tag = words.next_if(|word| word.starts_with('@'));
    let tag = tag.map(|tag| tag[1..].to_owned());
    if tag.as_ref().is_some_and(String::is_empty) {
        return Err(refuse("has an empty tag"));
    }
    let url = words.next().ok_or_else(|| refuse("has no URL"))?;
    let url = as_url(url).ok_or_else(|| refuse("has no URL"))?;
    let url = checked(url)?;
    if url.contains("${") {
        return Err(refuse("has a variable, which is not supported"));
    }
    let components: Vec<&str> = words.collect();
    if keyword == Some("ndx") || (keyword.is_none() && is_index(&url)) {
        let (base, index) = url.rsplit_once('/').ok_or_else(|| refuse("has no URL"))?;
        if !components.is_empty() {
            return Err(refuse("has components for a single index"));
        }
        return Ok(vec![Repository {
            name: without_credentials(&url),
            tag,
            bases: vec![base.to_owned()],
            layout: Layout::Flat(index.to_owned()),
            ..Repository::default()
        }]);
    }
    let index = match keyword {
        Some("v2") => APKINDEX,
        Some(_) => PACKAGES,
        None => &settings.index,
    };
    let bases = if components.is_empty() {
        vec![url]
    } else {
        let below = components
            .iter()
            .map(|component| format!("{url}/{component}"));
        below.collect()
    };
    let repository = |base: String| Repository {
        name: without_credentials(&base),
        tag: tag.clone(),
        bases: vec![base],
        layout: Layout::ByArchitecture(index.to_owned()),
        ..Repository::default()
    };
    Ok(bases.into_iter().map(repository).collect())
}

fn is_index(url: &str) -> bool {
    [".adb", ".tar.gz"]
        .iter()
        .any(|ending| url.ends_with(ending))
}

/// Takes a URL as it is, a local directory or index as one; `None` for any other path.
fn as_url(word: &str) -> Option<String> {
    if let Some(path) = word.strip_prefix("file:") {
        return Some(format!("file:///{}", path.trim_matches('/')));
    }
    if word.contains("://") {
        return Some(word.trim_end_matches('/').to_owned());
    }
    if Path::new(word).is_dir() || is_index(word) {
        let path = std::path::absolute(word).ok()?;
        return as_url(&format!("file://{}", path.to_str()?));
    }
    None
}

fn checked(url: String) -> Result<String> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    if ["http", "https", "file"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Ok(url);
    }
    let url = without_credentials(&url);
    let message = format!("the mirror `{url}` is neither http, https nor file");
    Err(Error::new(ErrorKind::Usage, message).with_hint(SCHEMES))
}
