//! What `--mirror` may be: a URL, a directory, a line or stanzas of sources, or a file of either.

use super::{
    Source,
    list::{self, Listed},
};
use boot_kit::{Error, ErrorKind, Recipe, Result, fetch::without_credentials, recipe::Key};
use std::path::Path;

/// Lists exactly the sources the user named.
///
/// URLs are mirrors of one archive, tried in order; lines and stanzas stand for themselves.
pub fn sources(recipe: &Recipe) -> Result<Vec<Source>> {
    let mut bare: Option<Source> = None;
    let mut sources = Vec::new();
    for word in &recipe.mirrors {
        if let Some(url) = as_url(word) {
            check_scheme(&url)?;
            bare.get_or_insert_with(|| first_suite(recipe))
                .mirrors
                .push(url);
            continue;
        }
        let listed = list::parse(&text(word)?)?;
        if listed.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("`{word}` names no source of packages"),
            )
            .with_hint("give --mirror a URL, a `deb` line, or a file of apt's sources"));
        }
        for one in listed {
            sources.push(source(one, recipe)?);
        }
    }
    Ok(bare.into_iter().chain(sources).collect())
}

/// The release itself, without its updates: what a bare URL stands for.
fn first_suite(recipe: &Recipe) -> Source {
    let first = recipe.archives.first();
    let suite = first.map_or(&recipe.release, |archive| &archive.suite);
    let keys = first.map_or(&recipe.keys[..], |archive| recipe.keys_of(archive));
    Source {
        suite: suite.clone(),
        components: recipe.components.clone(),
        keys: keys.to_vec(),
        is_named: true,
        ..Source::default()
    }
}

fn as_url(word: &str) -> Option<String> {
    if word.contains(char::is_whitespace) {
        return None;
    }
    for local in ["file:", "copy:"] {
        if let Some(path) = word.strip_prefix(local) {
            let path = path.trim_matches('/');
            return Some(format!("file:///{path}"));
        }
    }
    if word.contains("://") {
        return Some(word.trim_end_matches('/').to_owned());
    }
    if Path::new(word).is_dir() {
        let path = std::path::absolute(word).ok()?;
        return as_url(&format!("file://{}", path.to_str()?));
    }
    None
}

const SCHEMES: &str = "write http://, https:// or file:///";

fn check_scheme(url: &str) -> Result<()> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    if ["http", "https", "file"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    let url = without_credentials(url);
    let message = format!("the mirror `{url}` is neither http, https nor file");
    Err(Error::new(ErrorKind::Usage, message).with_hint(SCHEMES))
}

/// Finds the text a word stands for: itself or a file's.
fn text(word: &str) -> Result<String> {
    if word.starts_with("deb ") || word.starts_with("deb\t") || word.contains('\n') {
        return Ok(word.to_owned());
    }
    std::fs::read_to_string(word).map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            format!("cannot read `{}`", without_credentials(word)),
        )
        .with_hint("give --mirror a URL, a `deb` line, or a file of apt's sources")
        .caused_by(error)
    })
}

fn source(listed: Listed, recipe: &Recipe) -> Result<Source> {
    let uri = without_credentials(&listed.uri);
    let refuse = |why: &str, hint: &str| {
        Err(Error::new(ErrorKind::Usage, format!("the source `{uri}` {why}")).with_hint(hint))
    };
    if listed.is_trusted {
        return refuse(
            "asks not to be verified",
            "leave out `trusted=yes` and name its key with `signed-by=FILE`",
        );
    }
    if listed.suite.ends_with('/') {
        return refuse(
            "has no suite",
            "archives without `dists` are not supported: name one with suites and components",
        );
    }
    let Some(mirror) = as_url(&listed.uri) else {
        return refuse("is not a URL", SCHEMES);
    };
    check_scheme(&mirror)?;
    Ok(Source {
        suite: listed.suite,
        components: listed.components,
        mirrors: vec![mirror],
        architectures: listed.architectures,
        keys: keys(listed.signed_by.as_deref(), recipe)?,
        allow_expired: listed.allow_expired,
        is_named: true,
    })
}

/// Finds the keys of `signed-by`: in the text, among the distribution's own, or in a file of the host.
fn keys(signed_by: Option<&str>, recipe: &Recipe) -> Result<Vec<Key>> {
    let Some(signed_by) = signed_by else {
        return Ok(recipe.all_keys());
    };
    if signed_by.contains("-----BEGIN") {
        // In deb822 a lone dot stands for an empty line.
        let lines = signed_by
            .lines()
            .map(|line| if line == "." { "" } else { line });
        return Ok(vec![Key {
            name: "Signed-By".into(),
            bytes: lines.collect::<Vec<_>>().join("\n").into_bytes(),
            path_in_image: None,
        }]);
    }
    let mut keys = Vec::new();
    for path in signed_by
        .split([',', ' ', '\n'])
        .filter(|path| !path.is_empty())
    {
        let known = recipe.all_keys().into_iter();
        let known = known.filter(|key| key.path_in_image.as_deref() == Some(path));
        let before = keys.len();
        keys.extend(known);
        if keys.len() > before {
            continue;
        }
        let bytes = std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorKind::Usage,
                format!("cannot read the keyring `{path}`"),
            )
            .with_hint("name an existing file in `signed-by`, or leave it out and use --keyring")
            .caused_by(error)
        })?;
        keys.push(Key {
            name: path.to_owned(),
            bytes,
            path_in_image: None,
        });
    }
    Ok(keys)
}
